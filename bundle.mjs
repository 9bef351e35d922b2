// Writes to `dist/bundle` what runs: one file for each process and task, and what they share. Node takes longer to find,
// read and link a thousand modules than to run them: src/docs/decisions/012-bundles.md.
import { rolldown } from "rolldown";

/**
 * Loaded from `node_modules`: they find native parts, files of their own or threads from where they lie, or are loaded by
 * those processes alone that need them.
 */
const STAY_OUTSIDE = [
  "@node-rs/argon2",
  "@photostructure/sqlite",
  "ioredis",
  "msgpackr-extract",
  "pg-native",
  "piscina",
  "swagger-ui-dist",
  "uWebSockets.js",
];

const standIn = (name) => `${import.meta.dirname}/bundled/${name}.mjs`;

/** By their whole names. */
const ALIASES = {
  // Its main file calls a `require` that no bundler can see through.
  "jsonc-parser$": "jsonc-parser/lib/esm/main.js",
  // Their main files load all of them.
  "@stoplight/spectral-rulesets$": standIn("spectral-rulesets"),
  undici$: standIn("undici"),
};

const ENTRIES = [
  "src/cli/command-line",
  "src/cli/main",
  "workers/control-worker",
  "workers/gateway-worker",
  "workers/tasks/compare-openapi",
  "workers/tasks/lint-openapi",
  "workers/tasks/translate",
  "workers/tasks/write-call-log",
];

const bundle = await rolldown({
  cwd: import.meta.dirname,
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `${entry}.ts`])),
  platform: "node",
  external: STAY_OUTSIDE,
  resolve: { alias: ALIASES },
  onLog(level, { message }) {
    // E.g. an import that is found nowhere: it would fail when it runs.
    if (level === "warn") throw new Error(message);
  },
});
const { output } = await bundle.write({
  dir: "dist/bundle",
  chunkFileNames: "chunks/[name]-[hash].js",
  sourcemap: true,
  cleanDir: true,
});
await bundle.close();

for (const { fileName, code = "" } of output) {
  const unseen = /\brequire\w*\(["'`]\.{1,2}\/.*/.exec(code)?.[0];
  if (unseen === undefined) continue;
  process.stderr.write(
    `${fileName} asks for a module that is not in it: ${unseen}; add its package to ALIASES or STAY_OUTSIDE\n`,
  );
  process.exitCode = 1;
}
