import type { LimitSnapshot } from "./snapshot.ts";

/**
 * Counters behind rate limits, quotas and budgets. Reserve before the call, settle after it with what was really used.
 * Kept per worker today; a shared-memory store fills the same contract for all workers of a machine.
 */
export interface LimitStore {
  /**
   * Takes `amount` from the counter of `key` under `limit`. Nothing is taken when it does not fit.
   * For tokens and cost, a counter below its limit admits a call whatever its amount: its size is an estimate.
   */
  reserve(limit: LimitSnapshot, key: string, amount: number, nowMs: number): LimitDecision;
  /** Corrects a reservation of `reserved`, made at `reservedAtMs`, to `used`, which may be more or less. */
  settle(limit: LimitSnapshot, key: string, reserved: number, used: number, reservedAtMs: number, nowMs: number): void;
}

export interface LimitDecision {
  allowed: boolean;
  /** What is left after this call, at least 0. */
  remaining: number;
  /** Milliseconds until the window ends, or the bucket is full again. */
  resetMs: number;
  /** Milliseconds after which the same reservation may succeed; 0 when allowed. */
  retryAfterMs: number;
}
