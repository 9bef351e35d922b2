// Builds every *-fuzz.cc of this folder with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each for
// N seconds on its corpus, two at a time: `node native-bindings/fuzz/run.mjs [N] [name…]`. N is 30 by default; names leave
// the other targets out; `--at-once 4` runs more beside each other. What a run finds for the corpus goes to a temporary
// folder.
//
// The first line of a target names what it is built with: `// sources: ../src/a.cc ../src/b.cc`.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findClang } from "../clang.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "at-once": { type: "string", default: "2" } },
});
const [duration = "30", ...names] = positionals;
const atOnce = values["at-once"];
if (![duration, atOnce].every((text) => /^[1-9]\d*$/.test(text))) {
  fail("usage: node native-bindings/fuzz/run.mjs [--at-once N] [seconds] [name…]");
}
const targets = readdirSync(folder)
  .filter((file) => file.endsWith("-fuzz.cc"))
  .map((file) => file.slice(0, -"-fuzz.cc".length))
  .filter((name) => names.length === 0 || names.includes(name));
if (targets.length === 0) fail(`no fuzz target named ${names.join(" or ")}`);

const compiler = findClang();
if (compiler === null) {
  fail("fuzzing needs clang with libFuzzer (Debian: apt-get install clang-14 libclang-rt-14-dev)");
}

/** Exit code and output of a program. */
function run(program, args) {
  return new Promise((done) => {
    let output = "";
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => done({ code: 1, output: error.message }));
    child.on("close", (code) => done({ code, output }));
  });
}

async function build(name, binary) {
  const source = join(folder, `${name}-fuzz.cc`);
  const [firstLine = ""] = readFileSync(source, "utf8").split("\n");
  const sources = /^\/\/ sources:(.*)$/.exec(firstLine)?.[1]?.trim().split(/\s+/);
  if (sources === undefined) fail(`${source}: the first line must be \`// sources: …\``);
  const { code, output } = await run(compiler, [
    ..."-std=c++17 -O1 -g -Wall -Wextra -fno-omit-frame-pointer -D_GNU_SOURCE".split(" "),
    ..."-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all".split(" "),
    ...["-I", join(folder, "../src"), source, ...sources.map((path) => resolve(folder, path)), "-o", binary],
  ]);
  if (code !== 0) fail(`${name}: not built\n${output}`);
}

/** Undefined, or what went wrong. */
async function fuzz(name, work) {
  const binary = join(work, name);
  const found = join(work, `${name}-corpus`);
  const crashes = mkdtempSync(join(tmpdir(), `tidegate-fuzz-${name}-`));
  mkdirSync(found);
  await build(name, binary);
  const corpus = join(folder, "corpus", name);
  const { code, output } = await run(binary, [
    `-max_total_time=${duration}`,
    `-artifact_prefix=${crashes}/`,
    ..."-print_final_stats=1 -timeout=10 -rss_limit_mb=1024".split(" "),
    found,
    ...(existsSync(corpus) ? [corpus] : []),
  ]);
  const executed = /stat::number_of_executed_units: (\d+)/.exec(output)?.[1] ?? "?";
  const inputs = readdirSync(found).length;
  process.stdout.write(`${name}: ${executed} executions, ${inputs} new inputs${code === 0 ? "" : ", FAILED"}\n`);
  const reproducers = readdirSync(crashes).map((file) => join(crashes, file));
  if (code === 0) {
    rmSync(crashes, { recursive: true });
    return undefined;
  }
  const tail = output.split("\n").slice(-60).join("\n");
  return `${tail}\n${name} failed (exit ${code}). Reproducer: ${reproducers.join(" ") || "none was written"}`;
}

const work = mkdtempSync(join(tmpdir(), "tidegate-fuzz-"));
const failures = [];
const waiting = [...targets];
async function lane() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const failure = await fuzz(name, work);
    if (failure !== undefined) failures.push(failure);
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, lane));
rmSync(work, { recursive: true });
if (failures.length > 0) fail(failures.join("\n\n"));
