import type { SecretReference } from "../../contracts/secret-reference.ts";
import { formatPath } from "../problems/problem.ts";
import type { Path } from "../schema/introspection.ts";
import { ReferencedSecret, SECRET_MARKER } from "../schema/notes.ts";
import type { Schema } from "../validate.ts";
import { findReferences } from "./references.ts";

/**
 * References in what is kept elsewhere than in a file: compiled long before it is served, and kept compiled. So compiled texts have a
 * marker in the secret's place, and whoever serves them puts the secret there.
 */

export interface Referencing<Document> {
  document: Document;
  problems: { path: string; message: string }[];
}

/** The document, with something in the place of each reference that the schema takes for the secret. */
export function withReferences<Document extends object>(document: Document, schema: Schema): Referencing<Document> {
  const found = findReferences(document, schema);
  if (found.length === 0) return { document, problems: [] };
  const copy = structuredClone(document);
  const problems = found.flatMap(({ path, reference }) => {
    // A reference that is wrong has its own problem, and must not have another.
    replace(copy, path, new ReferencedSecret(typeof reference === "string" ? {} : reference));
    return typeof reference === "string" ? [{ path: formatPath(path), message: reference }] : [];
  });
  return { document: copy, problems };
}

function replace(root: object, path: Path, value: unknown): void {
  let owner: unknown = root;
  for (const step of path.slice(0, -1)) owner = Reflect.get(owner as object, step);
  Reflect.set(owner as object, path.at(-1) ?? "", value);
}

/** Those whose secrets are missing in what was compiled. */
export function missingSecrets(compiled: unknown): SecretReference[] {
  const found: SecretReference[] = [];
  collect(compiled, found);
  return found;
}

/** Makes nothing on its way: thousands of services are looked through at a start, and most have none. */
function collect(value: unknown, found: SecretReference[]): void {
  if (typeof value === "string") {
    if (value.startsWith(SECRET_MARKER)) found.push(JSON.parse(value.slice(SECRET_MARKER.length)) as SecretReference);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
  } else if (typeof value === "object" && value !== null) {
    for (const key in value) collect((value as Record<string, unknown>)[key], found);
  }
}

/** The same with the secrets in their places. `secretOf` is given what `missingSecrets` found. */
export function withSecrets<Compiled>(compiled: Compiled, secretOf: (reference: SecretReference) => string): Compiled {
  return walk(compiled, (text) => secretOf(JSON.parse(text.slice(SECRET_MARKER.length)))) as Compiled;
}

function walk(value: unknown, onMarker: (text: string) => string): unknown {
  if (typeof value === "string") return value.startsWith(SECRET_MARKER) ? onMarker(value) : value;
  if (Array.isArray(value)) return value.map((item) => walk(item, onMarker));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, onMarker)]));
}
