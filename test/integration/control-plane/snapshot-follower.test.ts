import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import type { Logger } from "../../../src/contracts/logger.ts";
import type { PackedSnapshot } from "../../../src/contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { SnapshotPacker } from "../../../src/snapshot/packed/packer.ts";
import { unpackSnapshot } from "../../../src/snapshot/packed/unpack.ts";
import { SnapshotFollower } from "../../../src/snapshot/sync/follower.ts";
import { SnapshotPublisher } from "../../../src/snapshot/sync/publisher.ts";
import { DIST, ensureBuilt } from "../../helpers/build.ts";
import { freePorts } from "../../helpers/ports.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const HOUR_MS = 3_600_000;
const CHANNEL = "tidegate:{default}:snapshots";
const SNAPSHOT = "tidegate:{default}:snapshot";
const CHUNKS = "tidegate:{default}:snapshot:chunks";
const masterKey = randomBytes(32);
const sealer = new Sealer([masterKey]);

let server: TestRedis;
let quickstart: Snapshot;

beforeAll(async () => {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const loaded = await loadConfiguration({ configPath: null, home, env: {}, version: 1 });
  rmSync(home, { recursive: true });
  if (!loaded.ok) throw new Error("the quickstart configuration is wrong");
  quickstart = loaded.snapshot;
  server = await startRedis();
});
afterAll(() => server.close());
beforeEach(() => server.client.flushall());

function loggerInto(lines: string[]): Logger {
  const add = (_fields: object, message: string) => void lines.push(message);
  const logger: Logger = { debug() {}, info() {}, warn: add, error: add, child: () => logger };
  return logger;
}

function connect(): Redis {
  const redis = new Redis(server.url, { retryStrategy: () => 20, enableOfflineQueue: false });
  redis.on("error", () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function publisherOf(onOutrun = () => {}) {
  const redis = connect();
  const log: string[] = [];
  const publisher = new SnapshotPublisher({ redis, sealer, cluster: "default", logger: loggerInto(log), onOutrun });
  await publisher.connected();
  return { log, publish: (snapshot: PackedSnapshot) => publisher.publish(snapshot) };
}

function follow(onSnapshot?: (snapshot: PackedSnapshot) => Promise<void>, latest: PackedSnapshot | null = null) {
  const taken: PackedSnapshot[] = [];
  const log: string[] = [];
  const follower = new SnapshotFollower({
    redis: connect(),
    sealer,
    cluster: "default",
    logger: loggerInto(log),
    latest,
    lookEveryMs: onSnapshot === undefined ? 20 : HOUR_MS,
    onSnapshot: async (snapshot) => {
      taken.push(snapshot);
      await onSnapshot?.(snapshot);
    },
  });
  onTestFinished(() => follower.close());
  const latestVersion = () => taken.at(-1)?.head.version;
  const reached = (version: number) => waitFor(() => latestVersion() === version, `version ${version}`);
  return { taken, log, reached };
}

function applicationAt(index: number): ApplicationSnapshot {
  const digest = createHash("sha256").update(`key ${index}`).digest("hex");
  return {
    id: `app-${index}`,
    team: "default",
    credentials: [{ kind: "api-key", id: "main", digest, expiresAtMs: null, addresses: [] }],
    subscriptions: [],
    limits: [],
  };
}

/** Versions of one content with so many applications. */
class Versions {
  readonly #packer = new SnapshotPacker();
  readonly #applications: number;

  constructor(applications: number) {
    this.#applications = applications;
  }

  first(version = 1): PackedSnapshot {
    const applications = Array.from({ length: this.#applications }, (_, index) => applicationAt(index));
    return this.#packer.pack({ ...quickstart, version, applications });
  }

  /** With this application in another team. */
  moved(index: number, version: number): PackedSnapshot {
    const application = { ...applicationAt(index), team: `team-${version}` };
    return this.#packer.change(new Map([[application.id, application]]), version, version);
  }

  without(index: number, version: number): PackedSnapshot {
    return this.#packer.change(new Map([[`app-${index}`, null]]), version, version);
  }
}

/** By name. */
function hashesOf(snapshot: PackedSnapshot | undefined): Map<string, string> {
  return new Map([...(snapshot?.chunks ?? [])].map(([name, { hash }]) => [name, hash]));
}

async function bytesThroughRedis(): Promise<number> {
  const stats = await server.client.info("stats");
  const of = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1]);
  return of("total_net_input_bytes") + of("total_net_output_bytes");
}

it("what has not changed goes neither to Redis nor to those who follow", async () => {
  const versions = new Versions(10_000);
  const { publish } = await publisherOf();
  const { taken, reached } = follow();
  publish(versions.first());
  await reached(1);
  expect(unpackSnapshot(taken[0] as PackedSnapshot).applications).toHaveLength(10_000);
  const whole = await bytesThroughRedis();
  const fields = new Set(await server.client.hkeys(CHUNKS));
  const changed = versions.without(7, 2);
  publish(changed);
  await reached(2);
  expect((await bytesThroughRedis()) - whole).toBeLessThan(whole / 5);
  expect(hashesOf(taken[1])).toEqual(hashesOf(changed));
  const after = await server.client.hkeys(CHUNKS);
  expect(after.filter((field) => !fields.has(field)).length).toBeLessThanOrEqual(2);
  expect(after).toHaveLength(changed.chunks.size);
});

it("whoever has missed versions, or was away, has all of the last one", async () => {
  const versions = new Versions(300);
  const { publish } = await publisherOf();
  const first = versions.first();
  publish(first);
  for (const version of [2, 3, 4]) publish(versions.without(version, version));
  const last = versions.without(5, 5);
  publish(last);
  const [anew, further] = [follow(), follow(undefined, first)];
  await Promise.all([anew.reached(5), further.reached(5)]);
  expect(anew.taken.at(-1)).toEqual(last);
  expect(further.taken.at(-1)).toEqual(last);
});

it("a chunk that is an older one, or gone, is refused; the next version puts it there again", async () => {
  const versions = new Versions(50);
  const { publish } = await publisherOf();
  const { taken, log, reached } = follow();
  const first = versions.first();
  publish(first);
  await reached(1);
  const old = await server.client.hgetallBuffer(CHUNKS);
  const second = versions.moved(1, 2);
  const before = hashesOf(first);
  const [name, hash] = [...hashesOf(second)].find(([one, now]) => before.get(one) !== now) ?? [];
  const field = `${name}.${hash}`;
  const other = await publisherOf();
  publish(second);
  await reached(2);
  // With Redis alone: what was sealed for another content, in the place of the new one.
  await server.client.hset(CHUNKS, field, old[`${name}.${before.get(name ?? "")}`] as Buffer);
  const late = follow();
  await waitFor(() => late.log.length > 0, "a refusal");
  expect(late.log).toEqual(["a snapshot in Redis is refused: what is served stays"]);
  expect(late.taken).toEqual([]);

  await server.client.hdel(CHUNKS, field);
  const later = follow();
  await waitFor(() => later.log.length > 0, "a refusal");
  expect(later.taken).toEqual([]);

  const third = versions.moved(2, 3);
  other.publish(third);
  await Promise.all([reached(3), late.reached(3), later.reached(3)]);
  expect(later.taken).toEqual([third]);
  expect(taken.at(-1)).toEqual(third);
  expect(log).toEqual([]);
});

it("of two that publish at once one has to go above the other, and what is announced is there", async () => {
  const outrun: number[] = [];
  const publishers = await Promise.all([0, 1].map((index) => publisherOf(() => void outrun.push(index))));
  const { taken, reached } = follow();
  const all = [new Versions(40), new Versions(41)];
  for (let round = 0; round < 10; round++) {
    for (const [index, { publish }] of publishers.entries()) {
      const version = 2 * round + 1;
      publish(round === 0 ? (all[index] as Versions).first() : (all[index] as Versions).without(round, version));
    }
    await reached(2 * round + 1);
    await waitFor(() => outrun.length === round + 1, "one of them to be told");
    const { head, chunks } = taken.at(-1) as PackedSnapshot;
    const fields = new Set(await server.client.hkeys(CHUNKS));
    expect([...chunks].filter(([name, { hash }]) => !fields.has(`${name}.${hash}`))).toEqual([]);
    expect(head.hash).toBe(await server.client.hget(SNAPSHOT, "hash"));
  }
  expect(publishers.flatMap(({ log }) => log)).toEqual([]);
});

it("a Redis that has lost everything gets all of it, and none keeps what nobody has announced", async () => {
  const versions = new Versions(50);
  await server.client.hset(CHUNKS, "a1.of-somebody-who-was-killed", "x");
  const { publish } = await publisherOf();
  const first = versions.first();
  publish(first);
  await follow().reached(1);
  await waitFor(async () => (await server.client.hlen(CHUNKS)) === first.chunks.size, "what is nobody's to be gone");
  await server.kill();
  await server.start();
  await follow().reached(1);
  const last = versions.without(3, 2);
  publish(last);
  const { taken, reached } = follow();
  await reached(2);
  expect(taken.at(-1)).toEqual(last);
});

it("bug: a snapshot that was announced while another one was taken over waited for the next look", async () => {
  const { publish } = await publisherOf();
  const versions = new Versions(3);
  let applied = (): void => {};
  const { taken } = follow(
    () =>
      new Promise((resolve) => {
        applied = resolve;
      }),
  );
  const told: string[] = [];
  const listener = connect();
  listener.on("message", (_channel, version) => told.push(version));
  await waitFor(() => listener.status === "ready", "a connection");
  await listener.subscribe(CHANNEL);
  const subscribers = async () => Number((await server.client.pubsub("NUMSUB", CHANNEL))[1]);
  await waitFor(async () => (await subscribers()) === 2, "both to listen");
  publish(versions.first());
  await waitFor(() => taken.length === 1, "the first snapshot");
  publish(versions.without(1, 2));
  await waitFor(() => told.includes("2"), "the second to be announced");
  applied();
  await waitFor(() => taken.length === 2, "the second snapshot");
  applied();
  expect(taken.map(({ head }) => head.version)).toEqual([1, 2]);
});

/** The control process of a machine that only serves, with this test in place of its supervisor. */
async function controlOfGateway(): Promise<{ child: ChildProcess; said: string[] }> {
  await ensureBuilt();
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const [adminPort = 0] = await freePorts(1);
  const env = {
    ...{ PATH: process.env.PATH, REDIS_URL: server.url, TIDEGATE_MASTER_KEY: masterKey.toString("hex") },
    ...{ TIDEGATE_HOME: home, TIDEGATE_SLOT: "0", TIDEGATE_ROLE: "gateway", TIDEGATE_ADMIN_PORT: String(adminPort) },
  };
  const stdio = ["ignore", "ignore", "ignore", "ipc"] as const;
  const child = fork(join(DIST, "bundle/workers/control-worker.cjs"), {
    env,
    stdio: [...stdio],
    serialization: "advanced",
  });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    rmSync(home, { recursive: true });
  });
  const said: string[] = [];
  child.on("message", ({ type }: { type: string }) => {
    if (type !== "heartbeat") said.push(type);
  });
  return { child, said };
}

it("bug: a machine that took over a large snapshot was silent meanwhile, and its control process killed for that", async () => {
  const { publish } = await publisherOf();
  publish(new Versions(20).first());
  const { said } = await controlOfGateway();
  await waitFor(() => said.includes("merge-finished"), "the snapshot to be taken over");
  const ofSnapshot = said.filter((type) => type !== "ready" && type !== "snapshot-part");
  expect(ofSnapshot).toEqual(["reload-begun", "snapshot", "merge-finished"]);
});
