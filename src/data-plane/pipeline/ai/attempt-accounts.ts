import type { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { estimateTokens } from "../../../contracts/token-estimate.ts";
import type { Context } from "../context.ts";
import type { AiAttempt } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { type AttemptOutcome, addUsage, usedBy } from "./attempt-notes.ts";
import { estimatedInputTokens } from "./untold-usage.ts";

/**
 * What a call's attempts have used, each at its own target's price; the call's usage and cost are the sum of them.
 */

/** Of the attempt that answers; may be told again, with more. */
export function bookAnswer(context: Context, runtime: AiRuntime, attempt: AiAttempt, usage: Usage): void {
  attempt.settleKey(runtime.limits, usage.inputTokens + usage.outputTokens);
  const costUsd = costOf(runtime, attempt, usage);
  if (context.attemptNotes === null) {
    context.usage = usage;
    if (costUsd !== null) context.costUsd = costUsd;
    return;
  }
  const others = usedBy(context.attemptNotes);
  context.usage = others.usage === null ? usage : addUsage(others.usage, usage);
  if (costUsd !== null || others.costUsd !== null) context.costUsd = (costUsd ?? 0) + (others.costUsd ?? 0);
}

/** Of an attempt that does not answer, or not to the end. `written`: characters of its answer that went to the caller. */
export function bookAttempt(
  context: Context,
  runtime: AiRuntime,
  attempt: AiAttempt,
  outcome: AttemptOutcome,
  error: GatewayError | null,
  written: number,
): void {
  const { provider, target } = attempt.target;
  const usage = outcome === "failed" || !attempt.wasSent ? null : usageOf(context, attempt, written);
  attempt.isBooked = true;
  attempt.settleKey(runtime.limits, usage === null ? 0 : usage.inputTokens + usage.outputTokens);
  const costUsd = usage === null ? null : costOf(runtime, attempt, usage);
  context.attemptNotes ??= [];
  context.attemptNotes.push({
    provider: provider.id,
    model: target.model,
    outcome,
    error: error === null ? null : error.code,
    usage,
    costUsd,
  });
  const sum = usedBy(context.attemptNotes);
  context.usage = sum.usage;
  context.costUsd = sum.costUsd;
}

/** What the provider said until it was left, and estimates of what it did not come to say. */
function usageOf(context: Context, { answer }: AiAttempt, written: number): Usage {
  const told = answer?.usage ?? null;
  const outputTokens = estimateTokens(written);
  if (told === null) return { inputTokens: estimatedInputTokens(context), outputTokens };
  return { ...told, outputTokens: Math.max(told.outputTokens, outputTokens) };
}

function costOf(runtime: AiRuntime, { target: { price } }: AiAttempt, usage: Usage): number | null {
  return price === null ? null : runtime.prices.costUsd(price, usage);
}
