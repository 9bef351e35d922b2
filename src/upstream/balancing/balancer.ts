import type { UpstreamSnapshot } from "../../contracts/snapshot.ts";
import type { TargetState } from "../target-state.ts";
import { createConsistentHash } from "./consistent-hash.ts";
import { createLeastConnections } from "./least-connections.ts";
import { createRoundRobin } from "./round-robin.ts";

export interface BalancedTarget {
  /** The target's `url` of the configuration. */
  readonly url: string;
  readonly weight: number;
  readonly state: TargetState;
}

/** Chooses a target. `usable(index)` says which may be chosen; `hashKey` matters to consistent hashing alone. -1: none is usable. */
export type Balancer = (usable: (index: number) => boolean, hashKey: string) => number;

const BALANCERS: Record<UpstreamSnapshot["balance"], (targets: readonly BalancedTarget[]) => Balancer> = {
  "round-robin": createRoundRobin,
  "least-connections": createLeastConnections,
  "consistent-hash": createConsistentHash,
};

export function createBalancer(balance: UpstreamSnapshot["balance"], targets: readonly BalancedTarget[]): Balancer {
  return BALANCERS[balance](targets);
}
