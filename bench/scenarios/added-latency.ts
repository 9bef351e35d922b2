import { openaiChat } from "../calls.ts";
import { failed, judge } from "../check.ts";
import { compare } from "../compare.ts";
import { underOneAtATime } from "../load/one-at-a-time.ts";
import { type Check, type Part, type PeerResult, ratio, type ScenarioResult } from "../result.ts";
import { chatConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/**
 * What a hop adds to a call when nothing else is going on: one connection, one call at a time. More rounds than other scenarios
 * have, and shorter ones: what is judged is a ratio of differences of a tenth of a millisecond, and machines stall longer.
 */
export const addedLatency: Scenario = {
  name: "added-latency",
  title: "OpenAI in, OpenAI out, concurrency 1: latency beyond that of asking the upstream itself",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startUpstream(directory));
    const servers = [
      upstream,
      await start(startPlainNginx(upstream.port, directory)),
      await start(startTidegate(context, { configuration: chatConfiguration("openai-compatible", upstream.port) })),
    ];
    const call = openaiChat("bench/model");
    const contestants = await Promise.all(
      servers.map((server) => underOneAtATime(server, server.port, call, directory)),
    );
    const rounds = 5 * context.rounds - 4;
    const seconds = Math.max(1, Math.round(context.seconds / 3));
    const peers = await compare(contestants, { ...context, rounds, seconds });
    const direct = peers.upstream;
    if (direct === undefined) throw new Error("the upstream was not measured");
    delete peers.upstream;
    const part: Part = {
      title: "added: less the median of going straight to the upstream",
      unit: "request",
      baseline: "nginx-plain",
      columns: ["requestsPerSecond", "p50Ms", "p99Ms", "addedP50Us", "addedP99Us"],
      peers: {
        direct,
        ...Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, beyond(direct, peer)])),
      },
    };
    return { parts: [part], checks: [judgeAdded(part)] };
  });
}

/** On a busy machine a hop can seem to take less than nothing: a ratio of such figures says nothing. */
function judgeAdded(part: Part): Check {
  const bound = { what: "added p99, to nginx's", must: 1.5, goal: 1 };
  const isNoise = ["nginx-plain", "tidegate"].some((peer) => !((part.peers[peer]?.medians.addedP99Us ?? 0) > 0));
  if (isNoise) return failed(bound, "going straight to the upstream took longer: the machine was busy");
  return judge(bound, ratio(part, "addedP99Us", "tidegate"));
}

function beyond(direct: PeerResult, peer: PeerResult): PeerResult {
  const { p50Ms = Number.NaN, p99Ms = Number.NaN } = peer.medians;
  const addedUs = (withHopMs: number, withoutMs = Number.NaN) => (withHopMs - withoutMs) * 1000;
  const addedP50Us = addedUs(p50Ms, direct.medians.p50Ms);
  const addedP99Us = addedUs(p99Ms, direct.medians.p99Ms);
  return { ...peer, medians: { ...peer.medians, addedP50Us, addedP99Us } };
}
