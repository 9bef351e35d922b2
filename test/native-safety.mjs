// The native part under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer: `node test/native-safety.mjs`.
//
// Builds the addon with clang's sanitizers in native-bindings/build-sanitized, beside the one that is used, and runs the
// tests that exercise it with that. Node itself is not instrumented: what is found is ours. `--build`: builds it, no more.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findClang } from "../native-bindings/clang.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "native-bindings/build-sanitized");
const addon = join(folder, "build/Release/tidegate.node");
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run"];

const compiler = findClang();
if (compiler === null) {
  fail("the sanitized build needs clang and its runtime (Debian: apt-get install clang-14 libclang-rt-14-dev)");
}

/** As clang calls it. */
const ARCHITECTURE = process.arch === "arm64" ? "aarch64" : "x86_64";
const SANITIZERS = "-fsanitize=address,undefined -shared-libsan";
const FLAGS = {
  CXX: compiler,
  // g++ has a warning of this name that clang has not.
  CXXFLAGS: `${SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-unknown-warning-option -O0 -g1`,
  LDFLAGS: SANITIZERS,
};

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Runs it to its end; gives what it wrote to standard error, unless that goes elsewhere. */
function step(title, command, args, { env = {}, stdio = "inherit" } = {}) {
  const startedAt = performance.now();
  process.stdout.write(`${title} …\n`);
  const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, ...env } });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.once("error", (error) => fail(`${title}: ${error.message}`));
    child.once("close", (code, signal) => {
      if (code !== 0) fail(`${stderr}${title} failed (${signal ?? `exit ${code}`})`);
      process.stdout.write(`${title}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
      resolve(stderr);
    });
  });
}

/** The compiler's own runtime: it has to be in the process before Node. */
function runtime(name) {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = stdout?.trim() ?? "";
  if (!path.startsWith("/")) fail(`${name} not found: install libclang-rt-14-dev and g++, or those of your system`);
  return path;
}

function sanitized(leaks) {
  // Who asked for memory that leaked shows in a few frames; to name all of those of Node's own leaks takes most of the time.
  const leakOptions = leaks ? "detect_leaks=1:malloc_context_size=12" : "detect_leaks=0";
  return {
    // libstdc++, too: the runtime looks for its functions when it starts, and node has none to show.
    LD_PRELOAD: [`libclang_rt.asan-${ARCHITECTURE}.so`, "libstdc++.so"].map(runtime).join(" "),
    // Freed memory is watched up to these sizes, not the 256 MB that it has otherwise: Node frees so much that a third of the time went there.
    ASAN_OPTIONS: `${leakOptions}:abort_on_error=1:quarantine_size_mb=16:thread_local_quarantine_size_kb=64`,
    // Leaks are judged below: Node's own are none of our business.
    LSAN_OPTIONS: "exitcode=0:report_objects=0:max_leaks=0",
    UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
    TIDEGATE_ADDON: addon,
    // The values were all tried without sanitizers.
    TIDEGATE_PROPERTY_RUNS: "0.1",
  };
}

/** Leaks of a LeakSanitizer report that the addon's code made, and not V8 or Node when it was called by the addon. */
function ourLeaks(report) {
  return report.split(/\n\s*\n/).filter((part) => {
    if (!/ leak of /.test(part)) return false;
    const frames = part.split("\n").filter((line) => /^\s+#[1-9]/.test(line));
    const owner = frames.find((line) => /tidegate|v8::|node::|napi_|Builtins_/.test(line));
    return owner?.includes("tidegate") === true;
  });
}

async function watchForLeaks() {
  await step("parts for threads", process.execPath, [join(root, "test/helpers/bundle-parts.mjs")]);
  const script = join(root, "test/integration/native/threads-process.mjs");
  const options = { env: sanitized(true), stdio: ["ignore", "ignore", "pipe"] };
  const report = await step("LeakSanitizer over threads and calls", process.execPath, [script], options);
  const leaks = ourLeaks(report);
  if (leaks.length > 0) fail(`${leaks.join("\n\n")}\n\nthe addon leaks: see above`);
  const summary = /SUMMARY: .*/.exec(report)?.[0];
  if (summary === undefined && report.includes("LeakSanitizer")) fail(`${report}\nLeakSanitizer could not look`);
  process.stdout.write(`no leak of the addon${summary === undefined ? "" : ` (Node's own: ${summary})`}\n`);
}

await step("sanitized addon", process.execPath, [join(root, "native-bindings/build.mjs"), folder], {
  env: FLAGS,
  stdio: ["ignore", "ignore", "inherit"],
});
if (process.argv.includes("--build")) process.exit(0);
const env = sanitized(false);
// Beside each other: most of the integration tests wait.
await Promise.all([
  step("native tests, sanitized", process.execPath, [...vitest, "--project", "sanitized", "--maxWorkers", "3"], {
    env,
  }),
  watchForLeaks(),
]);
