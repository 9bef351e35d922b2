import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { REPOSITORY } from "./build.ts";

export interface Surroundings {
  cwd: string;
  env: Record<string, string>;
}

/** Runs the first of a page's blocks of commands; see `runBlocks`. */
export function runFirstBlock(
  page: string,
  servers: Record<string, string>,
  surroundings: Surroundings,
): Promise<string> {
  return run(blocksOf(page).slice(0, 1), servers, surroundings);
}

/** Runs all of a page's commands against these servers, and stops at the first that fails; resolves to what they print. */
export function runBlocks(page: string, servers: Record<string, string>, surroundings: Surroundings): Promise<string> {
  return run(blocksOf(page), servers, surroundings);
}

function blocksOf(page: string): string[] {
  const text = readFileSync(join(REPOSITORY, "src/docs", page), "utf8");
  return [...text.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, commands = ""]) => commands);
}

async function run(
  blocks: readonly string[],
  servers: Record<string, string>,
  { cwd, env }: Surroundings,
): Promise<string> {
  let script = blocks.join("\n");
  for (const [written, here] of Object.entries(servers)) script = script.replaceAll(written, here);
  const args = ["-euo", "pipefail", "-c", script];
  const { stdout } = await promisify(execFile)("bash", args, { cwd, env: { ...process.env, ...env } });
  return stdout;
}
