import type { VerificationKey } from "./verification-key.ts";

/** After a failed fetch, and at least between two fetches for key ids that nobody knows: those come from callers. */
export const KEY_SET_PAUSE_MS = 10_000;
/** What a timer of Node.js can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type KeySetFetch = () => Promise<VerificationKey[]>;

/**
 * A JSON Web Key Set that is fetched again and again, beside the calls. Keys that were fetched hold until others are:
 * while the URL is down, those known go on. A call waits for a fetch only when its key is not there.
 */
export class KeySet {
  readonly #fetch: KeySetFetch;
  readonly #onFailure: (error: unknown, hasKeys: boolean) => void;
  #refreshMs: number;
  #keys: readonly VerificationKey[] | null = null;
  #underWay: Promise<void> | null = null;
  #askedForUnknownAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(fetch: KeySetFetch, refreshMs: number, onFailure: (error: unknown, hasKeys: boolean) => void) {
    this.#fetch = fetch;
    this.#refreshMs = refreshMs;
    this.#onFailure = onFailure;
    void this.#refresh();
  }

  set refreshMs(ms: number) {
    this.#refreshMs = ms;
  }

  /** Null: none were fetched yet. */
  get keys(): readonly VerificationKey[] | null {
    return this.#keys;
  }

  /** Resolves when a fetch that is under way is over; at once when there is none. */
  async settled(): Promise<void> {
    await this.#underWay;
  }

  /** For a key id that is not there: fetches, unless that was done a moment ago for another one. */
  async lookAgain(nowMs: number): Promise<void> {
    if (this.#underWay === null) {
      if (nowMs - this.#askedForUnknownAtMs < KEY_SET_PAUSE_MS) return;
      this.#askedForUnknownAtMs = nowMs;
    }
    await this.#refresh();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #refresh(): Promise<void> {
    this.#underWay ??= this.#fetchOnce().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #fetchOnce(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    let nextMs = this.#refreshMs;
    try {
      this.#keys = await this.#fetch();
    } catch (error) {
      nextMs = Math.min(KEY_SET_PAUSE_MS, this.#refreshMs);
      if (!this.#stopped) this.#onFailure(error, this.#keys !== null);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#refresh(), Math.min(nextMs, LONGEST_TIMER_MS));
    this.#timer.unref();
  }
}
