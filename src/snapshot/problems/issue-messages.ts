import type { z } from "zod";
import {
  allowedValues,
  expectation,
  fieldOf,
  holdsSecret,
  isLeaf,
  isSecret,
  keysOf,
  keyTypeOf,
  type Path,
  schemaAt,
} from "../schema/introspection.ts";
import { MISMATCH } from "../schema/notes.ts";
import { isNameLike, nearestOf, suggestion } from "./suggestion.ts";

/** What the messages need to know of the input. */
export interface InputView {
  valueAt(path: Path): unknown;
  /** Whether the path leads to a value, even null. */
  has(path: Path): boolean;
  /** Environment variables the value was made of: such a value is not repeated. */
  variablesOf(path: Path): string[];
  /** False for a text of several lines: wrong indentation joins a secret to the line before it. */
  isRepeatable(path: Path): boolean;
}

export interface IssueText {
  path: Path;
  /** Set where the problem is the key itself, not its value. It may hold a mistyped secret, so it is not for messages. */
  keyPath: Path | null;
  message: string;
}

/** One issue of zod in the words of the schema: what is expected, what was found, and what may have been meant. */
export function issueTexts(issue: z.core.$ZodIssue, schema: z.core.$ZodType, input: InputView): IssueText[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    const owner = schemaAt(schema, path) ?? schema;
    return issue.keys.map((key) => ({
      path: isRepeatable(key, owner) ? [...path, key] : path,
      keyPath: [...path, key],
      message: unknownKey(key, owner),
    }));
  }
  if (issue.code === "invalid_key") {
    const owner = schemaAt(schema, path.slice(0, -1)) ?? schema;
    return [{ path: path.slice(0, -1), keyPath: path, message: `not a valid ${keyTypeOf(owner)}` }];
  }
  const field = schemaAt(schema, path) ?? schema;
  if (isShortForm(path, schema, input)) {
    return [{ path: path.slice(0, -1), keyPath: null, message: mismatch(path.slice(0, -1), field, input) }];
  }
  if (path.length > 0 && !input.has(path)) {
    return [{ path, keyPath: null, message: `required, but missing: expected ${expectation(field)}` }];
  }
  if (issue.code === "too_small") return [{ path, keyPath: null, message: "the list must not be empty" }];
  if (issue.code === "custom" && issue.message !== MISMATCH) return [{ path, keyPath: null, message: issue.message }];
  return [{ path, keyPath: null, message: mismatch(path, field, input) }];
}

/** The issue is about a key whose value stands alone where a mapping with it could be. */
function isShortForm(path: Path, schema: z.core.$ZodType, input: InputView): boolean {
  const owner = path.length === 0 ? null : schemaAt(schema, path.slice(0, -1));
  if (owner === null || fieldOf(owner).notes.shorthand !== path.at(-1)) return false;
  return typeof input.valueAt(path.slice(0, -1)) === "string";
}

function mismatch(path: Path, field: z.core.$ZodType, input: InputView): string {
  const value = input.valueAt(path);
  const expected = `expected ${expectation(field)}`;
  const variables = input.variablesOf(path);
  if (variables.length > 0) return `${expected}; found the value of ${variables.join(", ")}`;
  // That it is a text helps nobody who may not be told which.
  if (typeof value === "string" && value !== "" && isLeaf(field) && !input.isRepeatable(path)) return expected;
  // A text where a list or a mapping should be may be the secret that belongs into it.
  const found = `${expected}; found ${describeValue(value, isSecret(field) || !isLeaf(field) || !input.isRepeatable(path))}`;
  return typeof value === "string" ? found + suggestion(value, allowedValues(field)) : found;
}

/** What stands in the file, without repeating long texts or what may be a secret. */
function describeValue(value: unknown, secret: boolean): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (value === "") return "an empty text";
  if (secret || (typeof value === "string" && mayBeSecret(value))) return `a ${kindOf(value)}`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

function kindOf(value: unknown): string {
  return typeof value === "string" ? "text" : typeof value;
}

/** Long texts, and URLs with user information or a query. */
function mayBeSecret(value: string): boolean {
  return value.length > 40 || /[@?\n]|-----/.test(value);
}

function unknownKey(key: string, owner: z.core.$ZodType): string {
  const known = keysOf(owner);
  // YAML 1.1's, which no schema of YAML 1.2 has.
  if (key === "<<") return "merge keys (`<<`) are not understood: write the values out";
  const named = isRepeatable(key, owner) ? `unknown key "${key}"${suggestion(key, known)}` : "unknown key";
  return `${named}; the keys here are ${known.join(", ")}`;
}

/** `{ id: main, value:sk-123 }` (no space after the colon) makes a key of the secret: only what looks like a name is repeated. */
function isRepeatable(key: string, owner: z.core.$ZodType): boolean {
  if (!isNameLike(key)) return false;
  return !holdsSecret(owner) || nearestOf(key, keysOf(owner)) !== null;
}
