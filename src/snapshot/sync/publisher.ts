import { once } from "node:events";
import type { Redis } from "ioredis";
import type { Logger } from "../../contracts/logger.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { sealSnapshot } from "./envelope.ts";
import { redisKeys } from "./keys.ts";

export interface PublisherOptions {
  redis: Redis;
  sealer: Sealer;
  cluster: string;
  logger: Logger;
  /** There is another one of a higher version in Redis: this one has to have a higher one still. */
  onOutrun(): void;
}

const READY_LIMIT_MS = 2_000;

/** Puts each new snapshot into Redis for the gateways of other machines, and tells them. */
export class SnapshotPublisher {
  readonly #options: PublisherOptions;
  #latest: PackedSnapshot | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
    // What was published while Redis was away, or what it has lost.
    options.redis.on("ready", () => this.#start());
  }

  publish(snapshot: PackedSnapshot): void {
    this.#latest = snapshot;
    if (this.#options.redis.status === "ready") this.#start();
  }

  /** Waits a moment for Redis: what is published first shall be higher than what is there. */
  async connected(): Promise<void> {
    const { redis } = this.#options;
    if (redis.status === "ready") return;
    await once(redis, "ready", { signal: AbortSignal.timeout(READY_LIMIT_MS) }).catch(() => {});
  }

  /** The highest version in Redis; 0 when there is none, or Redis is away. */
  async publishedVersion(): Promise<number> {
    const { redis, cluster } = this.#options;
    try {
      return Number((await redis.hget(redisKeys(cluster).snapshot, "version")) ?? 0);
    } catch {
      return 0;
    }
  }

  /** One after the other: an older one must not be written over a newer one. */
  #start(): void {
    this.#running = this.#running
      .then(() => this.#write())
      .catch((error: unknown) => {
        this.#options.logger.warn({ error }, "the snapshot can't be put into Redis: again when it is back");
      });
  }

  async #write(): Promise<void> {
    const { redis, sealer, cluster, logger, onOutrun } = this.#options;
    const snapshot = this.#latest;
    if (snapshot === null) return;
    const keys = redisKeys(cluster);
    const [version, hash] = await redis.hmget(keys.snapshot, "version", "hash");
    const { head } = snapshot;
    // The same content, of another control process: gateways have it.
    if (hash === head.hash) return;
    if (Number(version ?? 0) >= head.version) {
      onOutrun();
      return;
    }
    const fields = { version: String(head.version), hash: head.hash, sealed: sealSnapshot(snapshot, sealer) };
    await redis.multi().hset(keys.snapshot, fields).publish(keys.channel, String(head.version)).exec();
    logger.info({ version: head.version }, "snapshot published");
  }
}
