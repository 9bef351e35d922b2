import { resolve } from "node:path";
import type { SecretReference } from "../../contracts/secret-reference.ts";
import { SourceReader } from "../../platform/secrets/read-source.ts";
import type { Resolution, SecretReader } from "../../platform/secrets/secret-store.ts";
import { UnreadSecret } from "../schema/notes.ts";
import type { LocatedDocument } from "../sources/document.ts";
import type { Environment } from "../sources/environment.ts";
import type { Schema } from "../validate.ts";
import { findReferences } from "./references.ts";

/** Reads what is on this machine, and lets everything else be. */
export interface PartialReader {
  resolve(references: readonly SecretReference[]): Promise<(Resolution | UnreadSecret)[]>;
}

/** Puts secrets in the place of the references to them; what can't be read is a problem of the document. */
export async function resolveReferences(
  document: LocatedDocument,
  schema: Schema,
  baseDirectory: string,
  secrets: SecretReader | PartialReader,
): Promise<void> {
  const found = findReferences(document.value, schema);
  const report = (path: (typeof found)[number]["path"], message: string) => {
    document.problems.push({ ...document.locate(path), path, message });
    // It has its problem already.
    document.replace(path, new UnreadSecret());
  };
  const good = found.flatMap(({ path, reference }) => {
    if (typeof reference !== "string") return [{ path, reference: absolute(reference, baseDirectory) }];
    report(path, reference);
    return [];
  });
  const resolved = await secrets.resolve(good.map(({ reference }) => reference));
  for (const [index, { path }] of good.entries()) {
    const resolution = resolved[index];
    if (resolution instanceof UnreadSecret) document.replace(path, resolution);
    else if (resolution?.ok === true) document.replace(path, resolution.value);
    else report(path, `the secret can't be had: ${resolution?.message}`);
  }
}

/** For whoever checks a configuration and serves nothing: a machine that does so need not reach Vault. */
export function withoutVault(environment: Environment): PartialReader {
  const reader = new SourceReader(environment);
  const one = async (reference: SecretReference): Promise<Resolution | UnreadSecret> => {
    if ("vault" in reference) return new UnreadSecret();
    const [reading] = await reader.read([reference]);
    if (reading?.ok !== true) return { ok: false, message: reading?.message ?? "" };
    return { ok: true, value: (reference.prefix ?? "") + reading.value };
  };
  return { resolve: (references) => Promise.all(references.map(one)) };
}

function absolute(reference: SecretReference, baseDirectory: string): SecretReference {
  return "file" in reference ? { ...reference, file: resolve(baseDirectory, reference.file) } : reference;
}
