// Writes to `dist/bundle` what runs: one file for each process and task, and what they share. Node takes longer to find,
// read and link a thousand modules than to run them: src/docs/decisions/012-bundles.md.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { bundle, standIn } from "./bundling.mjs";

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

/** The code lies apart from the file that Node is told to start, which loads it with what V8 has compiled of it before. */
function writeEntry(entry) {
  const file = join(DIRECTORY, `${entry}.cjs`);
  const loader = relative(dirname(file), join(DIRECTORY, "load.cjs"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `module.exports = require("${loader}").loadBundled("${basename(entry)}");\n`);
}

rmSync(DIRECTORY, { recursive: true, force: true });
await bundle("src/bootstrap/load-bundled.ts", { file: join(DIRECTORY, "load.cjs") });
await bundle(standIn("genai-prices-list"), { file: join(DIRECTORY, "code/genai-prices-list.cjs") });
for (const entries of GROUPS) {
  await bundle(Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])), {
    dir: join(DIRECTORY, "code"),
    entryFileNames: ({ name }) => `${basename(name)}.cjs`,
    chunkFileNames: "chunks/[name]-[hash].cjs",
  });
  entries.forEach(writeEntry);
}
