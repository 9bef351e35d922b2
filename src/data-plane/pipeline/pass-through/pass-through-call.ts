import type { DispatchHandler } from "../../../contracts/dispatcher.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ResponseStream } from "../../../contracts/exchange.ts";
import { estimateTokens } from "../../../contracts/token-estimate.ts";
import { inboundDialects } from "../../../dialects/index.ts";
import { signV4 } from "../../../providers/signing/sigv4.ts";
import type { Outage } from "../../provider-keys/key-state.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import type { AiRuntime } from "../ai/ai-runtime.ts";
import { keyRefusal, noKeyFor } from "../ai/key-refusal.ts";
import { providerRefusal } from "../ai/provider-refusal.ts";
import { unifiedPath } from "../ai/unified-path.ts";
import { estimatedInputTokens } from "../ai/untold-usage.ts";
import { withToken } from "../ai/with-token.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import { requireProvider } from "../policies/model-access.ts";
import { ExchangeBodyStream } from "../rest/exchange-body-stream.ts";
import { headerOf, interimHeaders } from "../rest/response-headers.ts";
import { admitMore } from "../stages/guard.ts";
import { respondHead, respondStream, respondWhole } from "../stages/respond.ts";
import { type AnswerUsage, answerUsageOf } from "./answer-usage.ts";
import { answerHeaders, contentLengthOf, providerQuery, requestHeaders } from "./pass-through-headers.ts";
import { type PassedProvider, providerPath } from "./passed-provider.ts";

/** What is held of an error answer, so that it can be read before it goes on. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * A call that goes to a provider's own API as it is: bytes both ways untouched, with one of the provider's keys in the place of
 * the caller's. A key that the provider refuses is changed for another where the body can be sent again; nothing else is retried.
 */
export class PassThroughCall implements DispatchHandler {
  readonly #context: Context;
  readonly #at: PassedProvider;
  readonly #route: Extract<RouteTarget, { kind: "ai" }>;
  readonly #runtime: AiRuntime;
  readonly #path: string;
  #key: ProviderKey | null = null;
  /** What the key is tried again for. */
  #outage: Outage | null = null;
  #reservedAtMs = 0;
  #bodyStream: ExchangeBodyStream | null = null;
  #abort: ((reason: Error) => void) | null = null;
  #status = 0;
  #headers: string[] = [];
  /** Of an error answer; null: what comes goes on at once. */
  #held: Buffer[] | null = null;
  #heldBytes = 0;
  #resume: (() => void) | null = null;
  #stream: ResponseStream | null = null;
  #usage: AnswerUsage | null = null;

  constructor(context: Context, at: PassedProvider, route: Extract<RouteTarget, { kind: "ai" }>, runtime: AiRuntime) {
    this.#context = context;
    this.#at = at;
    this.#route = route;
    this.#runtime = runtime;
    this.#path = providerPath(at.pathPrefix, unifiedPath(route, context.exchange.path));
  }

  start(): void {
    const context = this.#context;
    const { provider, host } = this.#at;
    requireProvider(context, provider.id, "a provider's own API");
    const { idleMs, totalMs } = provider.timeouts;
    context.exchange.setIdleTimeout(idleMs);
    if (totalMs > 0) context.deadlineMs = context.startedAtMs + totalMs;
    context.provider = provider.id;
    context.upstream = host;
    context.modelAsked = this.#modelAsked();
    context.abortAttempt = (reason) => {
      this.#releaseKey();
      this.#abort?.(reason);
    };
    this.#attempt();
  }

  /** Where it can be known without holding the body. */
  #modelAsked(): string | null {
    const { exchange, body } = this.#context;
    const { dialect } = this.#at.provider;
    try {
      const address = inboundDialects[dialect].readAddress?.(this.#path, exchange.query);
      if (address !== undefined) return address.model.slice(0, 200);
      const model = body === null ? null : (JSON.parse(body.toString()) as { model?: unknown } | null)?.model;
      return typeof model === "string" ? model.slice(0, 200) : null;
    } catch {
      // Not what calls of models look like.
      return null;
    }
  }

  #attempt(): void {
    const context = this.#context;
    const { keys } = this.#at;
    const nowMs = Date.now();
    if (keys.keys.length > 0) {
      this.#key = keys.take(this.#model, this.#estimatedTokens(), nowMs);
      if (this.#key === null) {
        context.pipeline.fail(context, noKeyFor(this.#asTarget(), nowMs));
        return;
      }
      this.#outage = this.#key.state.outageFor(this.#model);
      this.#reservedAtMs = nowMs;
    }
    context.attempts++;
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = performance.now();
    withToken(this.#asTarget(), this.#key, nowMs, (token, error) => {
      if (context.finished) this.#releaseKey();
      else if (error === null) this.#dispatch(token);
      else context.pipeline.fail(context, error);
    });
  }

  get #model(): string {
    return this.#context.modelAsked ?? "";
  }

  #asTarget() {
    return { provider: this.#at.provider, keys: this.#at.keys, target: { model: this.#model } };
  }

  #estimatedTokens(): number {
    const { body } = this.#context;
    return body === null ? 0 : estimateTokens(body.length);
  }

  /** Tokens; of recordings and pictures, the length tells nothing. */
  #estimatedInput(): number {
    const { exchange, requestBytes, body } = this.#context;
    if (exchange.header("content-type")?.startsWith("application/json") !== true) return 0;
    return body === null ? estimateTokens(requestBytes) : estimatedInputTokens(this.#context);
  }

  #dispatch(token: string | null): void {
    const context = this.#context;
    const { exchange, body } = context;
    const at = this.#at;
    const key = this.#key;
    const { connectMs, firstByteMs, idleMs } = at.provider.timeouts;
    const headers = requestHeaders(context, at, at.heads[key === null ? 0 : key.index] as readonly string[]);
    if (token !== null) headers.push("authorization", `Bearer ${token}`);
    if (exchange.contentLength > 0 || exchange.header("content-length") !== undefined)
      headers.push("content-length", String(exchange.contentLength));
    else if (body !== null) headers.push("content-length", String(body.length));
    const query = providerQuery(exchange.query, at.query, key === null ? "" : key.query);
    const signed = { method: exchange.method, path: this.#path, query, headers, body: body ?? "" };
    const signature = key === null || key.aws === null ? [] : signV4(signed, key.aws, Date.now());
    at.dispatcher.dispatch(
      {
        origin: at.origin,
        path: query === "" ? this.#path : `${this.#path}?${query}`,
        method: exchange.method,
        headers: [...headers, ...signature],
        body: body ?? this.#streamedBody(),
        connectTimeoutMs: connectMs,
        firstByteTimeoutMs: firstByteMs,
        idleTimeoutMs: idleMs,
      },
      this,
    );
  }

  #streamedBody(): ExchangeBodyStream | null {
    const { exchange } = this.#context;
    if (exchange.contentLength === 0) return null;
    this.#bodyStream = new ExchangeBodyStream(exchange, (bytes) => admitMore(this.#context, this.#route, bytes));
    this.#bodyStream.on("error", () => {});
    return this.#bodyStream;
  }

  // --- what the provider says ---

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#context.finished) abort(this.#context.error ?? new Error("the call is over"));
  }

  onInformation(status: number, headers: readonly string[]): void {
    const { finished, exchange } = this.#context;
    if (!finished && status !== 100) exchange.inform?.(status, interimHeaders(headers));
  }

  onHeaders(status: number, headers: string[], resume: () => void): boolean {
    const context = this.#context;
    if (context.finished) return true;
    this.#status = status;
    this.#headers = headers;
    this.#resume = resume;
    if (status >= 400) {
      this.#held = [];
      return true;
    }
    this.#taken();
    this.#usage = answerUsageOf(this.#at.provider.dialect, this.#path, headers);
    context.streamed = this.#usage?.isStream === true;
    context.noteBeforeFinish(() => this.#noteUsage());
    this.#respond();
    return true;
  }

  #respond(): void {
    const context = this.#context;
    const headers = answerHeaders(this.#headers, context, this.#at.provider.id);
    const length = contentLengthOf(this.#headers);
    if (context.exchange.method === "HEAD" || this.#status === 204 || this.#status === 304 || length === 0) {
      respondHead(context, this.#status, headers, this.#status === 204 ? null : length);
      return;
    }
    this.#stream = respondStream(context, this.#status, headers, length);
    this.#stream.onDrain(() => this.#resume?.());
  }

  onData(chunk: Buffer): boolean {
    if (this.#held !== null) {
      this.#hold(this.#held, chunk);
      return true;
    }
    if (this.#stream === null || this.#context.finished) return true;
    this.#usage?.push(chunk);
    return this.#stream.write(chunk);
  }

  #hold(held: Buffer[], chunk: Buffer): void {
    const kept = chunk.subarray(0, MAX_ERROR_BYTES - this.#heldBytes);
    this.#heldBytes += kept.length;
    if (kept.length > 0) held.push(kept);
  }

  onComplete(): void {
    const context = this.#context;
    this.#abort = null;
    if (context.finished) return;
    if (this.#held !== null) {
      this.#refused(Buffer.concat(this.#held));
      return;
    }
    this.#usage?.end();
    context.pipeline.finish(context);
    this.#stream?.end();
  }

  onError(error: Error): void {
    const context = this.#context;
    this.#abort = null;
    this.#releaseKey();
    if (context.finished) return;
    const failure = new GatewayError("internal_error", error.message, { cause: error });
    context.pipeline.fail(context, error instanceof GatewayError ? error : failure);
  }

  // --- keys and usage ---

  /** An error answer: about the key, it may be another's turn; else it is the caller's, as it is, but for our keys. */
  #refused(body: Buffer): void {
    const context = this.#context;
    const { keys, provider } = this.#at;
    const key = this.#key;
    const nowMs = Date.now();
    if (key !== null) {
      const header = (name: string) => headerOf(this.#headers, name);
      const error = providerRefusal(provider.dialect, this.#status, header, body);
      const refusal = keyRefusal(error);
      this.#releaseKey();
      this.#settleKey(0);
      if (refusal !== null) key.state.countRefusal(refusal.status);
      if (refusal !== null && keys.keys.length > 1) {
        keys.refused(key, refusal.isWhole ? null : this.#model, refusal.status, error.retryAfterMs, nowMs);
        const mayGoOn = context.attempts < keys.keys.length && this.#bodyStream === null;
        if (mayGoOn && keys.isUsable(this.#model, nowMs)) {
          this.#held = null;
          this.#heldBytes = 0;
          this.#attempt();
          return;
        }
      }
      if (refusal === null) this.#succeeded(key);
    }
    this.#runtime.metrics.attempted(provider.id, this.#model, false);
    context.outcome = "error";
    const headers = answerHeaders(this.#headers, context, provider.id);
    if (context.exchange.method === "HEAD") respondHead(context, this.#status, headers, contentLengthOf(this.#headers));
    else respondWhole(context, this.#status, headers, this.#withoutKeys(body));
    context.pipeline.finish(context);
  }

  /** Some servers repeat the key they were called with in what they complain of. */
  #withoutKeys(body: Buffer): Buffer {
    const secrets = this.#at.keys.keys.flatMap((key) => key.secrets()).filter((secret) => body.includes(secret));
    if (secrets.length === 0) return body;
    return Buffer.from(secrets.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), body.toString()));
  }

  #taken(): void {
    if (this.#key !== null) this.#succeeded(this.#key);
    this.#runtime.metrics.attempted(this.#at.provider.id, this.#model, true);
  }

  #succeeded(key: ProviderKey): void {
    this.#at.keys.succeeded(key, this.#model, this.#outage);
    this.#outage = null;
  }

  /** It says nothing of its key any more: the next call may be the one that tries it. */
  #releaseKey(): void {
    if (this.#outage !== null) this.#outage.isProbed = false;
  }

  #settleKey(usedTokens: number): void {
    const key = this.#key;
    if (key === null || key.limits.length === 0 || this.#reservedAtMs === 0) return;
    key.settle(this.#runtime.limits, this.#estimatedTokens(), usedTokens, this.#reservedAtMs);
    this.#reservedAtMs = 0;
  }

  /**
   * An answer that tells nothing has used nothing that is counted, unless it is a stream: then what came of it is estimated, and
   * where nothing did, the estimate of the limits stands.
   */
  #noteUsage(): void {
    const context = this.#context;
    const { model = null, isStream = false, untoldTokens = 0 } = this.#usage ?? {};
    let usage = this.#usage?.usage ?? null;
    if (untoldTokens > 0) {
      usage ??= { inputTokens: this.#estimatedInput(), outputTokens: 0 };
      usage = { ...usage, outputTokens: usage.outputTokens + untoldTokens };
    }
    context.modelServed = model ?? context.modelAsked;
    if (usage === null) {
      if (!isStream) this.#settleKey(0);
      return;
    }
    this.#settleKey(usage.inputTokens + usage.outputTokens);
    context.usage = usage;
    const { priceProvider } = this.#at.provider;
    const price =
      priceProvider === null ? null : this.#runtime.prices.priceOf(priceProvider, context.modelServed ?? "");
    if (price !== null) context.costUsd = this.#runtime.prices.costUsd(price, usage);
  }
}
