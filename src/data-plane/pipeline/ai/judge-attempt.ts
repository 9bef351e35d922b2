import type { GatewayError } from "../../../contracts/errors.ts";
import type { AiAttempt } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { judgeFailure } from "./judge-failure.ts";
import { hasKeyFor, keyRefusal, noteRefusal } from "./key-refusal.ts";
import type { StreamRescue } from "./rescue/stream-rescue.ts";

/** Of a failed attempt. */
export interface Judgement {
  runtime: AiRuntime;
  /** null: broken streams are not rescued. */
  rescue: StreamRescue | null;
  /** Its route has no other target. */
  isOnly: boolean;
  /** Another key may be tried at once. */
  mayChangeKey: boolean;
  nowMs: number;
}

/**
 * What a failure says of the target, its circuit and its key. True: the target may be asked once more at once, with another
 * key or in another way.
 */
export function judgeAttempt(attempt: AiAttempt, error: GatewayError, judgement: Judgement): boolean {
  const { target, key } = attempt;
  const { runtime, rescue, isOnly, nowMs } = judgement;
  const refusal = key === null ? null : keyRefusal(error);
  attempt.releaseKey();
  if (key !== null && refusal !== null) noteRefusal(target, key, refusal, error, nowMs, isOnly);
  const hasOtherKey = refusal !== null && judgement.mayChangeKey && hasKeyFor(target, nowMs);
  if (hasOtherKey) {
    // It was the key's fault, not the target's.
    target.breaker.released();
    runtime.metrics.attempted(target.provider.id, target.target.model, false);
  } else if (rescue?.differs === true) {
    // It is well, and says something else.
    target.breaker.succeeded();
  } else judgeFailure(target, error, nowMs, isOnly, runtime.metrics);
  const refusesPrefix = attempt.built.prefix !== undefined && isBadRequest(error);
  if (refusesPrefix) rescue?.prefixRefused(target);
  return hasOtherKey || refusesPrefix;
}

/** The provider understood the request, and will not have it. */
function isBadRequest({ code, status }: GatewayError): boolean {
  return code === "provider_error" && (status === 400 || status === 422);
}
