import { droppedValue } from "../../../dialects/dropped-fields.ts";
import { inboundDialects } from "../../../dialects/index.ts";
import type { Context } from "../context.ts";
import { pushRequestId } from "../errors.ts";
import { pushReleaseHeaders } from "../releases/lifecycle.ts";
import type { AiAttempt } from "./ai-attempt.ts";
import type { RoutedCall } from "./routed-call.ts";
import { AnswerIds, NO_IDS, wantedIds } from "./stored/answer-ids.ts";
import { keyTagOf, type ObjectIds } from "./stored/object-ids.ts";
import type { BuiltCall } from "./translation.ts";

const EVENT_STREAM = "text/event-stream; charset=utf-8";
export const JSON_TYPE = "application/json";

/** Of a translated answer. */
export function contentTypeOf({
  inbound,
  address,
  request,
}: Pick<RoutedCall, "inbound" | "address" | "request">): string {
  if (!request.stream || address?.framing === "json-array") return JSON_TYPE;
  return inboundDialects[inbound].framing?.contentType ?? EVENT_STREAM;
}

/** Names and values, alternating. */
export function answerHeadersOf(context: Context, { target }: AiAttempt, contentType: string): string[] {
  const headers = ["content-type", contentType, "x-tidegate-provider", target.provider.id];
  headers.push("x-tidegate-model", target.target.model, "x-tidegate-attempts", String(context.attempts));
  if (context.droppedFields !== null) headers.push("x-tidegate-dropped", context.droppedFields);
  pushRequestId(headers, context);
  pushReleaseHeaders(headers, context);
  for (const part of context.rateLimitHeaders) headers.push(part);
  return headers;
}

/** For the answer's header; null: nothing was dropped. */
export function droppedOf({ dropped }: BuiltCall): string | null {
  return dropped === undefined ? null : droppedValue(dropped);
}

/** null: ids of the answer are of no use to the caller, or not the provider's. */
export function answerIdsOf(
  { operation, inbound, pin, context: { application } }: RoutedCall,
  { built, key, target }: AiAttempt,
  objectIds: ObjectIds,
): AnswerIds | null {
  if (operation !== "chat" || !built.passthrough) return null;
  const wanted = wantedIds(inbound, target.target.endpoints, built.body);
  if (wanted === null && pin === null) return null;
  const from = { provider: target.provider.id, keyTag: keyTagOf(key?.id ?? ""), before: pin?.before ?? 0 };
  return new AnswerIds(objectIds, application?.id ?? "", from, pin?.names ?? [], wanted ?? NO_IDS);
}
