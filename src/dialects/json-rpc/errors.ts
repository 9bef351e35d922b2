import type { ErrorCode, GatewayError } from "../../contracts/errors.ts";
import { formatSse } from "../sse/format.ts";

/** JSON-RPC 2.0 §5.1. */
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;
/** Of those left to servers; the official SDKs' servers say of an unknown session that it is this. */
const SESSION_NOT_FOUND = -32001;
const REFUSED = -32000;

const NUMBERS: Partial<Record<ErrorCode, number>> = {
  invalid_json: PARSE_ERROR,
  invalid_request: INVALID_REQUEST,
  internal_error: INTERNAL_ERROR,
  session_not_found: SESSION_NOT_FOUND,
};

/** Callers that speak JSON-RPC 2.0: a JSON text, and SSE text for a stream that has begun. `id`: the request's, as JSON text; null: not known. */
export function formatError(error: GatewayError, requestId: string, id: string | null): string {
  const { code, message, param, retryAfterMs } = error;
  const data = {
    code,
    ...(param === null ? {} : { param }),
    ...(retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs }),
    request_id: requestId,
  };
  const body = JSON.stringify({ code: NUMBERS[code] ?? REFUSED, message, data });
  return `{"jsonrpc":"2.0","id":${id ?? "null"},"error":${body}}`;
}

export function formatStreamError(error: GatewayError, requestId: string, id: string | null): string {
  return formatSse("message", formatError(error, requestId, id));
}
