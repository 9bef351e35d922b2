import type { Readable } from "node:stream";
import type { DispatchHandler } from "../../../../contracts/dispatcher.ts";
import { GatewayError } from "../../../../contracts/errors.ts";
import { signV4 } from "../../../../providers/signing/sigv4.ts";
import type { ProviderKey } from "../../../provider-keys/provider-key.ts";
import type { Context } from "../../context.ts";
import { headerOf } from "../../rest/response-headers.ts";
import type { AiTarget } from "../ai-target.ts";
import type { ModelRoute } from "../model-routes.ts";
import { withoutKeys } from "../provider-failed.ts";
import { providerRefusal } from "../provider-refusal.ts";
import { withToken } from "../with-token.ts";

const MAX_ERROR_BYTES = 64 * 1024;

export interface RequestLine {
  method: string;
  /** Below the base URL. */
  path: string;
  query: string;
  headers: Record<string, string>;
  body: Buffer | Readable | null;
}

export interface ProviderAnswerHandler {
  /** Of a good answer. A sink for its body, piece by piece, or null: it is to be held whole. */
  onHead(status: number, headers: readonly string[], resume: () => void): BodySink | null;
  onWhole(status: number, body: Buffer): void;
  onFailed(error: GatewayError): void;
}

export interface BodySink {
  /** False: wait for `resume`. */
  write(chunk: Buffer): boolean;
  end(): void;
}

/** One request to one provider with one key, about what the provider keeps. */
export class ProviderRequest implements DispatchHandler {
  readonly #context: Context;
  readonly #target: AiTarget;
  readonly #handler: ProviderAnswerHandler;
  readonly #maxBytes: number;
  #abort: ((reason: Error) => void) | null = null;
  #status = 0;
  #headers: readonly string[] = [];
  #sink: BodySink | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(context: Context, target: AiTarget, maxBytes: number, handler: ProviderAnswerHandler) {
    this.#context = context;
    this.#target = target;
    this.#maxBytes = maxBytes;
    this.#handler = handler;
  }

  /** Waits for a token where the key is not what is sent. */
  send(line: RequestLine, key: ProviderKey | null, timeouts: ModelRoute["timeouts"]): void {
    withToken(this.#target, key, Date.now(), (token, error) => {
      if (this.#over || this.#context.finished) return;
      if (error === null) this.#dispatch(line, key, token, timeouts);
      else this.#fail(error);
    });
  }

  abort(reason: Error): void {
    this.#over = true;
    this.#abort?.(reason);
  }

  #dispatch(line: RequestLine, key: ProviderKey | null, token: string | null, timeouts: ModelRoute["timeouts"]): void {
    const target = this.#target;
    const path = target.pathPrefix + line.path;
    const query = [line.query, target.query, key?.query ?? ""].filter((part) => part !== "").join("&");
    const head = target.heads[key === null ? 0 : key.index] as readonly string[];
    const headers: string[] = [];
    for (let i = 0; i < head.length; i += 2) {
      const name = head[i] as string;
      if (name !== "content-type" && line.headers[name] === undefined) headers.push(name, head[i + 1] as string);
    }
    headers.push(...Object.entries(line.headers).flat());
    if (token !== null) headers.push("authorization", `Bearer ${token}`);
    const body = Buffer.isBuffer(line.body) ? line.body : Buffer.alloc(0);
    if (key?.aws) headers.push(...signV4({ method: line.method, path, query, headers, body }, key.aws, Date.now()));
    target.load.began();
    target.dispatcher.dispatch(
      {
        origin: target.origin,
        path: query === "" ? path : `${path}?${query}`,
        method: line.method,
        headers,
        body: line.body,
        connectTimeoutMs: timeouts.connectMs,
        firstByteTimeoutMs: timeouts.firstByteMs,
        idleTimeoutMs: timeouts.idleMs,
      },
      this,
    );
  }

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#context.finished) abort(new Error("the call is over"));
  }

  onHeaders(status: number, headers: string[], resume: () => void): boolean {
    this.#status = status;
    this.#headers = headers;
    if (status < 400 && !this.#context.finished) this.#sink = this.#handler.onHead(status, headers, resume);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#over || this.#context.finished) return true;
    if (this.#sink !== null) return this.#sink.write(chunk);
    const kept = this.#status < 400 ? chunk : chunk.subarray(0, MAX_ERROR_BYTES - this.#bytes);
    this.#bytes += kept.length;
    if (this.#bytes > this.#maxBytes) {
      const message = `the provider's answer is longer than ${this.#maxBytes} bytes`;
      this.#fail(new GatewayError("upstream_response_too_large", message));
      return true;
    }
    this.#chunks.push(kept);
    return true;
  }

  onComplete(): void {
    this.#released();
    if (this.#over || this.#context.finished) return;
    this.#over = true;
    const body = Buffer.concat(this.#chunks);
    if (this.#sink !== null) this.#sink.end();
    else if (this.#status >= 400) this.#handler.onFailed(this.#refusal(body));
    else this.#handler.onWhole(this.#status, body);
  }

  onError(error: Error): void {
    this.#released();
    if (this.#over || this.#context.finished) return;
    this.#over = true;
    this.#handler.onFailed(
      error instanceof GatewayError ? error : new GatewayError("upstream_protocol_error", error.message),
    );
  }

  #refusal(body: Buffer): GatewayError {
    const header = (name: string) => headerOf(this.#headers, name);
    return withoutKeys(this.#target, providerRefusal(this.#target.provider.dialect, this.#status, header, body));
  }

  #fail(error: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onFailed(error);
    this.#abort?.(error);
  }

  #released(): void {
    this.#abort = null;
    this.#target.load.ended();
  }
}
