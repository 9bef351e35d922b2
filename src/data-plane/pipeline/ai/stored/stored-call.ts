import { GatewayError } from "../../../../contracts/errors.ts";
import type { ResponseStream } from "../../../../contracts/exchange.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import { isObject, type JsonObject } from "../../../../dialects/checks.ts";
import { FILES_HEADERS, type FilesForm, filesFormOf } from "../../../../dialects/operations/files.ts";
import { backoffMs, isIdempotent, isRetryCause } from "../../../../upstream/retry.ts";
import type { ProviderKey } from "../../../provider-keys/provider-key.ts";
import type { Context } from "../../context.ts";
import { asGatewayError, pushRequestId } from "../../errors.ts";
import { pushReleaseHeaders } from "../../releases/lifecycle.ts";
import { headerOf } from "../../rest/response-headers.ts";
import { respondHead, respondStream, respondWhole } from "../../stages/respond.ts";
import type { AiRuntime } from "../ai-runtime.ts";
import type { AiTarget } from "../ai-target.ts";
import { judgeFailure } from "../judge-failure.ts";
import { keyRefusal, noKeyFor, noteRefusal } from "../key-refusal.ts";
import type { ModelRoute, ModelRoutes } from "../model-routes.ts";
import { keyTagOf } from "./object-ids.ts";
import { type BodySink, ProviderRequest, type RequestLine } from "./provider-request.ts";

/** Where something is kept: a provider, and the key whose account has it. */
export interface Keeper {
  route: ModelRoute;
  target: AiTarget;
  key: ProviderKey | null;
  /** Of the endpoint at the provider. */
  path: string;
  /** Whose API it is. */
  form: FilesForm;
}

export type StoredRequest = Omit<RequestLine, "headers"> & { headers?: Record<string, string> };

/** What becomes of an answer that is a stream of events. Throws what ends it. */
export interface EventEdit {
  push(chunk: Buffer): Buffer;
  end(): Buffer;
  /** How such a stream ends with an error. */
  fail(error: GatewayError): string | Buffer;
  /** Its last event has come. */
  readonly isWhole: boolean;
}

/** Requests of one call to the provider that keeps something. What may be sent twice is, when it fails. */
export class StoredCall {
  readonly context: Context;
  readonly #routes: ModelRoutes;
  readonly #runtime: AiRuntime;
  readonly #maxBytes: number;
  #current: ProviderRequest | null = null;
  #retryTimer: NodeJS.Timeout | null = null;

  constructor(context: Context, routes: ModelRoutes, runtime: AiRuntime, maxBytes: number) {
    this.context = context;
    this.#routes = routes;
    this.#runtime = runtime;
    this.#maxBytes = maxBytes;
    context.abortAttempt = (reason) => {
      if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
      this.#current?.abort(reason);
    };
  }

  /** `keyTag` null: whichever key is first in turn, so that what is kept and what is listed are one account's. */
  keeper(provider: string, endpoint: StoredEndpoint, keyTag: string | null): Keeper | null {
    let route: ModelRoute;
    try {
      route = this.#routes.resolve(`${provider}/${endpoint}`);
    } catch {
      return null;
    }
    const target = route.targets[0];
    const kept = target?.target.endpoints?.[endpoint];
    if (target === undefined || kept === undefined) return null;
    const { path } = kept;
    const form = filesFormOf(kept);
    const { timeouts } = route;
    if (timeouts.totalMs > 0) this.context.deadlineMs = this.context.startedAtMs + timeouts.totalMs;
    const { keys } = target.keys;
    if (keys.length === 0) return { route, target, key: null, path, form };
    const nowMs = Date.now();
    const named = keyTag === null ? undefined : keys.find(({ id }) => keyTagOf(id) === keyTag);
    if (keyTag !== null && named === undefined) return null;
    const key = named ?? keys.find((one) => one.isAllowed(nowMs) && one.state.permits(endpoint, nowMs)) ?? keys[0];
    if (key === undefined || !key.isAllowed(nowMs)) throw noKeyFor(target, nowMs);
    return { route, target, key, path, form };
  }

  /** Calls back with a good answer, which is JSON. */
  ask(keeper: Keeper, request: StoredRequest, onAnswer: (status: number, answer: JsonObject) => void): void {
    this.#send(keeper, request, null, (status, body) => {
      let answer: unknown;
      try {
        answer = JSON.parse(body.toString());
      } catch {
        answer = null;
      }
      if (!isObject(answer)) throw new GatewayError("upstream_protocol_error", "the provider's answer is not JSON");
      onAnswer(status, answer);
    });
  }

  /** The answer goes to the caller as it comes; or as `edit` makes its events. */
  relay(keeper: Keeper, request: StoredRequest, edit: EventEdit | null = null): void {
    const open = (status: number, head: readonly string[], resume: () => void): BodySink => {
      const { context } = this;
      context.streamed = true;
      const headers = this.#headers(keeper, headerOf(head, "content-type") ?? "application/octet-stream");
      const disposition = headerOf(head, "content-disposition");
      if (disposition !== undefined) headers.push("content-disposition", disposition.replace(/tg-[0-9a-f]{16}-/g, ""));
      const length = edit === null ? headerOf(head, "content-length") : undefined;
      const contentLength = length === undefined ? null : Number(length);
      if (context.exchange.method === "HEAD") {
        respondHead(context, status, headers, contentLength);
        context.pipeline.finish(context);
        // In a later turn: the provider's answer is still on the stack.
        setImmediate(() => this.#current?.abort(new Error("only the head was asked for")));
        return { write: () => true, end: () => {} };
      }
      const stream = respondStream(context, status, headers, contentLength);
      stream.onDrain(resume);
      return edit === null ? this.#asItComes(stream) : this.#edited(stream, edit);
    };
    this.#send(keeper, request, open, () => {});
  }

  #asItComes(stream: ResponseStream): BodySink {
    return {
      write: (chunk) => stream.write(chunk),
      end: () => {
        this.context.pipeline.finish(this.context);
        stream.end();
      },
    };
  }

  #edited(stream: ResponseStream, events: EventEdit): BodySink {
    const { context } = this;
    context.isWhole = () => events.isWhole;
    context.endWithError = (error) => {
      stream.write(events.fail(error));
      stream.end();
    };
    const written = (edit: () => Buffer): boolean => {
      try {
        const bytes = edit();
        return bytes.length === 0 || stream.write(bytes);
      } catch (error) {
        context.pipeline.fail(context, error);
        return true;
      }
    };
    return {
      write: (chunk) => written(() => events.push(chunk)),
      end: () => {
        written(() => events.end());
        if (context.finished) return;
        context.pipeline.finish(context);
        stream.end();
      },
    };
  }

  respond(keeper: Keeper, status: number, answer: JsonObject): void {
    const { context } = this;
    respondWhole(context, status, this.#headers(keeper, "application/json"), JSON.stringify(answer));
    context.pipeline.finish(context);
  }

  #headers({ target }: Keeper, contentType: string): string[] {
    const { context } = this;
    const headers = ["content-type", contentType, "x-tidegate-provider", target.provider.id];
    headers.push("x-tidegate-attempts", String(context.attempts));
    pushRequestId(headers, context);
    pushReleaseHeaders(headers, context);
    headers.push(...context.rateLimitHeaders);
    return headers;
  }

  #send(
    keeper: Keeper,
    request: StoredRequest,
    open: ((status: number, headers: readonly string[], resume: () => void) => BodySink) | null,
    onWhole: (status: number, body: Buffer) => void,
  ): void {
    const { context } = this;
    const { target, key, route } = keeper;
    if (!target.breaker.acquire(Date.now())) {
      const problem = `provider ${target.provider.id} has failed recently and is being left alone for a while`;
      throw new GatewayError("upstream_unavailable", problem, { retryAfterMs: 1000 });
    }
    context.attempts++;
    context.provider = target.provider.id;
    context.upstream = target.host;
    if (Number.isNaN(context.dispatchedAt)) context.dispatchedAt = performance.now();
    const sent = new ProviderRequest(context, target, this.#maxBytes, {
      onHead: (status, headers, resume) => {
        this.#succeeded(target);
        return open?.(status, headers, resume) ?? null;
      },
      onWhole: (status, body) => {
        try {
          onWhole(status, body);
        } catch (error) {
          context.pipeline.fail(context, asGatewayError(error));
        }
      },
      onFailed: (error) => this.#failed(keeper, request, error, () => this.#send(keeper, request, open, onWhole)),
    });
    this.#current = sent;
    sent.send({ ...request, headers: { ...FILES_HEADERS[keeper.form], ...request.headers } }, key, route.timeouts);
  }

  #succeeded({ breaker, provider, target }: AiTarget): void {
    breaker.succeeded();
    this.#runtime.metrics.attempted(provider.id, target.model, true);
  }

  #failed({ target, key, route }: Keeper, { method }: StoredRequest, error: GatewayError, again: () => void): void {
    const { context } = this;
    const nowMs = Date.now();
    const refusal = key === null ? null : keyRefusal(error);
    if (key !== null && refusal !== null) noteRefusal(target, key, refusal, error, nowMs, true);
    judgeFailure(target, error, nowMs, true, this.#runtime.metrics);
    const waitMs = Math.max(backoffMs(route.retries, context.attempts, Math.random()), error.retryAfterMs ?? 0);
    const mayGoOn = isIdempotent(method) && isRetryCause(route.retries, error) && !context.responseStarted;
    const isInTime =
      waitMs <= route.retries.maxBackoffMs && (context.deadlineMs === 0 || nowMs + waitMs < context.deadlineMs);
    if (!mayGoOn || !isInTime || context.attempts > route.retries.attempts) {
      context.pipeline.fail(context, error);
      return;
    }
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (context.finished) return;
      try {
        again();
      } catch (failure) {
        context.pipeline.fail(context, failure);
      }
    }, waitMs);
  }
}
