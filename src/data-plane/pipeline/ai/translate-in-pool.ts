import { GatewayError } from "../../../contracts/errors.ts";
import type { WorkerPool } from "../../../platform/worker-pool.ts";
import type { Context } from "../context.ts";
import { providerFailed } from "./provider-failed.ts";
import type { SerializedError, TranslateResult, TranslateTask } from "./translate-task.ts";

/** Has the pool do it: large bodies would keep other calls waiting. Nothing is called back once the call is over. */
export function translateInPool(
  pool: WorkerPool,
  context: Context,
  task: TranslateTask,
  onResult: (result: TranslateResult) => void,
  /** Absent: the call fails. */
  onError: (error: unknown) => void = (error) => context.pipeline.fail(context, error),
): void {
  pool
    .run<TranslateTask, { result: TranslateResult } | { error: SerializedError }>("translate", task)
    .then((outcome) => {
      if (context.finished) return;
      if ("error" in outcome) onError(revive(outcome.error));
      else onResult(outcome.result);
    })
    .catch((error: unknown) => {
      if (!context.finished) context.pipeline.fail(context, error);
    });
}

function revive({ code, message, param, provider }: SerializedError): GatewayError {
  if (provider !== null) return providerFailed(provider);
  return new GatewayError(code, message, param === null ? {} : { param });
}
