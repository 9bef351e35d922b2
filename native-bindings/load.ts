import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Where the addon lies, seen from the sources and from `dist/`. */
const PLACES = ["./build/Release/tidegate.node", "../../native-bindings/build/Release/tidegate.node"];

let loaded: unknown;

/** The addon's functions. Throws with what to do when it was not built. */
export function loadAddon(): unknown {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  let reason: unknown;
  for (const place of PLACES) {
    const path = fileURLToPath(new URL(place, import.meta.url));
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
