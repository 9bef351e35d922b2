import { contentTypeOf } from "../ai/answer-head.ts";
import { DIALECT_HEADERS } from "../ai/attempt-request.ts";
import type { RoutedCall } from "../ai/routed-call.ts";
import { type ModelCache, modelTtlMs } from "./model-cache.ts";
import { ModelLookup } from "./model-lookup.ts";

/** Where a call to a model is looked for among stored answers; null: no cache policy holds. */
export function lookupForCall(call: RoutedCall, cache: ModelCache): ModelLookup | null {
  const { context, operation, address, inbound, request, route } = call;
  const policy = context.policies === null ? null : context.policies.cache;
  const ttlMs = modelTtlMs(policy);
  if (policy === null || ttlMs === null) return null;
  // Of a call whose path says what is asked, all that its path says.
  const how = address === null ? operation : `${address.method} ${address.framing}`;
  return new ModelLookup(
    context,
    cache,
    policy,
    ttlMs,
    `${inbound} ${how}${route.dropsUnsupported ? " drop" : ""}`,
    route,
    { isStream: request.stream, contentType: contentTypeOf(call) },
    DIALECT_HEADERS[inbound] ?? [],
  );
}
