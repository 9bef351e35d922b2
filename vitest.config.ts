import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/helpers/longest-first.ts";

/** As the supervisor sets it for workers: read once, when uWebSockets.js is loaded. */
const UWS_HTTP_MAX_HEADERS_SIZE = "131072";

/** What the engine for TLS is to pass as well as the native one. */
const ON_BOTH_ENGINES = ["first-call", "mcp", "realtime", "rest-answers", "rest-headers", "rest-faults", "streams"].map(
  (name) => `test/integration/data-plane/${name}.test.ts`,
);

/**
 * For test/native-safety.mjs: tests of the native part alone, and those whose gateways run in the test's process, with most of what
 * engine, client and governor can do. Threads are what LeakSanitizer watches.
 */
const SANITIZED = [
  "test/unit/native/**/*.test.ts",
  "test/integration/acceptor/native-protocol.test.ts",
  // Not all: some tests wait for what a sanitized gateway takes too long for.
  ...[
    "broken-answers",
    "credentials-keys",
    "credentials-tokens",
    "fast-path-ai",
    "fast-path-rest",
    "fast-path-reload",
    "realtime",
    "rest-faults",
  ].map((name) => `test/integration/data-plane/${name}.test.ts`),
];

/** The files of a worker share its modules: to load them for each anew takes more time than half of the tests. */
const SHARED_MODULES = { isolate: false, setupFiles: ["test/helpers/property-seed.ts"] };

export default defineConfig({
  test: {
    // What Vite makes of a module, by a digest of its text and of this file: projects, and both versions of Node, share it.
    experimental: { fsModuleCache: true },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...SHARED_MODULES,
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/conformance/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...SHARED_MODULES,
          name: "integration",
          // With those of the whole, from end to end: a worker ends where the next file is of another project, and one that takes
          // its place loads all modules anew.
          include: ["test/integration/**/*.test.ts", "test/e2e/**/*.test.ts"],
          env: { UWS_HTTP_MAX_HEADERS_SIZE },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...SHARED_MODULES,
          name: "integration-uws",
          include: ON_BOTH_ENGINES,
          env: { UWS_HTTP_MAX_HEADERS_SIZE, TIDEGATE_TEST_ENGINE: "uws" },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // One project: the workers of each load all modules anew, and sanitizers make that slow.
          ...SHARED_MODULES,
          name: "sanitized",
          include: SANITIZED,
          env: { UWS_HTTP_MAX_HEADERS_SIZE },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
