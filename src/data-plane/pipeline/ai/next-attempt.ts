import type { GatewayError } from "../../../contracts/errors.ts";
import { backoffMs, isRetryCause } from "../../../upstream/retry.ts";
import type { Context } from "../context.ts";
import { modelRefusal } from "./model-refusal.ts";
import type { ModelRoute } from "./model-routes.ts";
import type { TargetChoice } from "./target-choice.ts";

/** Timers may fire a little early; a probe must not. */
const TIMER_SLACK_MS = 5;

export interface FailedAttempt {
  error: GatewayError;
  /** The model that was asked. */
  model: string;
  /** Attempts that don't count, this one among them: they failed for what another one does not have. */
  uncounted: number;
  /** It failed for what can be changed at once: another key of the target may do, or another way to ask it. */
  mayChange: boolean;
  /** Its stream broke off, and the route wants it rescued. */
  isRescued: boolean;
}

/**
 * How long a call waits before its next attempt; null: there is none, and the call ends with the error. No wait while there is
 * a target that was not tried, or another key; else back-off, or what the provider asked for if that is longer.
 */
export function nextAttemptMs(
  context: Context,
  { retries, targets, maxAttempts }: Pick<ModelRoute, "retries" | "targets" | "maxAttempts">,
  choice: TargetChoice,
  failed: FailedAttempt,
  nowMs: number,
): number | null {
  const { error, mayChange } = failed;
  const allowed = maxAttempts === null ? Math.max(retries.attempts, targets.length - 1) : maxAttempts - 1;
  if (!mayChange && !failed.isRescued && !isCause(retries, choice, failed, nowMs)) return null;
  if (context.attempts - failed.uncounted > allowed) return null;
  const waitMs = mayChange || choice.hasFresh(nowMs) ? 0 : pauseMs(context, retries, error);
  if (waitMs > Math.max(retries.maxBackoffMs, TIMER_SLACK_MS)) return null;
  const withinDeadline = context.deadlineMs === 0 || nowMs + waitMs < context.deadlineMs;
  return withinDeadline ? waitMs : null;
}

function isCause(
  retries: ModelRoute["retries"],
  choice: TargetChoice,
  { error, model }: FailedAttempt,
  nowMs: number,
): boolean {
  const refusal = modelRefusal(error);
  if (refusal !== null) {
    choice.excludeModel(model);
    return retries.on.includes(refusal) && choice.hasFresh(nowMs);
  }
  // Nothing was asked of the provider yet.
  if (error.code === "provider_token_unavailable" && choice.hasFresh(nowMs)) return true;
  return isRetryCause(retries, error);
}

function pauseMs(context: Context, retries: ModelRoute["retries"], error: GatewayError): number {
  const ownMs = backoffMs(retries, context.attempts, Math.random());
  return error.retryAfterMs === null ? ownMs : Math.max(ownMs, error.retryAfterMs + TIMER_SLACK_MS);
}
