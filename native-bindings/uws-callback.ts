import { loadAddon } from "./load.ts";

interface UwsCallbackAddon {
  asUwsCallback(library: string, work: () => void): void;
}

/**
 * Runs `work` at once, as uWebSockets.js runs a callback of its own, but with no socket corked. `library`: the path it was
 * loaded from.
 */
export function asUwsCallback(library: string, work: () => void): void {
  (loadAddon() as UwsCallbackAddon).asUwsCallback(library, work);
}
