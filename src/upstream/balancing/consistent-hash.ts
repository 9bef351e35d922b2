import { createHash } from "node:crypto";
import type { BalancedTarget, Balancer } from "./balancer.ts";

type HashedTarget = Pick<BalancedTarget, "url" | "weight">;

const POINTS_PER_WEIGHT = 160;
const MAX_POINTS = 100_000;

/** 32-bit FNV-1a with a final mix (murmur3's), good enough to spread keys over a ring. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Ketama ring: each target owns points in proportion to its weight, a key belongs to the next point. Points depend on the
 * target's url alone, so every worker and node maps a key alike, and a target that goes takes only its own keys with it.
 */
export function createConsistentHash(targets: readonly HashedTarget[]): Balancer {
  const ring = buildRing(targets);
  return (usable, hashKey) => {
    let at = firstAtOrAfter(ring, hash32(hashKey));
    for (let step = 0; step < ring.length; step++) {
      const target = (ring[at] as [number, number])[1];
      if (usable(target)) return target;
      at = (at + 1) % ring.length;
    }
    return -1;
  };
}

function buildRing(targets: readonly HashedTarget[]): [point: number, target: number][] {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  const perWeight = Math.min(POINTS_PER_WEIGHT, MAX_POINTS / total);
  const ring: [number, number][] = [];
  targets.forEach((target, index) => {
    const points = target.weight === 0 ? 0 : Math.max(1, Math.round(target.weight * perWeight));
    for (let i = 0; i < points; i += 4) {
      const digest = createHash("md5")
        .update(`${target.url}#${i / 4}`)
        .digest();
      for (let j = 0; j < 4 && i + j < points; j++) ring.push([digest.readUInt32LE(j * 4), index]);
    }
  });
  return ring.sort((a, b) => a[0] - b[0]);
}

function firstAtOrAfter(ring: readonly [number, number][], point: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle] as [number, number])[0] < point) low = middle + 1;
    else high = middle;
  }
  return low === ring.length ? 0 : low;
}
