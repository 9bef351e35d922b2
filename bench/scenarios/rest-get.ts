import { get } from "../calls.ts";
import { judge } from "../check.ts";
import { compare } from "../compare.ts";
import { CONNECTIONS, underWrk } from "../load/wrk.ts";
import { type Check, type Part, ratio, type ScenarioResult } from "../result.ts";
import { restConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { filePath, SMALL_PATH, startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const LARGER_BYTES = 16 * 1024;
const ANSWERS = [
  { size: "100 B", path: SMALL_PATH },
  { size: "16 KB", path: filePath(LARGER_BYTES) },
];

/** GET through an ordinary service with key, subscription, request limit and call log, against nginx that forwards. */
export const restGet: Scenario = {
  name: "rest-get",
  title: "GET through a service, answers of 100 B and 16 KB, 64 connections, one worker each",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  return withServers(async (start) => {
    const upstream = await start(startUpstream(directory, [LARGER_BYTES]));
    const servers = [
      await start(startPlainNginx(upstream.port, directory)),
      await start(startTidegate(context, { configuration: restConfiguration(upstream.port) })),
    ];
    const parts: Part[] = [];
    const checks: Check[] = [];
    for (const { size, path } of ANSWERS) {
      context.say(`answers of ${size}`);
      const contestants = servers.map((server) =>
        underWrk(server, { port: server.port, call: get(path), connections: CONNECTIONS }, directory),
      );
      const part: Part = {
        title: `answers of ${size}`,
        unit: "request",
        baseline: "nginx-plain",
        columns: ["requestsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
        peers: await compare(contestants, context),
      };
      parts.push(part);
      const bound = { what: `CPU per request of ${size}, to nginx that forwards`, must: 1.15, goal: 1 };
      checks.push(judge(bound, ratio(part, "cpuUs", "tidegate")));
    }
    return { parts, checks };
  });
}
