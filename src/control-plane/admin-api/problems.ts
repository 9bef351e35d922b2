import { ProblemError } from "../problem.ts";

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
  502: "Bad Gateway",
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

/** What a database that is away looks like, in either driver. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isUnreachable(error)) {
    return new ProblemError("unavailable", "the database can't be reached or written: try again soon", {
      retryAfterMs: 2_000,
      cause: error,
    });
  }
  return new ProblemError("internal_error", "something went wrong here: see the log", { cause: error });
}

const UNREACHABLE_CODES = ["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EPIPE"];

/**
 * PostgreSQL's classes of conditions that pass: connection exceptions (08), insufficient resources (53), operator intervention
 * (57), system errors (58); 25006: a standby, which only reads; 40001 and 40P01: others were in the way (appendix A).
 */
const PASSING_STATES = /^(08|53|57|58)...$|^25006$|^40001$|^40P01$/;

/** SQLite's: busy, locked, read-only, I/O error, disk full, can't be opened (sqlite.org/rescode.html). */
const PASSING_RESULTS = [5, 6, 8, 10, 13, 14];

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  if (UNREACHABLE_CODES.includes(code) || PASSING_STATES.test(code)) return true;
  // A Unix socket that is not there.
  if ((code === "ENOENT" || code === "EACCES") && "syscall" in error && error.syscall === "connect") return true;
  // The low byte: the rest says more exactly what it is.
  if ("errcode" in error && PASSING_RESULTS.includes(Number(error.errcode) & 0xff)) return true;
  return /connection terminated|connection error|timeout exceeded when trying to connect|query read timeout/i.test(
    error.message,
  );
}
