import type { SharedLimit } from "../../../native-bindings/limits.ts";
import type { LeaseRetry } from "../../contracts/limits.ts";
import type { LeaseKind } from "./cluster-link.ts";

const KINDS = { window: "window", "sliding-window": "sliding", "token-bucket": "bucket" } as const;

interface Waiter {
  amount: number;
  retry: LeaseRetry;
  sinceMs: number;
}

/** A counter of a limit that the cluster shares, and the calls that wait for more of it in this process. */
export class Lease {
  readonly limit: SharedLimit;
  /** See `counterKey`. */
  readonly counter: string;
  /** A question is under way, or about to be. */
  isAsking = false;
  /** As the sweep saw it last. */
  usedBefore = Number.NaN;
  /** Looks in a row that found it unused, or with far more than is used. */
  quietLooks = 0;
  looksSinceTold = 0;
  /** What Redis was told last: used and held. */
  told = 0;
  readonly #waiters: Waiter[] = [];
  #first = 0;

  constructor(limit: SharedLimit, counter: string) {
    this.limit = limit;
    this.counter = counter;
  }

  get isBucket(): boolean {
    return this.limit.algorithm === "token-bucket";
  }

  get kind(): LeaseKind {
    return KINDS[this.limit.algorithm];
  }

  get isWhole(): boolean {
    return this.limit.unit === "requests";
  }

  get waiting(): number {
    return this.#waiters.length - this.#first;
  }

  get hasWaiters(): boolean {
    return this.waiting > 0;
  }

  wait(amount: number, retry: LeaseRetry, nowMs: number): void {
    this.#waiters.push({ amount, retry, sinceMs: nowMs });
  }

  /** What those who wait need; without any, the least that makes sense. */
  get need(): number {
    const least = this.isWhole ? 1 : this.limit.amount / 1000;
    let sum = 0;
    for (let i = this.#first; i < this.#waiters.length; i++)
      sum += Math.max(least, (this.#waiters[i] as Waiter).amount);
    return Math.max(least, sum);
  }

  /** Lets those who wait try again, first come, first served, until one finds nothing. `isLast`: they wait no longer. */
  serve(isLast: boolean, nowMs: number, waitLimitMs: number): void {
    while (this.#first < this.#waiters.length) {
      const { retry, sinceMs } = this.#waiters[this.#first] as Waiter;
      // Taken out first: a retry may come back here.
      this.#first++;
      if (!retry(isLast || nowMs - sinceMs > waitLimitMs)) {
        this.#first--;
        break;
      }
    }
    if (this.#first === this.#waiters.length) {
      this.#waiters.length = 0;
      this.#first = 0;
    }
  }
}
