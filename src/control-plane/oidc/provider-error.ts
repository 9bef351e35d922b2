import { AuthorizationResponseError } from "openid-client";
import { ProblemError } from "../problem.ts";

/** RFC 6749 §5.2: what an `error` may be made of. */
const ERROR_CODE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/;

/**
 * What an identity provider's answer was found to be, as a problem without any of the answer: it may hold tokens, and
 * descriptions may be anybody's words.
 */
export function asProviderProblem(error: unknown): ProblemError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ProblemError) return cause;
  }
  const code = errorCodeOf(error);
  if (error instanceof AuthorizationResponseError) {
    return new ProblemError("sign_in_refused", `the identity provider refused the sign-in: ${code}`);
  }
  if (code !== null) return new ProblemError("identity_provider_failed", `the identity provider refuses: ${code}`);
  return new ProblemError("identity_provider_failed", `the identity provider's answer can't be used: ${said(error)}`);
}

/** The library's own words, which name claims and never their values. */
function said(error: unknown): string {
  if (!(error instanceof Error)) return "for no reason";
  const { cause } = error;
  return cause instanceof Error && cause.message !== error.message
    ? `${error.message} (${cause.message})`
    : error.message;
}

function errorCodeOf(error: unknown): string | null {
  const code = typeof error === "object" && error !== null && "error" in error ? error.error : null;
  return typeof code === "string" && ERROR_CODE.test(code) ? code : null;
}
