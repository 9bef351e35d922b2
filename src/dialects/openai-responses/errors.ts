import type { GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { formatError, parseStreamError as parseErrorObject } from "../openai/errors.ts";
import { brokenStream } from "../provider-failure.ts";
import { formatSse } from "../sse/format.ts";

/** Error answers are those of Chat Completions; what differs is errors within a stream. */

/** Codes of a failed answer that blame the request; the others are the provider's own fault, or are known by name. */
const REQUEST_CODES = /^(?:invalid_|image_|empty_image|unsupported_image|failed_to_download_image|bio_policy)/;

/**
 * The `error` event. OpenAI documents its fields at the top and sends them within `error` as well; its clients raise on
 * the latter, and others read the former.
 */
export function errorEvent(error: GatewayError, requestId: string, sequenceNumber: number): string {
  const { error: wire } = JSON.parse(formatError(error, requestId)) as { error: JsonObject };
  const { message, code, param } = wire;
  const data = { type: "error", sequence_number: sequenceNumber, code, message, param, error: wire };
  return formatSse("error", JSON.stringify(data));
}

/** Events are numbered from 0, so the next one's number is that of those before. */
export function formatStreamError(error: GatewayError, requestId: string, eventsBefore = 0): string {
  return errorEvent(error, requestId, eventsBefore);
}

/** Some servers end a stream as Chat Completions do, with an error and no type. */
export function isFailure({ type, error }: JsonObject): boolean {
  return type === "error" || type === "response.failed" || (type === undefined && isObject(error));
}

/** See OutboundDialect. An answer of this API, failed ones among them, says that it is a `response`, and is left as it is. */
export function failureIn(body: unknown): ProviderFailure | null {
  return isObject(body) && body.object !== "response" ? parseErrorObject(body) : null;
}

/** The failure an `error` event, or the answer in `response.failed`, stands for. */
export function parseStreamError(data: JsonObject): ProviderFailure {
  const failed = isObject(data.response) ? data.response.error : undefined;
  const error = isObject(data.error) ? data.error : isObject(failed) ? failed : data;
  const { type, ...fields } = error;
  const isOwnType = type === "error" || type === "response.failed";
  const failure = parseErrorObject({ error: isOwnType ? fields : error });
  if (failure === null) return brokenStream("The provider ended its stream with an error and gave no readable reason.");
  return failure.status === 502 && REQUEST_CODES.test(failure.code ?? "") ? { ...failure, status: 400 } : failure;
}
