import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Nanoseconds of CPU time by task (thread). */
export type CpuSnapshot = ReadonlyMap<number, number>;

/** Linux counts CPU time in ticks of 10 ms on every architecture that Node runs on. */
const NANOSECONDS_PER_TICK = 10_000_000;
/** Kernels without CONFIG_SCHED_INFO have ticks only. */
const HAS_SCHEDSTAT = existsSync("/proc/self/schedstat");

/** CPU time (user and system) that each thread of a process has used so far. */
export function cpuSnapshot(pid: number): CpuSnapshot {
  const snapshot = new Map<number, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      snapshot.set(Number(task), taskNanoseconds(`/proc/${pid}/task/${task}`));
    } catch {
      // The thread ended in between.
    }
  }
  return snapshot;
}

/** What all threads used between two snapshots, in microseconds. A thread that ended in between is not counted. */
export function cpuMicrosecondsBetween(before: CpuSnapshot, after: CpuSnapshot): number {
  let nanoseconds = 0;
  for (const [task, used] of after) nanoseconds += used - (before.get(task) ?? 0);
  return nanoseconds / 1000;
}

function taskNanoseconds(directory: string): number {
  if (HAS_SCHEDSTAT) return Number(readFileSync(`${directory}/schedstat`, "utf8").split(" ")[0]);
  const stat = readFileSync(`${directory}/stat`, "utf8");
  // The command stands in parentheses and may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * NANOSECONDS_PER_TICK;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}

/** The direct children of a process; none when it has ended. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
      return text === "" ? [] : text.split(" ").map(Number);
    });
  } catch {
    return [];
  }
}

export function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
}
