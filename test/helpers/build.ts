import { execFile } from "node:child_process";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
export const DIST = join(REPOSITORY, "dist");
export const CLI = join(DIST, "bundle/src/cli/main.cjs");

const LOCK = join(REPOSITORY, "node_modules", ".tidegate-build.lock");
const LOCK_STALE_MS = 60_000;

let built: Promise<void> | null = null;
let partsBuilt: Promise<void> | null = null;

/**
 * Compiles to `dist` unless that is newer than every source. Test files run in processes of their own: the first one
 * builds, the others wait. Types are checked elsewhere.
 */
export function ensureBuilt(): Promise<void> {
  built ??= build();
  return built;
}

/** What tests' own processes load of Tidegate, besides: see bundle-parts.mjs. */
export function ensurePartsBuilt(): Promise<void> {
  partsBuilt ??= ensureBuilt().then(() => runAlone("test/helpers/bundle-parts.mjs"));
  return partsBuilt;
}

function build(): Promise<void> {
  return runAlone("build.mjs", "--no-check", "--if-stale");
}

async function runAlone(...args: string[]): Promise<void> {
  while (!takeLock()) await delay(50);
  try {
    await run(process.execPath, args, { cwd: REPOSITORY });
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function takeLock(): boolean {
  try {
    closeSync(openSync(LOCK, "wx"));
    return true;
  } catch {
    const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    // Left behind by a test run that was killed.
    if (age > LOCK_STALE_MS) rmSync(LOCK, { force: true });
    return false;
  }
}
