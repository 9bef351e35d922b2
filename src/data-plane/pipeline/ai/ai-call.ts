import type { CallAddress } from "../../../contracts/dialect.ts";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { droppedValue } from "../../../dialects/dropped-fields.ts";
import { type InboundName, inboundDialects, outboundDialects } from "../../../dialects/index.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import { lookupForCall } from "../cache/lookup-for-call.ts";
import type { ModelCache } from "../cache/model-cache.ts";
import type { ModelLookup } from "../cache/model-lookup.ts";
import type { Context } from "../context.ts";
import { asGatewayError, pushRequestId } from "../errors.ts";
import { respondWhole } from "../stages/respond.ts";
import { AiAttempt, estimatedTokens } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { type AiTarget, dialectAt } from "./ai-target.ts";
import { bookAnswer, bookAttempt } from "./attempt-accounts.ts";
import { hasEffects } from "./hedging/has-effects.ts";
import { Hedge, type HedgeOutcome } from "./hedging/hedge.ts";
import { judgeAttempt } from "./judge-attempt.ts";
import { noKeyFor } from "./key-refusal.ts";
import type { ModelRoute, ModelRoutes } from "./model-routes.ts";
import { nextAttemptMs } from "./next-attempt.ts";
import { isOther } from "./operation-kinds.ts";
import { buildUpload, targetsWith } from "./other-operations.ts";
import { isRelayed } from "./relayed-answer.ts";
import { RequestBuilder } from "./request-builder.ts";
import { StreamRescue } from "./rescue/stream-rescue.ts";
import { resolveModel } from "./resolve-model.ts";
import { choosePath, readHints, takesFields } from "./routing/choose-path.ts";
import type { ClientHints } from "./routing/client-hints.ts";
import { MAX_COPY_ANSWER_BYTES, type ModelMirror } from "./routing/model-mirror.ts";
import { NO_FEATURES, type RequestFeatures } from "./routing/request-features.ts";
import { AnswerIds, NO_IDS, wantedIds } from "./stored/answer-ids.ts";
import { keyTagOf } from "./stored/object-ids.ts";
import { isKeeper, keepersOf, noPinnedKey, type Pin, pinnedKey, pinRequest } from "./stored/pin.ts";
import { TargetChoice } from "./target-choice.ts";
import {
  type AiOperation,
  type BuiltCall,
  type CallPlan,
  type InspectedRequest,
  inspectAddress,
  type TranslatedAnswer,
} from "./translation.ts";
import type { ModelForm } from "./upload/model-form.ts";
import { translateWhole } from "./whole-answer.ts";
import { withToken } from "./with-token.ts";

export interface AiCallOptions {
  operation: AiOperation;
  inbound: InboundName;
  /** Null: the body says what is asked of which model. */
  address: CallAddress | null;
  offloadBytes: number;
  maxResponseBytes: number;
  /** What is meant where no model is named. Absent: one has to be. */
  usualModel?: string;
  /** Of a call whose body is a form. */
  upload: ModelForm | null;
  /** Of a copy: where it goes, whatever its body asks for. Absent: where the model's name leads. */
  route?: ModelRoute;
}

/** Keys that are refused are out, so that a call would end even without this. */
const MAX_UNCOUNTED = 20;
const EVENT_STREAM = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json";

/**
 * A call to a model: finds the route, builds the request for each target in turn (request-builder.ts), and answers with the
 * first that does. Whose turn it is says target-choice.ts; whether there is a next attempt, next-attempt.ts.
 */
export class AiCall {
  readonly context: Context;
  readonly inbound: InboundName;
  readonly address: CallAddress | null;
  readonly maxResponseBytes: number;
  route!: ModelRoute;
  request!: InspectedRequest;
  /** Of the stored answer; null: no cache policy holds. */
  lookup: ModelLookup | null = null;
  /** Of its stream; null: an error ends it when it breaks off. */
  rescue: StreamRescue | null = null;
  /** The attempt whose stream the caller is getting; null: none is. */
  answering: AiAttempt | null = null;
  readonly operation: AiOperation;
  readonly #offloadBytes: number;
  readonly #upload: ModelForm | null;
  /** Where it has to go, because of what it names; null: wherever its route leads. */
  #pin: Pin | null = null;
  readonly #usualModel: string | undefined;
  readonly #routes: ModelRoutes;
  readonly #runtime: AiRuntime;
  readonly #cache: ModelCache;
  #builder!: RequestBuilder;
  #choice!: TargetChoice;
  /** As the caller asked for it: rules, a canary and hints may have chosen another. */
  #named!: ModelRoute;
  #isLearnable = true;
  readonly #options: AiCallOptions;
  #lastError: GatewayError | null = null;
  #current: AiAttempt | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  /** Attempts that don't count: another key of the target was tried at once, it was asked in another way, or lost a race. */
  #uncounted = 0;
  /** null: no second target is asked while the first one is. */
  #hedge: Hedge | null = null;
  /** null: no second target was asked. */
  #hedgeOutcome: HedgeOutcome | null = null;

  constructor(context: Context, options: AiCallOptions, routes: ModelRoutes, runtime: AiRuntime, cache: ModelCache) {
    this.context = context;
    this.#options = options;
    this.inbound = options.inbound;
    this.address = options.address;
    this.maxResponseBytes = options.maxResponseBytes;
    this.operation = options.operation;
    this.#offloadBytes = options.offloadBytes;
    this.#upload = options.upload;
    this.#usualModel = options.usualModel;
    this.#routes = routes;
    this.#runtime = runtime;
    this.#cache = cache;
  }

  start(): void {
    const { context } = this;
    if (this.#upload !== null) {
      context.abortAttempt = (reason) => this.#abandon(reason);
      this.#upload.start((request) => this.#begin(request));
      return;
    }
    const pinned = pinRequest(context, this.inbound, this.#runtime.objectIds);
    this.#pin = pinned?.pin ?? null;
    const builder = RequestBuilder.of(pinned?.body ?? context.body, this.#offloadBytes);
    this.#builder = builder;
    context.abortAttempt = (reason) => this.#abandon(reason);
    const request =
      this.address === null
        ? builder.inspect(this.inbound, this.#usualModel)
        : inspectAddress(this.address, builder.bytes);
    if (request !== null) this.#begin(request);
    else this.#builder.inspectInPool(this.#runtime.pool, context, this.inbound, (found) => this.#begin(found));
  }

  #begin(request: InspectedRequest): void {
    const { context } = this;
    this.request = request;
    context.modelAsked = request.model.slice(0, 200);
    const named = this.#options.route ?? resolveModel(context, this.#routes, request.model);
    this.#named = named;
    const hints = this.#options.route === undefined ? readHints(context, this.inbound, request, named) : null;
    if (request.hintFields !== undefined && takesFields(named, context, this.inbound)) this.#builder.takeOut(request);
    if (named.selector === null && hints === null) {
      this.#isLearnable = !named.isChosen && this.#options.route === undefined && this.#pin === null;
      this.#routed(named);
      return;
    }
    this.#isLearnable = false;
    // Which rule holds may depend on what the body holds, and long bodies are read elsewhere.
    if (this.#upload !== null || !this.#routes.readBodies || !this.#builder.isLarge) {
      this.#choosePath(named, hints, () => this.#features());
      return;
    }
    this.#builder.readInPool(this.#runtime.pool, context, this.inbound, (features) =>
      this.#choosePath(named, hints, () => features),
    );
  }

  /** Of a form nothing is known. */
  #features(): RequestFeatures {
    return this.#upload === null ? this.#builder.features(this.inbound) : NO_FEATURES;
  }

  /** Rules, canary, hints. */
  #choosePath(named: ModelRoute, hints: ClientHints | null, features: () => RequestFeatures): void {
    const { context } = this;
    const mayServe = (target: AiTarget) => isKeeper(this.#pin, target);
    const { route, by } = choosePath(named, hints, context, this.#routes, this.request, features, mayServe);
    context.routedBy = by;
    if (hints !== null) context.tags = hints.tags;
    this.#routed(route);
  }

  #routed(route: ModelRoute): void {
    const { context } = this;
    this.route = route;
    if (this.route.timeouts.totalMs > 0) context.deadlineMs = context.startedAtMs + this.route.timeouts.totalMs;
    this.lookup = isRelayed(this.operation) ? null : lookupForCall(this, this.operation, this.#cache);
    if (this.lookup === null) this.#forward();
    else this.lookup.start(() => this.#forward());
  }

  #forward(): void {
    const { onBrokenStream, hedging } = this.route;
    const { stream } = this.request;
    const able = targetsWith(this.operation, this.route, this.route.order(this.context));
    const order = this.#pin === null ? able : keepersOf(this.#pin, this.route, able);
    this.#choice = new TargetChoice(this.route, order);
    if (onBrokenStream !== null && stream && this.operation === "chat") this.rescue = new StreamRescue(onBrokenStream);
    if (hedging !== null && mayHedge(this.operation)) this.#hedge = new Hedge(hedging, this, stream);
    this.#next();
    const { mirror } = this.#named;
    // Nobody else has what a pinned call names.
    if (mirror !== null && this.#upload === null && this.#pin === null && !this.context.finished)
      mirror.copy(this.context, this.#builder.bytes, (copy) => this.#startCopy(copy, mirror));
  }

  #startCopy(copy: Context, { destination }: ModelMirror): void {
    const { request } = this;
    const resolve = (name: string) => this.#routes.resolve(name);
    const named = typeof destination === "string" ? resolve(destination) : destination;
    const { route } = choosePath(named, null, copy, this.#routes, request, () => this.#features(), ANY);
    const options = {
      ...this.#options,
      maxResponseBytes: Math.min(this.maxResponseBytes, MAX_COPY_ANSWER_BYTES),
      route: { ...route, mirror: null, selector: null, maxAttempts: 1 },
    };
    copy.routedBy = "mirror";
    new AiCall(copy, options, this.#routes, this.#runtime, this.#cache).start();
  }

  /** Of the answer. */
  get contentType(): string {
    if (!this.request.stream || this.address?.framing === "json-array") return JSON_TYPE;
    return inboundDialects[this.inbound].framing?.contentType ?? EVENT_STREAM;
  }

  #abandon(reason: Error): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    // Not there yet while the body is being looked at.
    this.#choice?.release();
    this.#hedge?.stop();
    this.#current?.abort(reason);
    for (const attempt of this.#hedge?.racing ?? []) if (attempt !== this.#current) attempt.abort(reason);
  }

  // --- the attempt loop ---

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
    if (this.#upload !== null) {
      this.#dispatch(index, buildUpload(this.#upload, plan));
      return;
    }
    let built: BuiltCall | null;
    try {
      built = this.#builder.build(this.request, plan);
    } catch (error) {
      this.#notBuilt(index, error);
      return;
    }
    if (built === null) {
      this.#builder.buildInPool(
        this.#runtime.pool,
        this.context,
        plan,
        (result) => this.#dispatch(index, result),
        (error) => this.#notBuilt(index, error),
      );
      return;
    }
    if (this.#builder.isScanned) this.#learn(built, index);
    this.#dispatch(index, built);
  }

  #learn(built: BuiltCall, index: number): void {
    const { context, inbound, route, request } = this;
    // Calls that lose something tell of it; those that lose nothing teach how they are made.
    if (built.dropped !== undefined || !this.#isLearnable || isOther(this.operation)) return;
    const { ownHeaderMarks = [] } =
      outboundDialects[dialectAt(route.targets[index] as AiTarget, this.operation, inbound)];
    if (!built.passthrough && ownHeaderMarks.some((mark) => this.#builder.bytes.includes(mark))) return;
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
    const pinned = pinnedKey(this.#pin, target);
    const tokens = estimatedTokens(this.context);
    return pinned === null ? keys.take(model, tokens, Date.now()) : keys.takeThis(pinned, model, tokens, Date.now());
  }

  #noKey(target: AiTarget): GatewayError {
    const pin = this.#pin;
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
      ...(this.address === null ? {} : { address: this.address }),
      ...(prefix === null || target.prefill === null ? {} : { prefix: { text: prefix, prefill: target.prefill } }),
      ...(this.route.dropsUnsupported ? { dropsUnsupported: true } : {}),
      ...(this.#upload !== null || this.#builder.withoutHints === undefined
        ? {}
        : { withoutHints: this.#builder.withoutHints }),
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
      mayChangeKey: this.#uncounted < MAX_UNCOUNTED && pinnedKey(this.#pin, attempt.target) === null,
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
    const isSpent = this.#upload?.isSpent === true;
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
    if (this.context.finished || this.#builder.isLarge) return false;
    try {
      return !hasEffects(this.#builder.parsed());
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
      this.#offloadBytes,
      this.#runtime.pool,
      (answer) => this.#respond(attempt, status, bytes, answer),
      (error) => this.failed(attempt, asGatewayError(error)),
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

  /** null: ids of the answer are of no use to the caller, or not the provider's. */
  answerIds({ built, key, target }: AiAttempt): AnswerIds | null {
    if (this.operation !== "chat" || !built.passthrough) return null;
    const wanted = wantedIds(this.inbound, target.target.endpoints, built.body);
    if (wanted === null && this.#pin === null) return null;
    const from = { provider: target.provider.id, keyTag: keyTagOf(key?.id ?? "") };
    const { application } = this.context;
    return new AnswerIds(
      this.#runtime.objectIds,
      application?.id ?? "",
      from,
      this.#pin?.names ?? [],
      wanted ?? NO_IDS,
    );
  }

  answerHeaders({ target }: AiAttempt, contentType: string): string[] {
    const { context } = this;
    const headers = ["content-type", contentType, "x-tidegate-provider", target.provider.id];
    headers.push("x-tidegate-model", target.target.model, "x-tidegate-attempts", String(context.attempts));
    if (context.droppedFields !== null) headers.push("x-tidegate-dropped", context.droppedFields);
    pushRequestId(headers, context);
    for (const part of context.rateLimitHeaders) headers.push(part);
    if (this.#hedgeOutcome !== null) headers.push("x-tidegate-hedge", this.#hedgeOutcome);
    this.lookup?.editAnswer(headers);
    return headers;
  }
}

/** Of a call that names nothing that some provider keeps. */
const ANY = () => true;

/** For the answer's header. */
function droppedOf({ dropped }: BuiltCall): string | null {
  return dropped === undefined ? null : droppedValue(dropped);
}

/** Chats and embeddings: other operations are paid by the call, or are no models' work. */
function mayHedge(operation: AiOperation): boolean {
  return operation === "chat" || operation === "embeddings";
}
