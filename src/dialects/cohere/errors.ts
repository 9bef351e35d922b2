import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { isObject } from "../checks.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";
import { formatSse } from "../sse/format.ts";

/** `{message, id?}`: Cohere tells what is wrong in words alone. */
export function parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  if (!isObject(body) || typeof body.message !== "string") return unreadableFailure(status, header, body);
  const retryAfterMs = retryAfterFromHeaders(header);
  return { status, type: null, code: null, param: null, message: body.message, retryAfterMs };
}

/** The failure that ends a stream: `message-end` with an `error`. */
export function streamFailure(message: string): ProviderFailure {
  return { status: 502, type: null, code: null, param: null, message, retryAfterMs: null };
}

/** Beside Cohere's `message` and `id`, for programs: the provider's code, or else Tidegate's own, and the field. */
export function formatError(error: GatewayError, requestId: string): string {
  return JSON.stringify({
    message: error.message,
    id: requestId,
    code: error.provider?.code ?? error.code,
    ...(error.param === null ? {} : { param: error.param }),
  });
}

export function formatStreamError(error: GatewayError, requestId: string): string {
  return formatStreamFailure(error.message, requestId);
}

export function formatStreamFailure(message: string, id: string): string {
  const delta = { error: message, finish_reason: "ERROR" };
  return formatSse("message-end", JSON.stringify({ type: "message-end", id, delta })) + STREAM_END;
}

export const STREAM_END = formatSse("", "[DONE]");
