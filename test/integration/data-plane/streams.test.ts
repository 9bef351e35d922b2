import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { startUnreadUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** A thousand streams at once, a third of them left by their callers at any moment: nothing may stay behind. */

const STREAMS = 1000;
const BATCH = 250;
const PIECES = 20;
const PACE_MS = 5;

type Ending = "whole" | "left" | "cut";

/** A plan per stream, the same in every run: leave after this many pieces, before the first one, or not at all. */
interface Plan {
  leaveAfter: number | null;
  beforeHead: boolean;
}

function plans(seed: number): Plan[] {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: STREAMS }, () => {
    if (random() >= 1 / 3) return { leaveAfter: null, beforeHead: false };
    return { leaveAfter: 1 + Math.floor(random() * (PIECES - 2)), beforeHead: random() < 0.25 };
  });
}

const left = ({ leaveAfter }: Plan) => leaveAfter !== null;

let upstream: TestUpstream;
let gateway: TestGateway;
let baseline: Record<string, number>;
const openResponses = new Set<ServerResponse>();

beforeAll(async () => {
  baseline = activeResources();
  upstream = await startUnreadUpstream((seen, response) => {
    openResponses.add(response);
    response.on("close", () => openResponses.delete(response));
    if (seen.url.includes("silent")) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(`data: ${sent}\n\n`);
      if (++sent < PIECES) return;
      clearInterval(timer);
      response.end();
    }, PACE_MS);
    response.on("close", () => clearInterval(timer));
  });
  gateway = await startGateway(
    baseYaml(
      `
providers: [{ id: simulated, kind: simulated }]
services:
  - { id: rest, routes: [{ path: /rest }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`,
      "[ai, rest]",
    ),
  );
});
afterAll(closeAll);

let closed = false;
async function closeAll(): Promise<void> {
  if (closed) return;
  closed = true;
  await gateway.close();
  await upstream.close();
}

function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Runs all plans at once; `open` makes the request of one. */
async function runStreams(
  all: readonly Plan[],
  open: (plan: Plan) => { path: string; method: string; headers: Record<string, string>; body: string },
): Promise<Ending[]> {
  const agent = new Agent({ keepAlive: true });
  const waiting: (() => void)[] = [];
  const ends: Promise<Ending>[] = [];
  for (let i = 0; i < all.length; i++) {
    const plan = all[i] as Plan;
    const { body, ...options } = open(plan);
    ends.push(
      new Promise((resolve, reject) => {
        const call = request(gateway.url, { ...options, agent }, (response) => read(response, plan, resolve));
        call.on("error", (error) => (call.destroyed && left(plan) ? resolve("left") : reject(error)));
        call.end(body);
        if (plan.beforeHead) waiting.push(() => call.destroy());
      }),
    );
    // The accept queue of a listening socket is short.
    if (i % BATCH === BATCH - 1) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await waitFor(
    () => gateway.records.length + gateway.gateway.openExchanges === all.length,
    "all calls to be accepted",
    20_000,
  );
  for (const leave of waiting) leave();
  const endings = await Promise.all(ends);
  agent.destroy();
  return endings;
}

function read(response: IncomingMessage, plan: Plan, resolve: (ending: Ending) => void): void {
  let pieces = 0;
  response.on("data", (chunk: Buffer) => {
    pieces += chunk.toString().split("data:").length - 1;
    if (plan.leaveAfter !== null && pieces >= plan.leaveAfter) response.destroy();
  });
  response.on("error", () => {});
  response.on("close", () => {
    if (response.complete) resolve("whole");
    else resolve(left(plan) ? "left" : "cut");
  });
}

async function expectNothingLeft(all: readonly Plan[], endings: readonly Ending[], service: string): Promise<void> {
  expect(endings.filter((ending) => ending === "cut")).toEqual([]);
  all.forEach((plan, i) => {
    if (!left(plan)) expect(endings[i]).toBe("whole");
  });
  await waitFor(() => gateway.gateway.openExchanges === 0, "all calls to end", 2000);
  expect(gateway.records).toHaveLength(STREAMS);
  expect(new Set(gateway.records.map(({ id }) => id)).size).toBe(STREAMS);
  expect(new Set(gateway.records.map((record) => record.service))).toEqual(new Set([service]));
  // One who leaves within the last piece may have been served whole.
  const aborted = gateway.records.filter(({ outcome }) => outcome === "client_aborted").length;
  expect(gateway.records.filter(({ outcome }) => outcome === "ok").length).toBe(STREAMS - aborted);
  expect(aborted).toBeLessThanOrEqual(all.filter(left).length);
  expect(aborted).toBeGreaterThan(all.filter(left).length * 0.8);
}

it("of the unified API", async () => {
  const all = plans(1);
  const content = Array.from({ length: PIECES }, (_, i) => `word${i}`).join(" ");
  const endings = await runStreams(all, ({ beforeHead }) => ({
    path: "/v1/chat/completions",
    method: "POST",
    headers: {
      authorization: `Bearer ${TEST_KEY}`,
      "x-simulated-token-ms": String(PACE_MS),
      "x-simulated-first-token-ms": beforeHead ? "600000" : "10",
    },
    body: JSON.stringify({ model: "simulated/echo", stream: true, messages: [{ role: "user", content }] }),
  }));
  await expectNothingLeft(all, endings, "ai");
  expect(gateway.records.filter(({ outcome, outputTokens }) => outcome === "ok" && outputTokens !== PIECES)).toEqual(
    [],
  );
});

it("of an ordinary service", async () => {
  gateway.records.length = 0;
  const all = plans(2);
  const endings = await runStreams(all, ({ beforeHead }) => ({
    path: beforeHead ? "/rest/silent" : "/rest/stream",
    method: "GET",
    headers: { authorization: `Bearer ${TEST_KEY}` },
    body: "",
  }));
  await expectNothingLeft(all, endings, "rest");
  await waitFor(() => openResponses.size === 0, "every call to end at the upstream", 2000);
});

it("leave neither socket nor timer behind", async () => {
  await closeAll();
  await waitFor(
    () => {
      const now = activeResources();
      return ["TCPSocketWrap", "TCPServerWrap", "Immediate", "TCPConnectWrap", "WriteWrap"].every(
        (type) => (now[type] ?? 0) <= (baseline[type] ?? 0),
      );
    },
    "sockets to close",
    5000,
  );
  // The timer of this very probe may be among them.
  await waitFor(() => (activeResources().Timeout ?? 0) <= (baseline.Timeout ?? 0) + 1, "timers to end", 5000);
});
