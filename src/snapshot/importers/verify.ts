import { CATALOGUE } from "../../providers/catalogue.ts";
import type { Problem } from "../problems/problem.ts";
import type { Environment } from "../sources/environment.ts";
import { parseConfiguration } from "../sources/file.ts";
import type { ImportResult } from "./import-result.ts";
import { renderYaml } from "./render.ts";

export interface Verification {
  /** An imported configuration must have none: what it names in files may. */
  problems: readonly Problem[];
  /** Certificates and keys that are not readable here; they may be where Tidegate is to run. */
  files: readonly Problem[];
}

const NAMES_A_FILE = /\.(?:cert|key|ca_file)$/;

/**
 * Checks what an importer made as `tidegate check` would, with stand-ins for variables. Relative files begin in the
 * folder of `target`, which need not be there.
 */
export function verifyImport(result: ImportResult, target: string): Verification {
  // A variable may stand for a key or a URL: this is good for both, and different for each.
  const environment: Environment = Object.fromEntries(
    result.variables.map((name) => [name, `http://${name.toLowerCase().replaceAll("_", "-")}.invalid`]),
  );
  const { problems } = parseConfiguration(target, renderYaml(result, "memory"), environment, CATALOGUE);
  return {
    problems: problems.filter(({ path }) => !NAMES_A_FILE.test(path)),
    files: problems.filter(({ path }) => NAMES_A_FILE.test(path)),
  };
}
