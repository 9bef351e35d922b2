import { cpuMicroseconds, residentBytes } from "./process-cpu.ts";
import type { Server } from "./servers/server.ts";
import { type Load, type LoadResult, runWrk } from "./wrk.ts";

export interface Measurement extends LoadResult {
  /** CPU microseconds per request, by process. */
  cpuUsPerRequest: Record<string, number>;
  residentMib: Record<string, number>;
}

/** Drives a server and reads the CPU time of its processes before and after. */
export async function measure(server: Server, load: Load, directory: string): Promise<Measurement> {
  const before = snapshot(server);
  const result = await runWrk(load, directory);
  const after = snapshot(server);
  if (result.errors > 0) throw new Error(`${server.name}: ${result.errors} of ${result.requests} requests failed`);
  const cpuUsPerRequest: Record<string, number> = {};
  const residentMib: Record<string, number> = {};
  for (const [name, pid] of Object.entries(server.pids)) {
    cpuUsPerRequest[name] = ((after[name] ?? 0) - (before[name] ?? 0)) / result.requests;
    residentMib[name] = residentBytes(pid) / 2 ** 20;
  }
  return { ...result, cpuUsPerRequest, residentMib };
}

function snapshot(server: Server): Record<string, number> {
  return Object.fromEntries(Object.entries(server.pids).map(([name, pid]) => [name, cpuMicroseconds(pid)]));
}

/** The measurement in the middle by CPU per request of the worker. */
export function median(measurements: readonly Measurement[]): Measurement {
  const sorted = [...measurements].sort((a, b) => (a.cpuUsPerRequest.worker ?? 0) - (b.cpuUsPerRequest.worker ?? 0));
  return sorted[Math.floor(sorted.length / 2)] as Measurement;
}
