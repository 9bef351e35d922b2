import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { GatewayError, ProviderFailure } from "../../contracts/errors.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";
import { formatSse } from "../sse/format.ts";

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
  return details.find((entry) => entry["@type"] === typeUrl(type));
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

const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [408, "DEADLINE_EXCEEDED"],
  [409, "ABORTED"],
  [410, "NOT_FOUND"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [500, "INTERNAL"],
  [501, "UNIMPLEMENTED"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

const DOMAIN = "tidegate";

/**
 * The body of an error answer. `details` say in Google's own types what else is known: the reason (the provider's code, or else
 * Tidegate's own, in capitals), the field, the wait, the call's id.
 */
export function formatError(error: GatewayError, requestId: string): string {
  const { status, message, param, retryAfterMs, provider } = error;
  return errorBody({ status, message, param, retryAfterMs, reason: provider?.code ?? error.code }, requestId);
}

export function formatStreamError(error: GatewayError, requestId: string): string {
  return formatSse("", formatError(error, requestId));
}

/** SSE text for an error the provider reported within its stream. */
export function formatStreamFailure(failure: ProviderFailure, requestId: string): string {
  return formatSse("", errorBody({ ...failure, reason: failure.code ?? "provider_error" }, requestId));
}

interface ErrorFacts {
  status: number;
  message: string;
  param: string | null;
  retryAfterMs: number | null;
  reason: string;
}

function errorBody({ status, message, param, retryAfterMs, reason }: ErrorFacts, requestId: string): string {
  const details: JsonObject[] = [
    { "@type": typeUrl("ErrorInfo"), reason: reason.toUpperCase(), domain: DOMAIN },
    { "@type": typeUrl("RequestInfo"), requestId },
  ];
  if (param !== null) {
    const fieldViolations = [{ field: param, description: message }];
    details.push({ "@type": typeUrl("BadRequest"), fieldViolations });
  }
  if (retryAfterMs !== null) details.push({ "@type": typeUrl("RetryInfo"), retryDelay: `${retryAfterMs / 1000}s` });
  const name = STATUS_NAMES.get(status) ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT");
  return JSON.stringify({ error: { code: status, message, status: name, details } });
}

function typeUrl(type: string): string {
  return `type.googleapis.com/google.rpc.${type}`;
}
