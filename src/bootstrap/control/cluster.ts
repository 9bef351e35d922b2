import type { Logger } from "../../contracts/logger.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import { connectRedis } from "../../platform/redis.ts";
import { loadSealer } from "../../platform/seal.ts";
import { contentHash } from "../../snapshot/compile/hash.ts";
import { type FollowerOptions, SnapshotFollower } from "../../snapshot/sync/follower.ts";
import { SnapshotPublisher } from "../../snapshot/sync/publisher.ts";
import { clusterOf } from "../cluster-name.ts";

/** Null: there is no Redis, and nobody else to publish to. */
export function publisherOf(
  env: NodeJS.ProcessEnv,
  homeDirectory: string,
  logger: Logger,
  onOutrun: () => void,
): SnapshotPublisher | null {
  if (!env.REDIS_URL) return null;
  const redis = connectRedis(env.REDIS_URL, logger);
  return new SnapshotPublisher({
    redis,
    sealer: loadSealer(homeDirectory, env),
    cluster: clusterOf(env),
    logger,
    onOutrun,
  });
}

export function follow(
  env: NodeJS.ProcessEnv,
  homeDirectory: string,
  logger: Logger,
  options: Pick<FollowerOptions, "latest" | "onSnapshot">,
): SnapshotFollower {
  const redis = connectRedis(env.REDIS_URL ?? "", logger);
  const sealer = loadSealer(homeDirectory, env);
  const onSnapshot = (snapshot: PackedSnapshot) => options.onSnapshot(listeningHere(snapshot, env));
  return new SnapshotFollower({ ...options, onSnapshot, redis, sealer, cluster: clusterOf(env), logger });
}

/** `TIDEGATE_PORT` of this machine counts, where there is only one listener that it could mean. */
function listeningHere(snapshot: PackedSnapshot, env: NodeJS.ProcessEnv): PackedSnapshot {
  const { head, chunks } = snapshot;
  const port = Number(env.TIDEGATE_PORT);
  const [listener, ...others] = head.listeners;
  if (!env.TIDEGATE_PORT || !Number.isInteger(port) || listener === undefined || others.length > 0) return snapshot;
  const listeners = [{ ...listener, port }];
  const hash = contentHash({ content: head.hash, listeners });
  const pipelineHash = contentHash({ content: head.pipelineHash, listeners });
  return { head: { ...head, listeners, hash, pipelineHash }, chunks };
}
