/** Dying sooner than this after its start makes it a crash loop. */
const EARLY_DEATH_MS = 5_000;
const FORGIVEN_AFTER_MS = 30_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/** How long to wait before a process that died is started again. Never gives up: what ails it may pass. */
export class CrashBackoff {
  #earlyDeaths = 0;

  /** `uptimeMs`: how long the process lived. */
  nextDelayMs(uptimeMs: number): number {
    if (uptimeMs >= FORGIVEN_AFTER_MS) this.#earlyDeaths = 0;
    if (uptimeMs >= EARLY_DEATH_MS) return 0;
    this.#earlyDeaths++;
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#earlyDeaths - 1), MAX_DELAY_MS);
  }
}
