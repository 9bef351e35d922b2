/**
 * Every error Tidegate itself can answer with. The code is stable: clients may branch on it, `src/docs/errors.md`
 * explains it, and each one has a test. The HTTP status is the default one; a `provider_error` carries the provider's.
 */
export const ERROR_CODES = {
  bad_framing: { status: 400, source: "client" },
  invalid_request: { status: 400, source: "client" },
  invalid_json: { status: 400, source: "client" },
  unsupported_field: { status: 400, source: "client" },
  schema_violation: { status: 400, source: "client" },
  missing_credentials: { status: 401, source: "client" },
  invalid_credentials: { status: 401, source: "client" },
  invalid_token: { status: 401, source: "client" },
  invalid_signature: { status: 401, source: "client" },
  signature_replayed: { status: 401, source: "client" },
  credential_expired: { status: 401, source: "client" },
  address_denied: { status: 403, source: "client" },
  address_not_allowed: { status: 403, source: "client" },
  origin_not_allowed: { status: 403, source: "client" },
  subscription_required: { status: 403, source: "client" },
  subscription_pending: { status: 403, source: "client" },
  subscription_rejected: { status: 403, source: "client" },
  subscription_revoked: { status: 403, source: "client" },
  subscription_cancelled: { status: 403, source: "client" },
  subscription_expired: { status: 403, source: "client" },
  route_not_found: { status: 404, source: "client" },
  model_not_allowed: { status: 403, source: "client" },
  tool_not_allowed: { status: 403, source: "client" },
  model_not_found: { status: 404, source: "client" },
  object_not_found: { status: 404, source: "client" },
  session_not_found: { status: 404, source: "client" },
  method_not_allowed: { status: 405, source: "client" },
  request_timeout: { status: 408, source: "client" },
  service_retired: { status: 410, source: "client" },
  length_required: { status: 411, source: "client" },
  body_too_large: { status: 413, source: "client" },
  unsupported_media_type: { status: 415, source: "client" },
  uri_too_long: { status: 414, source: "client" },
  expectation_failed: { status: 417, source: "client" },
  rate_limited: { status: 429, source: "client" },
  token_limit_exceeded: { status: 429, source: "client" },
  cost_limit_exceeded: { status: 429, source: "client" },
  header_too_large: { status: 431, source: "client" },
  client_closed_request: { status: 499, source: "client" },
  internal_error: { status: 500, source: "gateway" },
  http_version_not_supported: { status: 505, source: "client" },
  not_ready: { status: 503, source: "gateway" },
  limits_full: { status: 503, source: "gateway" },
  token_keys_unavailable: { status: 503, source: "gateway" },
  upstream_unreachable: { status: 502, source: "upstream" },
  upstream_reset: { status: 502, source: "upstream" },
  upstream_protocol_error: { status: 502, source: "upstream" },
  upstream_response_too_large: { status: 502, source: "upstream" },
  provider_token_unavailable: { status: 502, source: "upstream" },
  upstream_unavailable: { status: 503, source: "upstream" },
  upstream_connect_timeout: { status: 504, source: "upstream" },
  upstream_first_byte_timeout: { status: 504, source: "upstream" },
  upstream_first_token_timeout: { status: 504, source: "upstream" },
  upstream_attempt_timeout: { status: 504, source: "upstream" },
  upstream_idle_timeout: { status: 504, source: "upstream" },
  not_stored: { status: 504, source: "client" },
  upstream_total_timeout: { status: 504, source: "upstream" },
  provider_error: { status: 502, source: "upstream" },
} as const satisfies Record<string, { status: number; source: ErrorSource }>;

export type ErrorSource = "client" | "gateway" | "upstream";
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a provider said when it refused or failed, as far as its dialect tells. */
export interface ProviderFailure {
  /** The provider's HTTP status, or the status its in-stream error stands for. */
  status: number;
  /** The provider's own error type, e.g. `invalid_request_error`, `overloaded_error`, `RESOURCE_EXHAUSTED`. */
  type: string | null;
  /** The provider's own code, e.g. `context_length_exceeded`. */
  code: string | null;
  /** The request field the provider blames, in its own spelling. */
  param: string | null;
  message: string;
  /** Milliseconds the provider asks to wait, from `retry-after`, `retry-after-ms` or its body. */
  retryAfterMs: number | null;
}

export interface GatewayErrorDetails {
  /** Overrides the code's default status: only for `provider_error`. */
  status?: number;
  /** The request field at fault, e.g. `messages[2].content`. */
  param?: string;
  retryAfterMs?: number;
  provider?: ProviderFailure;
  cause?: unknown;
}

/** The one error type of the data plane. `message` is for the caller: it says what is wrong and what to do, and never holds a secret. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly source: ErrorSource;
  readonly param: string | null;
  readonly retryAfterMs: number | null;
  readonly provider: ProviderFailure | null;

  constructor(code: ErrorCode, message: string, details: GatewayErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "GatewayError";
    this.code = code;
    this.status = details.status ?? ERROR_CODES[code].status;
    this.source = ERROR_CODES[code].source;
    this.param = details.param ?? null;
    this.retryAfterMs = details.retryAfterMs ?? details.provider?.retryAfterMs ?? null;
    this.provider = details.provider ?? null;
  }
}
