// `npm run build`: compiles `dist`, and bundles what runs. `--no-check`: without looking at types. `--if-stale`: only what is older
// than a source. `--without-code-cache`: nothing that has to run for it.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const startedAtMs = Date.now();
const bundled = join(import.meta.dirname, "dist/.bundled");
const built = join(import.meta.dirname, "dist/.built");

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

function isFresh(stamp) {
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

/** With the time of the start: a source that changed while this ran is newer. */
function writeStamp(path) {
  writeFileSync(path, `${startedAtMs}\n`);
}

const ifStale = process.argv.includes("--if-stale");
if (ifStale && isFresh(built)) process.exit(0);
rmSync(built, { force: true });
if (!ifStale || !isFresh(bundled)) {
  rmSync(bundled, { force: true });
  const noCheck = process.argv.includes("--no-check") ? ["--noCheck"] : [];
  run("node_modules/ts7/bin/tsc", "-p", "tsconfig.build.json", ...noCheck);
  run("bundle.mjs");
  writeStamp(bundled);
}
if (!process.argv.includes("--without-code-cache")) {
  run("code-cache.mjs");
  writeStamp(built);
}
