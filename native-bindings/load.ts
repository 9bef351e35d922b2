import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Seen from the directory of the package, which is above this module wherever a build has put it. */
const PLACE = "native-bindings/build/Release/tidegate.node";

let loaded: unknown;

/** TIDEGATE_ADDON names one that was built otherwise, e.g. with sanitizers (test/native-safety.mjs). */
function path(): string | undefined {
  if (process.env.TIDEGATE_ADDON !== undefined) return process.env.TIDEGATE_ADDON;
  for (
    let directory = new URL(".", import.meta.url);
    directory.pathname !== "/";
    directory = new URL("..", directory)
  ) {
    const candidate = fileURLToPath(new URL(PLACE, directory));
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** The addon's functions. Throws with what to do when it was not built. */
export function loadAddon(): unknown {
  if (loaded !== undefined) return loaded;
  let reason: unknown;
  try {
    const found = path();
    if (found !== undefined) {
      loaded = createRequire(import.meta.url)(found);
      return loaded;
    }
  } catch (error) {
    reason = error;
  }
  throw new Error(
    "Tidegate's native part is not built for this Node: run `npm rebuild tidegate` or `npm ci` (needs g++, make and python3; Debian: apt-get install g++ make python3)",
    { cause: reason },
  );
}
