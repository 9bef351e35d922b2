import { once } from "node:events";
import type { Redis } from "ioredis";
import type { Logger } from "../../contracts/logger.ts";
import type { ChunkName, PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { type RedisKeys, redisKeys } from "./keys.ts";
import { chunkField, type Manifest, manifestOf, openManifest, sealChunk, sealManifest } from "./manifest.ts";

export interface PublisherOptions {
  redis: Redis;
  sealer: Sealer;
  cluster: string;
  logger: Logger;
  /** There is another one of a higher version in Redis: this one has to have a higher one still. */
  onOutrun(): void;
}

const READY_LIMIT_MS = 2_000;
/** Redis answers others between such parts. */
const PART_BYTES = 1024 * 1024;
/** Another control process has published in between, or Redis has lost what it was just given. */
const ATTEMPTS = 3;

/**
 * Announces a snapshot whose chunks are there already: KEYS are the snapshot and the chunks; ARGV version and hash of the
 * snapshot that was there, version, hash and manifest of this one, the channel, how many of its chunks were put, their
 * fields, and the fields of chunks that it no longer has. 0: there is another one than there was, or a chunk is gone.
 */
const ANNOUNCE = `
local was = redis.call("hmget", KEYS[1], "version", "hash")
if (was[1] or "") ~= ARGV[1] or (was[2] or "") ~= ARGV[2] then return 0 end
local put = tonumber(ARGV[7])
for i = 8, 7 + put do
  if redis.call("hexists", KEYS[2], ARGV[i]) == 0 then return 0 end
end
redis.call("del", KEYS[1])
redis.call("hset", KEYS[1], "version", ARGV[3], "hash", ARGV[4], "manifest", ARGV[5])
for i = 8 + put, #ARGV do redis.call("hdel", KEYS[2], ARGV[i]) end
redis.call("publish", ARGV[6], ARGV[3])
return 1
`;

/** The snapshot in Redis. */
interface Published {
  version: string;
  hash: string;
  /** Null: all of the next one has to be put there. */
  manifest: Manifest | null;
}

/** Puts of each new snapshot into Redis what gateways of other machines do not find there yet, and tells them. */
export class SnapshotPublisher {
  readonly #options: PublisherOptions;
  readonly #keys: RedisKeys;
  #latest: PackedSnapshot | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#keys = redisKeys(options.cluster);
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
    try {
      return Number((await this.#options.redis.hget(this.#keys.snapshot, "version")) ?? 0);
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
    const { logger, onOutrun } = this.#options;
    const snapshot = this.#latest;
    if (snapshot === null) return;
    const { head } = snapshot;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const published = await this.#published();
      const isSame = published.hash === head.hash;
      // Of another control process: gateways have it.
      if (isSame && published.manifest !== null) return;
      const above = head.version - Number(published.version);
      if (above < 0 || (above === 0 && !isSame)) {
        onOutrun();
        return;
      }
      const put = await this.#putChunks(snapshot, published.manifest);
      if (!(await this.#announce(snapshot, published, put))) continue;
      if (published.manifest === null) await this.#forgetOthers(snapshot);
      logger.info({ version: head.version, chunks: put.length }, "snapshot published");
      return;
    }
    throw new Error("others publish, too: this snapshot could not be put beside theirs");
  }

  async #published(): Promise<Published> {
    const { redis, sealer } = this.#options;
    const [version, hash, sealed] = await redis.hmgetBuffer(this.#keys.snapshot, "version", "hash", "manifest");
    const published = { version: String(version ?? ""), hash: String(hash ?? ""), manifest: null };
    if (sealed == null) return published;
    const chunks = await redis.hlen(this.#keys.chunks);
    try {
      const manifest = openManifest(sealed, Number(published.version), sealer);
      return chunks < manifest.chunks.size ? published : { ...published, manifest };
    } catch {
      // Another program's, another key's, or forged.
      return published;
    }
  }

  /** Those that are not there yet. Gives their names. */
  async #putChunks({ chunks }: PackedSnapshot, there: Manifest | null): Promise<ChunkName[]> {
    const { redis, sealer } = this.#options;
    const missing = [...chunks].filter(([name, { hash }]) => there?.chunks.get(name) !== hash);
    let part: (string | Buffer)[] = [];
    let bytes = 0;
    for (const [index, [name, chunk]] of missing.entries()) {
      const sealed = sealChunk(name, chunk, sealer);
      part.push(chunkField(name, chunk.hash), sealed);
      bytes += sealed.length;
      if (bytes < PART_BYTES && index < missing.length - 1) continue;
      await redis.hset(this.#keys.chunks, ...part);
      part = [];
      bytes = 0;
    }
    return missing.map(([name]) => name);
  }

  async #announce(snapshot: PackedSnapshot, was: Published, put: readonly ChunkName[]): Promise<boolean> {
    const { redis, sealer } = this.#options;
    const { head, chunks } = snapshot;
    const { snapshot: key, chunks: chunksKey, channel } = this.#keys;
    const fields = put.map((name) => chunkField(name, chunks.get(name)?.hash ?? ""));
    const obsolete = [...(was.manifest?.chunks ?? [])].filter(([name, hash]) => chunks.get(name)?.hash !== hash);
    const values = [
      ...[was.version, was.hash, String(head.version), head.hash, sealManifest(manifestOf(snapshot), sealer), channel],
      ...[String(fields.length), ...fields, ...obsolete.map(([name, hash]) => chunkField(name, hash))],
    ];
    return (await redis.eval(ANNOUNCE, 2, key, chunksKey, ...values)) === 1;
  }

  /** Chunks of a snapshot of which nothing is known, or that nobody has announced. */
  async #forgetOthers({ chunks }: PackedSnapshot): Promise<void> {
    const { redis } = this.#options;
    const own = new Set([...chunks].map(([name, { hash }]) => chunkField(name, hash)));
    const others = (await redis.hkeys(this.#keys.chunks)).filter((field) => !own.has(field));
    if (others.length > 0) await redis.hdel(this.#keys.chunks, ...others);
  }
}
