import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { ErrorCode, GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, stringOr } from "../json.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";
import { formatSse } from "../sse/format.ts";

/** Statuses that in-stream errors stand for, by the `type` or `code` that OpenAI and compatible servers give them. */
const STATUS_BY_WORD: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["context_length_exceeded", 400],
  ["content_filter", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["model_not_found", 404],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["insufficient_quota", 429],
  ["too_many_requests", 429],
  ["requests", 429],
  ["tokens", 429],
  ["server_error", 500],
  ["internal_error", 500],
  ["overloaded_error", 503],
  ["service_unavailable", 503],
  ["timeout", 504],
]);

const TYPE_BY_CODE: Partial<Record<ErrorCode, string>> = {
  cost_limit_exceeded: "insufficient_quota",
};

/** The body of an error answer: `{error: {message, type, param, code, request_id}}`. */
export function formatError(error: GatewayError, requestId: string): string {
  return JSON.stringify(errorBody(error, requestId));
}

/** OpenAI's clients raise on an event that holds `error`; no `[DONE]` follows, since the answer is not whole. */
export function formatStreamError(error: GatewayError, requestId: string): string {
  return formatSse("", formatError(error, requestId));
}

/** SSE text for an error the provider reported within its stream. */
export function formatStreamFailure(failure: ProviderFailure, requestId: string): string {
  return formatSse("", JSON.stringify(failureBody(failure, "provider_error", requestId)));
}

function errorBody(error: GatewayError, requestId: string): JsonObject {
  if (error.provider !== null) {
    return failureBody({ ...error.provider, message: error.message }, error.code, requestId);
  }
  const type = TYPE_BY_CODE[error.code] ?? typeOfStatus(error.status);
  return { error: { message: error.message, type, param: error.param, code: error.code, request_id: requestId } };
}

function failureBody(failure: ProviderFailure, code: ErrorCode, requestId: string): JsonObject {
  return {
    error: {
      message: failure.message,
      type: failure.type ?? typeOfStatus(failure.status),
      param: failure.param,
      code: failure.code ?? code,
      request_id: requestId,
    },
  };
}

/** As OpenAI answers: a wrong key is an `invalid_request_error`, too. */
function typeOfStatus(status: number): string {
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** An error answer of OpenAI or of a compatible server, whose bodies differ; text and HTML are kept short. */
export function parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  const failure = readFailure(status, body);
  if (failure === null) return withRetry(unreadableFailure(status, header, body), header);
  failure.retryAfterMs = retryAfterFromHeaders(header);
  return withRetry(failure, header);
}

/** The failure an event of a stream stands for, or null when the event is no error. */
export function parseStreamError(event: JsonObject): ProviderFailure | null {
  const { error } = event;
  const isError = (error !== undefined && error !== null && error !== false) || event.object === "error";
  return isError ? (readFailure(null, event) ?? unexplained()) : null;
}

/**
 * The failure that a body with status 200 tells of: OpenRouter answers so when a provider fails once it has begun, with an `error`
 * at the top or in a choice (openrouter.ai/docs/api/errors), and compatible servers do.
 */
export function failureIn(body: unknown): ProviderFailure | null {
  if (!isObject(body)) return null;
  const choices = arrayOr(body.choices);
  if (choices.length === 0) return parseStreamError(body);
  const failed = choices.find((choice): choice is JsonObject => isObject(choice) && isObject(choice.error));
  return failed === undefined ? null : parseStreamError({ error: failed.error });
}

function unexplained(): ProviderFailure {
  const message = "The provider ended its stream with an error and gave no readable reason.";
  return { status: 502, type: null, code: null, param: null, message, retryAfterMs: null };
}

/** `status` null: taken from the body, 502 where it does not tell. */
function readFailure(status: number | null, body: unknown): ProviderFailure | null {
  // Google's compatible endpoint wraps the object in an array.
  const outer: unknown = Array.isArray(body) ? body[0] : body;
  if (!isObject(outer)) return null;
  const inner = isObject(outer.error) ? outer.error : outer;
  const message = readMessage(outer, inner);
  if (message === null) return null;
  const type = wordOf(inner.type) ?? wordOf(inner.status);
  const code = wordOf(inner.code);
  return {
    status: status ?? statusOf(inner, type, code),
    type,
    code,
    param: stringOr(inner.param, null),
    message,
    retryAfterMs: null,
  };
}

/** `error.message`; a bare string in `error`; or FastAPI's `detail`, a string or a list of complaints. */
function readMessage(outer: JsonObject, inner: JsonObject): string | null {
  for (const candidate of [inner.message, outer.error, outer.message, outer.detail]) {
    if (typeof candidate === "string" && candidate !== "") return candidate;
    // Mistral nests `{detail: [...]}` in `message`.
    const details = isObject(candidate) ? candidate.detail : candidate;
    const complaints = arrayOr(details)
      .map(readComplaint)
      .filter((text) => text !== "");
    if (complaints.length > 0) return complaints.join("; ");
  }
  return null;
}

function readComplaint(detail: unknown): string {
  if (!isObject(detail)) return "";
  const where = arrayOr(detail.loc).join(".");
  const what = stringOr(detail.msg, "");
  return where === "" ? what : `${where}: ${what}`;
}

function statusOf(inner: JsonObject, type: string | null, code: string | null): number {
  for (const candidate of [inner.status_code, inner.status, inner.code]) {
    const status = Number(candidate ?? Number.NaN);
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  return STATUS_BY_WORD.get(type ?? "") ?? STATUS_BY_WORD.get(code ?? "") ?? 502;
}

function wordOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}

/** Where nothing else says how long to wait: the longer of the two `x-ratelimit-reset-*` of what is used up. */
function withRetry(failure: ProviderFailure, header: HeaderLookup): ProviderFailure {
  if (failure.retryAfterMs !== null || failure.status !== 429) return failure;
  const resets = ["requests", "tokens"]
    .filter((unit) => header(`x-ratelimit-remaining-${unit}`) === "0")
    .map((unit) => readDurationMs(header(`x-ratelimit-reset-${unit}`)))
    .filter((reset) => reset !== null);
  return {
    ...failure,
    retryAfterMs: resets.length > 0 ? Math.max(...resets) : readResetMs(header("x-ratelimit-reset")),
  };
}

/** `x-ratelimit-reset`: Unix milliseconds (OpenRouter), Unix seconds, or seconds to wait. */
function readResetMs(value: string | undefined): number | null {
  if (value === undefined || !/^\d+(?:\.\d+)?$/.test(value)) return readDurationMs(value);
  const amount = Number(value);
  if (amount > 1e11) return Math.max(0, Math.ceil(amount - Date.now()));
  return Math.max(0, Math.ceil(amount > 1e8 ? amount * 1000 - Date.now() : amount * 1000));
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `1s`, `6m0s`, `20ms`, `7.66s` or `1d2h`; null for anything else. */
function readDurationMs(value: string | undefined): number | null {
  if (value === undefined || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(value)) return null;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return Math.ceil(total);
}
