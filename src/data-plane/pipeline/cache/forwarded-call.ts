import type { Context } from "../context.ts";
import type { AnswerVerdict, AnswerWatcher } from "../rest/answer-watcher.ts";
import { headerOf } from "../rest/response-headers.ts";
import type { Runtime } from "../runtime.ts";
import { isSafe } from "./bypass.ts";
import { pushCacheStatus } from "./cache-status.ts";
import { resourceOf } from "./cached-call.ts";

/** A call that goes to the upstream in any case. An unsafe one that did something makes invalid what is stored of it. */
export class ForwardedCall implements AnswerWatcher {
  readonly #context: Context;
  readonly #service: string;
  readonly #runtime: Runtime;
  readonly #reason: "method" | "request" | null;

  constructor(context: Context, service: string, runtime: Runtime, reason: "method" | "request" | null) {
    this.#context = context;
    this.#service = service;
    this.#runtime = runtime;
    this.#reason = reason;
  }

  prepareRequest(): void {}

  /** RFC 9111 §4.4: the target, and what the answer names besides, of the same origin. Before the caller has its answer. */
  onAnswer(status: number, headers: string[]): AnswerVerdict {
    const { exchange } = this.#context;
    if (isSafe(exchange.method) || status < 200 || status > 399) return "pass";
    const { invalidations } = this.#runtime.cache;
    invalidations.invalidate(resourceOf(this.#context, this.#service));
    for (const name of ["location", "content-location"]) {
      const target = this.#ownTarget(headerOf(headers, name));
      if (target !== null) invalidations.invalidate(resourceOf(this.#context, this.#service, target));
    }
    return "pass";
  }

  #ownTarget(reference: string | undefined): string | null {
    if (reference === undefined) return null;
    const { exchange } = this.#context;
    const host = exchange.header("host") ?? exchange.host;
    const base = `${exchange.scheme}://${host}${exchange.path}`;
    if (!URL.canParse(reference, base)) return null;
    const target = new URL(reference, base);
    return target.origin === new URL(base).origin ? target.pathname + target.search : null;
  }

  editAnswer(headers: string[]): void {
    if (this.#reason === null) return;
    this.#context.cache = "bypass";
    pushCacheStatus(headers, "bypass", `fwd=${this.#reason === "method" ? "method" : "bypass"}`);
  }

  onBody(): void {}
  onEnd(): void {}
  onFailure(): boolean {
    return false;
  }
  onLost(): void {}
}
