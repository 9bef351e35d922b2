import type { CacheOutcome } from "../../../contracts/call-record.ts";

/** Why a call was forwarded (RFC 9211 §2.2). */
export type ForwardReason = "bypass" | "request" | "uri-miss" | "vary-miss" | "stale";

/** Says of an answer, to its caller, where it comes from: `x-tidegate-cache`, and `Cache-Status` (RFC 9211) after that of caches before. */
export function pushCacheStatus(headers: string[], outcome: CacheOutcome, parameters: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === "x-tidegate-cache") headers.splice(i, 2);
  headers.push("x-tidegate-cache", outcome, "cache-status", `tidegate; ${parameters}`);
}

export function hitParameters(freshForMs: number): string {
  return `hit; ttl=${Math.floor(freshForMs / 1000)}`;
}

export function forwardParameters(reason: ForwardReason, stored: boolean, status: number | null = null): string {
  return `fwd=${reason}${status === null ? "" : `; fwd-status=${status}`}${stored ? "; stored" : ""}`;
}
