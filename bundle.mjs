// Writes to `dist/bundle` what runs: one file for each process and task, and what they share. Node takes longer to find,
// read and link a thousand modules than to run them: src/docs/decisions/012-bundles.md.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
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
  "ws",
];

const standIn = (name) => `${import.meta.dirname}/bundled/${name}.mjs`;

/** By their whole names. */
const ALIASES = {
  // Its main file calls a `require` that no bundler can see through.
  "jsonc-parser$": "jsonc-parser/lib/esm/main.js",
  "@pydantic/genai-prices$": standIn("genai-prices"),
  // Their main files load all of them.
  "@stoplight/spectral-rulesets$": standIn("spectral-rulesets"),
  undici$: standIn("undici"),
};

/** What is built together shares files. Gateway workers share none: a call of a function of another file costs more. */
const GROUPS = [
  ["workers/gateway-worker"],
  [
    "src/cli/command-line",
    "src/cli/main",
    "workers/control-worker",
    "workers/tasks/compare-openapi",
    "workers/tasks/lint-openapi",
    "workers/tasks/search-call-log",
    "workers/tasks/translate",
    "workers/tasks/write-call-log",
  ],
];

const DIRECTORY = join(import.meta.dirname, "dist/bundle");

async function build(input, outputOptions) {
  const bundle = await rolldown({
    cwd: import.meta.dirname,
    input,
    platform: "node",
    external: STAY_OUTSIDE,
    resolve: { alias: ALIASES },
    onLog(level, { message }) {
      // E.g. an import that is found nowhere: it would fail when it runs.
      if (level === "warn") throw new Error(message);
    },
  });
  // `import()` would need a loader of modules, too.
  const { output } = await bundle.write({
    format: "cjs",
    dynamicImportInCjs: false,
    sourcemap: true,
    ...outputOptions,
  });
  await bundle.close();
  checkRequires(output);
  const directory = outputOptions.dir ?? dirname(outputOptions.file);
  for (const { fileName, code } of output) {
    if (code !== undefined) writeFileSync(join(directory, fileName), inAscii(code));
  }
}

/** Node reads ASCII much faster than UTF-8, and V8 keeps a text in half the memory that any other character would ask for. */
function inAscii(code) {
  const unsafe = /String\.raw`[^`]*[^\0-\x7f]|(?<!\\)(\\\\)*\\[^\0-\x7f]/.exec(code);
  if (unsafe !== null) throw new Error(`an escape would mean something else here: ${unsafe[0]}`);
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function checkRequires(output) {
  const there = new Set(output.map(({ fileName }) => fileName));
  for (const { fileName, code = "" } of output) {
    for (const [text, path] of code.matchAll(/\brequire\w*\(["'`](\.{1,2}\/[^"'`]*)/g)) {
      if (there.has(join(dirname(fileName), path))) continue;
      process.stderr.write(
        `${fileName} asks for a module that is not in it: ${text}; add its package to ALIASES or STAY_OUTSIDE\n`,
      );
      process.exitCode = 1;
    }
  }
}

/** The code lies apart from the file that Node is told to start, which loads it with what V8 has compiled of it before. */
function writeEntry(entry) {
  const file = join(DIRECTORY, `${entry}.cjs`);
  const loader = relative(dirname(file), join(DIRECTORY, "load.cjs"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `module.exports = require("${loader}").loadBundled("${basename(entry)}");\n`);
}

rmSync(DIRECTORY, { recursive: true, force: true });
await build("src/bootstrap/load-bundled.ts", { file: join(DIRECTORY, "load.cjs") });
await build(standIn("genai-prices-list"), { file: join(DIRECTORY, "code/genai-prices-list.cjs") });
for (const entries of GROUPS) {
  await build(Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])), {
    dir: join(DIRECTORY, "code"),
    entryFileNames: ({ name }) => `${basename(name)}.cjs`,
    chunkFileNames: "chunks/[name]-[hash].cjs",
  });
  entries.forEach(writeEntry);
}
