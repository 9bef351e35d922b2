import type { CallAddress } from "../../../contracts/dialect.ts";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { type InboundName, outboundDialects } from "../../../dialects/index.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import type { ModelLookup } from "../cache/model-lookup.ts";
import type { Context } from "../context.ts";
import { asGatewayError } from "../errors.ts";
import { respondWhole } from "../stages/respond.ts";
import { AiAttempt } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { type AiTarget, dialectAt } from "./ai-target.ts";
import { answerHeadersOf, answerIdsOf, contentTypeOf, droppedOf, JSON_TYPE } from "./answer-head.ts";
import { bookAnswer, bookAttempt } from "./attempt-accounts.ts";
import { hasEffects } from "./hedging/has-effects.ts";
import { Hedge, type HedgeOutcome } from "./hedging/hedge.ts";
import { judgeAttempt } from "./judge-attempt.ts";
import { noKeyFor } from "./key-refusal.ts";
import type { ModelRoute } from "./model-routes.ts";
import { nextAttemptMs } from "./next-attempt.ts";
import { isOther } from "./operation-kinds.ts";
import { buildUpload, targetsWith } from "./other-operations.ts";
import { withoutKeys } from "./provider-failed.ts";
import { isRelayed } from "./relayed-answer.ts";
import type { RequestBuilder } from "./request-builder.ts";
import { StreamRescue } from "./rescue/stream-rescue.ts";
import type { RoutedCall } from "./routed-call.ts";
import type { AnswerIds } from "./stored/answer-ids.ts";
import { keepersOf, noPinnedKey, pinnedKey } from "./stored/pin.ts";
import { TargetChoice } from "./target-choice.ts";
import type { AiOperation, BuiltCall, CallPlan, InspectedRequest, TranslatedAnswer } from "./translation.ts";
import { estimatedTokens } from "./untold-usage.ts";
import { translateWhole } from "./whole-answer.ts";
import { withToken } from "./with-token.ts";

/** Keys that are refused are out, so that a call would end even without this. */
const MAX_UNCOUNTED = 20;

/**
 * The attempts of a call: builds the request for each target in turn (request-builder.ts), and answers with the first that does.
 * Whose turn it is says target-choice.ts; whether there is a next attempt, next-attempt.ts.
 */
export class AttemptLoop {
  readonly #call: RoutedCall;
  readonly #runtime: AiRuntime;
  /** Of the stored answer; null: no cache policy holds. */
  readonly lookup: ModelLookup | null;
  /** Of its stream; null: an error ends it when it breaks off. */
  rescue: StreamRescue | null = null;
  /** The attempt whose stream the caller is getting; null: none is. */
  answering: AiAttempt | null = null;
  #choice!: TargetChoice;
  #lastError: GatewayError | null = null;
  #current: AiAttempt | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  /** Attempts that don't count: another key of the target was tried at once, it was asked in another way, or lost a race. */
  #uncounted = 0;
  /** null: no second target is asked while the first one is. */
  #hedge: Hedge | null = null;
  /** null: no second target was asked. */
  #hedgeOutcome: HedgeOutcome | null = null;

  constructor(call: RoutedCall, lookup: ModelLookup | null, runtime: AiRuntime) {
    this.#call = call;
    this.lookup = lookup;
    this.#runtime = runtime;
  }

  get context(): Context {
    return this.#call.context;
  }

  get inbound(): InboundName {
    return this.#call.inbound;
  }

  get operation(): AiOperation {
    return this.#call.operation;
  }

  get route(): ModelRoute {
    return this.#call.route;
  }

  get request(): InspectedRequest {
    return this.#call.request;
  }

  /** Null: the body says what is asked of which model. */
  get address(): CallAddress | null {
    return this.#call.address;
  }

  get maxResponseBytes(): number {
    return this.#call.maxResponseBytes;
  }

  /** Of the answer. */
  get contentType(): string {
    return contentTypeOf(this.#call);
  }

  start(): void {
    const { context, route, operation, pin } = this.#call;
    const { onBrokenStream, hedging } = route;
    const { stream } = this.request;
    const able = targetsWith(operation, route, route.order(context));
    const order = pin === null ? able : keepersOf(pin, route, able);
    this.#choice = new TargetChoice(route, order);
    if (onBrokenStream !== null && stream && operation === "chat") this.rescue = new StreamRescue(onBrokenStream);
    if (hedging !== null && mayHedge(operation)) this.#hedge = new Hedge(hedging, this, stream);
    this.#next();
  }

  abandon(reason: Error): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    // Not there yet while a stored answer is being looked for.
    this.#choice?.release();
    this.#hedge?.stop();
    this.#current?.abort(reason);
    for (const attempt of this.#hedge?.racing ?? []) if (attempt !== this.#current) attempt.abort(reason);
  }

  #next(): void {
    const nowMs = Date.now();
    const { rescue } = this;
    let index = -1;
    if (rescue?.isBroken === true) index = this.#choice.preferred(nowMs, (target) => rescue.takesPrefix(target));
    if (index < 0) index = this.#choice.next((this.context.begun?.target as AiTarget | undefined) ?? null, nowMs);
    if (index < 0) {
      if (rescue?.isBroken === true) this.#runtime.metrics.rescued(this.route.name, "failed");
      this.context.pipeline.fail(this.context, rescue?.cause ?? this.#lastError ?? this.#choice.unavailable(nowMs));
      return;
    }
    this.#ask(index);
  }

  /** Makes an attempt at the acquired target. */
  #ask(index: number): void {
    const plan = this.#plan(this.route.targets[index] as AiTarget);
    const { upload, builder } = this.#call;
    if (upload !== null) this.#dispatch(index, buildUpload(upload, plan));
    if (builder === null) return;
    let built: BuiltCall | null;
    try {
      built = builder.build(this.request, plan);
    } catch (error) {
      this.#notBuilt(index, error);
      return;
    }
    if (built === null) {
      builder.buildInPool(
        this.#runtime.pool,
        this.context,
        plan,
        (result) => this.#dispatch(index, result),
        (error) => this.#notBuilt(index, error),
      );
      return;
    }
    if (builder.isScanned) this.#learn(builder, built, index);
    this.#dispatch(index, built);
  }

  #learn(builder: RequestBuilder, built: BuiltCall, index: number): void {
    const { context, inbound, route, request } = this;
    // Calls that lose something tell of it; those that lose nothing teach how they are made.
    if (built.dropped !== undefined || !this.#call.isLearnable || isOther(this.operation)) return;
    const { ownHeaderMarks = [] } =
      outboundDialects[dialectAt(route.targets[index] as AiTarget, this.operation, inbound)];
    if (!built.passthrough && ownHeaderMarks.some((mark) => builder.bytes.includes(mark))) return;
    this.#runtime.fastPath?.learnAi(context, this.operation, inbound, route, request, built, index);
  }

  /** Another target may be able to do what this one can't; what the caller got wrong is wrong everywhere. */
  #notBuilt(index: number, error: unknown): void {
    const failure = asGatewayError(error);
    if (failure.code !== "unsupported_field") {
      this.#choice.release();
      this.context.pipeline.fail(this.context, failure);
      return;
    }
    this.#exclude(index, failure);
  }

  #exclude(index: number, reason: GatewayError): void {
    this.#choice.exclude(index);
    this.#lastError ??= reason;
    if (this.#hedge?.isAsking === true) {
      this.#hedge.gaveUp();
      if (this.#hedge.racing.length > 0) return;
    }
    this.#next();
  }

  #dispatch(index: number, built: BuiltCall): void {
    const { context } = this;
    const target = this.route.targets[index] as AiTarget;
    if (this.#hedge?.isAsking === true && this.#hedge.isDecided) {
      this.#choice.release();
      return;
    }
    const begun = context.takeBegun(target);
    let key: ProviderKey | null = null;
    if (target.keys.keys.length > 0) {
      key = begun === null ? this.#takeKey(target) : (target.keys.keys[begun.key] ?? null);
      if (key === null) {
        // All keys have expired or are at their limits: another target may have one.
        this.#exclude(index, this.#noKey(target));
        return;
      }
    }
    this.#choice.tried(index);
    context.attempts++;
    this.#serve(target);
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = begun?.dispatchedAt ?? performance.now();
    const dialect = dialectAt(target, this.operation, this.inbound);
    context.droppedFields = droppedOf(built);
    const attempt = new AiAttempt(this, target, dialect, built, key);
    this.#current = attempt;
    this.#hedge?.began(attempt);
    if (key === null || key.tokens === null) attempt.dispatch(begun?.attempt ?? null, null);
    else {
      withToken(target, key, Date.now(), (token, error) => {
        if (attempt.isOver) return;
        if (context.finished) this.left(attempt);
        else if (error === null) attempt.dispatch(null, token);
        else this.failed(attempt, error);
      });
    }
  }

  /** null: none may be used now. */
  #takeKey(target: AiTarget): ProviderKey | null {
    const { keys } = target;
    const { model } = target.target;
    const pinned = pinnedKey(this.#call.pin, target);
    const tokens = estimatedTokens(this.context);
    return pinned === null ? keys.take(model, tokens, Date.now()) : keys.takeThis(pinned, model, tokens, Date.now());
  }

  #noKey(target: AiTarget): GatewayError {
    const pin = this.#call.pin;
    const pinned = pinnedKey(pin, target);
    const nowMs = Date.now();
    return pin === null || pinned === null ? noKeyFor(target, nowMs) : noPinnedKey(pin, pinned, nowMs);
  }

  /** Who the call is at, for its record. */
  #serve({ provider, host, target }: AiTarget): void {
    const { context } = this;
    context.provider = provider.id;
    context.upstream = host;
    context.modelServed = target.model;
  }

  #plan(target: AiTarget): CallPlan {
    const prefix = this.rescue === null ? null : this.rescue.prefixFor(target);
    return {
      operation: this.operation,
      inbound: this.inbound,
      outbound: dialectAt(target, this.operation, this.inbound),
      target: target.target,
      mayHoldForeign: target.mayHoldForeign || this.inbound === "openai-responses",
      ...(this.#call.address === null ? {} : { address: this.#call.address }),
      ...(prefix === null || target.prefill === null ? {} : { prefix: { text: prefix, prefill: target.prefill } }),
      ...(this.route.dropsUnsupported ? { dropsUnsupported: true } : {}),
      ...(this.#call.builder?.withoutHints === undefined ? {} : { withoutHints: this.#call.builder.withoutHints }),
    };
  }

  // --- what an attempt tells ---

  failed(attempt: AiAttempt, error: GatewayError): void {
    const { context, rescue } = this;
    const nowMs = Date.now();
    const mayChange = judgeAttempt(attempt, error, {
      runtime: this.#runtime,
      rescue,
      isOnly: this.route.targets.length === 1,
      mayChangeKey: this.#uncounted < MAX_UNCOUNTED && pinnedKey(this.#call.pin, attempt.target) === null,
      nowMs,
    });
    if (mayChange) {
      this.#uncounted++;
      this.#choice.repeat(attempt.target);
    }
    this.#lastError = error;
    const isBroken = attempt.hasCommitted;
    const isRescued = isBroken && rescue !== null && attempt.answer !== null && !context.finished;
    const goesOn = isRescued && rescue.broke(attempt.answer, error, () => attempt.createFormatter());
    if (goesOn || !isBroken) {
      const outcome = isBroken ? "broken" : "failed";
      bookAttempt(context, this.#runtime, attempt, outcome, error, rescue?.takeWritten() ?? 0);
      if (rescue !== null) rescue.usedBefore = context.usage;
    }
    if (context.finished) return;
    if (this.#hedge !== null) {
      this.#hedge.failed(attempt);
      if (!isBroken && this.#hedge.hasOther(attempt)) {
        this.#serve((this.#hedge.racing[0] ?? attempt).target);
        return;
      }
    }
    const failed = {
      error,
      model: attempt.target.target.model,
      uncounted: this.#uncounted,
      mayChange,
      isRescued: goesOn,
    };
    const isSpent = this.#call.upload?.isSpent === true;
    const mayGoOn = (goesOn || !isBroken) && rescue?.differs !== true && !isSpent;
    const waitMs = mayGoOn ? nextAttemptMs(context, this.route, this.#choice, failed, nowMs) : null;
    if (waitMs === null) {
      if (rescue?.isBroken === true) this.#runtime.metrics.rescued(this.route.name, "failed");
      context.pipeline.fail(context, rescue?.cause ?? error);
      return;
    }
    this.#nextIn(waitMs, error);
  }

  #nextIn(waitMs: number, { code, status }: GatewayError): void {
    const { context } = this;
    this.#runtime.logger.debug({ requestId: context.id, code, status, waitMs }, "attempt failed, trying again");
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

  /** The caller left while an attempt was under way: that says nothing of the target. */
  left(attempt: AiAttempt): void {
    attempt.target.breaker.released();
    attempt.releaseKey();
  }

  /** The attempt's first token has come: it is the one that answers. */
  committed(attempt: AiAttempt): void {
    this.#won(attempt);
    this.#succeeded(attempt);
    this.answering = attempt;
    if (this.rescue?.isBroken !== true) return;
    this.#runtime.metrics.rescued(this.route.name, attempt.built.prefix === undefined ? "restarted" : "continued");
  }

  #won(attempt: AiAttempt): void {
    if (this.#hedge === null || this.#hedge.isDecided) return;
    this.#hedge.won(attempt);
    this.#current = attempt;
    this.#serve(attempt.target);
    this.context.droppedFields = droppedOf(attempt.built);
  }

  #succeeded(attempt: AiAttempt): void {
    const { breaker, keys, provider, target } = attempt.target;
    breaker.succeeded();
    if (attempt.key !== null) keys.succeeded(attempt.key, target.model, attempt.outage);
    this.#runtime.metrics.attempted(provider.id, target.model, true);
  }

  used(attempt: AiAttempt, usage: Usage | null, model: string | null): void {
    if (model !== null) this.context.modelServed = model;
    if (usage !== null) bookAnswer(this.context, this.#runtime, attempt, usage);
  }

  // --- a second target beside the first one ---

  mayBeHedged(): boolean {
    const { builder } = this.#call;
    if (this.context.finished || builder === null || builder.isLarge) return false;
    try {
      return !hasEffects(builder.parsed());
    } catch {
      return false;
    }
  }

  askAnother(): boolean {
    const index = this.#choice.fresh(Date.now());
    if (index < 0) return false;
    try {
      this.#ask(index);
    } catch (failure) {
      this.context.pipeline.fail(this.context, failure);
    }
    return true;
  }

  lost(attempt: AiAttempt): void {
    bookAttempt(this.context, this.#runtime, attempt, "lost", null, 0);
    this.#uncounted++;
    this.left(attempt);
    attempt.cancel();
  }

  hedged(outcome: HedgeOutcome): void {
    this.#runtime.metrics.hedged(this.route.name, outcome);
    if (outcome !== "over_share") this.#hedgeOutcome = outcome;
  }

  /** Its stream broke off, and lacked nothing but its end. */
  completed(): void {
    this.#runtime.metrics.rescued(this.route.name, "completed");
  }

  /** A stream has ended well. */
  streamed(): void {
    this.context.pipeline.finish(this.context);
  }

  /** A whole good answer. */
  answered(attempt: AiAttempt, status: number, bytes: Buffer): void {
    this.#won(attempt);
    translateWhole(
      this,
      attempt,
      this.#plan(attempt.target),
      bytes,
      this.#call.offloadBytes,
      this.#runtime.pool,
      (answer) => this.#respond(attempt, status, bytes, answer),
      (error) => this.failed(attempt, withoutKeys(attempt.target, asGatewayError(error))),
    );
  }

  #respond(attempt: AiAttempt, status: number, bytes: Buffer, answer: TranslatedAnswer): void {
    const { context } = this;
    this.#succeeded(attempt);
    this.used(attempt, answer.usage, answer.model);
    const own = answer.text === null ? (this.answerIds(attempt)?.outward(bytes) ?? bytes) : null;
    const body = own ?? Buffer.from(answer.text as string);
    const headers = this.answerHeaders(attempt, isRelayed(this.operation) ? attempt.answerType : JSON_TYPE);
    if (context.costUsd !== null) headers.push("x-tidegate-cost", context.costUsd.toFixed(8));
    this.lookup?.push(body);
    this.lookup?.end(status);
    respondWhole(context, status, headers, body);
    context.pipeline.finish(context);
  }

  answerIds(attempt: AiAttempt): AnswerIds | null {
    return answerIdsOf(this.#call, attempt, this.#runtime.objectIds);
  }

  answerHeaders(attempt: AiAttempt, contentType: string): string[] {
    const headers = answerHeadersOf(this.context, attempt, contentType);
    if (this.#hedgeOutcome !== null) headers.push("x-tidegate-hedge", this.#hedgeOutcome);
    this.lookup?.editAnswer(headers);
    return headers;
  }
}

/** Chats and embeddings: other operations are paid by the call, or are no models' work. */
function mayHedge(operation: AiOperation): boolean {
  return operation === "chat" || operation === "embeddings";
}
