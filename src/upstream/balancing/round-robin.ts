import type { BalancedTarget, Balancer } from "./balancer.ts";

/**
 * Smooth weighted round-robin: each turn every usable target gains its weight, the richest is chosen and pays the sum.
 * Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 */
export function createRoundRobin(targets: readonly BalancedTarget[]): Balancer {
  const credit = new Array<number>(targets.length).fill(0);
  return (usable) => {
    let best = -1;
    let total = 0;
    for (let i = 0; i < targets.length; i++) {
      const weight = (targets[i] as BalancedTarget).weight;
      if (weight === 0 || !usable(i)) continue;
      total += weight;
      credit[i] = (credit[i] as number) + weight;
      if (best < 0 || (credit[i] as number) > (credit[best] as number)) best = i;
    }
    if (best >= 0) credit[best] = (credit[best] as number) - total;
    return best;
  };
}
