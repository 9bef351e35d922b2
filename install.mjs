// `npm install` and `npm ci` run this: it compiles the addon, and beside it, on another core, bundles what runs. What needs both
// comes with `prepare`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

/** Resolves with the exit code. */
async function run(...args) {
  const [code] = await once(spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: "inherit" }), "exit");
  return code;
}

/** Packages of development are left out by `--omit=dev`. */
function canBundle() {
  try {
    createRequire(import.meta.url).resolve("rolldown");
    return true;
  } catch {
    return false;
  }
}

const steps = [run("native-bindings/build.mjs")];
if (canBundle()) steps.push(run("build.mjs", "--no-check", "--without-code-cache"));
const codes = await Promise.all(steps);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
