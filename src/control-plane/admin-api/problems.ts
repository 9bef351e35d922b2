import type { z } from "@hono/zod-openapi";
import { type FieldProblem, ProblemError } from "../problem.ts";

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** RFC 9457. */
export function problemResponse(error: ProblemError): Response {
  const { code, status, message, errors, retryAfterMs } = error;
  const body = {
    type: `urn:tidegate:problem:${code}`,
    title: TITLES[status] ?? "Error",
    status,
    detail: message,
    code,
    errors,
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (retryAfterMs !== null) headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  if (status === 401) headers.set("www-authenticate", 'Bearer realm="tidegate"');
  return new Response(JSON.stringify(body), { status, headers });
}

/** Input that is not what the schema says. Values are not repeated: they may be secrets. */
export function invalid(where: string, error: z.ZodError): ProblemError {
  const errors = error.issues.map(({ path, message }): FieldProblem => {
    return { path: pathText(where, path), message };
  });
  const [first] = errors;
  return new ProblemError("invalid_request", first === undefined ? "invalid" : `${first.path}: ${first.message}`, {
    errors,
  });
}

function pathText(where: string, path: readonly PropertyKey[]): string {
  let text = where;
  for (const step of path)
    text += typeof step === "number" ? `[${step}]` : text === "" ? String(step) : `.${String(step)}`;
  return text === "" ? "(body)" : text;
}

/** What a database that is away looks like, in either driver. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isUnreachable(error)) {
    return new ProblemError("unavailable", "the database can't be reached: try again soon", {
      retryAfterMs: 2_000,
      cause: error,
    });
  }
  return new ProblemError("internal_error", "something went wrong here: see the log", { cause: error });
}

const UNREACHABLE_CODES = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "ETIMEDOUT",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
  "08006",
  "08001",
];

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    UNREACHABLE_CODES.includes(code) ||
    /connection terminated|timeout exceeded when trying to connect/i.test(error.message)
  );
}
