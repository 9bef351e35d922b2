import { setTimeout as delay } from "node:timers/promises";
import { get, writeRequest } from "../calls.ts";
import { judge } from "../check.ts";
import { outputOf, startChild, stopChild, unexpectedEnd } from "../children.ts";
import { compileProgram, readResultLine } from "../load/programs.ts";
import { CONNECTIONS, runWrk } from "../load/wrk.ts";
import { residentBytes } from "../process-cpu.ts";
import { type Figures, medianFigures, type Part, type ScenarioResult } from "../result.ts";
import { restConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { type Server, withServers, workerOf } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { SMALL_PATH, startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const IDLE = 10_000;
const AT_ONCE = 64;
const OPENING_LIMIT_MS = 60_000;
const SETTLE_MS = 500;

/**
 * Resident memory of the worker with 10,000 connections that made one call each, less what it had after a load of a few.
 * Memory, once touched, is kept: every round has processes of its own.
 */
export const idleConnections: Scenario = {
  name: "idle-connections",
  title: "10,000 idle keep-alive connections that made one call each, one worker each",
  run,
};

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const program = await compileProgram("idle-connections", context.directory);
  const rounds: Record<string, Figures[]> = { "nginx-plain": [], tidegate: [] };
  for (let round = 1; round <= context.rounds; round++) {
    await withServers(async (start) => {
      const upstream = await start(startUpstream(context.directory));
      const servers = [
        await start(startPlainNginx(upstream.port, context.directory)),
        await start(startTidegate(context, { configuration: restConfiguration(upstream.port) })),
      ];
      for (const server of servers) {
        context.say(`round ${round} of ${context.rounds}: ${server.name}`);
        rounds[server.name]?.push(await measure(server, program, context));
      }
    });
  }
  const peers = Object.entries(rounds).map(([name, all]) => [name, { medians: medianFigures(all), rounds: all }]);
  const part: Part = {
    title: "growth of the worker per connection",
    unit: "connection",
    baseline: "nginx-plain",
    columns: ["kibPerConnection", "residentMib"],
    peers: Object.fromEntries(peers),
  };
  const bound = { what: "memory per idle connection", unit: "KiB", must: 16, goal: 4 } as const;
  return { parts: [part], checks: [judge(bound, part.peers.tidegate?.medians.kibPerConnection ?? Number.NaN)] };
}

async function measure(server: Server, program: string, context: ScenarioContext): Promise<Figures> {
  const call = get(SMALL_PATH);
  const load = { port: server.port, call, connections: CONNECTIONS };
  await runWrk(server.name, load, Math.max(1, context.warmUpSeconds), context.directory);
  await delay(SETTLE_MS);
  const worker = workerOf(server);
  const before = residentBytes(worker);

  const request = writeRequest(call, server.name, context.directory);
  const args = [server.port, request, IDLE, AT_ONCE].map(String);
  const connections = startChild(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const output = outputOf(connections, OPENING_LIMIT_MS);
    const isReady = new Promise<void>((resolve) => connections.stdout?.once("data", () => resolve()));
    await Promise.race([isReady, unexpectedEnd(connections, "idle-connections")]);
    await delay(SETTLE_MS);
    const after = residentBytes(worker);
    connections.stdin?.end("look\n");
    const { open = 0, errors = 0 } = readResultLine("idle-connections", await output);
    if (errors > 0) throw new Error(`${server.name}: ${errors} of ${IDLE} calls failed`);
    if (open < IDLE)
      throw new Error(`${server.name} closed ${IDLE - open} of ${IDLE} connections while they were counted`);
    return { kibPerConnection: (after - before) / 1024 / IDLE, residentMib: after / 2 ** 20 };
  } finally {
    await stopChild(connections);
  }
}
