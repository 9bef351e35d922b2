const KEPT = 128;
/** Fewer say nothing of a percentile. */
const MIN_KNOWN = 20;
/** After this many new ones a percentile is looked up again. */
const FRESH_FOR = 16;

/** How long a target took of late; of streams to the first token, of whole answers to their end. */
export class RecentTimes {
  readonly #times = new Float64Array(KEPT);
  #known = 0;
  #next = 0;
  #sinceSorted = FRESH_FOR;
  #sorted = new Float64Array(0);

  note(ms: number): void {
    this.#times[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
    if (this.#known < KEPT) this.#known++;
    this.#sinceSorted++;
  }

  /** Milliseconds; null: too few are known. */
  percentile(percent: number): number | null {
    if (this.#known < MIN_KNOWN) return null;
    if (this.#sinceSorted >= FRESH_FOR) {
      this.#sorted = this.#times.slice(0, this.#known).sort();
      this.#sinceSorted = 0;
    }
    const at = Math.min(this.#sorted.length - 1, Math.ceil((percent / 100) * this.#sorted.length) - 1);
    return this.#sorted[at] ?? null;
  }
}
