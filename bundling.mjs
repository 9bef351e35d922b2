// Bundles modules with Rolldown as Tidegate's processes need them: for `bundle.mjs`, and for tests' own processes
// (test/helpers/bundle-parts.mjs).
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

export const standIn = (name) => `${import.meta.dirname}/bundled/${name}.mjs`;

/** By their whole names. */
const ALIASES = {
  // Its main file calls a `require` that no bundler can see through.
  "jsonc-parser$": "jsonc-parser/lib/esm/main.js",
  "@pydantic/genai-prices$": standIn("genai-prices"),
  // Their main files load all of them.
  "@stoplight/spectral-rulesets$": standIn("spectral-rulesets"),
  undici$: standIn("undici"),
};

/** Writes CommonJS files, all ASCII, with their source maps. `input` and `outputOptions` as Rolldown has them. */
export async function bundle(input, outputOptions) {
  const build = await rolldown({
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
  const { output } = await build.write({
    format: "cjs",
    dynamicImportInCjs: false,
    sourcemap: true,
    ...outputOptions,
  });
  await build.close();
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
