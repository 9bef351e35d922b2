import type { CacheOutcome } from "../../../contracts/call-record.ts";
import type { Context } from "../context.ts";
import type { RestService } from "../rest/rest-service.ts";
import { respondHead, respondWhole } from "../stages/respond.ts";
import { pushCacheStatus } from "./cache-status.ts";
import { isNotModified, notModifiedHeaders } from "./conditions.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** Answers with what is stored, or with 304 to a caller that has it. What is said of and done to an upstream's answers holds. */
export function respondStored(
  context: Context,
  service: RestService,
  stored: StoredAnswer,
  outcome: CacheOutcome,
  parameters: string,
): void {
  const nowMs = Date.now();
  const { exchange } = context;
  const notModified = isNotModified(exchange, stored, nowMs);
  const headers = service.responseHeaders(notModified ? notModifiedHeaders(stored.headers) : stored.headers, context);
  headers.push("age", String(Math.floor(stored.ageMs(nowMs) / 1000)));
  pushCacheStatus(headers, outcome, parameters);
  context.cache = outcome;
  const { status, body } = stored;
  if (notModified) respondHead(context, 304, headers, null);
  else if (status === 204) respondHead(context, status, headers, null);
  else if (exchange.method === "HEAD" || body.length === 0) respondHead(context, status, headers, body.length);
  else respondWhole(context, status, headers, body);
  context.pipeline.finish(context);
}
