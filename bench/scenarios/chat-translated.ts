import { anthropicChat, openaiChat } from "../calls.ts";
import { judge } from "../check.ts";
import { compare } from "../compare.ts";
import { CONNECTIONS, underWrk } from "../load/wrk.ts";
import { type Part, ratio, type ScenarioResult } from "../result.ts";
import { chatConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/** An OpenAI chat completion answered by an Anthropic provider, against nginx that forwards Anthropic's own bytes. */
export const chatTranslated: Scenario = {
  name: "chat-translated",
  title: "OpenAI in, Anthropic out, 1 KB up, whole answers, 64 connections, one worker each",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startUpstream(directory));
    const nginx = await start(startPlainNginx(upstream.port, directory));
    const configuration = chatConfiguration("anthropic", upstream.port);
    const tidegate = await start(startTidegate(context, { configuration }));
    const connections = CONNECTIONS;
    const translated = openaiChat("bench/claude-sonnet-4-5");
    const forwarded = anthropicChat("claude-sonnet-4-5");
    const contestants = [
      underWrk(nginx, { port: nginx.port, call: forwarded, connections }, directory),
      underWrk(tidegate, { port: tidegate.port, call: translated, connections }, directory),
    ];
    const part: Part = {
      title: "whole answers",
      unit: "request",
      baseline: "nginx-plain",
      columns: ["requestsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
      peers: await compare(contestants, context),
    };
    const bound = { what: "CPU per request, to nginx that forwards", must: 3, goal: 2 };
    return { parts: [part], checks: [judge(bound, ratio(part, "cpuUs", "tidegate"))] };
  });
}
