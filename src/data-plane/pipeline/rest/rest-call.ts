import type { DispatchHandler } from "../../../contracts/dispatcher.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ResponseStream } from "../../../contracts/exchange.ts";
import { backoffMs, isIdempotent, isRetryCause, neverSent, readRetryAfter } from "../../../upstream/retry.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { Runtime } from "../runtime.ts";
import { admitMore, startClocks } from "../stages/guard.ts";
import { respondHead, respondStream } from "../stages/respond.ts";
import type { AnswerWatcher } from "./answer-watcher.ts";
import { ExchangeBodyStream } from "./exchange-body-stream.ts";
import type { AnswerFilter, Forwarding } from "./forwarding.ts";
import { headerOf, interimHeaders } from "./response-headers.ts";
import type { RestService, RestTarget } from "./rest-service.ts";

/** Statuses that speak of the target's health, not of the request. */
const UNHEALTHY_STATUS = new Set([502, 503, 504]);

const MAX_DISCARDED_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** A call to an ordinary service: chooses a target, forwards, retries where that is safe, streams back. */
export class RestCall implements DispatchHandler {
  readonly #context: Context;
  readonly #service: RestService;
  readonly #route: Extract<RouteTarget, { kind: "rest" }>;
  readonly #runtime: Runtime;
  readonly #watcher: AnswerWatcher | null;
  /** null: as the service says. */
  readonly #forwarding: Forwarding | null;
  readonly #tried = new Set<number>();
  #target: RestTarget | null = null;
  #targetIndex = -1;
  #bodyStream: ExchangeBodyStream | null = null;
  /** The native hot path has begun to send the body, and holds nothing of it. */
  #bodySpent = false;
  #abort: ((reason: Error) => void) | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #stream: ResponseStream | null = null;
  /** The answer that comes in is not passed on: another attempt follows. */
  #discarding: GatewayError | null = null;
  #discardedBytes = 0;

  constructor(
    context: Context,
    service: RestService,
    route: Extract<RouteTarget, { kind: "rest" }>,
    runtime: Runtime,
    watcher: AnswerWatcher | null = null,
    forwarding: Forwarding | null = null,
  ) {
    this.#context = context;
    this.#service = service;
    this.#route = route;
    this.#runtime = runtime;
    this.#watcher = watcher;
    this.#forwarding = forwarding;
  }

  start(): void {
    const context = this.#context;
    startClocks(context, this.#service.snapshot.upstream.timeouts);
    context.abortAttempt = (reason) => this.#abandon(reason);
    this.#attempt();
  }

  #abandon(reason: Error): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#watcher?.onLost(reason);
    this.#abort?.(reason);
  }

  #attempt(): void {
    const context = this.#context;
    const index = this.#choose(Date.now());
    if (index < 0) {
      const { id } = this.#service.snapshot;
      this.#fail(new GatewayError("upstream_unavailable", `no target of service ${id} is healthy`));
      return;
    }
    const target = this.#service.targets[index] as RestTarget;
    const begun = context.takeBegun(target);
    this.#targetIndex = index;
    this.#target = target;
    this.#tried.add(index);
    context.attempts++;
    context.upstream = target.host;
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = begun?.dispatchedAt ?? performance.now();
    target.state.began();
    this.#forwarding?.onTarget(index);
    if (begun === null) {
      if (this.#forwarding === null) this.#runtime.fastPath?.learnRest(context, this.#service, this.#route);
      this.#dispatch(target);
    } else {
      this.#bodySpent = context.body === null && context.exchange.contentLength !== 0;
      begun.attempt.adopt(this);
    }
  }

  /** Untried targets first; then any healthy one; then, rather than fail, one that passive checks have ejected. */
  #choose(nowMs: number): number {
    const { targets, balance, hashKey } = this.#service;
    const begunAt = targets.indexOf(this.#context.begun?.target as RestTarget);
    if (begunAt >= 0) return begunAt;
    const pinned = this.#forwarding?.pinnedTarget ?? -1;
    if (pinned >= 0) return (targets[pinned] as RestTarget).state.activelyUnhealthy ? -1 : pinned;
    if (targets.length === 1) return (targets[0] as RestTarget).state.activelyUnhealthy ? -1 : 0;
    const key = hashKey(this.#context);
    const healthy = (i: number) => (targets[i] as RestTarget).state.isHealthy(nowMs);
    let index = balance((i) => healthy(i) && !this.#tried.has(i), key);
    if (index < 0) index = balance(healthy, key);
    if (index < 0) index = balance((i) => !(targets[i] as RestTarget).state.activelyUnhealthy, key);
    return index;
  }

  #dispatch(target: RestTarget): void {
    const { exchange, body, id, credentialHeaders } = this.#context;
    const { timeouts } = this.#service.snapshot.upstream;
    const headers = this.#service.requestHeaders(exchange, id, target.authority, credentialHeaders);
    const path = this.#forwarding?.pathAt(target) ?? this.#pathAt(target);
    let upstreamBody: Buffer | ExchangeBodyStream | null = body;
    if (body === null && exchange.contentLength !== 0) {
      this.#bodyStream = new ExchangeBodyStream(exchange, (bytes) => admitMore(this.#context, this.#route, bytes));
      // undici reports a failed body through onError as well.
      this.#bodyStream.on("error", () => {});
      upstreamBody = this.#bodyStream;
    }
    // Without a length it goes on in chunks, as it came.
    if (exchange.contentLength > 0 || exchange.header("content-length") !== undefined) {
      headers.push("content-length", String(exchange.contentLength));
    } else if (body !== null) headers.push("content-length", String(body.length));
    this.#watcher?.prepareRequest(headers);
    target.dispatcher.dispatch(
      {
        origin: target.origin,
        path: exchange.query === "" ? path : `${path}?${exchange.query}`,
        method: exchange.method,
        headers,
        body: upstreamBody,
        connectTimeoutMs: timeouts.connectMs,
        firstByteTimeoutMs: timeouts.firstByteMs,
        idleTimeoutMs: timeouts.idleMs,
      },
      this,
    );
  }

  #pathAt({ pathPrefix }: RestTarget): string {
    const { path } = this.#context.exchange;
    // `OPTIONS *` is about no path.
    return path === "*" ? "*" : pathPrefix + this.#route.rewritePath(path);
  }

  // --- what the upstream says ---

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#context.finished) abort(this.#context.error ?? new Error("the call is over"));
  }

  onInformation(status: number, headers: readonly string[]): void {
    const { finished, exchange } = this.#context;
    // 100 was ours to say, and was said when the body was asked for.
    if (!finished && status !== 100) exchange.inform?.(status, interimHeaders(headers));
  }

  onHeaders(status: number, headers: string[], resume: () => void): boolean {
    if (this.#context.finished) return true;
    this.#noteHealth(!UNHEALTHY_STATUS.has(status));
    const { retries } = this.#service.snapshot.upstream;
    if (retries.on.includes(status) && this.#mayRetry(null)) {
      const retryAfterMs = readRetryAfter(headerOf(headers, "retry-after"), Date.now());
      // One that asks for more patience than we have is passed on as it is.
      if (this.#othersLeft() || (retryAfterMs ?? 0) <= retries.maxBackoffMs) {
        const details = retryAfterMs === null ? { status } : { status, retryAfterMs };
        this.#discarding = new GatewayError("provider_error", `the upstream answered ${status}`, details);
        return true;
      }
    }
    this.#respond(status, headers, resume);
    return true;
  }

  #respond(status: number, upstreamHeaders: string[], resume: () => void): void {
    const context = this.#context;
    const { exchange } = context;
    const watcher = this.#watcher;
    if (watcher !== null) {
      const verdict = watcher.onAnswer(status, upstreamHeaders);
      if (verdict === "again")
        this.#discarding = new GatewayError("upstream_protocol_error", "the answer is asked for again");
      if (verdict !== "pass") return;
    }
    const headers = this.#service.responseHeaders(upstreamHeaders, context);
    watcher?.editAnswer(headers);
    const length = headerOf(upstreamHeaders, "content-length");
    const isFiltered = (this.#forwarding?.filter ?? null) !== null;
    const contentLength = length === undefined || isFiltered ? null : Number(length);
    if (exchange.method === "HEAD" || status === 204 || status === 304 || contentLength === 0) {
      respondHead(context, status, headers, status === 204 ? null : contentLength);
      return;
    }
    this.#stream = respondStream(context, status, headers, contentLength);
    this.#stream.onDrain(resume);
    if (this.#forwarding !== null) context.endWithError = (error) => this.#endWithError(error);
  }

  #endWithError(error: GatewayError): void {
    const lastWords = this.#forwarding?.lastWords(error) ?? null;
    if (lastWords === null || this.#stream === null) {
      this.#context.exchange.destroy();
      return;
    }
    this.#stream.write(lastWords);
    this.#stream.end();
  }

  onData(chunk: Buffer): boolean {
    if (this.#discarding !== null) this.#discard(chunk, this.#discarding);
    else this.#watcher?.onBody(chunk);
    if (this.#stream === null || this.#context.finished) return true;
    const filter = this.#forwarding === null ? null : this.#forwarding.filter;
    if (filter === null) return this.#stream.write(chunk);
    const passed = this.#filtered(filter, chunk);
    return passed.length === 0 ? true : this.#stream.write(passed);
  }

  /** `chunk` null: the answer has come to its end. Where it can't be told what goes on, the call is over. */
  #filtered(filter: AnswerFilter, chunk: Buffer | null): Buffer {
    try {
      return chunk === null ? filter.end() : filter.push(chunk);
    } catch (error) {
      this.#context.pipeline.fail(this.#context, error);
      return NOTHING;
    }
  }

  /** The answer is read to its end and dropped, so that the connection can be used again; a long one is not worth it. */
  #discard(chunk: Buffer, reason: Error): void {
    this.#discardedBytes += chunk.length;
    if (this.#discardedBytes > MAX_DISCARDED_BYTES) this.#abort?.(reason);
  }

  onComplete(): void {
    this.#over();
    const context = this.#context;
    if (this.#discarding === null) this.#watcher?.onEnd();
    if (context.finished) return;
    if (this.#discarding !== null) {
      this.#retry(this.#discarding);
      return;
    }
    const filter = this.#forwarding === null ? null : this.#forwarding.filter;
    if (filter !== null) {
      const rest = this.#filtered(filter, null);
      if (rest.length > 0) this.#stream?.write(rest);
      if (context.finished) return;
    }
    // The record first: whoever has the whole answer has it in the log, whatever happens to this process.
    context.pipeline.finish(context);
    this.#stream?.end();
  }

  onError(error: Error): void {
    this.#over();
    const context = this.#context;
    if (context.finished) {
      this.#watcher?.onLost(error);
      return;
    }
    if (this.#discarding !== null) {
      this.#retry(this.#discarding);
      return;
    }
    const failure =
      error instanceof GatewayError ? error : new GatewayError("internal_error", error.message, { cause: error });
    if (failure.source === "upstream") this.#noteHealth(false);
    if (
      !context.responseStarted &&
      isRetryCause(this.#service.snapshot.upstream.retries, failure) &&
      this.#mayRetry(failure)
    ) {
      this.#retry(failure);
      return;
    }
    this.#fail(failure);
  }

  #fail(failure: GatewayError): void {
    const context = this.#context;
    if (!context.responseStarted && this.#watcher?.onFailure(failure) === true) return;
    context.pipeline.fail(context, failure);
  }

  #over(): void {
    if (this.#target !== null) this.#target.state.ended();
    this.#target = null;
    this.#abort = null;
  }

  #noteHealth(good: boolean): void {
    const target = this.#service.targets[this.#targetIndex];
    if (target !== undefined) noteHealth(this.#service, target, good, this.#runtime);
  }

  // --- retries ---

  /** Safe: nothing was sent, or repeating it has no further effect; and the body is still there. `failure` null: a status. */
  #mayRetry(failure: GatewayError | null): boolean {
    const context = this.#context;
    if (context.attempts > this.#service.snapshot.upstream.retries.attempts) return false;
    if (this.#bodyStream?.begun || this.#bodySpent) return false;
    if (failure !== null && neverSent(failure)) return true;
    return isIdempotent(context.exchange.method) || this.#forwarding?.isRepeatable === true;
  }

  #retry(failure: GatewayError): void {
    const context = this.#context;
    const { retries } = this.#service.snapshot.upstream;
    this.#discarding = null;
    this.#discardedBytes = 0;
    this.#bodyStream = null;
    this.#runtime.logger.debug(
      { requestId: context.id, code: failure.code, attempt: context.attempts },
      "attempt failed, retrying",
    );
    const ownMs = backoffMs(retries, context.attempts, Math.random());
    const waitMs = this.#othersLeft() ? 0 : Math.max(ownMs, failure.retryAfterMs ?? 0);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (context.finished) return;
      try {
        this.#attempt();
      } catch (error) {
        context.pipeline.fail(context, error);
      }
    }, waitMs);
  }

  /** Whether there is a healthy target that was not tried yet. */
  #othersLeft(): boolean {
    if ((this.#forwarding?.pinnedTarget ?? -1) >= 0) return false;
    const nowMs = Date.now();
    return this.#service.targets.some(
      (target, index) => target.weight > 0 && !this.#tried.has(index) && target.state.isHealthy(nowMs),
    );
  }
}

/** What an attempt says of its target's health. */
export function noteHealth({ snapshot }: RestService, target: RestTarget, good: boolean, runtime: Runtime): void {
  const { passive } = snapshot.upstream;
  runtime.metrics.attempted(snapshot.id, target.host, good);
  if (passive === null) return;
  if (good) target.state.succeeded();
  else if (target.state.failed(Date.now(), passive.failures, passive.ejectMs)) {
    runtime.logger.warn(
      { service: snapshot.id, target: target.url, ejectMs: passive.ejectMs },
      "target ejected after failures in a row",
    );
  }
}
