import { type FieldProblem, ProblemError } from "../problem.ts";

/** Deeper than anything that means something here; what walks values recursively must not run out of stack. */
const MAX_DEPTH = 64;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Throws `invalid_request` for what a database can't hold as it is: PostgreSQL refuses U+0000, and half of a surrogate pair comes
 * back as another character, so that the hash of an audit entry would no longer fit. Also for what is nested too deeply.
 */
export function requireStorable(where: string, value: unknown): void {
  const problem = faultOf(where, value);
  if (problem === null) return;
  const at = problem.path === "" ? "(body)" : problem.path;
  throw new ProblemError("invalid_request", `${at}: ${problem.message}`, { errors: [{ ...problem, path: at }] });
}

function faultOf(where: string, root: unknown): FieldProblem | null {
  const open = [{ path: where, value: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value, depth } = next;
    const message = typeof value === "string" ? textFault(value) : null;
    if (message !== null) return { path, message };
    if (typeof value !== "object" || value === null) continue;
    if (depth >= MAX_DEPTH) return { path: "", message: `nested more than ${MAX_DEPTH} deep` };
    const isList = Array.isArray(value);
    for (const [key, item] of Object.entries(value)) {
      const inKey = isList ? null : textFault(key);
      if (inKey !== null) return { path, message: `the name of a field ${inKey}` };
      const inner = isList ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      open.push({ path: inner, value: item, depth: depth + 1 });
    }
  }
  return null;
}

function textFault(text: string): string | null {
  if (text.includes("\0")) return "holds the character U+0000, which can't be kept";
  return LONE_SURROGATE.test(text) ? "holds half of a surrogate pair: it is not valid Unicode" : null;
}
