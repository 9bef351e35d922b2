import { z } from "@hono/zod-openapi";
import { type FieldProblem, ProblemError } from "../problem.ts";

/** A request of megabytes can be wrong in as many places. */
const MAX_ERRORS = 100;

/** Input as a schema has it. `where`: what it is part of, "" for a body. Throws `invalid_request`, with all that is wrong. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, where = ""): z.output<Schema> {
  const result = schema.safeParse(value, { error: wording });
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => problemsOf(where, issue)).slice(0, MAX_ERRORS);
  const [first] = errors;
  const message = first === undefined ? "invalid" : `${first.path}: ${first.message}`;
  throw new ProblemError("invalid_request", message, { errors });
}

function problemsOf(where: string, issue: z.core.$ZodIssue): FieldProblem[] {
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") return [{ path: pathText(where, path), message }];
  // What is not known is named like all other fields: by its path.
  return issue.keys.map((key) => ({ path: pathText(where, [...path, key]), message }));
}

function pathText(where: string, path: readonly PropertyKey[]): string {
  let text = where;
  for (const step of path)
    text += typeof step === "number" ? `[${step}]` : text === "" ? String(step) : `.${String(step)}`;
  return text === "" ? "(body)" : text;
}

/** What is wrong, and what is allowed. Values are not repeated: they may be secrets. Undefined: the schema has words of its own. */
function wording(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const expected = `expected ${TYPES[issue.expected] ?? issue.expected}`;
      return issue.input === undefined
        ? `required, but missing: ${expected}`
        : `${expected}; found ${found(issue.input)}`;
    }
    case "invalid_value":
      return `expected one of ${issue.values.join(", ")}`;
    case "unrecognized_keys":
      return unknownField(issue.inst);
    case "too_small":
      return sizeText("at least", issue.origin, issue.minimum, issue.inclusive === false);
    case "too_big":
      return sizeText("at most", issue.origin, issue.maximum, issue.inclusive === false);
    case "invalid_format":
      return FORMATS[issue.format];
    case "invalid_union":
      return `expected what the document of this API says; found ${found(issue.input)}`;
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  null: "null",
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: "expected a time with its zone, such as 2026-12-01T00:00:00Z",
  email: "expected an e-mail address, such as pat@example.org",
  url: "expected an absolute http:// or https:// URL",
};

function found(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  // Of a query, what is no number.
  if (Number.isNaN(value)) return "a text";
  return { string: "a text", object: "a mapping", boolean: "true or false" }[typeof value as string] ?? "a number";
}

function sizeText(bound: string, origin: string, limit: number | bigint, isExcluded: boolean): string | undefined {
  if (origin === "string") return limit === 1n || limit === 1 ? "must not be empty" : `${bound} ${limit} characters`;
  if (origin === "array")
    return limit === 1n || limit === 1 ? "the list must not be empty" : `${bound} ${limit} entries`;
  if (origin !== "number" && origin !== "int") return undefined;
  if (!isExcluded) return `${bound} ${limit}`;
  return `${bound === "at least" ? "more" : "less"} than ${limit}`;
}

function unknownField(schema: unknown): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return known.length === 0 ? "unknown" : `unknown; the fields here are ${known.join(", ")}`;
}
