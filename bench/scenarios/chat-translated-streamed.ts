import { anthropicChat, openaiChat } from "../calls.ts";
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

/** Anthropic's stream as an OpenAI caller sees it, against nginx that forwards the same events as they are. */
export const chatTranslatedStreamed: Scenario = {
  name: "chat-translated-streamed",
  title: "OpenAI in, Anthropic out, 500 streams of 64 events at 20 ms, one worker each",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startSseUpstream(directory));
    const options = { name: "nginx-unbuffered", directives: "proxy_buffering off;" };
    const nginx = await start(startPlainNginx(upstream.port, directory, options));
    const configuration = chatConfiguration("anthropic", upstream.port);
    const tidegate = await start(startTidegate(context, { configuration }));
    const forwarded = { call: anthropicChat("claude-sonnet-4-5", true), endMark: "message_stop" } as const;
    const translated = { call: openaiChat("bench/claude-sonnet-4-5", true), endMark: "[DONE]" } as const;
    const contestants = [
      await underSseReaders(nginx, { ...forwarded, port: nginx.port, connections: STREAMS }, directory),
      await underSseReaders(tidegate, { ...translated, port: tidegate.port, connections: STREAMS }, directory),
    ];
    const part: Part = {
      title: "p50 and p99: from the request to its first event; events are the provider's",
      unit: "event",
      baseline: options.name,
      columns: ["eventsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
      peers: await compare(contestants, context),
    };
    const bound = { what: "CPU per event, to nginx that forwards the provider's events", must: 3, goal: 2 };
    return { parts: [part], checks: [judge(bound, ratio(part, "cpuUs", "tidegate"))] };
  });
}
