import type { CacheOutcome } from "../../../contracts/call-record.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { CachePolicySnapshot } from "../../../contracts/policies.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import { RestCall } from "../rest/rest-call.ts";
import type { RestService } from "../rest/rest-service.ts";
import type { Runtime } from "../runtime.ts";
import { backgroundContext } from "./background-call.ts";
import { CacheFetch } from "./cache-fetch.ts";
import { scopeOf } from "./cache-scope.ts";
import { type ForwardReason, forwardParameters, hitParameters } from "./cache-status.ts";
import { type RequestDirectives, requestDirectives } from "./directives.ts";
import type { Flight, FlightOutcome } from "./flights.ts";
import { respondStored } from "./respond-stored.ts";
import { type RequestCredentials, StoredAnswer } from "./stored-answer.ts";

/** A GET or HEAD that may be answered from what is stored. */
export class CachedCall {
  readonly context: Context;
  readonly service: RestService;
  readonly policy: CachePolicySnapshot;
  readonly runtime: Runtime;
  readonly key: string;
  readonly slot: number;
  readonly directives: Readonly<RequestDirectives>;
  readonly credentials: RequestCredentials;
  readonly #route: Extract<RouteTarget, { kind: "rest" }>;
  readonly #namespace: string;
  #stored: StoredAnswer | null = null;
  /** Why it waits for another call's answer. */
  #waitsBecause: ForwardReason = "uri-miss";

  constructor(
    context: Context,
    service: RestService,
    route: Extract<RouteTarget, { kind: "rest" }>,
    runtime: Runtime,
    policy: CachePolicySnapshot,
    namespace: string,
  ) {
    this.context = context;
    this.service = service;
    this.policy = policy;
    this.runtime = runtime;
    this.#route = route;
    this.#namespace = namespace;
    const { exchange } = context;
    const resource = resourceOf(context, service.snapshot.id);
    this.slot = runtime.cache.invalidations.slotOf(resource);
    const varied = policy.varyBy.map((name) => this.requestValue(name));
    this.key = [namespace, scopeOf(context, policy.scope), resource, ...varied].join("\n");
    this.directives = requestDirectives(exchange.rawHeaders);
    this.credentials = {
      authorization: this.#forwards("authorization"),
      cookies: this.#forwards("cookie"),
    };
  }

  /** Whether the upstream is asked now. */
  start(): boolean {
    const { runtime, directives } = this;
    const { store, flights } = runtime.cache;
    const nowMs = Date.now();
    const stored = this.find();
    this.#stored = stored;
    if (stored !== null) {
      const usable = this.#usable(stored, nowMs);
      if (usable !== null) {
        if (usable === "refresh") this.#refresh(stored);
        const outcome: CacheOutcome = usable === "fresh" ? "hit" : "stale";
        this.answer(stored, outcome, hitParameters(stored.freshForMs(nowMs)));
        return false;
      }
    }
    if (directives.onlyIfCached)
      throw new GatewayError(
        "not_stored",
        "the call asks for a stored answer only, and there is none that may be given",
      );
    if (this.context.exchange.method === "HEAD" || store.isPassed(this.key, nowMs)) return this.#fetch(null);
    const flight = flights.get(this.key);
    if (flight !== undefined && !directives.noCache) {
      this.#wait(flight);
      return false;
    }
    return this.#fetch(flight === undefined ? flights.begin(this.key) : null);
  }

  /** What is stored for such a request, fresh or not. */
  find(): StoredAnswer | null {
    const { store, invalidations } = this.runtime.cache;
    const mark = invalidations.count(this.slot);
    const found = store.find(this.key, mark, (answer) => answer instanceof StoredAnswer && this.matches(answer));
    return found instanceof StoredAnswer ? found : null;
  }

  /** RFC 9111 §4.1, and that it may be given to whoever sends such credentials. */
  matches({ varyNames, varyValues, permits }: StoredAnswer): boolean {
    if (this.credentials.authorization && !permits.authorization) return false;
    if (this.credentials.cookies && !permits.cookies) return false;
    if (varyNames === null) return true;
    for (let i = 0; i < varyNames.length; i++) {
      if (this.requestValue(varyNames[i] as string) !== varyValues[i]) return false;
    }
    return true;
  }

  /** A request header as far as the upstream gets to see it: the gateway's own credentials tell no answers apart. */
  requestValue(name: string): string {
    const { exchange, credentialHeaders, id } = this.context;
    if (credentialHeaders.includes(name)) return "";
    // Written by the gateway.
    if (name === "x-request-id") return id;
    if (name === "x-forwarded-for" || name === "forwarded") return `${exchange.clientAddress}, ${exchange.peerAddress}`;
    const { rawHeaders } = exchange;
    let value = "";
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (rawHeaders[i] === name) value += `${value === "" ? "" : ","}${rawHeaders[i + 1]}`;
    }
    return value === "" ? "" : value.replace(/[ \t]*,[ \t]*/g, ",").trim();
  }

  answer(stored: StoredAnswer, outcome: CacheOutcome, parameters: string): void {
    respondStored(this.context, this.service, stored, outcome, parameters);
  }

  #forwards(name: string): boolean {
    return this.context.exchange.header(name) !== undefined && !this.context.credentialHeaders.includes(name);
  }

  /** RFC 9111 §4.2, §5.2.1; RFC 5861 §3. Null: not without asking the upstream. */
  #usable(stored: StoredAnswer, nowMs: number): "fresh" | "stale" | "refresh" | null {
    const { noCache, maxAge, minFresh, maxStale } = this.directives;
    if (noCache || stored.alwaysValidates) return null;
    // Without any doubt: that is how a browser reloads.
    if (maxAge !== null && (maxAge === 0 || stored.ageMs(nowMs) > maxAge * 1000)) return null;
    const freshForMs = stored.freshForMs(nowMs);
    if (minFresh !== null && freshForMs < minFresh * 1000) return null;
    if (freshForMs > 0) return "fresh";
    if (maxStale !== null && stored.mayBeStale && -freshForMs <= maxStale * 1000) return "stale";
    return stored.isWithin(stored.staleWhileRevalidateMs, nowMs) ? "refresh" : null;
  }

  #fetch(flight: Flight<StoredAnswer> | null): boolean {
    const isPassed = flight === null && this.runtime.cache.store.isPassed(this.key, Date.now());
    const watcher = new CacheFetch(this, this.#stored, flight, this.#reason(), isPassed);
    new RestCall(this.context, this.service, this.#route, this.runtime, watcher).start();
    return true;
  }

  #reason(): ForwardReason {
    if (this.#stored === null) return this.runtime.cache.store.has(this.key) ? "vary-miss" : "uri-miss";
    const { noCache, maxAge } = this.directives;
    return (noCache || maxAge !== null) && this.#stored.freshForMs(Date.now()) > 0 ? "request" : "stale";
  }

  /** Asks for a new one while callers get the stale one; once, however many do. */
  #refresh(stored: StoredAnswer): void {
    const { flights } = this.runtime.cache;
    if (flights.get(this.key) !== undefined) return;
    const context = backgroundContext(this.context, this.runtime);
    const call = new CachedCall(context, this.service, this.#route, this.runtime, this.policy, this.#namespace);
    call.#stored = stored;
    try {
      call.#fetch(flights.begin(this.key));
    } catch (error) {
      context.pipeline.fail(context, error);
    }
  }

  // --- waiting for another call's answer ---

  #wait(flight: Flight<StoredAnswer>): void {
    const { context } = this;
    this.#waitsBecause = this.#reason();
    const { totalMs } = this.service.snapshot.upstream.timeouts;
    if (totalMs > 0) context.deadlineMs = context.startedAtMs + totalMs;
    const leave = flight.wait((outcome) => {
      if (context.finished) return;
      context.abortAttempt = null;
      try {
        this.#after(outcome);
      } catch (error) {
        context.pipeline.fail(context, error);
      }
    });
    context.abortAttempt = leave;
  }

  #after(outcome: FlightOutcome<StoredAnswer>): void {
    const nowMs = Date.now();
    switch (outcome.kind) {
      case "answered": {
        const { answer } = outcome;
        if (!this.matches(answer)) this.start();
        else if (this.#usable(answer, nowMs) === "fresh") {
          this.answer(answer, "hit", `${forwardParameters(this.#waitsBecause, true)}; collapsed`);
        } else this.#alone();
        break;
      }
      case "alone":
        this.#alone();
        break;
      case "left":
        this.start();
        break;
      case "failed":
        if (!this.answerStale(this.#stored)) this.context.pipeline.fail(this.context, outcome.error);
        break;
    }
  }

  #alone(): void {
    this.#stored = this.find();
    this.#fetch(null);
  }

  /** Instead of an error (RFC 5861 §4). */
  answerStale(stored: StoredAnswer | null): boolean {
    const nowMs = Date.now();
    if (stored === null || this.context.responseStarted || !stored.isWithin(stored.staleIfErrorMs, nowMs)) return false;
    this.answer(stored, "stale", hitParameters(stored.freshForMs(nowMs)));
    return true;
  }
}

/** What a call is about, whoever makes it: the target URI, of this service. */
export function resourceOf(
  { exchange }: Pick<Context, "exchange">,
  service: string,
  target: string | null = null,
): string {
  const host = (exchange.header("host") ?? exchange.host).toLowerCase();
  const path = target ?? (exchange.query === "" ? exchange.path : `${exchange.path}?${exchange.query}`);
  return `${service} ${exchange.scheme}://${host}${path}`;
}
