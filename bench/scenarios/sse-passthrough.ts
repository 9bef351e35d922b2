import { openaiChat } from "../calls.ts";
import { judge } from "../check.ts";
import { compare } from "../compare.ts";
import { underSseReaders } from "../load/sse.ts";
import { type Part, ratio, type ScenarioResult } from "../result.ts";
import { chatConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { startSseUpstream } from "../servers/sse-upstream.ts";
import { startTidegate } from "../servers/tidegate.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const STREAMS = 500;

/** Streamed chat completions of one dialect, against nginx that forwards every event at once. */
export const ssePassthrough: Scenario = {
  name: "sse-passthrough",
  title: "OpenAI in, OpenAI out, 500 streams of 64 events at 20 ms, one worker each",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startSseUpstream(directory));
    const nginx = { name: "nginx-unbuffered", directives: "proxy_buffering off;" };
    const servers = [
      await start(startPlainNginx(upstream.port, directory, nginx)),
      await start(startTidegate(context, { configuration: chatConfiguration("openai-compatible", upstream.port) })),
    ];
    const load = { call: openaiChat("bench/model", true), endMark: "[DONE]", connections: STREAMS } as const;
    const contestants = servers.map((server) => underSseReaders(server, { ...load, port: server.port }, directory));
    const part: Part = {
      title: "p50 and p99: from the request to its first event",
      unit: "event",
      baseline: nginx.name,
      columns: ["eventsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
      peers: await compare(await Promise.all(contestants), context),
    };
    const bound = { what: "CPU per event, to nginx with proxy_buffering off", must: 1.3, goal: 1 };
    return { parts: [part], checks: [judge(bound, ratio(part, "cpuUs", "tidegate"))] };
  });
}
