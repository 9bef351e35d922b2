// `npm install` and `npm ci` build the addon with this. Says what is missing instead of node-gyp's pages. With a folder as
// its argument, builds a copy of the sources there, and only what has changed: for builds with other flags (CXXFLAGS and
// LDFLAGS) or another Node.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL(".", import.meta.url));

/** Programs that a build needs, and the Debian packages they are in. */
const PROGRAMS = { "g++": "g++", make: "make", python3: "python3" };

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function checkPrograms() {
  const missing = Object.keys(PROGRAMS).filter(
    (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined,
  );
  if (missing.length === 0) return;
  const packages = missing.map((program) => PROGRAMS[program]).join(" ");
  fail(
    `Tidegate's native part can't be built: ${missing.join(", ")} not found.\nInstall ${packages} (Debian: apt-get install ${packages}) and run npm again.`,
  );
}

/** Node's headers where they came with this Node: they need not be downloaded then. */
function headersOfThisNode() {
  const directory = resolve(process.execPath, "../..");
  const header = join(directory, "include/node/node_version.h");
  if (!existsSync(header)) return undefined;
  const text = readFileSync(header, "utf8");
  const numbers = ["MAJOR", "MINOR", "PATCH"].map(
    (name) => new RegExp(`define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1],
  );
  return numbers.join(".") === process.versions.node ? directory : undefined;
}

function nodeGyp(directory, ...args) {
  const script = createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
  const env = { ...process.env, MAKEFLAGS: process.env.MAKEFLAGS ?? "-j2" };
  const nodedir = headersOfThisNode();
  if (nodedir !== undefined) env.npm_config_nodedir ??= nodedir;
  const stdio = ["ignore", "inherit", "inherit"];
  const { status } = spawnSync(process.execPath, [script, ...args, "--silent"], { cwd: directory, stdio, env });
  if (status === 0) return;
  fail(
    "Tidegate's native part could not be built: see above. It needs Node's headers: where they can't be downloaded, set npm_config_nodedir to the folder that holds include/node.",
  );
}

checkPrograms();
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  nodeGyp(sources, "rebuild");
} else {
  mkdirSync(folder, { recursive: true });
  for (const name of ["binding.gyp", "src"]) {
    cpSync(join(sources, name), join(folder, name), { recursive: true, preserveTimestamps: true });
  }
  if (!existsSync(join(folder, "build/Makefile"))) nodeGyp(folder, "configure");
  nodeGyp(folder, "build");
}
