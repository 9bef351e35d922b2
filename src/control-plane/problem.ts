/** What an administrator's request can fail with. The codes are stable; `src/docs/admin-api.md` explains them. */
export const PROBLEMS = {
  invalid_request: 400,
  invalid_json: 400,
  sign_in_invalid: 400,
  unauthenticated: 401,
  invalid_login: 401,
  origin_refused: 403,
  password_sign_in_disabled: 403,
  sign_in_refused: 403,
  not_found: 404,
  conflict: 409,
  already_exists: 409,
  in_use: 409,
  idempotency_conflict: 409,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  not_publishable: 422,
  too_many_attempts: 429,
  internal_error: 500,
  identity_provider_failed: 502,
  read_only: 503,
  unavailable: 503,
  identity_provider_unreachable: 503,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldProblem {
  /** Where in the request, e.g. `draft.routes[0].path`. */
  path: string;
  message: string;
}

/** The one error type of the control plane: becomes `application/problem+json` (RFC 9457). Never holds a secret. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly errors: readonly FieldProblem[];
  readonly retryAfterMs: number | null;

  constructor(
    code: ProblemCode,
    message: string,
    details: { errors?: readonly FieldProblem[]; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ProblemError";
    this.code = code;
    this.status = PROBLEMS[code];
    this.errors = details.errors ?? [];
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** The same for what is not there and for what somebody may not see: nobody learns that it exists. */
export function notFound(): ProblemError {
  return new ProblemError("not_found", "there is nothing here, or nothing that you may see");
}
