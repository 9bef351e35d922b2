import { GatewayError } from "../../contracts/errors.ts";
import type { Exchange } from "../../contracts/exchange.ts";
import type { PackedSnapshot, ServedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Slices } from "../../platform/slices.ts";
import type { AiRuntime } from "./ai/ai-runtime.ts";
import { cachingServices } from "./cache/cache-scope.ts";
import { type BegunByNative, type CallRunner, Context, type StageOutcome } from "./context.ts";
import { CallerDirectory } from "./credentials/caller-directory.ts";
import { type CompiledCredentials, compileCredentials } from "./credentials/compile-credentials.ts";
import { asGatewayError, errorBody, errorHeaders } from "./errors.ts";
import { compileLetIn } from "./mcp/let-in-again.ts";
import type { LetIn } from "./mcp/open-streams.ts";
import { ModelAccessRules } from "./policies/model-access.ts";
import { SharedLimits } from "./policies/shared-limits.ts";
import { ToolAccessRules } from "./policies/tool-access.ts";
import { compileRouterInSlices, type KeptRoutes, type Router } from "./router.ts";
import { compile as compileAccept } from "./stages/accept.ts";
import { compile as compileAccount } from "./stages/account.ts";
import { compile as compileAdmit } from "./stages/admit.ts";
import { compile as compileAttempt } from "./stages/attempt.ts";
import { compile as compileAuthenticate } from "./stages/authenticate.ts";
import { compile as compileAuthorize } from "./stages/authorize.ts";
import { compile as compileGuard } from "./stages/guard.ts";
import { compile as compileLog } from "./stages/log.ts";
import { compile as compileReadMessage } from "./stages/read-message.ts";
import { respondWhole } from "./stages/respond.ts";
import { compile as compileRoute } from "./stages/route.ts";
import { compile as compileScreen } from "./stages/screen.ts";
import { compile as compileSelectRelease } from "./stages/select-release.ts";

/** A stage of the way in. Branches on configuration are taken in `compile`, never per request. */
export type Stage = (context: Context) => StageOutcome;
/** A stage of `finish`: runs once, whatever happened. */
export type FinishStage = (context: Context) => void;

interface PipelineParts {
  runtime: AiRuntime;
  nextId: (nowMs: number) => string;
  router: Router;
  credentials: CompiledCredentials;
  modelAccess: ModelAccessRules;
  stages: readonly Stage[];
  letIn: (runner: CallRunner) => LetIn;
}

/**
 * The stages over one snapshot: accept, route, authenticate, read message, select release, authorize, screen, admit, guard, attempt (which calls respond),
 * and in `finish`: account and log. A request stays with the pipeline it began with;
 * applications may change meanwhile, for nobody should get in by what was taken back.
 */
export class Pipeline implements CallRunner {
  readonly runtime: AiRuntime;
  /** Which models callers may use. */
  readonly modelAccess: ModelAccessRules;
  #snapshot: ServedSnapshot;
  readonly #router: Router;
  readonly #credentials: CompiledCredentials;
  readonly #stages: readonly Stage[];
  readonly #finishStages: readonly FinishStage[];
  readonly #nextId: (nowMs: number) => string;
  readonly #letIn: LetIn;

  /** In slices: a large snapshot takes longer than calls should wait for. */
  static *compile(
    snapshot: ServedSnapshot,
    chunks: PackedSnapshot["chunks"],
    runtime: AiRuntime,
    nextId: (nowMs: number) => string,
    keptRoutes: KeptRoutes,
  ): Slices<Pipeline> {
    const caching = yield* cachingServices(snapshot);
    const router = yield* compileRouterInSlices(snapshot, caching, keptRoutes);
    const callers = new CallerDirectory(chunks, new SharedLimits(snapshot));
    const credentials = compileCredentials(snapshot, callers, runtime.keySets);
    const modelAccess = new ModelAccessRules(snapshot);
    const authorize = compileAuthorize();
    const screen = compileScreen(modelAccess, new ToolAccessRules(snapshot));
    const stages = [
      compileAccept(runtime),
      compileRoute(router, runtime),
      compileAuthenticate(credentials, runtime),
      compileReadMessage(runtime.sessionIds),
      compileSelectRelease(),
      authorize,
      screen,
      compileAdmit(runtime),
      compileGuard(),
      yield* compileAttempt(snapshot, caching, runtime),
    ];
    const letIn = compileLetIn(router, callers, [authorize, screen]);
    return new Pipeline(snapshot, { runtime, nextId, router, credentials, modelAccess, stages, letIn });
  }

  private constructor(snapshot: ServedSnapshot, parts: PipelineParts) {
    this.#snapshot = snapshot;
    this.runtime = parts.runtime;
    this.#nextId = parts.nextId;
    this.modelAccess = parts.modelAccess;
    this.#router = parts.router;
    this.#credentials = parts.credentials;
    this.#stages = parts.stages;
    this.#letIn = parts.letIn(this);
    this.#finishStages = [compileAccount(parts.runtime), compileLog(snapshot, parts.runtime)];
  }

  get snapshot(): ServedSnapshot {
    return this.#snapshot;
  }

  /** From now on calls come here. */
  begin(): void {
    this.runtime.fastPath?.begin(this, this.#router, this.#credentials);
    this.runtime.eventStreams.recheck(this.#letIn, null);
  }

  /** Of a snapshot that differs in nothing else: all that was compiled stays. How many applications are other ones than before. */
  changeCallers({ head, chunks }: PackedSnapshot): number {
    const { version, hash, compiledAtMs } = head;
    if (head.pipelineHash === this.#snapshot.pipelineHash) {
      this.#snapshot = { ...this.#snapshot, version, hash, compiledAtMs };
    }
    const { callers, tokens } = this.#credentials;
    const changed = callers.replace(chunks);
    if (changed.length === 0) return 0;
    tokens?.forget(changed);
    this.runtime.fastPath?.forgetApplications(changed);
    this.runtime.eventStreams.recheck(this.#letIn, changed);
    return changed.length;
  }

  /** Ends streams of MCP servers whose caller's time is over. */
  recheckStreams(nowMs: number): void {
    this.runtime.eventStreams.recheckOverdue(nowMs, this.#letIn);
  }

  /** Applications that have called, and were decoded for it. */
  get decodedApplications(): number {
    return this.#credentials.callers.decoded;
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
    if (context.isWhole?.() === true) {
      this.finish(context);
      context.abortAttempt?.(error);
      return;
    }
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
