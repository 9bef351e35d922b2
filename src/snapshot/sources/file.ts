import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { SecretReader } from "../../platform/secrets/secret-store.ts";
import { reasonOf } from "../checks/file-reason.ts";
import { resolveReferences, withoutVault } from "../secrets/resolve-references.ts";
import { schemaFor, type Validation, type ValidationOptions, validateDocument } from "../validate.ts";
import { LocatedDocument } from "./document.ts";
import type { Environment } from "./environment.ts";

/**
 * Reads `tidegate.yaml` (or JSON, which is YAML). Files it names are relative to its own directory. Without `secrets`, what is in
 * Vault is not looked at: the configuration can be checked, but not served.
 */
export async function readConfigurationFile(
  file: string,
  environment: Environment,
  catalogue: ValidationOptions["catalogue"],
  secrets: SecretReader | null = null,
): Promise<Validation> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const reason = error instanceof TypeError ? "it is not UTF-8 text" : reasonOf(error);
    const message = `can't read the configuration: ${reason}`;
    const problem = { file, line: 0, column: 0, path: "", message, sourceLine: null };
    return { configuration: null, problems: [problem], warnings: [] };
  }
  const document = new LocatedDocument(file, text, environment);
  const options = { catalogue, baseDirectory: dirname(resolve(file)) };
  await resolveReferences(document, schemaFor(catalogue), options.baseDirectory, secrets ?? withoutVault(environment));
  return validateDocument(document, options);
}

/** The same without references to secrets, for a text that is there already; `file` names it in messages. */
export function parseConfiguration(
  file: string,
  text: string,
  environment: Environment,
  catalogue: ValidationOptions["catalogue"],
): Validation {
  const document = new LocatedDocument(file, text, environment);
  return validateDocument(document, { catalogue, baseDirectory: dirname(resolve(file)) });
}
