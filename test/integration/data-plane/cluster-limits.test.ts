import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ClusterGateway, clusterYaml, startCluster, startClusterGateway } from "../../helpers/cluster-gateways.ts";
import { nativeYaml } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Limits that hold over several nodes: each has counters of its own, and leases from one Redis. */

let redis: TestRedis;
let gateways: ClusterGateway[] = [];

let upstream: TestUpstream;

beforeAll(async () => {
  redis = await startRedis();
  upstream = await startUpstream((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ model: "served", usage: { prompt_tokens: 30, completion_tokens: 12, total_tokens: 42 } }),
    );
  });
});
afterAll(async () => {
  await upstream.close();
  await redis.close();
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  if (isAway) await redisBack();
  await redis.client.flushall();
});

let isAway = false;
async function redisAway(): Promise<void> {
  await redis.kill();
  isAway = true;
}
/** It has lost all that it knew. */
async function redisBack(): Promise<void> {
  await redis.start();
  isAway = false;
}

async function start(limits: string, count = 3): Promise<ClusterGateway[]> {
  gateways = await startCluster(redis.url, clusterYaml(limits), count);
  return gateways;
}

/** So that each knows its share. */
async function allKnowEachOther(): Promise<void> {
  const count = gateways.length;
  await waitFor(async () => {
    const known = await Promise.all(gateways.map((gateway) => gateway.metric("tidegate_cluster_nodes")));
    return known.every((nodes) => nodes[""] === count);
  }, "all nodes to know each other");
}

/** Calls at once, spread over all gateways; how many were let through. */
async function burst(calls: number): Promise<number> {
  const all = Array.from({ length: calls }, (_, i) => (gateways[i % gateways.length] as ClusterGateway).call());
  const statuses = await Promise.all(all);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  return statuses.filter((status) => status === 200).length;
}

/** Between bursts that go on for seconds: a limit that gains 30 calls a second refuses those of 40 bursts a second, too. */
const PAUSE_MS = 25;

/** How much nodes hold of all limits together. */
async function leases(): Promise<number> {
  const keys = await redis.client.keys("tidegate:{test}:leases:*");
  const lengths = await Promise.all(keys.map((key) => redis.client.hlen(key)));
  // Each has the token of its machine besides.
  return lengths.reduce((sum, length) => sum + length - 1, 0);
}

describe("over three nodes", () => {
  // What is beyond the limit is refused for the same reason, the first and the last: twice as many calls show it.
  it.each([
    ["window: 30d", 5000],
    ["window: 30d, algorithm: sliding-window", 2000],
    ["window: 365d, algorithm: token-bucket", 2000],
  ])(
    "a limit of 1,000 lets exactly 1,000 of many calls through that come at once (%s, %i calls)",
    async (kind, calls) => {
      await start(`[{ requests: 1000, ${kind} }]`);
      expect(await burst(calls)).toBe(1000);
      expect(await burst(30)).toBe(0);
    },
  );

  it("a bucket lets as many through as it holds and gains, and no more", async () => {
    await start("[{ requests: 60, window: 2s, algorithm: token-bucket }]");
    const startedAt = performance.now();
    let admitted = 0;
    let elapsedMs = 0;
    while (elapsedMs < 1_500) {
      await delay(PAUSE_MS);
      admitted += await burst(30);
      elapsedMs = performance.now() - startedAt;
    }
    const gained = (elapsedMs / 2000) * 60;
    expect(admitted).toBeLessThanOrEqual(60 + Math.ceil(gained));
    expect(admitted).toBeGreaterThan(60 + gained / 2);
  });

  it("a sliding window admits, at each moment, what those of the window before leave room for", async () => {
    const [windowMs, amount] = [2_000, 60];
    await start(`[{ requests: ${amount}, window: 2s, algorithm: sliding-window }]`);
    const admitted = new Map<number, number>();
    const windowOf = (atMs: number) => Math.floor(atMs / windowMs);
    const first = windowOf(Date.now());
    let refused = 0;
    while (windowOf(Date.now()) < first + 3) {
      await delay(PAUSE_MS);
      const startedAt = Date.now();
      const count = await burst(30);
      const endedAt = Date.now();
      const at = windowOf(endedAt);
      // Of which window they are is not known: they are left out.
      if (windowOf(startedAt) !== at) continue;
      refused += 30 - count;
      admitted.set(at, (admitted.get(at) ?? 0) + count);
      const before = (admitted.get(at - 1) ?? 0) * (1 - (endedAt % windowMs) / windowMs);
      expect((admitted.get(at) ?? 0) + before).toBeLessThanOrEqual(amount + 1);
    }
    expect(refused).toBeGreaterThan(0);
    // What has slid out makes room.
    expect(admitted.get(first + 2)).toBeGreaterThan(amount / 4);
  });

  it("what one node has leased and does not use goes back, and another one can use it", async () => {
    const [idle, busy] = (await start("[{ requests: 500, window: 30d }]")) as [ClusterGateway, ClusterGateway];
    expect(await idle.admitted(20)).toBe(20);
    expect(await leases()).toBe(1);
    await waitFor(async () => (await leases()) === 0, "the idle node to give back what it holds");
    expect(await busy.admitted(1000)).toBe(480);
    expect(await idle.call()).toBe(429);
  });

  it("a node that ends gives back what it holds at once", async () => {
    const [ending, other] = (await start("[{ requests: 300, window: 30d }]")) as [ClusterGateway, ClusterGateway];
    expect(await ending.admitted(3)).toBe(3);
    await ending.close();
    gateways.shift();
    expect(await other.admitted(400)).toBe(297);
  });

  it("of several limits each is leased, and a call that one refuses counts with none", async () => {
    await start("[{ requests: 90, window: 30d }, { per: service, requests: 30, window: 30d }]");
    expect(await burst(200)).toBe(30);
    for (const gateway of gateways) {
      await gateway.reload(clusterYaml("[{ requests: 90, window: 30d }]"));
    }
    expect(await burst(200)).toBe(60);
  });

  it("nobody is told that more is left than all nodes together can still admit", async () => {
    await start("[{ requests: 200, window: 30d }]");
    for (let used = 0; used < 200; ) {
      for (const gateway of gateways) {
        const { status, remaining } = await gateway.remaining();
        if (status === 200) used++;
        expect(remaining).toBeLessThanOrEqual(200 - used);
      }
    }
    expect(await burst(30)).toBe(0);
  });

  it("windows that begin anew are leased anew, each up to its limit", async () => {
    await start("[{ requests: 50, window: 1s }]");
    const begunMs = Date.now();
    let admitted = 0;
    while (Date.now() - begunMs < 2_500) {
      await delay(PAUSE_MS);
      admitted += await burst(60);
    }
    const windows = Math.floor(Date.now() / 1000) - Math.floor(begunMs / 1000) + 1;
    expect(admitted).toBeLessThanOrEqual(50 * windows);
    expect(admitted).toBeGreaterThanOrEqual(50 * (windows - 2));
  });

  it("workers of one machine share its leases, with each other and with another machine", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-cluster-"));
    const yaml = clusterYaml("[{ requests: 300, window: 30d }]");
    for (const file of ["one", "one", "other"]) {
      gateways.push(await startClusterGateway(redis.url, yaml, join(directory, file)));
    }
    expect(await redis.client.zcard("tidegate:{test}:nodes")).toBe(2);
    expect(await burst(900)).toBe(300);
    rmSync(directory, { recursive: true });
  });

  it("a copied data directory does not make two nodes of one name", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-cluster-"));
    const yaml = clusterYaml("[{ requests: 100, window: 30d }]");
    const [one, copy] = [join(directory, "one"), join(directory, "copy")];
    gateways = [await startClusterGateway(redis.url, yaml, one)];
    copyFileSync(one, copy);
    gateways.push(await startClusterGateway(redis.url, yaml, copy));
    expect(await redis.client.zcard("tidegate:{test}:nodes")).toBe(2);
    expect(gateways[1]?.log.map(({ message }) => message)).toContainEqual(
      expect.stringContaining("was the data directory copied?"),
    );
    expect(await burst(400)).toBe(100);
    rmSync(directory, { recursive: true });
  });

  // Each call uses 42 tokens, and costs 0.000195: the limit is reached within the last of so many.
  it.each([
    ["tokens: 3000", "token_limit_exceeded", 72],
    ["cost_usd: 0.005", "cost_limit_exceeded", 26],
  ])(
    "%s are leased and settled: who has anything left may call, and what was used is taken from all",
    async (limit, code, calls) => {
      const body = JSON.stringify({ model: "own/gpt-4o", messages: [{ role: "user", content: "hello" }] });
      const provider = `providers: [{ id: own, kind: openai, base_url: "${upstream.url}/v1", keys: [{ id: main, value: x-key-1234567890 }] }]`;
      gateways = await startCluster(redis.url, nativeYaml(provider, { limits: `[{ ${limit}, window: 30d }]` }), 3);
      const call = async (gateway: ClusterGateway) => {
        const headers = { "x-api-key": TEST_KEY, "content-type": "application/json" };
        const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
        const text = await response.text();
        if (response.status !== 200) expect(text).toContain(code);
        return response.status === 200;
      };
      let admitted = 0;
      for (let refused = 0; refused < 3; ) {
        refused = 0;
        for (const gateway of gateways) {
          if (await call(gateway)) admitted++;
          else refused++;
        }
      }
      // Each node may have had something left then.
      expect(admitted).toBeGreaterThanOrEqual(calls);
      expect(admitted).toBeLessThanOrEqual(calls + 3);
    },
  );

  it.each(["window", "sliding-window"])("calls go the fast path while a lease lasts (%s)", async (algorithm) => {
    const service = `services: [{ id: one, access: key, limits: [{ requests: 10000, window: 30d, algorithm: ${algorithm} }], routes: [{ path: /one }], upstream: { targets: [{ url: "${upstream.url}" }] } }]`;
    gateways = await startCluster(redis.url, nativeYaml(service), 2);
    const [gateway] = gateways as [ClusterGateway];
    const startedAt = performance.now();
    expect(await gateway.admitted(600)).toBe(600);
    const elapsedMs = performance.now() - startedAt;
    // Those that come while a lease is asked for wait for it in JavaScript: more of them where the machine is busy.
    expect(gateway.taken().forwarded).toBeGreaterThan(500);
    // The first are small; then a portion lasts for half a second, and the next is asked for when half of it is left.
    const asked = await gateway.metric("tidegate_limit_leases_total");
    expect(Object.values(asked).reduce((sum, one) => sum + one, 0)).toBeLessThan(12 + elapsedMs / 250);
  });

  it("limits that are per node are each node's own", async () => {
    await start("[{ requests: 5, window: 30d, cluster: per_node }]");
    expect(await burst(60)).toBe(15);
    expect(await redis.client.keys("tidegate:{test}:limit:*")).toEqual([]);
  });
});

describe("with Redis away", () => {
  const isShared = async (gateway: ClusterGateway) => (await gateway.metric("tidegate_limits_shared"))[""] === 1;
  const all = (shared: boolean) =>
    waitFor(
      async () => (await Promise.all(gateways.map(isShared))).every((one) => one === shared),
      `limits to be shared: ${shared}`,
    );

  it("each node goes on with its share, and nothing is granted twice when Redis is back without its memory", async () => {
    await start("[{ requests: 90, window: 30d }]");
    expect(await burst(6)).toBe(6);
    await allKnowEachOther();
    await redisAway();
    await all(false);
    expect(await burst(300)).toBe(84);
    for (const gateway of gateways) {
      expect((await gateway.metric("tidegate_shared_limit_refusals_total")).fallback).toBeGreaterThan(0);
      expect(gateway.log.map(({ message }) => message)).toContainEqual(
        expect.stringContaining("goes on with its share"),
      );
    }
    await redisBack();
    await all(true);
    expect(await burst(300)).toBe(0);
  });

  it("what was used long before Redis lost its memory is not forgotten, either", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-cluster-"));
    const yaml = clusterYaml("[{ requests: 100, window: 30d }]");
    const before = await startClusterGateway(redis.url, yaml, join(directory, "first"));
    expect(await before.admitted(60)).toBe(60);
    await before.close();
    // Another process of the same machine: it has made none of the calls.
    gateways = [await startClusterGateway(redis.url, yaml, join(directory, "first"))];
    const second = await startClusterGateway(redis.url, yaml);
    gateways.push(second);
    await allKnowEachOther();
    await redisAway();
    await all(false);
    await redisBack();
    await all(true);
    let admitted = 0;
    await waitFor(async () => {
      admitted += await second.admitted(100);
      return admitted >= 40;
    }, "the second node to get what is left");
    for (let i = 0; i < 5; i++) admitted += await burst(30);
    expect(admitted).toBe(40);
    rmSync(directory, { recursive: true });
  });

  it("a Redis that hangs keeps calls waiting for a moment, and then not at all", async () => {
    const [gateway] = (await start("[{ requests: 600, window: 30d }]")) as [ClusterGateway];
    await burst(6);
    await allKnowEachOther();
    await redis.client.client("PAUSE", 1_500);
    const longest = async (calls: number) => {
      let longestMs = 0;
      for (let i = 0; i < calls; i++) {
        const startedAt = performance.now();
        expect(await gateway.call()).toBe(200);
        longestMs = Math.max(longestMs, performance.now() - startedAt);
      }
      return longestMs;
    };
    expect(await longest(50)).toBeLessThan(1_000);
    expect(await isShared(gateway)).toBe(false);
    expect(await longest(50)).toBeLessThan(200);
    await all(true);
  });

  it("a Redis that was emptied while it ran grants nothing twice", async () => {
    await start("[{ requests: 90, window: 30d }]");
    expect(await burst(60)).toBe(60);
    await allKnowEachOther();
    await redis.client.flushall();
    let admitted = 60;
    for (let i = 0; i < 10; i++) admitted += await burst(30);
    expect(admitted).toBeLessThanOrEqual(90);
  });

  it("a node that starts alone without Redis has the whole limit", async () => {
    await redisAway();
    gateways = [await startClusterGateway(redis.url, clusterYaml("[{ requests: 20, window: 30d }]"))];
    expect(await gateways[0]?.admitted(50)).toBe(20);
  });
});
