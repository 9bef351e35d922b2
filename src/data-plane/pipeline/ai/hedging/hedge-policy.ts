import type { HedgingSnapshot } from "../../../../contracts/snapshot.ts";
import type { RecentTimes } from "./recent-times.ts";

/** What a quiet time may save up: so many calls in a row may be hedged after it. */
const MAX_SAVED = 10;

/** When a route's calls are hedged, and how many of them may be. One per route and worker. */
export class HedgePolicy {
  readonly #settings: HedgingSnapshot;
  /** Each call adds its share, each hedged one takes 1. */
  #credit = 0;

  constructor(settings: HedgingSnapshot) {
    this.#settings = settings;
  }

  /** How long a target that takes `times` is waited for; null: not enough is known of it. */
  delayMs(times: RecentTimes): number | null {
    const { after, minDelayMs } = this.#settings;
    if ("ms" in after) return after.ms;
    const ms = times.percentile(after.percentile);
    return ms === null ? null : Math.max(ms, minDelayMs);
  }

  called(): void {
    this.#credit = Math.min(MAX_SAVED, this.#credit + this.#settings.maxShare);
  }

  /** The right to hedge one call. */
  take(): boolean {
    // Shares such as 5 % don't add up to 1 exactly.
    if (this.#credit < 1 - 1e-9) return false;
    this.#credit -= 1;
    return true;
  }

  /** It was not used. */
  giveBack(): void {
    this.#credit += 1;
  }
}
