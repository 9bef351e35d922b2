import type { HeaderLookup } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import { isObject } from "../checks.ts";
import { retryAfterFromHeaders, unreadableFailure } from "../provider-failure.ts";

/** The status each exception comes with; docs.aws.amazon.com, "Converse", "Common errors". */
const STATUS_BY_TYPE: ReadonlyMap<string, number> = new Map([
  ["ValidationException", 400],
  ["ServiceQuotaExceededException", 400],
  ["AccessDeniedException", 403],
  ["ResourceNotFoundException", 404],
  ["ModelTimeoutException", 408],
  ["ConflictException", 409],
  ["ModelErrorException", 424],
  ["ModelStreamErrorException", 424],
  ["ThrottlingException", 429],
  ["ModelNotReadyException", 429],
  ["InternalServerException", 500],
  ["ServiceUnavailableException", 503],
]);

/** Status 403 of AWS for credentials that are unknown, over or wrong, which elsewhere is 401. */
const BAD_CREDENTIALS = new Set([
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "ExpiredTokenException",
  "ExpiredToken",
  "IncompleteSignature",
  "MissingAuthenticationTokenException",
]);

/** An exception's name is in `x-amzn-errortype` (`Name:url`, or `Name`), or in the body (`prefix#Name`). */
export function parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  const message = isObject(body) ? (body.message ?? body.Message) : undefined;
  if (!isObject(body) || typeof message !== "string") return unreadableFailure(status, header, body);
  const named = header("x-amzn-errortype") ?? body.__type;
  const type = typeof named === "string" ? exceptionName(named) : null;
  return { ...failureOf(type, message, status), retryAfterMs: retryAfterFromHeaders(header) };
}

/** An exception within a stream, named `throttlingException` there. */
export function parseStreamError(event: string, data: unknown): ProviderFailure {
  const fields = isObject(data) ? data : {};
  const code = typeof fields.code === "string" ? fields.code : event;
  const type = code.charAt(0).toUpperCase() + code.slice(1);
  const message = fields.message ?? fields.Message;
  const text = typeof message === "string" && message !== "" ? message : `The provider ended its stream with ${type}.`;
  return failureOf(type, text, STATUS_BY_TYPE.get(type) ?? 500);
}

function exceptionName(text: string): string {
  const [name = ""] = text.split(":", 1);
  return name.slice(name.lastIndexOf("#") + 1);
}

function failureOf(type: string | null, message: string, status: number): ProviderFailure {
  const failure: ProviderFailure = { status, type, code: null, param: null, message, retryAfterMs: null };
  if (type !== null && BAD_CREDENTIALS.has(type)) failure.status = 401;
  // The model failed, not the request: another attempt may do.
  else if (status === 424) failure.status = 502;
  return failure;
}
