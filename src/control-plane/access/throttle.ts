import { ProblemError } from "../problem.ts";

interface Failures {
  count: number;
  lastMs: number;
}

const WINDOW_MS = 15 * 60_000;
const FREE_OF_ACCOUNT = 5;
const FREE_OF_ADDRESS = 20;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** Above it the oldest are forgotten: attackers must not fill the memory. */
const MAX_KEPT = 10_000;

/**
 * Slows down who guesses passwords: after a few failures of an account, or from an address, each further one has to wait twice
 * as long. An account is never locked for good: that would be a way to keep somebody out.
 */
export class SignInThrottle {
  readonly #failures = new Map<string, Failures>();

  /** Throws `too_many_attempts` when it is too soon. */
  require(email: string, address: string, nowMs: number): void {
    const waitMs = Math.max(
      this.#waitMs(`account ${email}`, FREE_OF_ACCOUNT, nowMs),
      this.#waitMs(`address ${address}`, FREE_OF_ADDRESS, nowMs),
    );
    if (waitMs <= 0) return;
    throw new ProblemError("too_many_attempts", `too many attempts: try again in ${Math.ceil(waitMs / 1000)} s`, {
      retryAfterMs: waitMs,
    });
  }

  failed(email: string, address: string, nowMs: number): void {
    for (const key of [`account ${email}`, `address ${address}`]) {
      const count = (this.#current(key, nowMs)?.count ?? 0) + 1;
      // Put at the end: the map's order is that of the last failures.
      this.#failures.delete(key);
      this.#failures.set(key, { count, lastMs: nowMs });
    }
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= MAX_KEPT) break;
      this.#failures.delete(key);
    }
  }

  /** The address keeps its count: one good sign-in among many guesses is no proof of good intent. */
  succeeded(email: string): void {
    this.#failures.delete(`account ${email}`);
  }

  #waitMs(key: string, free: number, nowMs: number): number {
    const failures = this.#current(key, nowMs);
    if (failures === undefined || failures.count < free) return 0;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(20, failures.count - free));
    return failures.lastMs + waitMs - nowMs;
  }

  #current(key: string, nowMs: number): Failures | undefined {
    const failures = this.#failures.get(key);
    return failures !== undefined && nowMs - failures.lastMs < WINDOW_MS ? failures : undefined;
  }
}
