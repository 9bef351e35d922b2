import { SharedLimits, type SharedLimitsStats } from "../../../native-bindings/limits.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { LimitDecision, LimitStore } from "../../contracts/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { LimitSnapshot } from "../../contracts/snapshot.ts";

export interface SharedLimitStoreOptions {
  /** The file that all workers of the machine share. */
  path: string;
  /** The setting `limits.slots`. */
  slots: number;
  logger: Pick<Logger, "error">;
}

type Problem = "full" | "busy" | "unsettled";

const MESSAGES: Record<Problem, string> = {
  full: "all counters for limits are in use: raise the setting `limits.slots` and restart",
  busy: "a counter for limits is kept by a process that does not get on: look for a worker that is stopped",
  unsettled: "what calls used could not be counted, because their counters were out of reach",
};

const LOG_EVERY_MS = 60_000;

/**
 * Counters of all workers of a machine, exact over all of them. A call whose counter can't be had is neither admitted
 * nor counted: `reserve` throws.
 */
export class SharedLimitStore implements LimitStore {
  readonly #limits: SharedLimits;
  /** Limits that the cluster shares run low. */
  #onLow: ((limit: LimitSnapshot, key: string) => void) | null = null;
  readonly #logger: Pick<Logger, "error">;
  readonly #problems = { full: new Occurrences(), busy: new Occurrences(), unsettled: new Occurrences() };

  /** Throws when the file can't be used, with what to do. */
  constructor(options: SharedLimitStoreOptions) {
    this.#limits = SharedLimits.open(options.path, { slots: options.slots });
    this.#logger = options.logger;
  }

  reserve(limit: LimitSnapshot, key: string, amount: number, nowMs: number): LimitDecision {
    const limits = this.#limits;
    const verdict = limits.reserve(limit, key, amount, nowMs);
    if (verdict === "full" || verdict === "busy") {
      this.#report(verdict, nowMs);
      throw new GatewayError(verdict === "full" ? "limits_full" : "not_ready", MESSAGES[verdict]);
    }
    const decision: LimitDecision = {
      allowed: verdict === "allowed",
      remaining: limits.remaining,
      resetMs: limits.resetMs,
      retryAfterMs: limits.retryAfterMs,
    };
    if (this.#onLow !== null) this.#lookAtLease(decision, limit, key);
    return decision;
  }

  /** From now on limits are leased: who does that is told when one runs low. */
  leaseWith(onLow: (limit: LimitSnapshot, key: string) => void): void {
    this.#onLow = onLow;
  }

  #lookAtLease(decision: LimitDecision, limit: LimitSnapshot, key: string): void {
    const { lease } = this.#limits;
    if (lease === "low") this.#onLow?.(limit, key);
    else if (lease === "empty") decision.isShort = true;
  }

  settle(limit: LimitSnapshot, key: string, reserved: number, used: number, reservedAtMs: number, nowMs: number): void {
    // The call is over: the operator is the only one to tell.
    if (!this.#limits.settle(limit, key, reserved, used, reservedAtMs, nowMs)) this.#report("unsettled", nowMs);
  }

  /** Counters that say something at `nowMs`, how many fit, and what went wrong. Reads the whole file: for metrics. */
  usage(nowMs: number): { slotsUsed: number; slotCount: number } & SharedLimitsStats {
    const limits = this.#limits;
    return { slotsUsed: limits.slotsUsed(nowMs), slotCount: limits.slotCount, ...limits.stats() };
  }

  get counters(): SharedLimits {
    return this.#limits;
  }

  /** For native code that counts by itself. */
  get native(): object {
    return this.#limits.native;
  }

  close(): void {
    this.#limits.close();
  }

  #report(problem: Problem, nowMs: number): void {
    const calls = this.#problems[problem].add(nowMs);
    if (calls > 0) this.#logger.error({ calls, slots: this.#limits.slotCount }, MESSAGES[problem]);
  }
}

/** Counts something that is told at once and then once a minute. */
class Occurrences {
  #untold = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** How many there were since they were last told, or 0 while it is too early to tell. */
  add(nowMs: number): number {
    this.#untold++;
    if (nowMs - this.#toldAtMs < LOG_EVERY_MS) return 0;
    const count = this.#untold;
    this.#untold = 0;
    this.#toldAtMs = nowMs;
    return count;
  }
}
