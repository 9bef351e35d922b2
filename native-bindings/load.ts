import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Where the addon lies, seen from the sources and from `dist/`. */
const PLACES = ["./build/Release/tidegate.node", "../../native-bindings/build/Release/tidegate.node"];

let loaded: unknown;

/** TIDEGATE_ADDON names one that was built otherwise, e.g. with sanitizers (test/native-safety.mjs). */
function paths(): string[] {
  const given = process.env.TIDEGATE_ADDON;
  return given === undefined ? PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))) : [given];
}

/** The addon's functions. Throws with what to do when it was not built. */
export function loadAddon(): unknown {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  let reason: unknown;
  for (const path of paths()) {
    try {
      loaded = require(path);
      return loaded;
    } catch (error) {
      if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") reason = error;
    }
  }
  throw new Error(
    "Tidegate's native part is not built for this Node: run `npm rebuild tidegate` or `npm ci` (needs g++, make and python3; Debian: apt-get install g++ make python3)",
    { cause: reason },
  );
}
