/** `name` tells clusters apart that share a Redis. */
export function redisKeys(name: string): RedisKeys {
  // In one slot of a Redis cluster.
  const snapshot = `tidegate:{${name}}:snapshot`;
  return { snapshot, chunks: `${snapshot}:chunks`, channel: `tidegate:{${name}}:snapshots` };
}

export interface RedisKeys {
  /** A hash: `version`, the content's `hash`, and the sealed `manifest`. */
  snapshot: string;
  /** A hash: sealed chunks by name and hash. */
  chunks: string;
  /** Where new versions are announced. */
  channel: string;
}
