import { openSharedWords } from "../../../../native-bindings/shared-words.ts";

/** 256 KiB. Two resources of one slot invalidate each other: that costs a fetch, and no answer is wrong. */
const SLOTS = 65_536;

/**
 * Counts, for all workers of a machine, how often what is stored of a resource was made invalid (RFC 9111 §4.4). A stored answer
 * goes with the count at the time when it was asked for, and is good as long as it is the same: nobody has to be told, and
 * none is given once the call that made it invalid has its answer.
 */
export class Invalidations {
  readonly #counts: Uint32Array;

  /** Throws when the file can't be used. */
  constructor(path: string) {
    this.#counts = openSharedWords(path, SLOTS);
  }

  slotOf(resource: string): number {
    // FNV-1a
    let hash = 0x811c9dc5;
    for (let i = 0; i < resource.length; i++) hash = Math.imul(hash ^ resource.charCodeAt(i), 0x01000193);
    return (hash ^ (hash >>> 16)) & (SLOTS - 1);
  }

  count(slot: number): number {
    return Atomics.load(this.#counts, slot);
  }

  invalidate(resource: string): void {
    Atomics.add(this.#counts, this.slotOf(resource), 1);
  }
}
