import { isIP } from "node:net";
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

  /**
   * Notes an attempt, before its password is looked at: many at once would otherwise all be looked at before the first of them
   * has failed. `email` null: it is not known yet whose. Throws `too_many_attempts` when it is too soon.
   */
  begin(email: string | null, address: string, nowMs: number): void {
    this.#require(email, address, nowMs);
    const account = email === null ? [] : [`account ${email}`];
    for (const key of [...account, `address ${networkOf(address)}`]) {
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

  /** The address keeps the count of its failures: one good sign-in among many guesses is no proof of good intent. */
  succeeded(email: string | null, address: string): void {
    if (email !== null) this.#failures.delete(`account ${email}`);
    const key = `address ${networkOf(address)}`;
    const failures = this.#failures.get(key);
    if (failures === undefined) return;
    if (failures.count > 1) this.#failures.set(key, { ...failures, count: failures.count - 1 });
    else this.#failures.delete(key);
  }

  #require(email: string | null, address: string, nowMs: number): void {
    const waitMs = Math.max(
      email === null ? 0 : this.#waitMs(`account ${email}`, FREE_OF_ACCOUNT, nowMs),
      this.#waitMs(`address ${networkOf(address)}`, FREE_OF_ADDRESS, nowMs),
    );
    if (waitMs <= 0) return;
    throw new ProblemError("too_many_attempts", `too many attempts: try again in ${Math.ceil(waitMs / 1000)} s`, {
      retryAfterMs: waitMs,
    });
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

const IPV4_IN_IPV6 = /^::ffff:(?=\d+\.)/i;
const NETWORK_GROUPS = 4;

/** Whoever has an IPv6 address has the 2^64 others of its network as well (RFC 6177). */
function networkOf(address: string): string {
  const plain = address.replace(IPV4_IN_IPV6, "");
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail] = (plain.split("%", 1)[0] ?? "").split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behind.length);
  const all = [...groups, ...Array<string>(gap).fill("0"), ...behind];
  const network = all.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
