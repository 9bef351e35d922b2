import type { CallAddress } from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { droppedValue } from "../../../dialects/dropped-fields.ts";
import { type InboundName, inboundDialects } from "../../../dialects/index.ts";
import { backoffMs, isRetryCause } from "../../../upstream/retry.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import type { TokenSource } from "../../provider-keys/token-source.ts";
import { type ModelCache, modelTtlMs } from "../cache/model-cache.ts";
import { ModelLookup } from "../cache/model-lookup.ts";
import type { Context } from "../context.ts";
import { asGatewayError, pushRequestId } from "../errors.ts";
import { respondWhole } from "../stages/respond.ts";
import { AiAttempt, DIALECT_HEADERS, estimatedTokens } from "./ai-attempt.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { type AiTarget, dialectAt } from "./ai-target.ts";
import { judgeFailure } from "./judge-failure.ts";
import { hasKeyFor, keyRefusal, noKeyFor, noToken, noteRefusal } from "./key-refusal.ts";
import type { ModelRoute, ModelRoutes } from "./model-routes.ts";
import { type ScannedRequest, scanRequest } from "./passthrough-request.ts";
import { choosePath, readHints, takesFields } from "./routing/choose-path.ts";
import type { ClientHints } from "./routing/client-hints.ts";
import { withoutHintFields, withoutHints } from "./routing/hint-fields.ts";
import { MAX_COPY_ANSWER_BYTES, type ModelMirror } from "./routing/model-mirror.ts";
import { type RequestFeatures, readFeatures } from "./routing/request-features.ts";
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
  /** Of a copy: where it goes, whatever its body asks for. Absent: where the model's name leads. */
  route?: ModelRoute;
}

const NONE: readonly number[] = [];
/** Keys that are refused are out, so that a call would end even without this. */
const MAX_KEY_CHANGES = 20;
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
  /** The caller's body without what is for the gateway; where that can't be cut out, `#withoutHints` says what is to be. */
  #bytes!: Buffer;
  #withoutHints: CallPlan["withoutHints"];
  /** As the caller asked for it: rules, a canary and hints may have chosen another. */
  #named!: ModelRoute;
  #isLearnable = true;
  readonly #options: AiCallOptions;
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
  /** How often another key of a target was tried at once. */
  #keyChanges = 0;

  constructor(context: Context, options: AiCallOptions, routes: ModelRoutes, runtime: AiRuntime, cache: ModelCache) {
    this.context = context;
    this.#options = options;
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
    this.#bytes = bytes;
    this.context.abortAttempt = (reason) => this.#abandon(reason);
    if (this.address !== null) {
      this.#begin(inspectAddress(this.address, bytes));
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
    const named = this.#options.route ?? this.#routes.resolve(request.model);
    this.#named = named;
    const hints = this.#options.route === undefined ? readHints(context, this.inbound, request, named) : null;
    if (request.hintFields !== undefined && takesFields(named, context, this.inbound)) this.#takeOutFields(request);
    if (named.selector === null && hints === null) {
      this.#isLearnable = !named.isChosen && this.#options.route === undefined;
      this.#routed(named);
      return;
    }
    this.#isLearnable = false;
    // Which rule holds may depend on what the body holds, and long bodies are read elsewhere.
    if (!this.#routes.readBodies || this.#bytes.length <= this.#offloadBytes) this.#choosePath(named, hints, null);
    else {
      this.#offload({ kind: "features", bytes: this.#bytes, inbound: this.inbound }, (features) =>
        this.#choosePath(named, hints, features as RequestFeatures),
      );
    }
  }

  #takeOutFields({ model, hintFields }: InspectedRequest): void {
    const missing = hintFields?.namesModel === false ? model : null;
    const cut = withoutHintFields(this.#bytes, missing);
    if (cut === null) this.#withoutHints = { model: missing };
    else {
      this.#bytes = cut;
      if (this.#scanned !== null) this.#scanned = scanRequest(cut);
    }
    if (this.#body !== null) this.#body = withoutHints(this.#body, missing);
  }

  /** Rules, canary, hints. `features`: of the body; null: it is short, and read when a rule asks. */
  #choosePath(named: ModelRoute, hints: ClientHints | null, features: RequestFeatures | null): void {
    const { context } = this;
    const { route, by } = choosePath(named, hints, context, this.#routes, this.request, () => {
      features ??= readFeatures(this.#parsedBody(), this.inbound);
      return features;
    });
    context.routedBy = by;
    if (hints !== null) context.tags = hints.tags;
    this.#routed(route);
  }

  #parsedBody(): Record<string, unknown> {
    this.#body ??= parseBody(this.#bytes);
    return this.#body;
  }

  #routed(route: ModelRoute): void {
    const { context, request } = this;
    this.route = route;
    if (this.route.timeouts.totalMs > 0) context.deadlineMs = context.startedAtMs + this.route.timeouts.totalMs;
    const policy = context.policies === null ? null : context.policies.cache;
    const ttlMs = modelTtlMs(policy);
    if (policy === null || ttlMs === null) {
      this.#forward();
      return;
    }
    // Of a call whose path says what is asked, all that its path says.
    const how = this.address === null ? this.#operation : `${this.address.method} ${this.address.framing}`;
    const operation = `${this.inbound} ${how}${this.route.dropsUnsupported ? " drop" : ""}`;
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
    this.#order = this.route.order(this.context);
    this.#next();
    const { mirror } = this.#named;
    if (mirror !== null && !this.context.finished)
      mirror.copy(this.context, this.#bytes, (copy) => this.#startCopy(copy, mirror));
  }

  #startCopy(copy: Context, { destination }: ModelMirror): void {
    const { request } = this;
    const resolve = (name: string) => this.#routes.resolve(name);
    const facts = () => readFeatures(this.#parsedBody(), this.inbound);
    const named = typeof destination === "string" ? resolve(destination) : destination;
    const { route } = choosePath(named, null, copy, this.#routes, request, facts);
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
    const bytes = this.#bytes;
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
      built = buildCall(this.#parsedBody(), plan);
    } catch (error) {
      this.#notBuilt(index, error);
      return;
    }
    if (this.#scanned !== null) this.#learn(built, index);
    this.#dispatch(index, built);
  }

  #learn(built: BuiltCall, index: number): void {
    // Calls that lose something tell of it; those that lose nothing teach how they are made.
    if (built.dropped !== undefined || !this.#isLearnable) return;
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
      const target = this.route.targets[index] as AiTarget;
      if (this.#incapable.includes(index)) continue;
      // Where there is no other, the keys that are out are tried nevertheless.
      if (order.length > 1 && !target.keys.isUsable(target.target.model, nowMs)) continue;
      if (!target.breaker.acquire(nowMs)) continue;
      this.#cursor = at + 1;
      this.#acquired = target;
      return index;
    }
    return -1;
  }

  #unavailable(): GatewayError {
    const nowMs = Date.now();
    const waits = this.route.targets.map((target) => Math.max(0, target.breaker.openUntilMs - nowMs));
    const lacking = this.route.targets.find((target) => !target.keys.isUsable(target.target.model, nowMs));
    if (lacking !== undefined) return noKeyFor(lacking, nowMs);
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
    const begun = context.takeBegun(target);
    let key: ProviderKey | null = null;
    if (target.keys.keys.length > 0) {
      key =
        begun === null
          ? target.keys.take(target.target.model, estimatedTokens(context), Date.now())
          : (target.keys.keys[begun.key] ?? null);
      if (key === null) {
        this.#lacksKey(index, target);
        return;
      }
    }
    this.#tried.push(index);
    this.#acquired = null;
    context.attempts++;
    context.provider = target.provider.id;
    context.upstream = target.host;
    context.modelServed = target.target.model;
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = begun?.dispatchedAt ?? performance.now();
    const dialect = dialectAt(target, this.#operation, this.inbound);
    context.droppedFields = built.dropped === undefined ? null : droppedValue(built.dropped);
    const attempt = new AiAttempt(this, target, dialect, built, key);
    this.#current = attempt;
    if (key === null || key.tokens === null) attempt.dispatch(begun?.attempt ?? null, null);
    else this.#withToken(attempt, key, key.tokens);
  }

  /** A call waits only where there is no token yet. */
  #withToken(attempt: AiAttempt, key: ProviderKey, tokens: TokenSource): void {
    const nowMs = Date.now();
    const token = tokens.current(nowMs);
    if (token !== null) {
      attempt.dispatch(null, token);
      return;
    }
    tokens.wait(nowMs, (outcome) => {
      if (this.context.finished) this.left(attempt);
      else if (typeof outcome === "string") attempt.dispatch(null, outcome);
      else this.failed(attempt, noToken(attempt.target, key, outcome));
    });
  }

  /** All keys have expired or are at their limits: another target may have one. */
  #lacksKey(index: number, target: AiTarget): void {
    target.breaker.released();
    this.#acquired = null;
    this.#incapable = [...this.#incapable, index];
    this.#lastError ??= noKeyFor(target, Date.now());
    this.#next();
  }

  #plan(target: AiTarget): CallPlan {
    return {
      operation: this.#operation,
      inbound: this.inbound,
      outbound: dialectAt(target, this.#operation, this.inbound),
      target: target.target,
      mayHoldForeign: target.mayHoldForeign || this.inbound === "openai-responses",
      ...(this.address === null ? {} : { address: this.address }),
      ...(this.route.dropsUnsupported ? { dropsUnsupported: true } : {}),
      ...(this.#withoutHints === undefined ? {} : { withoutHints: this.#withoutHints }),
    };
  }

  // --- what an attempt tells ---

  failed(attempt: AiAttempt, error: GatewayError): void {
    const { context, route } = this;
    const { target, key } = attempt;
    const nowMs = Date.now();
    const isOnly = route.targets.length === 1;
    const refusal = key === null ? null : keyRefusal(error);
    attempt.releaseKey();
    if (!context.responseStarted) attempt.settleKey(this.#runtime.limits, 0);
    if (key !== null && refusal !== null) noteRefusal(target, key, refusal, error, nowMs, isOnly);
    const hasOtherKey = refusal !== null && this.#keyChanges < MAX_KEY_CHANGES && hasKeyFor(target, nowMs);
    if (hasOtherKey) {
      // It was the key's fault, not the target's.
      target.breaker.released();
      this.#runtime.metrics.attempted(target.provider.id, target.target.model, false);
      this.#keyChanges++;
      this.#cursor = this.#order.indexOf(route.targets.indexOf(target));
    } else judgeFailure(target, error, nowMs, isOnly, this.#runtime.metrics);
    this.#lastError = error;
    const { maxAttempts } = route;
    const allowed = maxAttempts === null ? Math.max(route.retries.attempts, route.targets.length - 1) : maxAttempts - 1;
    if (context.finished) return;
    // Nothing was asked of the provider yet.
    const wasNotSent = error.code === "provider_token_unavailable" && this.#hasFresh(nowMs);
    const mayGoOn = hasOtherKey || wasNotSent || isRetryCause(route.retries, error);
    if (context.responseStarted || !mayGoOn || context.attempts - this.#keyChanges > allowed) {
      context.pipeline.fail(context, error);
      return;
    }
    const waitMs = hasOtherKey ? 0 : this.#waitMs(error, nowMs);
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

  /** There is a target that was not tried, and can be. */
  #hasFresh(nowMs: number): boolean {
    return this.#order.some((index) => {
      if (this.#tried.includes(index) || this.#incapable.includes(index)) return false;
      const { breaker, keys, target } = this.route.targets[index] as AiTarget;
      return breaker.permits(nowMs) && keys.isUsable(target.model, nowMs);
    });
  }

  /** No wait while there is a target that was not tried; else back-off, or what the provider asked for if that is longer. */
  #waitMs(error: GatewayError, nowMs: number): number {
    if (this.#hasFresh(nowMs)) return 0;
    const ownMs = backoffMs(this.route.retries, this.context.attempts, Math.random());
    return error.retryAfterMs === null ? ownMs : Math.max(ownMs, error.retryAfterMs + TIMER_SLACK_MS);
  }

  /** The caller left while an attempt was under way: that says nothing of the target. */
  left(attempt: AiAttempt): void {
    attempt.target.breaker.released();
    attempt.releaseKey();
  }

  committed(attempt: AiAttempt): void {
    this.#succeeded(attempt);
  }

  #succeeded(attempt: AiAttempt): void {
    const { breaker, keys, provider, target } = attempt.target;
    breaker.succeeded();
    if (attempt.key !== null) keys.succeeded(attempt.key, target.model, attempt.outage);
    this.#runtime.metrics.attempted(provider.id, target.model, true);
  }

  used(attempt: AiAttempt, usage: Usage | null, model: string | null): void {
    const { context } = this;
    if (model !== null) context.modelServed = model;
    if (usage === null) return;
    attempt.settleKey(this.#runtime.limits, usage.inputTokens + usage.outputTokens);
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
    const { passthrough } = attempt.built;
    const answerContext = attempt.answerContext(true);
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
    if (context.droppedFields !== null) headers.push("x-tidegate-dropped", context.droppedFields);
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
