import { execFile } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
export const DIST = join(REPOSITORY, "dist");
export const CLI = join(DIST, "bundle/src/cli/main.cjs");

const SOURCES = ["src", "workers", "native-bindings"];
const STAMP = join(DIST, ".built");
const LOCK = join(REPOSITORY, "node_modules", ".tidegate-build.lock");
const LOCK_STALE_MS = 60_000;

/**
 * Compiles to `dist` unless that is newer than every source. Test files run in processes of their own: the first one
 * builds, the others wait. Types are checked elsewhere.
 */
export async function ensureBuilt(): Promise<void> {
  while (!isFresh()) {
    if (!takeLock()) {
      await delay(50);
      continue;
    }
    try {
      if (!isFresh()) await build();
    } finally {
      rmSync(LOCK, { force: true });
    }
  }
}

async function build(): Promise<void> {
  await run(process.execPath, ["build.mjs", "--no-check"], { cwd: REPOSITORY });
}

function isFresh(): boolean {
  const stamp = Number(readIfThere(STAMP));
  return stamp > 0 && SOURCES.every((source) => newest(join(REPOSITORY, source)) < stamp);
}

function readIfThere(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(path, "utf8");
}

function newest(directory: string): number {
  let newestMs = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    newestMs = Math.max(newestMs, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return newestMs;
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
