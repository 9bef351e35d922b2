import type { LimitSnapshot } from "./snapshot.ts";

/**
 * Counters behind rate limits, quotas and budgets, of all workers of a machine. Reserve before the call, settle after it with what
 * was really used.
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
  /** What is left after this call, at least 0. Of a limit that a cluster shares: what this node may surely admit. */
  remaining: number;
  /** Milliseconds until the window ends, or the bucket is full again. */
  resetMs: number;
  /** Milliseconds after which the same reservation may succeed; 0 when allowed. */
  retryAfterMs: number;
  /** Refused because this node's part of a limit that the cluster shares is used up. There may be more: see `LeaseQueue`. */
  isShort?: true;
}

/**
 * Tries again to reserve. False: there still is nothing left of the limit, and the call goes on waiting; never when `isLast`, for then
 * it is refused.
 */
export type LeaseRetry = (isLast: boolean) => boolean;

/** Where calls wait for more of a limit that the cluster shares. */
export interface LeaseQueue {
  /** Asks the cluster for more of the limit; `retry` is called when it has answered, or can't, and again until it returns true. */
  wait(limit: LimitSnapshot, key: string, amount: number, retry: LeaseRetry): void;
  /** A call was refused for good. */
  refused(limit: LimitSnapshot): void;
}
