import type { BalancedTarget, Balancer } from "./balancer.ts";

/**
 * Smooth weighted round-robin: each turn every usable target gains its weight, the richest is chosen and pays the sum.
 * Weights 5, 1, 1 give a a b a c a a, not a a a a a b c. What each is owed is shared with the native hot path.
 */
export function createRoundRobin(targets: readonly BalancedTarget[]): Balancer {
  return (usable) => {
    let best: BalancedTarget | null = null;
    let total = 0;
    let bestIndex = -1;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as BalancedTarget;
      if (target.weight === 0 || !usable(i)) continue;
      const { numbers } = target.state;
      total += target.weight;
      numbers.credit += target.weight;
      if (best !== null && numbers.credit <= best.state.numbers.credit) continue;
      best = target;
      bestIndex = i;
    }
    if (best !== null) best.state.numbers.credit -= total;
    return bestIndex;
  };
}
