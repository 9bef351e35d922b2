// `npm run build`: compiles `dist`, and bundles what runs. `--no-check`: without looking at types.
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const startedAtMs = Date.now();
const stamp = join(import.meta.dirname, "dist/.built");

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: import.meta.dirname, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

rmSync(stamp, { force: true });
const noCheck = process.argv.includes("--no-check") ? ["--noCheck"] : [];
run("node_modules/ts7/bin/tsc", "-p", "tsconfig.build.json", ...noCheck);
run("bundle.mjs");
run("code-cache.mjs");
// Tests build again when a source is newer: one that changed while this ran is.
writeFileSync(stamp, `${startedAtMs}\n`);
