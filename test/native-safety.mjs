// The native part under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer: `node test/native-safety.mjs`.
//
// Builds the addon with g++'s sanitizers in native-bindings/build-sanitized, beside the one that is used, and runs the
// tests that exercise it with that. Node itself is not instrumented: what is found is ours. `--build`: builds it, no more.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "native-bindings/build-sanitized");
const addon = join(folder, "build/Release/tidegate.node");
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run"];

const FLAGS = {
  CXXFLAGS: "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1",
  LDFLAGS: "-fsanitize=address,undefined",
};

/** Integration tests whose gateways run in the test's process, with most of what engine, client and governor can do. */
const INTEGRATION = [
  "test/integration/native/threads",
  "test/integration/acceptor/native-protocol",
  // Not all: some tests wait for what a sanitized gateway takes too long for.
  ...[
    "broken-answers",
    "credentials-keys",
    "credentials-tokens",
    "fast-path-ai",
    "fast-path-rest",
    "fast-path-reload",
    "rest-faults",
  ].map((name) => `test/integration/data-plane/${name}.test.ts`),
];

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function step(title, command, args, options = {}) {
  const startedAt = performance.now();
  process.stdout.write(`${title} …\n`);
  const { env = {}, ...others } = options;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...env },
    ...others,
  });
  if (result.error !== undefined) fail(`${title}: ${result.error.message}`);
  if (result.status !== 0) fail(`${result.stderr ?? ""}${title} failed (${result.signal ?? `exit ${result.status}`})`);
  process.stdout.write(`${title}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return result;
}

/** The compiler's own runtime: it has to be in the process before Node. */
function runtime(name) {
  const { stdout } = spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = stdout?.trim() ?? "";
  if (!path.startsWith("/"))
    fail(`${name} not found: install g++ and libc6-dev (Debian: apt-get install g++ libc6-dev)`);
  return path;
}

function sanitized(leaks) {
  return {
    // libstdc++, too: the runtime looks for its functions when it starts, and node has none to show.
    LD_PRELOAD: ["libasan.so", "libubsan.so", "libstdc++.so"].map(runtime).join(" "),
    ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}:abort_on_error=1`,
    // Leaks are judged below: Node's own are none of our business.
    LSAN_OPTIONS: "exitcode=0:report_objects=0:max_leaks=0",
    UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
    TIDEGATE_ADDON: addon,
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

function watchForLeaks() {
  const script = join(root, "test/integration/native/threads-process.mjs");
  const stdio = ["ignore", "ignore", "pipe"];
  const { stderr } = step("LeakSanitizer over threads and calls", process.execPath, [script], {
    env: sanitized(true),
    stdio,
  });
  const leaks = ourLeaks(stderr);
  if (leaks.length > 0) fail(`${leaks.join("\n\n")}\n\nthe addon leaks: see above`);
  const summary = /SUMMARY: .*/.exec(stderr)?.[0];
  if (summary === undefined && stderr.includes("LeakSanitizer")) fail(`${stderr}\nLeakSanitizer could not look`);
  process.stdout.write(`no leak of the addon${summary === undefined ? "" : ` (Node's own: ${summary})`}\n`);
}

step("sanitized addon", process.execPath, [join(root, "native-bindings/build.mjs"), folder], {
  env: FLAGS,
  stdio: ["ignore", "ignore", "inherit"],
});
if (process.argv.includes("--build")) process.exit(0);
const env = sanitized(false);
step(
  "native unit tests, sanitized",
  process.execPath,
  [...vitest, "--project", "unit", "--maxWorkers", "2", "test/unit/native"],
  { env },
);
const integration = [...vitest, "--project", "integration", "--maxWorkers", "2", ...INTEGRATION];
step("native integration tests, sanitized", process.execPath, integration, { env });
watchForLeaks();
