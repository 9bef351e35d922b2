import { type Call, get, KEY } from "../calls.ts";
import { judge } from "../check.ts";
import { compare } from "../compare.ts";
import { underWrk } from "../load/wrk.ts";
import { type Part, ratio, type ScenarioResult } from "../result.ts";
import { restConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { startProgram } from "../servers/programs.ts";
import { withServers } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { filePath, startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const BYTES = 2 ** 20;
const CONNECTIONS = 16;

const UPLOAD: Call = {
  method: "POST",
  path: "/upload",
  headers: { authorization: `Bearer ${KEY}`, "content-type": "application/octet-stream" },
  body: "tide ".repeat(BYTES / 5 + 1).slice(0, BYTES),
};

/** nginx passes bodies on as they come and never through a file, as a gateway for large bodies is set up. */
const STREAMING = "proxy_request_buffering off; proxy_max_temp_file_size 0;";
/** Fewer system calls for more memory: the other way to set it up, beside its defaults. */
const LARGE_BUFFERS =
  "client_body_buffer_size 64k; proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;";

/** Bodies of 1 MB through an ordinary service, up and down, against nginx that forwards. */
export const largeBodies: Scenario = {
  name: "large-bodies",
  title: "1 MB up and 1 MB down through a service, 16 connections, one worker each",
  async run(context) {
    const up = await runPart(context, "up");
    const down = await runPart(context, "down");
    return { parts: [...up.parts, ...down.parts], checks: [...up.checks, ...down.checks] };
  },
};

function runPart(context: ScenarioContext, direction: "up" | "down"): Promise<ScenarioResult> {
  const { directory, say } = context;
  const title = `1 MB ${direction}`;
  say(title);
  return withServers(async (start) => {
    const isUpload = direction === "up";
    const starting = isUpload ? startProgram("body-sink", [], directory) : startUpstream(directory, [BYTES]);
    const upstream = await start(starting);
    const directives = `client_max_body_size 10m; ${STREAMING}`;
    const large = { name: "nginx-large-buffers", directives: `${directives} ${LARGE_BUFFERS}` };
    const servers = [
      await start(startPlainNginx(upstream.port, directory, { directives })),
      await start(startPlainNginx(upstream.port, directory, large)),
      await start(startTidegate(context, { configuration: restConfiguration(upstream.port) })),
    ];
    const call = isUpload ? UPLOAD : get(filePath(BYTES));
    const contestants = servers.map((server) =>
      underWrk(server, { port: server.port, call, connections: CONNECTIONS }, directory),
    );
    const part: Part = {
      title,
      unit: "request",
      baseline: "nginx-plain",
      columns: ["requestsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"],
      peers: await compare(contestants, context),
    };
    const bound = { what: `CPU per request of ${title}, to nginx that forwards`, must: 1.3, goal: 1 };
    return { parts: [part], checks: [judge(bound, ratio(part, "cpuUs", "tidegate"))] };
  });
}
