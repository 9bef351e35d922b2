import type { Context } from "../context.ts";
import type { FinishStage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 9. Corrects the reservations to what the call really used. */
export function compile(runtime: Runtime): FinishStage {
  return (context) => {
    for (const { limit, key, amount } of context.reservations) {
      if (limit.unit === "requests") continue;
      const used = limit.unit === "tokens" ? tokensUsed(context, amount) : (context.costUsd ?? 0);
      runtime.limits.settle(limit, key, amount, used, context.startedAtMs, Date.now());
    }
  };
}

/** An answer that broke off, or whose caller left, before it told its usage has used something: the estimate stands. */
function tokensUsed(context: Context, estimate: number): number {
  const { usage } = context;
  // Nobody was asked for what was stored.
  if (context.cache === "hit") return 0;
  if (usage !== null) return usage.inputTokens + usage.outputTokens;
  return context.streamed ? estimate : 0;
}
