import { freePort } from "../free-port.ts";
import { type Measurement, measure, median } from "../measure.ts";
import { startGovernedNginx, startPlainNginx } from "../servers/peers.ts";
import type { Server } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Load } from "../wrk.ts";
import type { Scenario, ScenarioOptions, ScenarioResult } from "./scenario.ts";

const KEY = "tg_bench_0123456789abcdefghijklmnopqrstuvwxyz";

/** 1 KB of request. */
const BODY = JSON.stringify({
  model: "bench/model",
  temperature: 0.2,
  max_tokens: 256,
  messages: [
    { role: "system", content: "You answer briefly." },
    { role: "user", content: "Tell me about the tides. ".repeat(35).trim() },
  ],
});

/**
 * An OpenAI chat completion to an OpenAI provider: key, subscription, request limit, token budget, cost budget and call
 * log on, against nginx that forwards the same bytes, with and without what it has of governance.
 */
export const chatSameDialect: Scenario = {
  name: "chat-same-dialect",
  title: "OpenAI in, OpenAI out, 1 KB up, 0.6 KB down, 64 connections, one worker each",
  run,
};

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const { directory, seconds, rounds, say } = options;
  const servers: Server[] = [];
  try {
    const upstreamPort = await freePort();
    const upstream = await startUpstream(upstreamPort, directory);
    servers.push(upstream);
    const ports = { plain: await freePort(), governed: await freePort(), tidegate: await freePort() };
    const plain = await startPlainNginx(ports.plain, upstreamPort, directory);
    servers.push(plain);
    const governed = await startGovernedNginx(ports.governed, upstreamPort, KEY, directory);
    servers.push(governed);
    const tidegate = await startTidegate({
      port: ports.tidegate,
      adminPort: await freePort(),
      configuration: configuration(ports.tidegate, upstreamPort),
      directory,
      workers: 1,
    });
    servers.push(tidegate);

    const contestants = [
      { server: plain, load: loadOf(ports.plain) },
      { server: governed, load: loadOf(ports.governed) },
      { server: tidegate, load: loadOf(ports.tidegate) },
    ];
    const measured = new Map<string, Measurement[]>(contestants.map(({ server }) => [server.name, []]));
    for (const { server, load } of contestants) {
      say(`warming up ${server.name}`);
      await measure(server, { ...load, seconds: 2 * seconds }, directory);
    }
    // In turns, so that a machine that gets slower gets slower for all.
    for (let round = 1; round <= rounds; round++) {
      for (const { server, load } of contestants) {
        say(`round ${round} of ${rounds}: ${server.name}`);
        measured.get(server.name)?.push(await measure(server, { ...load, seconds }, directory));
      }
    }
    return {
      peers: Object.fromEntries([...measured].map(([name, all]) => [name, { median: median(all), all }])),
      baseline: plain.name,
    };
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

function loadOf(port: number): Omit<Load, "seconds"> & { seconds: number } {
  return {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
    body: BODY,
    connections: 64,
    seconds: 0,
  };
}

function configuration(port: number, upstreamPort: number): string {
  return `
version: 1
listeners: [{ address: "127.0.0.1:${port}" }]
providers:
  - { id: bench, kind: openai-compatible, base_url: "http://127.0.0.1:${upstreamPort}/v1", keys: [{ id: main, value: "sk-bench" }] }
applications:
  - id: web
    team: default
    keys: ["${KEY}"]
    subscriptions: [ai]
    limits: [{ requests: 1000000000, window: 1m }, { tokens: 1000000000000, window: 1d }, { cost_usd: 1000000, window: 30d }]
`;
}
