import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export type UwsLibrary = typeof import("uWebSockets.js");

let loaded: UwsLibrary | null = null;

/**
 * uWebSockets.js, loaded when a first listener needs it: gateways without TLS are spared its 7 MB. Straight from its binary,
 * because its package can be imported only, which takes a promise.
 */
export function uws(): UwsLibrary {
  if (loaded !== null) return loaded;
  const require = createRequire(import.meta.url);
  const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const places = require.resolve.paths("uWebSockets.js") ?? [];
  const found = places.map((place) => join(place, "uWebSockets.js/dist/bin", binary)).find(existsSync);
  if (found === undefined)
    throw new Error(`uWebSockets.js has no ${binary}: run \`npm ci\` again with a supported Node.js`);
  loaded = require(found) as UwsLibrary;
  // No `uWebSockets` header in answers.
  loaded._cfg("silent");
  return loaded;
}

declare module "uWebSockets.js" {
  /** Exported by the package, missing from its types: `silent` leaves out the `uWebSockets` header. */
  function _cfg(option: "silent"): void;
}
