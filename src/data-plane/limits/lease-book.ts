import { counterKey, type LeaseClaim, type SharedLimit, type SharedLimits } from "../../../native-bindings/limits.ts";
import { ANSWER_LIMIT_MS, type LeaseAnswer, type LeaseQuestion } from "./cluster-link.ts";
import { Lease } from "./lease.ts";

/** A question that nobody has answered is asked again by another process: the one that asked may be dead. */
export const CLAIM_MS = 2 * ANSWER_LIMIT_MS;
export const COUNTERS_PER_QUESTION = 64;
export const EVERYTHING = Number.MAX_VALUE;
/** In which Redis is not asked again when there was nothing left. */
const EXHAUSTED_MS = 100;

/** The leases that this process knows of, and what it asks about them. */
export class LeaseBook {
  readonly #limits: SharedLimits;
  /** By counter. */
  readonly #leases = new Map<string, Lease>();

  constructor(limits: SharedLimits) {
    this.#limits = limits;
  }

  of(limit: SharedLimit, key: string): Lease {
    const counter = counterKey(key);
    return this.#leases.get(counter) ?? this.add(limit, counter);
  }

  add(limit: SharedLimit, counter: string): Lease {
    const lease = new Lease(limit, counter);
    this.#leases.set(counter, lease);
    return lease;
  }

  has(counter: string): boolean {
    return this.#leases.has(counter);
  }

  delete({ counter }: Lease): void {
    this.#leases.delete(counter);
  }

  [Symbol.iterator](): IterableIterator<Lease> {
    return this.#leases.values();
  }

  claim({ limit, counter }: Lease, keep: number, isWanted: boolean): ReturnType<SharedLimits["beginLease"]> {
    const nowMs = Date.now();
    return this.#limits.beginLease(limit, counter, { keep, isWanted, nowMs, answerByMs: nowMs + CLAIM_MS });
  }

  /** False: the answer came too late. */
  note(lease: Lease, { claim, need }: LeaseQuestion, answer: LeaseAnswer | null): boolean {
    if (answer === null) return false;
    const { granted, unleased, others } = answer;
    const pauseMs = need > 0 && granted === 0 && others === 0 ? EXHAUSTED_MS : 0;
    const { limit, counter } = lease;
    if (!this.#limits.endLease(limit, counter, claim, granted, unleased, Date.now(), pauseMs)) return false;
    // A bucket's use counts from the last answer.
    lease.told = (lease.isBucket ? 0 : claim.used) + claim.held + granted;
    lease.looksSinceTold = 0;
    return true;
  }
}

export function questionOf({ limit, counter, kind, isWhole }: Lease, claim: LeaseClaim, need: number): LeaseQuestion {
  return { counter, kind, whole: isWhole, amount: limit.amount, windowMs: limit.windowMs, claim, need };
}
