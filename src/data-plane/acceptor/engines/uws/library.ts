import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { asUwsCallback } from "../../../../../native-bindings/uws-callback.ts";

export type UwsLibrary = typeof import("uWebSockets.js");

let loaded: UwsLibrary | null = null;
let loadedFrom = "";

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
  loadedFrom = found;
  // No `uWebSockets` header in answers.
  loaded._cfg("silent");
  return loaded;
}

/**
 * Runs `work` at once as the library's own callback, which may write, with no socket corked. For `upgrade` outside of a
 * request's handler: in a `cork` of its own, the library takes a socket whose memory did not move for an HTTP response still,
 * reads what is freed, and closes it by chance (uWebSockets #1929, mended there in July 2026, with no package since).
 */
export function withoutCork(work: () => void): void {
  asUwsCallback(loadedFrom, work);
}

declare module "uWebSockets.js" {
  /** Exported by the package, missing from its types: `silent` leaves out the `uWebSockets` header. */
  function _cfg(option: "silent"): void;
}
