import type { FinishStage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 9. Corrects the reservations to what the call really used. */
export function compile(runtime: Runtime): FinishStage {
  return (context) => {
    for (const { limit, key, amount } of context.reservations) {
      if (limit.unit === "requests") continue;
      const usage = context.usage;
      const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens;
      const used = limit.unit === "tokens" ? tokens : (context.costUsd ?? 0);
      runtime.limits.settle(limit, key, amount, used, Date.now());
    }
  };
}
