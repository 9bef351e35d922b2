import type { CallAddress } from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import type { InboundName } from "../../../dialects/index.ts";
import { backoffMs, isRetryCause } from "../../../upstream/retry.ts";
import { type ModelCache, modelTtlMs } from "../cache/model-cache.ts";
import { ModelLookup } from "../cache/model-lookup.ts";
import type { Context } from "../context.ts";
import { asGatewayError, pushRequestId } from "../errors.ts";
import { respondWhole } from "../stages/respond.ts";
import { AiAttempt, DIALECT_HEADERS } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import type { AiTarget } from "./ai-target.ts";
import { judgeFailure } from "./judge-failure.ts";
import type { ModelRoute, ModelRoutes } from "./model-routes.ts";
import { type ScannedRequest, scanRequest } from "./passthrough-request.ts";
import type { TranslateResult, TranslateTask } from "./translate-task.ts";
import {
  type AiOperation,
  type BuiltCall,
  buildAddressed,
  buildCall,
  buildPassthrough,
  type CallPlan,
  type InspectedRequest,
  inspectAddress,
  inspectRequest,
  inspectScanned,
  parseBody,
  type TranslatedAnswer,
  translateAnswer,
} from "./translation.ts";

/** Timers may fire a little early; a probe must not. */
const TIMER_SLACK_MS = 5;

export interface AiCallOptions {
  operation: AiOperation;
  inbound: InboundName;
  /** Null: the body says what is asked of which model. */
  address: CallAddress | null;
  offloadBytes: number;
  maxResponseBytes: number;
}

const NONE: readonly number[] = [];
const EVENT_STREAM = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json";

/** A call to a model: finds the route, builds the request for each target in turn, and answers with the first that does. */
export class AiCall {
  readonly context: Context;
  readonly inbound: InboundName;
  readonly address: CallAddress | null;
  readonly maxResponseBytes: number;
  route!: ModelRoute;
  request!: InspectedRequest;
  /** Of the stored answer; null: no cache policy holds. */
  lookup: ModelLookup | null = null;
  readonly #operation: AiOperation;
  readonly #offloadBytes: number;
  readonly #routes: ModelRoutes;
  readonly #runtime: AiRuntime;
  readonly #cache: ModelCache;
  /** Null when the body can't be known without parsing it. */
  #scanned: ScannedRequest | null = null;
  #body: Record<string, unknown> | null = null;
  #order: readonly number[] = [];
  #cursor = 0;
  /** Indices of targets. A list: most calls try one. */
  readonly #tried: number[] = [];
  /** Targets whose dialect can't express this request. */
  #incapable: readonly number[] = NONE;
  #lastError: GatewayError | null = null;
  #current: AiAttempt | null = null;
  /** Its circuit has let this call pass, and the call is not under way yet. */
  #acquired: AiTarget | null = null;
  #retryTimer: NodeJS.Timeout | null = null;

  constructor(context: Context, options: AiCallOptions, routes: ModelRoutes, runtime: AiRuntime, cache: ModelCache) {
    this.context = context;
    this.inbound = options.inbound;
    this.address = options.address;
    this.maxResponseBytes = options.maxResponseBytes;
    this.#operation = options.operation;
    this.#offloadBytes = options.offloadBytes;
    this.#routes = routes;
    this.#runtime = runtime;
    this.#cache = cache;
  }

  start(): void {
    const bytes = this.context.body;
    if (bytes === null) throw new GatewayError("invalid_json", "the request has no body: send a JSON object");
    this.context.abortAttempt = (reason) => this.#abandon(reason);
    if (this.address !== null) {
      this.#begin(inspectAddress(this.address));
      return;
    }
    this.#scanned = scanRequest(bytes);
    if (this.#scanned !== null) {
      this.#begin(inspectScanned(this.#scanned, this.inbound));
      return;
    }
    if (bytes.length <= this.#offloadBytes) {
      this.#body = parseBody(bytes);
      this.#begin(inspectRequest(this.#body, this.inbound));
      return;
    }
    this.#offload({ kind: "inspect", bytes, inbound: this.inbound }, (result) =>
      this.#begin(result as InspectedRequest),
    );
  }

  #begin(request: InspectedRequest): void {
    const { context } = this;
    this.request = request;
    context.modelAsked = request.model.slice(0, 200);
    this.route = this.#routes.resolve(request.model);
    if (this.route.timeouts.totalMs > 0) context.deadlineMs = context.startedAtMs + this.route.timeouts.totalMs;
    const policy = context.policies === null ? null : context.policies.cache;
    const ttlMs = modelTtlMs(policy);
    if (policy === null || ttlMs === null) {
      this.#forward();
      return;
    }
    // Of a call whose path says what is asked, all that its path says.
    const how = this.address === null ? this.#operation : `${this.address.method} ${this.address.framing}`;
    const operation = `${this.inbound} ${how}`;
    const headers = DIALECT_HEADERS[this.inbound] ?? [];
    const { contentType } = this;
    const lookup = new ModelLookup(
      context,
      this.#cache,
      policy,
      ttlMs,
      operation,
      this.route,
      { isStream: request.stream, contentType },
      headers,
    );
    this.lookup = lookup;
    lookup.start(() => this.#forward());
  }

  #forward(): void {
    this.#order = this.route.order();
    this.#next();
  }

  /** Of the answer. */
  get contentType(): string {
    const isEvents = this.request.stream && this.address?.framing !== "json-array";
    return isEvents ? EVENT_STREAM : JSON_TYPE;
  }

  #abandon(reason: Error): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#acquired?.breaker.released();
    this.#acquired = null;
    this.#current?.abort(reason);
  }

  // --- the attempt loop ---

  #next(): void {
    const index = this.#choose(Date.now());
    if (index < 0) {
      this.context.pipeline.fail(this.context, this.#lastError ?? this.#unavailable());
      return;
    }
    const target = this.route.targets[index] as AiTarget;
    const plan = this.#plan(target);
    const bytes = this.context.body as Buffer;
    const scanned = this.#scanned;
    const passthrough =
      scanned === null ? buildAddressed(bytes, plan) : buildPassthrough(bytes, scanned, this.request, plan);
    if (passthrough !== null) {
      if (scanned !== null) this.#learn(passthrough, index);
      this.#dispatch(index, passthrough);
      return;
    }
    if (bytes.length > this.#offloadBytes) {
      this.#offload(
        { kind: "build", bytes, plan },
        (result) => this.#dispatch(index, asBuilt(result)),
        (error) => this.#notBuilt(index, error),
      );
      return;
    }
    let built: BuiltCall;
    try {
      this.#body ??= parseBody(bytes);
      built = buildCall(this.#body, plan);
    } catch (error) {
      this.#notBuilt(index, error);
      return;
    }
    if (this.#scanned !== null) this.#learn(built, index);
    this.#dispatch(index, built);
  }

  #learn(built: BuiltCall, index: number): void {
    const { context, inbound, route, request } = this;
    this.#runtime.fastPath?.learnAi(context, this.#operation, inbound, route, request, built, index);
  }

  /** The next target in turn whose circuit lets a call pass; takes the right to make it. -1: there is none. */
  #choose(nowMs: number): number {
    const order = this.#order;
    const begunAt = this.route.targets.indexOf(this.context.begun?.target as AiTarget);
    if (begunAt >= 0 && (this.route.targets[begunAt] as AiTarget).breaker.acquire(nowMs)) {
      this.#cursor = order.indexOf(begunAt) + 1;
      this.#acquired = this.route.targets[begunAt] as AiTarget;
      return begunAt;
    }
    for (let step = 0; step < order.length; step++) {
      const at = (this.#cursor + step) % order.length;
      const index = order[at] as number;
      if (this.#incapable.includes(index)) continue;
      if (!(this.route.targets[index] as AiTarget).breaker.acquire(nowMs)) continue;
      this.#cursor = at + 1;
      this.#acquired = this.route.targets[index] as AiTarget;
      return index;
    }
    return -1;
  }

  #unavailable(): GatewayError {
    const nowMs = Date.now();
    const waits = this.route.targets.map((target) => Math.max(0, target.breaker.openUntilMs - nowMs));
    return new GatewayError(
      "upstream_unavailable",
      `no target of model \`${this.route.name}\` is available: all failed recently and are being left alone for a while`,
      { retryAfterMs: Math.max(1000, Math.min(...waits)) },
    );
  }

  /** Another target may be able to do what this one can't; what the caller got wrong is wrong everywhere. */
  #notBuilt(index: number, error: unknown): void {
    const failure = asGatewayError(error);
    this.#acquired = null;
    (this.route.targets[index] as AiTarget).breaker.released();
    if (failure.code !== "unsupported_field") {
      this.context.pipeline.fail(this.context, failure);
      return;
    }
    this.#incapable = [...this.#incapable, index];
    this.#lastError ??= failure;
    this.#next();
  }

  #dispatch(index: number, built: BuiltCall): void {
    const { context } = this;
    const target = this.route.targets[index] as AiTarget;
    this.#tried.push(index);
    this.#acquired = null;
    context.attempts++;
    context.provider = target.provider.id;
    context.upstream = target.host;
    context.modelServed = target.target.model;
    const begun = context.takeBegun(target);
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = begun?.dispatchedAt ?? performance.now();
    this.#current = new AiAttempt(this, target, built);
    this.#current.dispatch(begun?.attempt ?? null);
  }

  #plan(target: AiTarget): CallPlan {
    return {
      operation: this.#operation,
      inbound: this.inbound,
      outbound: target.provider.dialect,
      target: target.target,
      ...(this.address === null ? {} : { address: this.address }),
    };
  }

  // --- what an attempt tells ---

  failed(attempt: AiAttempt, error: GatewayError): void {
    const { context, route } = this;
    const nowMs = Date.now();
    judgeFailure(attempt.target, error, nowMs, route.targets.length === 1, this.#runtime.metrics);
    this.#lastError = error;
    const allowed = Math.max(route.retries.attempts, route.targets.length - 1);
    if (context.finished) return;
    if (context.responseStarted || !isRetryCause(route.retries, error) || context.attempts > allowed) {
      context.pipeline.fail(context, error);
      return;
    }
    const waitMs = this.#waitMs(error, nowMs);
    const withinDeadline = context.deadlineMs === 0 || nowMs + waitMs < context.deadlineMs;
    if (waitMs > Math.max(route.retries.maxBackoffMs, TIMER_SLACK_MS) || !withinDeadline) {
      context.pipeline.fail(context, error);
      return;
    }
    this.#runtime.logger.debug(
      { requestId: context.id, code: error.code, status: error.status, waitMs },
      "attempt failed, trying again",
    );
    // In a later turn in any case: the failed attempt is still on the stack.
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (context.finished) return;
      try {
        this.#next();
      } catch (failure) {
        context.pipeline.fail(context, failure);
      }
    }, waitMs);
  }

  /** No wait while there is a target that was not tried; else back-off, or what the provider asked for if that is longer. */
  #waitMs(error: GatewayError, nowMs: number): number {
    const fresh = this.#order.some(
      (index) =>
        !this.#tried.includes(index) &&
        !this.#incapable.includes(index) &&
        this.route.targets[index]?.breaker.permits(nowMs),
    );
    if (fresh) return 0;
    const ownMs = backoffMs(this.route.retries, this.context.attempts, Math.random());
    return error.retryAfterMs === null ? ownMs : Math.max(ownMs, error.retryAfterMs + TIMER_SLACK_MS);
  }

  /** The caller left while an attempt was under way: that says nothing of the target. */
  left(attempt: AiAttempt): void {
    attempt.target.breaker.released();
  }

  committed(attempt: AiAttempt): void {
    this.#succeeded(attempt);
  }

  #succeeded(attempt: AiAttempt): void {
    const { breaker, provider, target } = attempt.target;
    breaker.succeeded();
    this.#runtime.metrics.attempted(provider.id, target.model, true);
  }

  used(attempt: AiAttempt, usage: Usage | null, model: string | null): void {
    const { context } = this;
    if (model !== null) context.modelServed = model;
    if (usage === null) return;
    context.usage = usage;
    const { price } = attempt.target;
    if (price !== null) context.costUsd = this.#runtime.prices.costUsd(price, usage);
  }

  /** A stream has ended well. */
  streamed(): void {
    this.context.pipeline.finish(this.context);
  }

  /** A whole good answer. */
  answered(attempt: AiAttempt, status: number, bytes: Buffer): void {
    const plan = this.#plan(attempt.target);
    const answerContext = {
      model: attempt.target.target.model,
      requestId: this.context.id,
      includeUsage: true,
    };
    const { passthrough } = attempt.built;
    const { encodingFormat } = this.request;
    const give = (answer: TranslatedAnswer) => this.#respond(attempt, status, bytes, answer);
    const refuse = (error: unknown) => this.failed(attempt, asGatewayError(error));
    if (bytes.length > this.#offloadBytes && !passthrough) {
      // It has answered: should the caller leave before the translation is done, the next call may probe.
      attempt.target.breaker.released();
      this.#offload(
        { kind: "answer", bytes, encodingFormat, plan, passthrough, context: answerContext },
        (result) => give(result as TranslatedAnswer),
        refuse,
      );
      return;
    }
    let answer: TranslatedAnswer;
    try {
      answer = translateAnswer(bytes, encodingFormat, plan, passthrough, answerContext);
    } catch (error) {
      refuse(error);
      return;
    }
    give(answer);
  }

  #respond(attempt: AiAttempt, status: number, bytes: Buffer, answer: TranslatedAnswer): void {
    const { context } = this;
    this.#succeeded(attempt);
    this.used(attempt, answer.usage, answer.model);
    const body = answer.text === null ? bytes : Buffer.from(answer.text);
    const headers = this.answerHeaders(attempt, JSON_TYPE);
    if (context.costUsd !== null) headers.push("x-tidegate-cost", context.costUsd.toFixed(8));
    this.lookup?.push(body);
    this.lookup?.end(status);
    respondWhole(context, status, headers, body);
    context.pipeline.finish(context);
  }

  answerHeaders({ target }: AiAttempt, contentType: string): string[] {
    const { context } = this;
    const headers = ["content-type", contentType, "x-tidegate-provider", target.provider.id];
    headers.push("x-tidegate-model", target.target.model, "x-tidegate-attempts", String(context.attempts));
    pushRequestId(headers, context);
    for (const part of context.rateLimitHeaders) headers.push(part);
    this.lookup?.editAnswer(headers);
    return headers;
  }

  // --- the pool ---

  #offload(task: TranslateTask, onResult: (result: TranslateResult) => void, onError?: (error: unknown) => void): void {
    const { context } = this;
    const fail = onError ?? ((error: unknown) => context.pipeline.fail(context, error));
    this.#runtime.pool
      .run<TranslateTask, { result: TranslateResult } | { error: SerializedError }>("translate", task)
      .then((outcome) => {
        if (context.finished) return;
        if ("error" in outcome) fail(revive(outcome.error));
        else onResult(outcome.result);
      })
      .catch((error: unknown) => {
        if (!context.finished) context.pipeline.fail(context, error);
      });
  }
}

type SerializedError = import("./translate-task.ts").SerializedError;

function revive({ code, message, param }: SerializedError): GatewayError {
  return new GatewayError(code, message, param === null ? {} : { param });
}

/** Bytes cross threads as plain Uint8Arrays. */
function asBuilt(result: TranslateResult): BuiltCall {
  const built = result as BuiltCall;
  return { ...built, body: Buffer.from(built.body.buffer, built.body.byteOffset, built.body.byteLength) };
}
