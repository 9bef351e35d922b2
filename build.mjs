// `npm run build`: compiles `dist`, and bundles what runs. `--no-check`: without looking at types. `--if-stale`: unless `dist` is
// newer than every source.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const startedAtMs = Date.now();
const stamp = join(import.meta.dirname, "dist/.built");

const SOURCES = ["src", "workers", "native-bindings", "bundled"];
const BUILD = [
  "build.mjs",
  "bundle.mjs",
  "bundling.mjs",
  "code-cache.mjs",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

function isFresh() {
  const builtAtMs = statSync(stamp, { throwIfNoEntry: false }) === undefined ? 0 : Number(readFileSync(stamp, "utf8"));
  const isOlder = (path) => statSync(path).mtimeMs < builtAtMs;
  return (
    builtAtMs > 0 && [...SOURCES.flatMap(modules), ...BUILD].every((path) => isOlder(join(import.meta.dirname, path)))
  );
}

function modules(directory) {
  const entries = readdirSync(join(import.meta.dirname, directory), { recursive: true });
  return entries.filter((name) => /\.m?ts$|\.mjs$/.test(name)).map((name) => join(directory, name));
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: import.meta.dirname, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

if (process.argv.includes("--if-stale") && isFresh()) process.exit(0);
rmSync(stamp, { force: true });
const noCheck = process.argv.includes("--no-check") ? ["--noCheck"] : [];
run("node_modules/ts7/bin/tsc", "-p", "tsconfig.build.json", ...noCheck);
run("bundle.mjs");
run("code-cache.mjs");
// Tests build again when a source is newer: one that changed while this ran is.
writeFileSync(stamp, `${startedAtMs}\n`);
