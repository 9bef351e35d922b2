import { setTimeout as delay } from "node:timers/promises";
import { cpuMicrosecondsBetween, cpuSnapshot, residentBytes } from "./process-cpu.ts";
import { type Figures, medianFigures, type PeerResult } from "./result.ts";
import type { ScenarioContext } from "./scenarios/scenario.ts";
import type { Server } from "./servers/server.ts";

/** What a run of a load did. A load that saw a failed call throws: such a run is worth nothing. */
export interface Driven {
  /** Requests or events: what CPU time is divided by. */
  units: number;
  figures: Figures;
}

export interface Contestant {
  server: Server;
  drive(seconds: number): Promise<Driven>;
}

/** Warms every server up, then measures them in turns: a machine that gets slower gets slower for all. */
export async function compare(
  contestants: readonly Contestant[],
  context: ScenarioContext,
): Promise<Record<string, PeerResult>> {
  const { rounds, seconds, warmUpSeconds, restSeconds = 0, say } = context;
  for (const { server, drive } of contestants) {
    if (warmUpSeconds === 0) break;
    say(`warming up ${server.name}`);
    await drive(warmUpSeconds);
  }
  await delay(restSeconds * 1000);
  const measured = new Map<string, Figures[]>(contestants.map(({ server }) => [server.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      say(`round ${round} of ${rounds}: ${contestant.server.name}`);
      measured.get(contestant.server.name)?.push(await measure(contestant, seconds));
    }
  }
  return Object.fromEntries([...measured].map(([name, all]) => [name, { medians: medianFigures(all), rounds: all }]));
}

/** `cpuUs` is the workers' CPU time per unit, `cpuUs.<process>` that of each other process. */
async function measure({ server, drive }: Contestant, seconds: number): Promise<Figures> {
  const processes = Object.entries(server.pids);
  const before = processes.map(([, pid]) => cpuSnapshot(pid));
  const { units, figures } = await drive(seconds);
  const after = processes.map(([, pid]) => cpuSnapshot(pid));
  const result: Figures = { units, ...figures, cpuUs: 0, residentMib: 0 };
  processes.forEach(([name, pid], index) => {
    const cpuUs = cpuMicrosecondsBetween(before[index] ?? new Map(), after[index] ?? new Map()) / units;
    if (name.startsWith("worker")) {
      result.cpuUs = (result.cpuUs ?? 0) + cpuUs;
      result.residentMib = (result.residentMib ?? 0) + residentBytes(pid) / 2 ** 20;
    } else {
      result[`cpuUs.${name}`] = cpuUs;
    }
  });
  return result;
}
