import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";

/**
 * Google's error form: `{error: {code, message, status, details}}`, in some answers inside an array of one. `details`
 * are objects told by `@type`: `RetryInfo.retryDelay` ("13s"), `BadRequest.fieldViolations[].field`, `ErrorInfo.reason`.
 */
export function parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  const failure = parseErrorBody(body, status);
  if (failure === null) return unreadableFailure(status, header, body);
  failure.status = status;
  failure.retryAfterMs ??= retryAfterFromHeaders(header);
  return failure;
}

/** The failure a body stands for, or null when it is no error. The status is the body's own. */
export function parseErrorBody(body: unknown, defaultStatus: number): ProviderFailure | null {
  const object: unknown = Array.isArray(body) ? body[0] : body;
  if (!isObject(object) || !isObject(object.error)) return null;
  const { code, message, status } = object.error;
  const details = Array.isArray(object.error.details) ? object.error.details.filter(isObject) : [];
  return {
    status: typeof code === "number" && code >= 400 && code < 600 ? code : defaultStatus,
    type: typeof status === "string" ? status : null,
    code: errorReason(details),
    param: violatedField(details),
    message: typeof message === "string" ? message : "The provider gave no reason.",
    retryAfterMs: retryDelayMs(details),
  };
}

function detail(details: readonly JsonObject[], type: string): JsonObject | undefined {
  return details.find((entry) => entry["@type"] === `type.googleapis.com/google.rpc.${type}`);
}

function errorReason(details: readonly JsonObject[]): string | null {
  const reason = detail(details, "ErrorInfo")?.reason;
  return typeof reason === "string" ? reason : null;
}

function violatedField(details: readonly JsonObject[]): string | null {
  const violations = detail(details, "BadRequest")?.fieldViolations;
  const first: unknown = Array.isArray(violations) ? violations[0] : undefined;
  return isObject(first) && typeof first.field === "string" ? first.field : null;
}

/** A protobuf Duration in JSON: seconds with up to nine decimals and an `s`. */
function retryDelayMs(details: readonly JsonObject[]): number | null {
  const delay = detail(details, "RetryInfo")?.retryDelay;
  const match = typeof delay === "string" ? /^(\d+(?:\.\d+)?)s$/.exec(delay) : null;
  return match === null ? null : Math.ceil(Number(match[1]) * 1000);
}
