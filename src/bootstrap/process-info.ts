import { readFileSync } from "node:fs";

/** Names one process for as long as the machine is up: a pid alone is used again after its process ended. */
export interface ProcessIdentity {
  pid: number;
  /** Start time in clock ticks since boot (proc(5), /proc/pid/stat field 22); null where there is no /proc. */
  startTicks: number | null;
  /** Differs after each boot; null where there is no /proc. */
  bootId: string | null;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTicks: startTicksOf(pid), bootId: readTrimmed("/proc/sys/kernel/random/boot_id") };
}

/** Whether the process that had this identity still runs. A zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  if (identity.bootId !== now.bootId) return false;
  if (identity.startTicks !== null) return identity.startTicks === now.startTicks;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The command line with spaces between its words; null when the process has gone or can't be looked at. */
export function commandOf(pid: number): string | null {
  const text = readTrimmed(`/proc/${pid}/cmdline`);
  return text === null || text === "" ? null : text.split("\0").filter(Boolean).join(" ");
}

/** Null when the process has gone. */
export function parentOf(pid: number): number | null {
  const fields = statFieldsOf(pid);
  return fields === null ? null : Number(fields[1]);
}

function startTicksOf(pid: number): number | null {
  const fields = statFieldsOf(pid);
  const [state] = fields ?? [];
  if (fields === null || state === "Z" || state === "X") return null;
  const ticks = Number(fields[19]);
  return Number.isFinite(ticks) ? ticks : null;
}

/** The fields of /proc/pid/stat from the third (`state`) on. */
function statFieldsOf(pid: number): string[] | null {
  const stat = readTrimmed(`/proc/${pid}/stat`);
  // The second field is the name in parentheses and may hold anything, also spaces and parentheses.
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export function readTrimmed(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
