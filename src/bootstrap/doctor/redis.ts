import { once } from "node:events";
import { createRedis } from "../../platform/redis.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const LIMIT_MS = 2_000;
const LARGE_ROUND_TRIP_MS = 20;

/** Where nodes are to share limits: Redis has to answer, to run scripts, and to keep what it is given. */
export async function checkRedis(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const name = "Redis";
  if (!env.REDIS_URL) return [];
  const redis = createRedis(env.REDIS_URL, {
    lazyConnect: true,
    connectTimeout: LIMIT_MS,
    commandTimeout: LIMIT_MS,
    enableOfflineQueue: false,
    retryStrategy: () => null,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    const startedAt = performance.now();
    await redis.eval("return redis.call('TIME')", 0);
    const roundTripMs = performance.now() - startedAt;
    const detail = `answers scripts in ${roundTripMs.toFixed(1)} ms`;
    if (roundTripMs > LARGE_ROUND_TRIP_MS) {
      return [warn(name, detail, "calls wait for it when a node needs more of a limit: use one that is nearer")];
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info("memory"))?.[1] ?? "noeviction";
    if (policy.startsWith("allkeys")) {
      return [
        warn(name, `${detail}, and drops keys (${policy})`, "set `maxmemory-policy noeviction`: limits are kept there"),
      ];
    }
    return [ok(name, detail)];
  } catch (error) {
    // Not the URL: it may hold a password.
    const reason = error instanceof Error ? error.message : String(error);
    const remedy =
      "check REDIS_URL; without Redis each node holds its share of the limits, and gateways get no snapshots";
    return [fail(name, `can't be used: ${reason}`, remedy)];
  } finally {
    redis.disconnect();
    if (redis.status !== "end") await once(redis, "end", { signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => {});
  }
}
