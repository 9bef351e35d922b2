/** How long a key that was refused is left alone: at first, and at most; it doubles with each refusal. */
export const FIRST_REST_MS = 5_000;
export const LONGEST_REST_MS = 600_000;
/** Names of models come from callers. */
const MAX_MODELS = 1_000;

/** A key that was refused, as a whole or for one model. */
export interface Outage {
  /** The provider's status; 0: there was no token for it. */
  status: number;
  refusals: number;
  sinceMs: number;
  untilMs: number;
  /** One call tries whether it is good again. */
  isProbed: boolean;
}

/** How a key does: what one worker knows of it. Lives across snapshots. */
export class KeyState {
  #whole: Outage | null = null;
  readonly #byModel = new Map<string, Outage>();
  /** A limit of its own is used up until then. */
  limitedUntilMs = 0;
  /** By status, since the start: for metrics. */
  readonly refusals = new Map<number, number>();

  get isOut(): boolean {
    return this.#whole !== null || this.#byModel.size > 0;
  }

  /** As a whole; null: it is not out, or for some models only. */
  get outage(): Outage | null {
    return this.#whole;
  }

  /** Unix time, milliseconds, from which on it is tried again, for all that it is out for; 0: it is not out. */
  get triedAgainAtMs(): number {
    const untilMs = this.#whole?.untilMs ?? 0;
    return Math.max(untilMs, ...[...this.#byModel.values()].map((outage) => outage.untilMs));
  }

  get modelsOut(): number {
    return this.#byModel.size;
  }

  outageFor(model: string): Outage | null {
    if (!this.isOut) return null;
    return this.#whole ?? this.#byModel.get(model) ?? null;
  }

  /** Whether a call may be made with it: it is not out, or it is time to probe it and nobody does. */
  permits(model: string, nowMs: number): boolean {
    const outage = this.outageFor(model);
    return outage === null || (nowMs >= outage.untilMs && !outage.isProbed);
  }

  countRefusal(status: number): void {
    this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
  }

  /** Returns true when it was not out before. `model` null: it is refused for all. */
  refused(model: string | null, status: number, retryAfterMs: number | null, nowMs: number): boolean {
    const known = model === null ? this.#whole : (this.#byModel.get(model) ?? null);
    // Calls that were under way when it was taken out say nothing new.
    if (known !== null && nowMs < known.untilMs && !known.isProbed) return false;
    const refusals = (known?.refusals ?? 0) + 1;
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (refusals - 1));
    const askedMs = Math.min(LONGEST_REST_MS, retryAfterMs ?? 0);
    const outage: Outage = {
      status,
      refusals,
      sinceMs: known?.sinceMs ?? nowMs,
      untilMs: nowMs + Math.max(restMs, askedMs),
      isProbed: false,
    };
    if (model === null) this.#whole = outage;
    else {
      if (this.#byModel.size >= MAX_MODELS) this.#byModel.clear();
      this.#byModel.set(model, outage);
    }
    return known === null;
  }

  /** A probe was answered. */
  succeeded(model: string): void {
    this.#whole = null;
    this.#byModel.delete(model);
  }
}
