import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { isObject } from "../checks.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";
import { formatSse } from "../sse/format.ts";

/** Anthropic's error types and the status each stands for; platform.claude.com, "Errors". */
const STATUS_BY_TYPE: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

const TYPE_BY_STATUS: ReadonlyMap<number, string> = new Map([
  ...[...STATUS_BY_TYPE].map(([type, status]): [number, string] => [status, type]),
  [503, "overloaded_error"],
]);

/** `{type: "error", error: {type, message, details?: {error_code}}, request_id}` */
export function parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  const failure = failureFromBody(status, body);
  if (failure === null) return unreadableFailure(status, header, body);
  failure.retryAfterMs = retryAfterFromHeaders(header);
  return failure;
}

/** The failure an in-stream `error` event stands for, or null when it is not in the documented form. */
export function parseStreamError(body: unknown): ProviderFailure | null {
  const type = isObject(body) && isObject(body.error) ? body.error.type : undefined;
  return failureFromBody((typeof type === "string" && STATUS_BY_TYPE.get(type)) || 500, body);
}

/** See OutboundDialect. */
export function failureIn(body: unknown): ProviderFailure | null {
  return isObject(body) && body.type === "error" ? parseStreamError(body) : null;
}

function failureFromBody(status: number, body: unknown): ProviderFailure | null {
  if (!isObject(body) || !isObject(body.error) || typeof body.error.message !== "string") return null;
  const { type, message, details } = body.error;
  const code = isObject(details) ? details.error_code : undefined;
  return {
    status,
    type: typeof type === "string" ? type : null,
    code: typeof code === "string" ? code : null,
    param: null,
    message,
    retryAfterMs: null,
  };
}

/** The body of an error answer. `details.error_code` is the provider's code, or else Tidegate's own. */
export function formatError(error: GatewayError, requestId: string): string {
  return errorBody(error.status, error.message, error.provider?.code ?? error.code, requestId);
}

export function formatStreamError(error: GatewayError, requestId: string): string {
  return formatSse("error", formatError(error, requestId));
}

/** SSE text for an error the provider reported within its stream. */
export function formatStreamFailure(failure: ProviderFailure, requestId: string): string {
  const code = failure.code ?? "provider_error";
  return formatSse("error", errorBody(failure.status, failure.message, code, requestId));
}

function errorBody(status: number, message: string, code: string, requestId: string): string {
  const type = TYPE_BY_STATUS.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
  return JSON.stringify({
    type: "error",
    error: { type, message, details: { error_code: code } },
    request_id: requestId,
  });
}
