import type { Redis } from "ioredis";
import type { Logger } from "../../contracts/logger.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { openSnapshot } from "./envelope.ts";
import { redisKeys } from "./keys.ts";

export interface FollowerOptions {
  redis: Redis;
  sealer: Sealer;
  cluster: string;
  logger: Logger;
  /** Of what is served already; 0: nothing. */
  version: number;
  onSnapshot(snapshot: PackedSnapshot): Promise<void>;
  /** A message may be missed: what there is is looked at this often besides. Default: 1 s. */
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Takes over snapshots that a control process puts into Redis. Only those with a higher version than the one before: whoever
 * has Redis alone can neither make one nor bring an old one back.
 */
export class SnapshotFollower {
  readonly #options: FollowerOptions;
  readonly #subscription: Redis;
  readonly #timer: NodeJS.Timeout;
  #version: number;
  #refused = 0;
  #looking: Promise<void> | null = null;
  /** A message came meanwhile: what it was about may not have been there yet. */
  #isDueAgain = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#version = options.version;
    const { redis, cluster } = options;
    this.#subscription = redis.duplicate();
    this.#subscription.on("error", () => {});
    this.#subscription.on("ready", () => void this.#subscription.subscribe(redisKeys(cluster).channel).catch(() => {}));
    this.#subscription.on("message", () => this.#look());
    redis.on("ready", () => this.#look());
    this.#timer = setInterval(() => this.#look(), options.lookEveryMs ?? LOOK_EVERY_MS).unref();
    this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#subscription.disconnect();
  }

  #look(): void {
    const { redis, logger } = this.#options;
    this.#isDueAgain = this.#looking !== null;
    if (this.#isDueAgain || redis.status !== "ready") return;
    this.#looking = this.#takeOver()
      .catch((error: unknown) => logger.warn({ error }, "the snapshot can't be read from Redis: trying again"))
      .finally(() => {
        this.#looking = null;
        if (this.#isDueAgain) this.#look();
      });
  }

  async #takeOver(): Promise<void> {
    const { redis, cluster, sealer, logger, onSnapshot } = this.#options;
    const key = redisKeys(cluster).snapshot;
    const announced = Number((await redis.hget(key, "version")) ?? 0);
    if (announced <= this.#version || announced === this.#refused) return;
    const [version, sealed] = await redis.hmget(key, "version", "sealed");
    try {
      const snapshot = openSnapshot(sealed ?? "", Number(version ?? 0), sealer);
      if (snapshot.head.version <= this.#version) return;
      await onSnapshot(snapshot);
      this.#version = snapshot.head.version;
    } catch (error) {
      this.#refused = announced;
      logger.error({ error, version: announced }, "a snapshot in Redis is refused: what is served stays");
    }
  }
}
