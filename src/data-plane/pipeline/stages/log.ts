import type { CallRecordValue, OtherAttempt } from "../../../contracts/call-record.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import type { AttemptNote } from "../ai/attempt-notes.ts";
import type { Context } from "../context.ts";
import type { FinishStage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 10. Appends the one record of the call, in the order of CALL_RECORD_FIELDS. */
export function compile(snapshot: Pick<Snapshot, "callLog">, runtime: Runtime): FinishStage {
  const { bodies } = snapshot.callLog;
  return (context) => {
    const totalMs = performance.now() - context.startedAt;
    runtime.metrics.called(context, totalMs);
    const keepBodies = bodies === "all" || (bodies === "errors" && context.error !== null);
    runtime.callLog.append(recordOf(context, totalMs, runtime.worker, keepBodies));
  };
}

/** Of what callers name. */
const MAX_NAME_LENGTH = 256;

export function recordOf(context: Context, totalMs: number, worker: number, keepBodies: boolean): CallRecordValue[] {
  const { exchange, target, usage } = context;
  const service = target === null || target.kind === "health" ? null : target.service;
  return [
    context.id,
    context.startedAtMs,
    sinceStart(context, context.dispatchedAt),
    sinceStart(context, context.firstByteAt),
    round(totalMs),
    exchange.clientAddress,
    exchange.method,
    exchange.path,
    exchange.host,
    context.status,
    context.error === null ? null : context.error.code,
    context.application === null ? null : context.application.id,
    context.application === null ? null : context.application.team,
    service === null ? null : service.id,
    routeOf(context),
    context.provider,
    context.modelAsked,
    context.modelServed,
    context.upstream,
    context.attempts,
    context.streamed,
    context.requestBytes,
    context.responseBytes,
    usage === null ? null : usage.inputTokens,
    usage === null ? null : usage.outputTokens,
    usage?.cachedInputTokens ?? null,
    usage?.reasoningTokens ?? null,
    context.costUsd,
    context.outcome,
    worker,
    keepBodies ? (context.loggedRequestBody ?? context.body?.toString() ?? null) : null,
    keepBodies ? context.loggedResponseBody : null,
    target !== null && target.kind !== "health" && target.releases === null ? target.service.release : null,
    context.cache,
    context.attemptNotes === null || context.attempts < 2 ? null : otherAttempts(context.attemptNotes),
    context.routedBy,
    context.mirrorOf,
    context.tags,
    context.mcp?.message?.method?.slice(0, MAX_NAME_LENGTH) ?? null,
    context.mcp?.message?.tool?.slice(0, MAX_NAME_LENGTH) ?? null,
    context.mcp?.message?.prompt?.slice(0, MAX_NAME_LENGTH) ?? null,
    resourceOf(context),
  ];
}

/** Without what may hold secrets: the query, and who a URI of a database says that one is. */
function resourceOf({ mcp }: Context): string | null {
  const uri = mcp?.message?.resource ?? null;
  return (
    uri
      ?.replace(/[?#].*$/s, "")
      .replace(/^([^/]*:\/\/)[^/]*@/, "$1")
      .slice(0, MAX_NAME_LENGTH) ?? null
  );
}

function otherAttempts(notes: readonly AttemptNote[]): string {
  const others = notes.map(({ usage, costUsd, ...note }): OtherAttempt => {
    return { ...note, inputTokens: usage?.inputTokens ?? null, outputTokens: usage?.outputTokens ?? null, costUsd };
  });
  return JSON.stringify(others);
}

function routeOf(context: Context): string | null {
  const { target } = context;
  if (target === null || target.kind === "health") return null;
  return target.kind === "rest" ? target.route.id : target.routeId;
}

/** Milliseconds with three decimals. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function sinceStart(context: Context, at: number): number | null {
  return Number.isNaN(at) ? null : round(at - context.startedAt);
}
