import { KEY, openaiChat } from "../calls.ts";
import { judge } from "../check.ts";
import { compare } from "../compare.ts";
import { CONNECTIONS, underWrk } from "../load/wrk.ts";
import { type Part, ratio, type ScenarioResult } from "../result.ts";
import { chatConfiguration } from "../servers/configurations.ts";
import { startGovernedNginx, startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/**
 * An OpenAI chat completion to an OpenAI provider: key, subscription, request limit, token budget, cost budget and call
 * log on, against nginx that forwards the same bytes, with and without what it has of governance.
 */
export const chatSameDialect: Scenario = {
  name: "chat-same-dialect",
  title: "OpenAI in, OpenAI out, 1 KB up, 0.6 KB down, 64 connections, one worker each",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startUpstream(directory));
    const servers = [
      await start(startPlainNginx(upstream.port, directory)),
      await start(startGovernedNginx(upstream.port, KEY, directory)),
      await start(startTidegate(context, { configuration: chatConfiguration("openai-compatible", upstream.port) })),
    ];
    const call = openaiChat("bench/model");
    const contestants = servers.map((server) =>
      underWrk(server, { port: server.port, call, connections: CONNECTIONS }, directory),
    );
    const part: Part = {
      title: "whole answers",
      unit: "request",
      baseline: "nginx-plain",
      columns: ["requestsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
      peers: await compare(contestants, context),
    };
    return {
      parts: [part],
      checks: [
        judge(
          { what: "CPU per request, to nginx that forwards", must: 1.15, goal: 1 },
          ratio(part, "cpuUs", "tidegate", "nginx-plain"),
        ),
        judge(
          {
            what: "requests per second, to nginx with key map, limit and log",
            bound: "at least",
            must: 0.95,
            goal: 1.1,
          },
          ratio(part, "requestsPerSecond", "tidegate", "nginx-governed"),
        ),
      ],
    };
  });
}
