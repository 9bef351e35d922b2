import type { LimitDecision, LimitStore } from "../../src/contracts/limits.ts";
import type { LimitSnapshot } from "../../src/contracts/snapshot.ts";

interface Counter {
  /** Window: what was used. Bucket: what is left. */
  value: number;
  /** Window: when it ends. Bucket: when `value` was true. */
  atMs: number;
}

/** The sweep drops counters that say nothing any more. */
const SWEEP_EVERY_MS = 30_000;

/** The oracle of the shared counters: the same contract in plain JavaScript, for one process. A counter is 100 bytes or so, made with the first call and dropped when its window is over. */
export class WorkerLimitStore implements LimitStore {
  readonly #windows = new Map<string, Counter>();
  readonly #buckets = new Map<string, Counter & { fullAtMs: number }>();
  #sweptAtMs = 0;

  reserve(limit: LimitSnapshot, key: string, amount: number, nowMs: number): LimitDecision {
    if (nowMs - this.#sweptAtMs > SWEEP_EVERY_MS) this.#sweep(nowMs);
    return limit.algorithm === "window"
      ? this.#reserveWindow(limit, key, amount, nowMs)
      : this.#reserveBucket(limit, key, amount, nowMs);
  }

  settle(limit: LimitSnapshot, key: string, reserved: number, used: number, reservedAtMs: number, nowMs: number): void {
    if (limit.algorithm === "window") {
      const counter = this.#windows.get(key);
      // What a window that is over still owes is forgotten with it, and taken from no other.
      if (counter === undefined || counter.atMs !== windowEnd(limit, reservedAtMs)) return;
      counter.value = Math.max(0, counter.value + used - reserved);
      return;
    }
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    this.#refill(limit, bucket, nowMs);
    bucket.value = Math.min(limit.amount, bucket.value + reserved - used);
    bucket.fullAtMs = nowMs + msToGain(limit, limit.amount - bucket.value);
  }

  /** Counters held, for metrics. */
  get size(): number {
    return this.#windows.size + this.#buckets.size;
  }

  #reserveWindow(limit: LimitSnapshot, key: string, amount: number, nowMs: number): LimitDecision {
    let counter = this.#windows.get(key);
    if (counter === undefined) {
      counter = { value: 0, atMs: windowEnd(limit, nowMs) };
      this.#windows.set(key, counter);
    } else if (nowMs >= counter.atMs) {
      counter.value = 0;
      counter.atMs = windowEnd(limit, nowMs);
    }
    const resetMs = counter.atMs - nowMs;
    if (!fits(limit, limit.amount - counter.value, amount)) {
      return { allowed: false, remaining: Math.max(0, limit.amount - counter.value), resetMs, retryAfterMs: resetMs };
    }
    counter.value += amount;
    return { allowed: true, remaining: Math.max(0, limit.amount - counter.value), resetMs, retryAfterMs: 0 };
  }

  #reserveBucket(limit: LimitSnapshot, key: string, amount: number, nowMs: number): LimitDecision {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { value: limit.amount, atMs: nowMs, fullAtMs: nowMs };
      this.#buckets.set(key, bucket);
    } else this.#refill(limit, bucket, nowMs);
    if (!fits(limit, bucket.value, amount)) {
      const wanted = limit.unit === "requests" ? amount : Math.min(1, limit.amount);
      return {
        allowed: false,
        remaining: Math.max(0, bucket.value),
        resetMs: msToGain(limit, limit.amount - bucket.value),
        retryAfterMs: msToGain(limit, wanted - bucket.value),
      };
    }
    bucket.value -= amount;
    bucket.fullAtMs = nowMs + msToGain(limit, limit.amount - bucket.value);
    return {
      allowed: true,
      remaining: Math.max(0, bucket.value),
      resetMs: bucket.fullAtMs - nowMs,
      retryAfterMs: 0,
    };
  }

  #refill(limit: LimitSnapshot, bucket: Counter, nowMs: number): void {
    const gained = ((nowMs - bucket.atMs) * limit.amount) / limit.windowMs;
    bucket.value = Math.min(limit.amount, bucket.value + Math.max(0, gained));
    bucket.atMs = nowMs;
  }

  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [key, counter] of this.#windows) if (nowMs >= counter.atMs) this.#windows.delete(key);
    for (const [key, bucket] of this.#buckets) if (nowMs >= bucket.fullAtMs) this.#buckets.delete(key);
  }
}

/** Requests are exact. Tokens and cost are estimates before the call: whoever has anything left may call. */
function fits(limit: LimitSnapshot, left: number, amount: number): boolean {
  return limit.unit === "requests" ? left >= amount : left > 0;
}

/** Windows are aligned to the clock, so that all workers and nodes agree on them: a minute begins with a minute. */
function windowEnd(limit: LimitSnapshot, nowMs: number): number {
  return (Math.floor(nowMs / limit.windowMs) + 1) * limit.windowMs;
}

function msToGain(limit: LimitSnapshot, amount: number): number {
  return Math.max(0, Math.ceil((amount * limit.windowMs) / limit.amount));
}
