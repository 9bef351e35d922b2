import { loadAddon } from "./load.ts";

export interface SharedLimit {
  /**
   * `window`: fixed windows, aligned to the clock. `sliding-window`: the window before counts, too, weighted by how much of it the
   * last `windowMs` still cover. `token-bucket`: refills evenly over the window, at most `amount` at once.
   */
  algorithm: "window" | "sliding-window" | "token-bucket";
  /** Requests are exact. For tokens and cost, a counter below its limit admits a call whatever its amount. */
  unit: "requests" | "tokens" | "cost_usd";
  /** Above 0. */
  amount: number;
  /** Above 0. */
  windowMs: number;
}

/** `full`: the segment has no slot left. `busy`: a live process kept the counter for a second. Neither counted anything. */
export type Verdict = "refused" | "allowed" | "full" | "busy";

/** Of this process. */
export interface SharedLimitsStats {
  /** Calls that found no slot. */
  full: number;
  /** Calls given up because a live process kept the counter. */
  busy: number;
  /** Reservations that are lost if this process dies before it settles them: it had too many of them. */
  untracked: number;
  /** Locks taken from dead processes. */
  takeovers: number;
}

interface Handle {
  reserve(kind: number, limit: number, windowMs: number, key: string, amount: number, nowMs: number): number;
  settle(
    kind: number,
    limit: number,
    windowMs: number,
    key: string,
    reserved: number,
    used: number,
    reservedAtMs: number,
    nowMs: number,
    ledger: number,
  ): boolean;
  reclaim(worker: number): number;
  slotsUsed(nowMs: number): number;
  stats(): SharedLimitsStats;
  close(): void;
  /** Of the last `reserve`: remaining, resetMs, retryAfterMs, ledger. */
  out: Float64Array;
  worker: number;
  slotCount: number;
}

interface LimitsAddon {
  openLimits(path: string, slots: number, worker: number): Handle;
  limitsCounterKey(name: string): string;
}

const addon = loadAddon() as LimitsAddon;

const ANY_WORKER = -1;
const NO_LEDGER = 0xffff_ffff;
const VERDICTS: readonly Verdict[] = ["refused", "allowed", "full", "busy"];

// As the binding reads them: algorithm * 4 + unit.
const ALGORITHMS = { window: 0, "sliding-window": 4, "token-bucket": 8 } as const;
const UNITS = { requests: 0, tokens: 1, cost_usd: 2 } as const;

/**
 * Counters of rate limits, quotas and budgets that all processes with the same file share. One instance per thread.
 * A process that dies loses nothing of the others': its reservations of tokens and cost go back when the next one opens
 * the file.
 */
export class SharedLimits {
  readonly #handle: Handle;
  readonly #out: Float64Array;

  private constructor(handle: Handle) {
    this.#handle = handle;
    this.#out = handle.out;
  }

  /**
   * `slots`: counters that fit, 64 to 16,777,216, rounded up to a power of two; the same for all that share the file.
   * `worker`: this process's number among them, 0 to 1023, else the lowest that is free. Throws with what to do.
   */
  static open(path: string, options: { slots: number; worker?: number }): SharedLimits {
    return new SharedLimits(addon.openLimits(path, options.slots, options.worker ?? ANY_WORKER));
  }

  /** As LimitStore.reserve. What goes with the verdict is in the getters below until the next call. */
  reserve(limit: SharedLimit, key: string, amount: number, nowMs: number): Verdict {
    const kind = ALGORITHMS[limit.algorithm] + UNITS[limit.unit];
    return VERDICTS[this.#handle.reserve(kind, limit.amount, limit.windowMs, key, amount, nowMs)] as Verdict;
  }

  get remaining(): number {
    return this.#out[0] as number;
  }

  get resetMs(): number {
    return this.#out[1] as number;
  }

  get retryAfterMs(): number {
    return this.#out[2] as number;
  }

  /** For `settle`: where the reservation is written down for the case that this process dies. */
  get ledger(): number {
    return this.#out[3] as number;
  }

  /**
   * As LimitStore.settle. `ledger` spares a look-up. False: the counter was out of reach (`full` or `busy`) and is not
   * corrected.
   */
  settle(
    limit: SharedLimit,
    key: string,
    reserved: number,
    used: number,
    reservedAtMs: number,
    nowMs: number,
    ledger = NO_LEDGER,
  ): boolean {
    const kind = ALGORITHMS[limit.algorithm] + UNITS[limit.unit];
    return this.#handle.settle(kind, limit.amount, limit.windowMs, key, reserved, used, reservedAtMs, nowMs, ledger);
  }

  /** Gives back what a dead process had reserved and not settled. How many reservations that were: 0 when it lives. */
  reclaim(worker: number): number {
    return this.#handle.reclaim(worker);
  }

  /** Counters that still say something at `nowMs`. Reads the whole segment: for metrics. */
  slotsUsed(nowMs: number): number {
    return this.#handle.slotsUsed(nowMs);
  }

  /** For other native parts of Tidegate. Valid until `close`. */
  get native(): object {
    return this.#handle;
  }

  get slotCount(): number {
    return this.#handle.slotCount;
  }

  get worker(): number {
    return this.#handle.worker;
  }

  stats(): SharedLimitsStats {
    return this.#handle.stats();
  }

  /** Leaves: the other processes may give back what this one has not settled. Later calls throw. */
  close(): void {
    this.#handle.close();
  }
}

/** What a counter is found by: MurmurHash3 x64 128 of its name, 32 hexadecimal digits. */
export function counterKey(name: string): string {
  return addon.limitsCounterKey(name);
}
