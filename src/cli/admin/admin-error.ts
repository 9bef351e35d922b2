import type { z } from "zod";
import { EXIT, type ExitCode, StartError } from "../../bootstrap/exit-codes.ts";
import { printable } from "../output/printable.ts";
import type { problem } from "./answers.ts";

export interface FieldError {
  /** Where in the request, e.g. `draft.routes[0].path`. */
  path: string;
  message: string;
}

/** What a command of the admin API failed with. `status` 0: there was no answer. */
export class AdminError extends StartError {
  readonly status: number;
  /** Of the API, e.g. `precondition_failed`; "" where the answer was none of its. */
  readonly code: string;
  readonly errors: readonly FieldError[];

  constructor(
    exitCode: ExitCode,
    message: string,
    details: { status?: number; code?: string; errors?: readonly FieldError[] } = {},
  ) {
    super(exitCode, message);
    this.name = "AdminError";
    this.status = details.status ?? 0;
    this.code = details.code ?? "";
    this.errors = details.errors ?? [];
  }
}

export interface RefusalContext {
  url: string;
  /** What was asked for, e.g. `/services/billing`. */
  path: string;
  hasToken: boolean;
  retryAfter: string | null;
}

/** The server's refusal in one line: its own words, the fields at fault, and what to do. */
export function refusal(
  status: number,
  { detail, code, errors }: z.output<typeof problem>,
  context: RefusalContext,
): AdminError {
  const details = { status, code, errors };
  if (code === "unauthenticated") return new AdminError(EXIT.noPermission, notSignedIn(context), details);
  const fields = errors.filter(({ message }) => !detail.includes(message));
  const listed = fields.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const subject = code === "not_found" ? `${context.path}: ` : "";
  const said = subject + (listed === "" ? detail : `${detail} (${listed})`);
  const hint = hintFor(status, code, context);
  return new AdminError(exitCodeFor(status, code), printable(hint === null ? said : `${said}; ${hint}`), details);
}

function exitCodeFor(status: number, code: string): ExitCode {
  if (status === 401) return EXIT.noPermission;
  if (status === 409 || status === 412) return EXIT.conflict;
  if (code === "unavailable" || status === 502 || status === 504) return EXIT.unreachable;
  return EXIT.refused;
}

function notSignedIn({ url, hasToken }: RefusalContext): string {
  return hasToken
    ? `the token for ${url} was revoked or has expired: tidegate login`
    : `not signed in at ${url}: tidegate login`;
}

function hintFor(status: number, code: string, { retryAfter }: RefusalContext): string | null {
  if (code === "precondition_failed") return "somebody else changed it meanwhile: run the command again";
  if (status === 429 && retryAfter !== null) return `try again in ${retryAfter} s`;
  return null;
}

/** No answer at all. Node's codes in words; anything else as it is. */
export function unreachable(url: string, cause: unknown): AdminError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = REASONS[code] ?? (code === "" ? messageOf(cause) : code);
  const hint = "is `tidegate start` running there? --url and TIDEGATE_ADMIN_URL choose the server";
  return new AdminError(EXIT.unreachable, printable(`can't reach ${url}: ${reason}; ${hint}`));
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "the host's name can't be looked up now",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "the network can't be reached",
  ETIMEDOUT: "no connection in time",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped",
  UND_ERR_SOCKET: "the connection was cut",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed (NODE_EXTRA_CA_CERTS names authorities to trust)",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is self-signed (NODE_EXTRA_CA_CERTS names authorities to trust)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate can't be verified (NODE_EXTRA_CA_CERTS names authorities to trust)",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
};

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
