import type { WorkerPool } from "../../../platform/worker-pool.ts";
import type { AiAttempt } from "./ai-attempt.ts";
import type { AttemptLoop } from "./attempt-loop.ts";
import { translateInPool } from "./translate-in-pool.ts";
import { type CallPlan, type TranslatedAnswer, translateAnswer } from "./translation.ts";

/** Translates an attempt's whole answer, in place or, if it is long, in the pool. */
export function translateWhole(
  call: AttemptLoop,
  attempt: AiAttempt,
  plan: CallPlan,
  bytes: Buffer,
  /** Longer answers are translated in the pool. */
  offloadBytes: number,
  pool: WorkerPool,
  give: (answer: TranslatedAnswer) => void,
  /** It is none. */
  refuse: (error: unknown) => void,
): void {
  const { passthrough } = attempt.built;
  const context = attempt.answerContext(true);
  const { encodingFormat } = call.request;
  if (bytes.length > offloadBytes && !passthrough) {
    // It has answered: should the caller leave before the translation is done, the next call may probe.
    attempt.target.breaker.released();
    const task = { kind: "answer", bytes, encodingFormat, plan, passthrough, context } as const;
    translateInPool(pool, call.context, task, (result) => give(result as TranslatedAnswer), refuse);
    return;
  }
  let answer: TranslatedAnswer;
  try {
    answer = translateAnswer(bytes, encodingFormat, plan, passthrough, context);
  } catch (error) {
    refuse(error);
    return;
  }
  give(answer);
}
