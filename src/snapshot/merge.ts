import type { ApplicationSnapshot, ServiceSnapshot, Snapshot } from "../contracts/snapshot.ts";
import { contentHash } from "./compile/hash.ts";

/**
 * A compiled configuration with services and applications from elsewhere. What the configuration itself defines comes first,
 * and wins where both have the same id.
 */
export function mergeSnapshot(
  base: Snapshot,
  additions: { services: readonly ServiceSnapshot[]; applications: readonly ApplicationSnapshot[] },
): Snapshot {
  if (additions.services.length === 0 && additions.applications.length === 0) return base;
  const merged = {
    ...base,
    services: union(base.services, additions.services),
    applications: union(base.applications, additions.applications),
  };
  return { ...merged, hash: contentHash(merged) };
}

function union<One extends { id: string }>(own: readonly One[], added: readonly One[]): One[] {
  const taken = new Set(own.map(({ id }) => id));
  return [...own, ...added.filter(({ id }) => !taken.has(id))];
}
