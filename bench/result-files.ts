import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredResult } from "./result.ts";

/** Returns the path. */
export function writeResult(directory: string, result: StoredResult): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${result.scenario}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

/** The results that are there, in the order of the names. Files of an older form are left out, with a word about it. */
export function readResults(directory: string, scenarios: readonly string[]): StoredResult[] {
  return scenarios.flatMap((scenario) => {
    const path = join(directory, `${scenario}.json`);
    if (!existsSync(path)) return [];
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isResult(content)) return [content];
    process.stderr.write(`${path} is of an older form: run the scenario again\n`);
    return [];
  });
}

function isResult(content: unknown): content is StoredResult {
  return typeof content === "object" && content !== null && "parts" in content && "checks" in content;
}
