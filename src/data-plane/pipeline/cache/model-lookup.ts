import { GatewayError } from "../../../contracts/errors.ts";
import type { CachePolicySnapshot } from "../../../contracts/policies.ts";
import type { ModelRoute } from "../ai/model-routes.ts";
import type { Context } from "../context.ts";
import { pushRequestId } from "../errors.ts";
import { pushReleaseHeaders } from "../releases/lifecycle.ts";
import { respondWhole } from "../stages/respond.ts";
import { forwardParameters, hitParameters, pushCacheStatus } from "./cache-status.ts";
import { type RequestDirectives, requestDirectives } from "./directives.ts";
import { type Flight, isOwnError } from "./flights.ts";
import type { ModelCache } from "./model-cache.ts";
import { StoredModelAnswer } from "./stored-model-answer.ts";

/** Models take their time; who waits is better off than with a call of its own up to here. */
const WAIT_LIMIT_MS = 60_000;

/** Looks for the stored answer of one call to a model, and stores the one that comes. */
export class ModelLookup {
  readonly #context: Context;
  readonly #cache: ModelCache;
  readonly #lifetimeMs: number;
  readonly #directives: Readonly<RequestDirectives>;
  readonly #key: string;
  readonly #isStream: boolean;
  readonly #contentType: string;
  #flight: Flight<StoredModelAnswer> | null = null;
  #chunks: Buffer[] | null = null;
  #bytes = 0;

  constructor(
    context: Context,
    cache: ModelCache,
    policy: CachePolicySnapshot,
    lifetimeMs: number,
    operation: string,
    route: ModelRoute,
    { isStream, contentType }: { isStream: boolean; contentType: string },
    headers: readonly string[],
  ) {
    this.#context = context;
    this.#cache = cache;
    this.#lifetimeMs = lifetimeMs;
    this.#isStream = isStream;
    this.#contentType = contentType;
    this.#directives = requestDirectives(context.exchange.rawHeaders);
    this.#key = this.#directives.noStore ? "" : cache.keyOf(context, policy, lifetimeMs, operation, route, headers);
  }

  /** Answers; or waits for another call's answer; or calls `forward`, now or later. */
  start(forward: () => void): void {
    const context = this.#context;
    const { noStore, noCache, onlyIfCached } = this.#directives;
    if (noStore) {
      context.cache = "bypass";
      forward();
      return;
    }
    const stored = noCache ? null : this.#find(Date.now());
    if (stored !== null) {
      this.#answer(stored, hitParameters(stored.freshForMs(Date.now())));
      return;
    }
    if (onlyIfCached) {
      throw new GatewayError(
        "not_stored",
        "the call asks for a stored answer only, and there is none that may be given",
      );
    }
    const { modelFlights } = this.#cache.runtime.cache;
    const flight = modelFlights.get(this.#key);
    // Whoever wants a stream wants its beginning soon.
    if (flight !== undefined && !noCache && !this.#isStream) {
      this.#wait(flight, forward);
      return;
    }
    this.#forward(flight === undefined && !this.#isStream, forward);
  }

  #forward(isFlight: boolean, forward: () => void): void {
    const context = this.#context;
    context.cache = "miss";
    this.#chunks = [];
    if (isFlight) {
      const flight = this.#cache.runtime.cache.modelFlights.begin(this.#key, WAIT_LIMIT_MS);
      this.#flight = flight;
      // However the call ends: nobody waits for what does not come.
      context.noteBeforeFinish(() => {
        const { error } = context;
        if (error !== null && !isOwnError(error)) flight.end({ kind: "failed", error });
        else flight.end({ kind: error === null ? "alone" : "left" });
      });
    }
    forward();
  }

  #find(nowMs: number): StoredModelAnswer | null {
    const { store } = this.#cache.runtime.cache;
    const stored = store.find(this.#key, 0, (answer) => answer instanceof StoredModelAnswer);
    if (!(stored instanceof StoredModelAnswer)) return null;
    const { maxAge, minFresh } = this.#directives;
    const freshForMs = stored.freshForMs(nowMs);
    if (freshForMs <= 0 || (minFresh !== null && freshForMs < minFresh * 1000)) return null;
    return maxAge !== null && (maxAge === 0 || stored.ageMs(nowMs) > maxAge * 1000) ? null : stored;
  }

  #wait(flight: Flight<StoredModelAnswer>, forward: () => void): void {
    const context = this.#context;
    const abandon = context.abortAttempt;
    const leave = flight.wait((outcome) => {
      if (context.finished) return;
      context.abortAttempt = abandon;
      try {
        if (outcome.kind === "answered")
          this.#answer(outcome.answer, `${forwardParameters("uri-miss", true)}; collapsed`);
        else if (outcome.kind === "failed") context.pipeline.fail(context, outcome.error);
        else if (outcome.kind === "left") this.start(forward);
        else this.#forward(false, forward);
      } catch (error) {
        context.pipeline.fail(context, error);
      }
    });
    context.abortAttempt = leave;
  }

  /** Its tokens are told, and cost nothing: nobody was paid for them. */
  #answer(stored: StoredModelAnswer, parameters: string): void {
    const context = this.#context;
    const { status, isStream, body, provider, model, usage, droppedFields } = stored;
    context.cache = "hit";
    context.provider = provider;
    context.modelServed = model;
    context.usage = usage;
    context.costUsd = 0;
    context.streamed = isStream;
    const headers = ["content-type", this.#contentType, "x-tidegate-provider", provider, "x-tidegate-model", model];
    headers.push("x-tidegate-attempts", "0", "x-tidegate-cost", "0.00000000");
    headers.push("age", String(Math.floor(stored.ageMs(Date.now()) / 1000)));
    if (droppedFields !== null) headers.push("x-tidegate-dropped", droppedFields);
    pushRequestId(headers, context);
    pushReleaseHeaders(headers, context);
    headers.push(...context.rateLimitHeaders);
    pushCacheStatus(headers, "hit", parameters);
    respondWhole(context, status, headers, body);
    context.pipeline.finish(context);
  }

  // --- the answer that comes ---

  editAnswer(headers: string[]): void {
    const { cache } = this.#context;
    if (cache === "bypass") pushCacheStatus(headers, cache, "fwd=bypass");
    else
      pushCacheStatus(
        headers,
        "miss",
        forwardParameters(this.#directives.noCache ? "request" : "uri-miss", this.#chunks !== null),
      );
  }

  /** What the caller gets of its body. */
  push(chunk: Buffer | string): void {
    if (this.#chunks === null) return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#cache.runtime.cache.maxEntryBytes) this.#chunks.push(bytes);
    else this.#chunks = null;
  }

  /** It is whole, and good. */
  end(status: number): void {
    const { provider, modelServed, usage, droppedFields } = this.#context;
    if (this.#chunks === null || status !== 200 || provider === null) return;
    const body = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) at += chunk.copy(body, at);
    this.#chunks = null;
    const answer = new StoredModelAnswer({
      status,
      isStream: this.#isStream,
      body,
      provider,
      model: modelServed ?? "",
      usage,
      droppedFields,
      storedAtMs: Date.now(),
      lifetimeMs: this.#lifetimeMs,
    });
    this.#cache.runtime.cache.store.put(this.#key, 0, 0, answer, () => true);
    this.#flight?.end({ kind: "answered", answer });
  }
}
