import { Redis } from "ioredis";
import type { Logger } from "../contracts/logger.ts";

const CONNECT_LIMIT_MS = 2_000;
const COMMAND_LIMIT_MS = 2_000;
const LONGEST_PAUSE_MS = 1_000;
const WARN_INTERVAL_MS = 60_000;

/**
 * A connection to Redis (`redis://` or `rediss://`) that comes back by itself. Commands fail at once while it is away: whoever
 * sends them goes on without, and repeats what still matters when it is `ready` again.
 */
export function connectRedis(url: string, logger: Logger, { commandLimitMs = COMMAND_LIMIT_MS } = {}): Redis {
  const redis = new Redis(url, {
    connectionName: "tidegate",
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: commandLimitMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(LONGEST_PAUSE_MS, attempt * 50),
  });
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  redis.on("error", (error: Error) => {
    if (Date.now() - warnedAtMs < WARN_INTERVAL_MS) return;
    warnedAtMs = Date.now();
    // Not the URL: it may hold a password.
    logger.warn(
      { reason: error.message, host: redis.options.host, port: redis.options.port },
      "Redis can't be reached",
    );
  });
  return redis;
}
