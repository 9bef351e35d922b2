/** `name` tells clusters apart that share a Redis. */
export function redisKeys(name: string): { snapshot: string; channel: string } {
  // In one slot of a Redis cluster.
  return { snapshot: `tidegate:{${name}}:snapshot`, channel: `tidegate:{${name}}:snapshots` };
}
