import { openaiChat } from "../calls.ts";
import { judge } from "../check.ts";
import { CONNECTIONS, runWrk } from "../load/wrk.ts";
import { MemoryWatch } from "../resident-memory.ts";
import type { Figures, Part, ScenarioResult } from "../result.ts";
import { chatConfiguration } from "../servers/configurations.ts";
import { type Server, withServers, workerOf } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const EARLY_SHARE = 0.1;
const SLICE_SECONDS = 10;

/** Resident memory of the worker after a tenth of the requests, and after all of them. */
export const memoryGrowth: Scenario = {
  name: "memory-growth",
  title: "governed chat calls, 64 connections, one worker: memory early and late (5 million requests by default)",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  return withServers(async (start) => {
    const upstream = await start(startUpstream(context.directory));
    const configuration = chatConfiguration("openai-compatible", upstream.port);
    const tidegate = await start(startTidegate(context, { configuration }));
    const total = context.sizes.requests;
    const slices: Figures[] = [];
    const early = await driveUpTo(Math.round(total * EARLY_SHARE), tidegate, slices, context);
    const late = await driveUpTo(total, tidegate, slices, context);
    const medians = { requests: slices.at(-1)?.requests ?? 0, residentEarlyMib: early, residentLateMib: late };
    const part: Part = {
      title: `after ${Math.round(total * EARLY_SHARE)} and ${total} requests; each the median of its last ${SLICE_SECONDS} s`,
      unit: "request",
      baseline: "tidegate",
      columns: ["residentEarlyMib", "residentLateMib"],
      peers: { tidegate: { medians, rounds: slices } },
    };
    // "The same": within what a page more or less of a heap makes.
    const bound = { what: "memory late, to early", must: 1.05, goal: 1.01 };
    return { parts: [part], checks: [judge(bound, late / early)] };
  });
}

/** Drives until so many requests have been answered since the start; returns the MiB of the last slice of time. */
async function driveUpTo(goal: number, server: Server, slices: Figures[], context: ScenarioContext): Promise<number> {
  for (;;) {
    const done = slices.at(-1)?.requests ?? 0;
    context.say(`${done} of ${goal} requests`);
    // Never shorter than a second: the memory of a slice is the median over it.
    const rate = slices.at(-1)?.requestsPerSecond ?? 1000;
    const seconds = Math.min(SLICE_SECONDS, Math.max(1, Math.ceil((goal - done) / rate)));
    const watch = new MemoryWatch(workerOf(server));
    const load = { port: server.port, call: openaiChat("bench/model"), connections: CONNECTIONS };
    const result = await runWrk(server.name, load, seconds, context.directory);
    const residentMib = watch.stop().median / 2 ** 20;
    const requests = done + result.requests;
    slices.push({ requests, requestsPerSecond: result.requestsPerSecond, residentMib });
    if (requests >= goal) return residentMib;
  }
}
