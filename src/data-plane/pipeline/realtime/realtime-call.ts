import type { WebSocket } from "ws";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import type { AiRuntime } from "../ai/ai-runtime.ts";
import type { AiTarget } from "../ai/ai-target.ts";
import { DIALECT_HEADERS } from "../ai/attempt-request.ts";
import { judgeFailure } from "../ai/judge-failure.ts";
import { keyRefusal, noKeyFor, noteRefusal } from "../ai/key-refusal.ts";
import type { ModelRoute, ModelRoutes } from "../ai/model-routes.ts";
import { withoutKeys } from "../ai/provider-failed.ts";
import { providerRefusal } from "../ai/provider-refusal.ts";
import { resolveModel } from "../ai/resolve-model.ts";
import { withToken } from "../ai/with-token.ts";
import type { Context } from "../context.ts";
import { added, usageOfEvent } from "./realtime-usage.ts";
import { Relay, type RelayObserver } from "./relay.ts";
import { acceptWebSocket, canAccept, checkUpgrade, dial, offeredProtocols } from "./web-sockets.ts";

const SWITCHING_PROTOCOLS = 101;
/** RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;
const LOST = 1006;

/**
 * A session of OpenAI's Realtime API: a WebSocket on either side. The caller's is accepted once a provider has accepted its
 * own, so that a provider that refuses can be followed by another, and a caller is told why in an HTTP answer.
 */
export class RealtimeCall implements RelayObserver {
  readonly #context: Context;
  readonly #routes: ModelRoutes;
  readonly #runtime: AiRuntime;
  #route!: ModelRoute;
  /** Indices of targets that are still to be tried. */
  #left: number[] = [];
  #target: AiTarget | null = null;
  #key: ProviderKey | null = null;
  #reservedAtMs = 0;
  #dialled: WebSocket | null = null;
  #relay: Relay | null = null;
  #lastError: GatewayError | null = null;
  /** Another key of the target is tried at once, so often. */
  #keyChanges = 0;

  constructor(context: Context, routes: ModelRoutes, runtime: AiRuntime) {
    this.#context = context;
    this.#routes = routes;
    this.#runtime = runtime;
  }

  start(): void {
    const context = this.#context;
    const { exchange } = context;
    checkUpgrade(exchange);
    const model = new URLSearchParams(exchange.query).get("model");
    if (model === null || model === "") {
      throw new GatewayError("invalid_request", "name the model in the query, e.g. ?model=gpt-realtime", {
        param: "model",
      });
    }
    context.modelAsked = model.slice(0, 200);
    this.#route = resolveModel(context, this.#routes, model);
    this.#left = this.#route.order(context).filter((index) => hasRealtime(this.#route.targets[index] as AiTarget));
    if (this.#left.length === 0) {
      const message = `model \`${model}\` is at no provider with OpenAI's Realtime API`;
      throw new GatewayError("unsupported_field", message, { param: "model" });
    }
    context.abortAttempt = () => this.#abandon();
    this.#next();
  }

  #abandon(): void {
    this.#target?.breaker.released();
    this.#dialled?.terminate();
    this.#relay?.close(INTERNAL_ERROR, "the caller was lost");
  }

  // --- attempts ---

  #next(): void {
    const context = this.#context;
    const nowMs = Date.now();
    const index = this.#left.findIndex((one) => {
      const { breaker, keys, target } = this.#route.targets[one] as AiTarget;
      return (this.#left.length === 1 || keys.isUsable(target.model, nowMs)) && breaker.acquire(nowMs);
    });
    if (index < 0) {
      const unavailable = `no target of model \`${this.#route.name}\` is available`;
      context.pipeline.fail(context, this.#lastError ?? new GatewayError("upstream_unavailable", unavailable));
      return;
    }
    const [chosen = 0] = this.#left.splice(index, 1);
    this.#attempt(this.#route.targets[chosen] as AiTarget);
  }

  #attempt(target: AiTarget): void {
    const context = this.#context;
    const nowMs = Date.now();
    this.#target = target;
    this.#key = null;
    if (target.keys.keys.length > 0) {
      this.#key = target.keys.take(target.target.model, 0, nowMs);
      if (this.#key === null) {
        target.breaker.released();
        this.#lastError ??= noKeyFor(target, nowMs);
        this.#next();
        return;
      }
      this.#reservedAtMs = nowMs;
    }
    context.attempts++;
    context.provider = target.provider.id;
    context.upstream = target.host;
    context.modelServed = target.target.model;
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = performance.now();
    withToken(target, this.#key, nowMs, (token, error) => {
      if (context.finished) target.breaker.released();
      else if (error === null) this.#dial(target, token);
      else this.#failed(target, error);
    });
  }

  #dial(target: AiTarget, token: string | null): void {
    const { exchange } = this.#context;
    const key = this.#key;
    const headers = (target.heads[key === null ? 0 : key.index] as readonly string[]).filter(
      (_, index, all) => !/^(?:host|content-type)$/.test(all[index - (index % 2)] as string),
    );
    if (token !== null) headers.push("authorization", `Bearer ${token}`);
    for (const name of DIALECT_HEADERS.openai ?? []) {
      const value = exchange.header(name);
      if (value !== undefined) headers.push(name, value);
    }
    const parts = [
      providerQuery(exchange.query, target.target.model),
      target.query,
      key === null ? "" : key.query,
    ].filter((part) => part !== "");
    const url = `${target.origin.replace(/^http/, "ws")}${target.pathPrefix}/realtime?${parts.join("&")}`;
    const { connectMs, firstByteMs } = this.#route.timeouts;
    const timeoutMs = firstByteMs === 0 ? 0 : connectMs + firstByteMs;
    const dialled = dial(url, offeredProtocols(exchange), headers, timeoutMs, {
      onOpen: () => this.#opened(target, dialled),
      onRefused: (status, fields, body) => this.#failed(target, refusalOf(target, status, fields, body)),
      onError: (error) => this.#failed(target, unreachable(error)),
    });
    this.#dialled = dialled;
  }

  #failed(target: AiTarget, error: GatewayError): void {
    const context = this.#context;
    this.#dialled = null;
    if (context.finished) return;
    const nowMs = Date.now();
    const isOnly = this.#route.targets.length === 1;
    const key = this.#key;
    const refusal = key === null ? null : keyRefusal(error);
    this.#settleKey(0);
    if (key !== null && refusal !== null) noteRefusal(target, key, refusal, error, nowMs, isOnly);
    this.#lastError = error;
    const { keys } = target;
    if (refusal !== null && ++this.#keyChanges < keys.keys.length && keys.isUsable(target.target.model, nowMs)) {
      this.#attempt(target);
      return;
    }
    judgeFailure(target, error, nowMs, isOnly, this.#runtime.metrics);
    this.#target = null;
    if (isFinal(error) || this.#left.length === 0) context.pipeline.fail(context, error);
    else this.#next();
  }

  // --- the session ---

  #opened(target: AiTarget, provider: WebSocket): void {
    const context = this.#context;
    const { exchange } = context;
    this.#dialled = null;
    if (context.finished || !canAccept(exchange)) {
      provider.terminate();
      return;
    }
    target.breaker.succeeded();
    if (this.#key !== null)
      target.keys.succeeded(this.#key, target.target.model, this.#key.state.outageFor(target.target.model));
    this.#runtime.metrics.attempted(target.provider.id, target.target.model, true);
    // What the provider says before the caller listens is kept.
    provider.pause();
    context.status = SWITCHING_PROTOCOLS;
    context.responseStarted = true;
    context.streamed = true;
    context.firstByteAt = performance.now();
    context.isWhole = () => this.#relay?.isClosing === true;
    context.endWithError = (error) => this.#relay?.close(codeOf(error), error.message.slice(0, 120));
    context.noteBeforeFinish(() => this.#settleKey(tokensOf(context)));
    acceptWebSocket(exchange, provider.protocol, (caller) => {
      this.#relay = new Relay(caller, provider, this);
      provider.resume();
    });
  }

  onMessage(from: "caller" | "provider", bytes: number, text: Buffer | null): void {
    const context = this.#context;
    if (from === "caller") {
      context.requestBytes += bytes;
      return;
    }
    context.responseBytes += bytes;
    const usage = text === null ? null : usageOfEvent(text);
    if (usage === null || this.#target === null) return;
    context.usage = added(context.usage, usage);
    const { price } = this.#target;
    if (price === null) return;
    // Each answer by itself: prices may have tiers.
    context.costUsd = (context.costUsd ?? 0) + this.#runtime.prices.costUsd(price, usage);
  }

  onClosed(by: "caller" | "provider", code: number): void {
    const context = this.#context;
    if (context.finished) return;
    if (code === LOST) {
      context.outcome = by === "caller" ? "client_aborted" : "upstream_cut";
      const lost = by === "caller" ? "client_closed_request" : "upstream_reset";
      context.error = new GatewayError(lost, `the ${by}'s connection was lost`);
    }
    context.pipeline.finish(context);
  }

  #settleKey(usedTokens: number): void {
    const key = this.#key;
    if (key === null || key.limits.length === 0 || this.#reservedAtMs === 0) return;
    key.settle(this.#runtime.limits, 0, usedTokens, this.#reservedAtMs);
    this.#reservedAtMs = 0;
  }
}

function hasRealtime({ provider }: AiTarget): boolean {
  return provider.transport === "http" && provider.dialect === "openai";
}

/** The caller's, but for the model, in whatever letters; Azure's dated API has it as `deployment`. */
function providerQuery(given: string, model: string): string {
  const query = new URLSearchParams(given);
  const names = [...query.keys()].filter((name) => /^(?:model|deployment)$/i.test(name));
  for (const name of names) query.delete(name);
  for (const name of new Set(["model", ...names.map((one) => one.toLowerCase())])) query.set(name, model);
  return query.toString();
}

/** What the caller got wrong is wrong everywhere. */
function isFinal(error: GatewayError): boolean {
  return error.code === "provider_error" && (error.status === 400 || error.status === 404 || error.status === 422);
}

function codeOf(error: GatewayError): number {
  return error.source === "gateway" && error.code !== "internal_error" ? GOING_AWAY : INTERNAL_ERROR;
}

function tokensOf({ usage }: Context): number {
  return usage === null ? 0 : usage.inputTokens + usage.outputTokens;
}

function refusalOf(
  target: AiTarget,
  status: number,
  fields: Record<string, string | string[] | undefined>,
  body: Buffer,
): GatewayError {
  if (status < 400)
    return new GatewayError("upstream_protocol_error", `the provider answered ${status} to a WebSocket`);
  const header = (name: string) => fields[name]?.toString();
  return withoutKeys(target, providerRefusal("openai", status, header, body));
}

function unreachable({ message }: Error): GatewayError {
  if (/handshake has timed out/i.test(message))
    return new GatewayError("upstream_connect_timeout", "the provider did not accept the WebSocket in time");
  return new GatewayError("upstream_unreachable", `the provider's WebSocket can't be reached: ${message}`);
}
