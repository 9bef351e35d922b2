import { ProblemError } from "../problem.ts";

/** Where people are after signing in, unless they wanted to go elsewhere: the page that there is. */
const DEFAULT = "/api/docs";
const MAX_CHARACTERS = 1_000;
/** Any origin will do: a path stays at it, whatever it is. */
const BASE = "http://tidegate.invalid";

/**
 * Where the browser goes after signing in: a path of this origin, with its query. Throws `invalid_request` for anything else: a
 * link to the sign-in must not lead to another site (CWE-601).
 */
export function parseReturnTo(text: string | undefined): string {
  if (text === undefined || text === "") return DEFAULT;
  if (isOwnPath(text)) return text;
  const message = "expected a path of this site, e.g. /api/docs";
  throw new ProblemError("invalid_request", `return_to: ${message}`, { errors: [{ path: "return_to", message }] });
}

/** Browsers take `\` for `/`, and leave tabs and line breaks out (WHATWG URL §4.4). */
function isOwnPath(text: string): boolean {
  if (text.length > MAX_CHARACTERS || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return false;
  return URL.canParse(text, BASE) && new URL(text, BASE).origin === BASE;
}
