import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";

const DIGITS = 16;

function digits(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
}

export const NO_NUMBER = "0".repeat(DIGITS);

export function randomNodeId(): string {
  return randomBytes(DIGITS / 2).toString("hex");
}

/**
 * The machine and the file that a node's counters are in: two that have the same node id by a copied data directory differ in it.
 */
export function machineToken(limitsFile: string): string {
  const { dev, ino } = statSync(limitsFile);
  let boot = "";
  try {
    boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  } catch {
    // Not there in every container: the rest has to do.
  }
  return digits([hostname(), boot, dev, ino].join(" "));
}

/** `info`: Redis' answer to `INFO server`. It has another run id with every start: it may have lost what it knew. */
export function redisRun(info: string): string {
  return digits(/^run_id:(\S+)/m.exec(info)?.[1] ?? "unknown");
}
