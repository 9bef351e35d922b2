import type { GatewayError } from "../../../contracts/errors.ts";
import { backoffMs, isRetryCause } from "../../../upstream/retry.ts";
import type { Context } from "../context.ts";
import type { ModelRoute } from "./model-routes.ts";
import type { TargetChoice } from "./target-choice.ts";

/** Timers may fire a little early; a probe must not. */
const TIMER_SLACK_MS = 5;

/**
 * How long a call waits before its next attempt; null: there is none, and the call ends with the error. No wait while there is
 * a target that was not tried, or another key; else back-off, or what the provider asked for if that is longer.
 */
export function nextAttemptMs(
  context: Context,
  { retries, targets }: Pick<ModelRoute, "retries" | "targets">,
  choice: TargetChoice,
  error: GatewayError,
  /** Attempts that failed for their key alone, of which there are others; this one may be the last of them. */
  keyChanges: number,
  hasOtherKey: boolean,
  nowMs: number,
): number | null {
  const allowed = Math.max(retries.attempts, targets.length - 1);
  // Nothing was asked of the provider yet.
  const wasNotSent = error.code === "provider_token_unavailable" && choice.hasFresh(nowMs);
  if (!hasOtherKey && !wasNotSent && !isRetryCause(retries, error)) return null;
  if (context.attempts - keyChanges > allowed) return null;
  const waitMs = hasOtherKey || choice.hasFresh(nowMs) ? 0 : pauseMs(context, retries, error);
  if (waitMs > Math.max(retries.maxBackoffMs, TIMER_SLACK_MS)) return null;
  const withinDeadline = context.deadlineMs === 0 || nowMs + waitMs < context.deadlineMs;
  return withinDeadline ? waitMs : null;
}

function pauseMs(context: Context, retries: ModelRoute["retries"], error: GatewayError): number {
  const ownMs = backoffMs(retries, context.attempts, Math.random());
  return error.retryAfterMs === null ? ownMs : Math.max(ownMs, error.retryAfterMs + TIMER_SLACK_MS);
}
