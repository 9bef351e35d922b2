import type { SecretReference, SecretSource } from "../../contracts/secret-reference.ts";
import { childSchema, isSecret, type Path } from "../schema/introspection.ts";
import { mappingOf } from "../schema/notes.ts";
import { filePath } from "../schema/scalars.ts";

type Schema = Parameters<typeof isSecret>[0];

export interface FoundReference {
  path: Path;
  /** A text: what is wrong with it. */
  reference: SecretReference | string;
}

const KINDS = ["env", "file", "vault"] as const;

/** Every reference in a document, where the schema has a secret. Anything else there is the secret itself. */
export function findReferences(value: unknown, schema: Schema): FoundReference[] {
  const found: FoundReference[] = [];
  collect(value, schema, [], found);
  return found;
}

function collect(value: unknown, schema: Schema | null, path: Path, found: FoundReference[]): void {
  if (schema === null || typeof value !== "object" || value === null) return;
  // A field of which the secret alone may stand for the whole can also hold a reference alone.
  if ((isSecret(schema) || mappingOf(schema) !== undefined) && looksLikeReference(value)) {
    found.push({ path, reference: parseReference(value) });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, childSchema(schema, index), [...path, index], found);
  } else if (!isSecret(schema)) {
    for (const [key, item] of Object.entries(value)) collect(item, childSchema(schema, key), [...path, key], found);
  }
}

export function looksLikeReference(value: unknown): value is Record<string, unknown> {
  return isMapping(value) && KINDS.some((kind) => Object.hasOwn(value, kind));
}

/** A text: what is wrong with it, without anything that may be the secret. */
export function parseReference(value: Record<string, unknown>): SecretReference | string {
  const kinds = KINDS.filter((kind) => Object.hasOwn(value, kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return "a reference has exactly one of env, file, vault";
  if (Object.keys(value).some((key) => key !== kind && key !== "prefix")) {
    return `beside \`${kind}\`, a reference has nothing but \`prefix\``;
  }
  const source = SOURCES[kind](value[kind]);
  if (typeof source === "string") return source;
  const { prefix } = value;
  if (prefix === undefined) return source;
  if (typeof prefix !== "string" || !/^[\x20-\x7e]{1,100}$/.test(prefix)) {
    return "`prefix`: expected a text of 1 to 100 characters that stands before the secret, such as `Bearer `";
  }
  return { ...source, prefix };
}

const SOURCES: Record<(typeof KINDS)[number], (value: unknown) => SecretSource | string> = {
  env: (value) => {
    if (typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return { env: value };
    return "`env`: expected the name of an environment variable";
  },
  file: (value) => {
    const read = filePath.safeParse(value);
    return read.success ? { file: read.data } : "`file`: expected the path of a file that holds the secret";
  },
  vault: (value) => {
    const { path, field, ...more } = isMapping(value) ? value : {};
    if (Object.keys(more).length > 0) return "`vault` has nothing but `path` and `field`";
    if (typeof path !== "string" || !VAULT_PATH.test(path) || /(?:^|\/)\.\.?(?:\/|$)/.test(path)) {
      return "`vault.path`: expected a path as `vault kv get` takes it, e.g. secret/tidegate/openai";
    }
    if (typeof field !== "string" || !/^[^\p{Cc}]{1,200}$/u.test(field)) {
      return "`vault.field`: expected the name of a field of that secret";
    }
    return { vault: { path, field } };
  },
};

const VAULT_PATH = /^[^/\p{Cc}?#%]+(?:\/[^/\p{Cc}?#%]+)+$/u;

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
