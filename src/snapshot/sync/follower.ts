import type { Redis } from "ioredis";
import type { Logger } from "../../contracts/logger.ts";
import type { Chunk, ChunkName, PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { SnapshotFormatError } from "../codec.ts";
import { type RedisKeys, redisKeys } from "./keys.ts";
import { chunkField, type Manifest, openChunk, openManifest } from "./manifest.ts";

export interface FollowerOptions {
  redis: Redis;
  sealer: Sealer;
  cluster: string;
  logger: Logger;
  /** What is served already. */
  latest: PackedSnapshot | null;
  onSnapshot(snapshot: PackedSnapshot): Promise<void>;
  /** A message may be missed: what there is is looked at this often besides. Default: 1 s. */
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** At once, of some tens of kilobytes. */
const CHUNKS_A_QUESTION = 64;

/**
 * Takes over snapshots that a control process puts into Redis. Only those with a higher version than the one before: whoever
 * has Redis alone can neither make one nor bring an old one back.
 */
export class SnapshotFollower {
  readonly #options: FollowerOptions;
  readonly #subscription: Redis;
  readonly #timer: NodeJS.Timeout;
  readonly #keys: RedisKeys;
  #latest: PackedSnapshot | null;
  #version: number;
  #refused = 0;
  #looking: Promise<void> | null = null;
  /** A message came meanwhile: what it was about may not have been there yet. */
  #isDueAgain = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#latest = options.latest;
    this.#version = options.latest?.head.version ?? 0;
    const { redis, cluster } = options;
    this.#keys = redisKeys(cluster);
    this.#subscription = redis.duplicate();
    this.#subscription.on("error", () => {});
    this.#subscription.on("ready", () => void this.#subscription.subscribe(this.#keys.channel).catch(() => {}));
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
    const { redis, sealer, onSnapshot } = this.#options;
    const announced = Number((await redis.hget(this.#keys.snapshot, "version")) ?? 0);
    if (announced <= this.#version || announced === this.#refused) return;
    const [version, sealed] = await redis.hmgetBuffer(this.#keys.snapshot, "version", "manifest");
    const manifest = this.#accept(announced, () =>
      openManifest(sealed ?? Buffer.alloc(0), Number(version ?? 0), sealer),
    );
    if (manifest === null || manifest.head.version <= this.#version) return;
    const missing = [...manifest.chunks].filter(([name, hash]) => this.#latest?.chunks.get(name)?.hash !== hash);
    const read = await this.#read(missing);
    if (read.includes(null) && !(await this.#isLatest(manifest.head.version))) {
      // Another one has taken its place meanwhile.
      this.#isDueAgain = true;
      return;
    }
    const snapshot = this.#accept(announced, () => this.#assembled(manifest, missing, read));
    if (snapshot === null) return;
    try {
      await onSnapshot(snapshot);
      this.#latest = snapshot;
      this.#version = snapshot.head.version;
    } catch (error) {
      this.#refuse(announced, error);
    }
  }

  /** As they are in Redis; null: it is not there. */
  async #read(chunks: readonly [ChunkName, string][]): Promise<(Buffer | null)[]> {
    const read: (Buffer | null)[] = [];
    for (let from = 0; from < chunks.length; from += CHUNKS_A_QUESTION) {
      const fields = chunks.slice(from, from + CHUNKS_A_QUESTION).map(([name, hash]) => chunkField(name, hash));
      read.push(...(await this.#options.redis.hmgetBuffer(this.#keys.chunks, ...fields)));
    }
    return read;
  }

  /** `read`: what was sealed of those that are `missing` here, in the same order. */
  #assembled(
    { head, chunks: named }: Manifest,
    missing: readonly [ChunkName, string][],
    read: readonly (Buffer | null)[],
  ): PackedSnapshot {
    const chunks = new Map<ChunkName, Chunk>();
    for (const name of named.keys()) {
      const known = this.#latest?.chunks.get(name);
      if (known !== undefined) chunks.set(name, known);
    }
    for (const [index, [name, hash]] of missing.entries()) {
      const sealed = read[index];
      if (sealed == null) throw new SnapshotFormatError(`chunk ${name} is not in Redis`);
      chunks.set(name, openChunk(sealed, name, hash, this.#options.sealer));
    }
    return { head, chunks };
  }

  /** Null: it was refused. */
  #accept<Result>(version: number, open: () => Result): Result | null {
    try {
      return open();
    } catch (error) {
      this.#refuse(version, error);
      return null;
    }
  }

  /** Not looked at again. */
  #refuse(version: number, error: unknown): void {
    this.#refused = version;
    this.#options.logger.error({ error, version }, "a snapshot in Redis is refused: what is served stays");
  }

  async #isLatest(version: number): Promise<boolean> {
    return Number((await this.#options.redis.hget(this.#keys.snapshot, "version")) ?? 0) === version;
  }
}
