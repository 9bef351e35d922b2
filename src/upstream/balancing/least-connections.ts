import type { BalancedTarget, Balancer } from "./balancer.ts";

/** Fewest calls under way in proportion to the weight; ties go round, so that an idle upstream is used evenly. */
export function createLeastConnections(targets: readonly BalancedTarget[]): Balancer {
  let turn = 0;
  return (usable) => {
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    turn = (turn + 1) % targets.length;
    for (let step = 0; step < targets.length; step++) {
      const i = (turn + step) % targets.length;
      if (!usable(i)) continue;
      const target = targets[i] as BalancedTarget;
      const load = (target.state.inFlight + 1) / target.weight;
      if (load < bestLoad) {
        best = i;
        bestLoad = load;
      }
    }
    return best;
  };
}
