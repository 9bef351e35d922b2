import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import type { Logger } from "../../../src/contracts/logger.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { packSnapshot } from "../../../src/snapshot/packed/packer.ts";
import { SnapshotFollower } from "../../../src/snapshot/sync/follower.ts";
import { SnapshotPublisher } from "../../../src/snapshot/sync/publisher.ts";
import { startRedis } from "../../helpers/redis.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const HOUR_MS = 3_600_000;
const CHANNEL = "tidegate:{default}:snapshots";
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };

it("bug: a snapshot that was announced while another one was taken over waited for the next look", async () => {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const server = await startRedis();
  const redis = new Redis(server.url);
  onTestFinished(async () => {
    redis.disconnect();
    await server.close();
    rmSync(home, { recursive: true });
  });
  const loaded = await loadConfiguration({ configPath: null, home, env: {}, version: 1 });
  if (!loaded.ok) throw new Error("the quickstart configuration is wrong");
  const sealer = new Sealer([randomBytes(32)]);
  const shared = { redis, sealer, cluster: "default", logger };
  const publisher = new SnapshotPublisher({ ...shared, onOutrun() {} });
  const publish = (version: number) =>
    publisher.publish(packSnapshot({ ...loaded.snapshot, version, drainTimeoutMs: version }));

  const taken: number[] = [];
  let applied = (): void => {};
  const follower = new SnapshotFollower({
    ...shared,
    version: 0,
    lookEveryMs: HOUR_MS,
    onSnapshot: ({ head }) => {
      taken.push(head.version);
      return new Promise((resolve) => {
        applied = resolve;
      });
    },
  });
  onTestFinished(() => follower.close());
  const told: string[] = [];
  const listener = redis.duplicate();
  onTestFinished(() => listener.disconnect());
  listener.on("message", (_channel, version) => told.push(version));
  await listener.subscribe(CHANNEL);
  const subscribers = async () => Number((await server.client.pubsub("NUMSUB", CHANNEL))[1]);
  await waitFor(async () => (await subscribers()) === 2, "both to listen");
  publish(1);
  await waitFor(() => taken.length === 1, "the first snapshot");
  publish(2);
  await waitFor(() => told.includes("2"), "the second to be announced");
  applied();
  await waitFor(() => taken.length === 2, "the second snapshot");
  applied();
  expect(taken).toEqual([1, 2]);
});
