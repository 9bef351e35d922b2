import { loadAddon } from "./load.ts";

interface SharedWordsAddon {
  mapWords(path: string, count: number): ArrayBuffer;
}

const addon = loadAddon() as SharedWordsAddon;

/**
 * `count` words of 32 bits that all who open the file see, in whichever process: to be read and written with `Atomics`. The
 * file is made, of zeros, where there is none. Throws with the reason when it can't be.
 */
export function openSharedWords(path: string, count: number): Uint32Array {
  return new Uint32Array(addon.mapWords(path, count));
}
