import type { LeaseHolding } from "../../../native-bindings/limits.ts";
import type { Lease } from "./lease.ts";
import { EVERYTHING } from "./lease-book.ts";

/** Unused in so many looks, it goes back. */
const QUIET_LOOKS = 2;
/** Told this often while it is used: what others leave is shown to callers. */
const LOOKS_UNTIL_TOLD = 4;
/** What is used between two looks, this many times over, may be kept. */
const KEPT_LOOKS = 2;

/**
 * Whether Redis should be told about a lease: with how much of it kept; null: nothing is new. `over`: there is nothing left to tell.
 */
export function dueReport(lease: Lease, holding: LeaseHolding | null, nowMs: number): number | "over" | null {
  if (holding === null) return "over";
  const { used, held, windowEndMs } = holding;
  if (!lease.isBucket && windowEndMs <= nowMs) return "over";
  const grown = used - lease.usedBefore;
  lease.usedBefore = used;
  lease.looksSinceTold++;
  // A bucket's use counts from the last answer.
  const isUsed = Number.isNaN(grown) || grown !== 0;
  const kept = Math.max(0, lease.isBucket ? used : grown) * KEPT_LOOKS;
  const isQuiet = !isUsed || held > 2 * kept + 1;
  lease.quietLooks = isQuiet ? lease.quietLooks + 1 : 0;
  const isPaid = held >= 0 && Math.abs(used + held - lease.told) < 1e-9;
  if (!isUsed && held <= 0 && isPaid && lease.quietLooks > QUIET_LOOKS) return "over";
  if (lease.quietLooks >= QUIET_LOOKS && held > 0) {
    lease.quietLooks = 0;
    return isUsed && !Number.isNaN(kept) ? Math.ceil(kept) : 0;
  }
  if (held < 0) return 0;
  return isUsed && lease.looksSinceTold >= LOOKS_UNTIL_TOLD ? EVERYTHING : null;
}
