import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { BundleLoader } from "../platform/bundle-loader.ts";

const CODE = join(import.meta.dirname, "code");

/** Loads what an entry of the bundle stands for (`bundle.mjs` writes them): the file of that name in `code/`. */
export function loadBundled(name: string): unknown {
  const file = codeFile(name);
  // Node looks for the source map of what it loads itself.
  if (process.sourceMapsEnabled) return createRequire(file)(file);
  const loader = new BundleLoader(join(import.meta.dirname, "../code-cache"));
  if (process.env.TIDEGATE_RECORD_CODE_CACHE !== undefined && isMainThread) recordAtExit(loader, name);
  return loader.load(file);
}

/** Threads load them, and have ended by the time when code is recorded. */
const TASKS: Record<string, readonly string[]> = {
  "control-worker": ["compare-openapi", "lint-openapi", "search-call-log"],
  "gateway-worker": ["translate", "write-call-log"],
};

/** For `code-cache.mjs`, which lets a gateway start and end. Workers end before the supervisor, which adds all commands. */
function recordAtExit(loader: BundleLoader, name: string): void {
  process.once("exit", () => {
    for (const task of TASKS[name] ?? []) loader.load(codeFile(task));
    const names = name in TASKS ? [] : readdirSync(CODE, { encoding: "utf8", recursive: true });
    const others = names.filter((one) => one.endsWith(".cjs")).map((one) => join(CODE, one));
    loader.record([...loader.files, ...others]);
  });
}

function codeFile(name: string): string {
  return join(CODE, `${name}.cjs`);
}
