import { GatewayError } from "../../contracts/errors.ts";
import type { Exchange } from "../../contracts/exchange.ts";
import type { Snapshot } from "../../contracts/snapshot.ts";
import type { AiRuntime } from "./ai/ai-runtime.ts";
import { type BegunByNative, type CallRunner, Context, type StageOutcome } from "./context.ts";
import { compileCredentials } from "./credentials/compile-credentials.ts";
import { asGatewayError, errorBody, errorHeaders } from "./errors.ts";
import { compileRouter } from "./router.ts";
import { compile as compileAccept } from "./stages/accept.ts";
import { compile as compileAccount } from "./stages/account.ts";
import { compile as compileAdmit } from "./stages/admit.ts";
import { compile as compileAttempt } from "./stages/attempt.ts";
import { compileApplications, compile as compileAuthenticate } from "./stages/authenticate.ts";
import { compile as compileAuthorize } from "./stages/authorize.ts";
import { compile as compileGuard } from "./stages/guard.ts";
import { compile as compileLog } from "./stages/log.ts";
import { respondWhole } from "./stages/respond.ts";
import { compile as compileRoute } from "./stages/route.ts";
import { compile as compileScreen } from "./stages/screen.ts";
import { compile as compileSelectRelease } from "./stages/select-release.ts";

/** A stage of the way in. Branches on configuration are taken in `compile`, never per request. */
export type Stage = (context: Context) => StageOutcome;
/** A stage of `finish`: runs once, whatever happened. */
export type FinishStage = (context: Context) => void;

/**
 * The stages over one snapshot: accept, route, authenticate, select release, authorize, screen, admit, guard, attempt (which calls respond),
 * and in `finish`: account and log. A request stays with the pipeline it began with.
 */
export class Pipeline implements CallRunner {
  readonly snapshot: Snapshot;
  readonly runtime: AiRuntime;
  readonly #stages: readonly Stage[];
  readonly #finishStages: readonly FinishStage[];
  readonly #nextId: (nowMs: number) => string;

  constructor(snapshot: Snapshot, runtime: AiRuntime, nextId: (nowMs: number) => string) {
    this.snapshot = snapshot;
    this.runtime = runtime;
    this.#nextId = nextId;
    const router = compileRouter(snapshot);
    const credentials = compileCredentials(snapshot, compileApplications(snapshot), runtime.keySets);
    this.#stages = [
      compileAccept(snapshot, runtime),
      compileRoute(router, runtime),
      compileAuthenticate(credentials, runtime),
      compileSelectRelease(),
      compileAuthorize(),
      compileScreen(),
      compileAdmit(runtime),
      compileGuard(),
      compileAttempt(snapshot, runtime),
    ];
    runtime.fastPath?.begin(this, router, credentials);
    this.#finishStages = [compileAccount(runtime), compileLog(snapshot, runtime)];
  }

  accept(exchange: Exchange): void {
    const nowMs = Date.now();
    this.resume(new Context(this, exchange, this.#nextId(nowMs), nowMs, performance.now()));
  }

  /** As `accept`, for a call that the native hot path has begun. */
  takeOver(exchange: Exchange, id: string, startedAtMs: number, startedAt: number, begun: BegunByNative | null): void {
    const context = new Context(this, exchange, id, startedAtMs, startedAt);
    context.begun = begun;
    this.resume(context);
  }

  /** Runs the stages that are left. */
  resume(context: Context): void {
    try {
      while (context.stage < this.#stages.length) {
        const stage = this.#stages[context.stage] as Stage;
        context.stage++;
        if (stage(context) !== "next") return;
      }
    } catch (error) {
      this.fail(context, error);
    }
  }

  /** Answers with an error, or ends an answer already begun as one that is not whole; then finishes. */
  fail(context: Context, cause: unknown): void {
    if (context.finished) return;
    const error = asGatewayError(cause);
    if (error.code === "internal_error") {
      this.runtime.logger.error(
        { err: error.cause ?? error, requestId: context.id },
        "a request failed inside the gateway",
      );
    }
    context.error = error;
    if (context.responseStarted) {
      context.outcome = error.source === "upstream" ? "upstream_cut" : "error";
      if (context.endWithError !== null) context.endWithError(error);
      else context.exchange.destroy();
    } else {
      context.outcome = "error";
      this.#answerError(context, error);
    }
    this.finish(context);
    context.abortAttempt?.(error);
  }

  #answerError(context: Context, error: GatewayError): void {
    const { exchange } = context;
    const body = errorBody(error, exchange.path, context.id, context);
    respondWhole(context, error.status, errorHeaders(error, context), body);
  }

  /** The client has gone: nothing can be answered, what is under way is ended. */
  abandon(context: Context): void {
    if (context.finished) return;
    const error = new GatewayError("client_closed_request", "the client closed the connection");
    context.error = error;
    context.outcome = "client_aborted";
    if (!context.responseStarted) context.status = error.status;
    this.finish(context);
    context.abortAttempt?.(error);
  }

  /** Settles and logs. Once per request, whatever happened. */
  finish(context: Context): void {
    if (context.finished) return;
    if (context.beforeFinish !== null) for (const note of context.beforeFinish) note();
    context.finished = true;
    context.begun?.attempt.abandon();
    context.begun = null;
    this.runtime.open.delete(context);
    for (const stage of this.#finishStages) {
      try {
        stage(context);
      } catch (error) {
        this.runtime.logger.error(
          { err: error, requestId: context.id },
          "a finished request could not be accounted for",
        );
      }
    }
  }
}
