import type { Readable } from "node:stream";
import {
  CALL_FLAGS,
  type CallEvents,
  type CallHandle,
  type Handover,
  type NativeEngine,
  splitFields,
  type UpstreamErrorName,
} from "../../native-bindings/engine.ts";
import type { BegunAttempt, Dispatcher, DispatchHandler, DispatchOptions } from "../contracts/dispatcher.ts";
import { type ErrorCode, GatewayError } from "../contracts/errors.ts";
import { parseUnixUrl } from "../platform/unix-url.ts";
import { isIdempotent } from "./retry.ts";

export interface NativeDispatcherOptions {
  /** `http://host:port` or `http://unix:/path`. */
  origin: string;
  connectTimeoutMs: number;
}

const HTTP_PORT = 80;

/** One origin's connections over the native client: plain HTTP/1.1, no pipelining. */
export class NativeDispatcher implements Dispatcher {
  readonly #engine: NativeEngine;
  /** The engine's number for it. */
  readonly originId: number;

  constructor(engine: NativeEngine, options: NativeDispatcherOptions) {
    const unix = parseUnixUrl(options.origin);
    const url = new URL(options.origin);
    this.#engine = engine;
    this.originId = engine.addOrigin({
      host: unix === null ? url.hostname.replace(/^\[|\]$/g, "") : "",
      port: url.port === "" ? HTTP_PORT : Number(url.port),
      unixPath: unix?.socketPath ?? "",
      connectTimeoutMs: options.connectTimeoutMs,
    });
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): void {
    new NativeCall(this.#engine, this.originId, handler).start(options);
  }

  stats(): { connected: number; running: number } {
    return this.#engine.originStats(this.originId);
  }

  async destroy(): Promise<void> {
    this.#engine.removeOrigin(this.originId);
  }
}

/** The attempt of a handover. Its answer so far is told first, then what still comes. */
export function begunAttempt(engine: NativeEngine, handover: Handover): BegunAttempt {
  return new BegunCall(engine, handover);
}

/** Its end may come before anybody adopts it: what was paused were its bytes, and there may be none left. */
class BegunCall implements BegunAttempt, CallEvents {
  readonly #engine: NativeEngine;
  readonly #handover: Handover;
  #call: NativeCall | null = null;
  #end: ((events: CallEvents) => void) | null = null;

  constructor(engine: NativeEngine, handover: Handover) {
    this.#engine = engine;
    this.#handover = handover;
    if (handover.call !== null) engine.adoptCall(handover.call, this);
    else if (handover.complete) this.#end = (events) => events.onComplete();
  }

  adopt(handler: DispatchHandler): void {
    const call = new NativeCall(this.#engine, -1, handler);
    this.#call = call;
    call.adopt(this.#handover.call, this.#end === null);
    // In a later turn, like everything an upstream says: whoever adopts is not ready for it yet.
    setImmediate(() => this.#tell(call));
  }

  abandon(): void {
    const { call } = this.#handover;
    if (call !== null && this.#end === null) this.#engine.abortCall(call);
  }

  #tell(call: NativeCall): void {
    const { call: handle, error, reason, status, fields, data } = this.#handover;
    if (status > 0 && !call.over) call.onHead(status, fields);
    if (data.length > 0 && !call.over) call.onData(data.length, data);
    if (call.over) return;
    if (this.#end !== null) this.#end(call);
    else if (error !== null) this.#fail(call, error, reason);
    else if (handle !== null) {
      this.#engine.adoptCall(handle, call);
      this.#engine.addon.resumeCall(this.#engine.handle, handle);
    }
  }

  /** In a later turn than the answer: what was said of that still goes on its way to the caller. */
  #fail(call: NativeCall, error: Exclude<Handover["error"], null>, reason: string): void {
    // Of a call whose time is up, or whose worker stops, it is not the attempt that fails.
    if (error === "draining" || error === "total-timeout") return;
    setImmediate(() => {
      if (!call.over) call.onError(error === "ended-early" ? "reset" : error, reason);
    });
  }

  // --- what the engine tells before that ---

  onInterim(): void {}

  onHead(): boolean {
    return true;
  }

  onData(): boolean {
    return true;
  }

  onComplete(): void {
    this.#ended((events) => events.onComplete());
  }

  onError(error: UpstreamErrorName, reason: string): void {
    this.#ended((events) => events.onError(error, reason));
  }

  onDrain(): void {}

  #ended(end: (events: CallEvents) => void): void {
    this.#end = end;
    this.#call?.ended();
  }
}

/** One attempt over the native client. */
class NativeCall implements CallEvents {
  readonly #engine: NativeEngine;
  readonly #origin: number;
  readonly #handler: DispatchHandler;
  #call: CallHandle = -1;
  #over = false;
  #body: Readable | null = null;

  get over(): boolean {
    return this.#over;
  }

  constructor(engine: NativeEngine, origin: number, handler: DispatchHandler) {
    this.#engine = engine;
    this.#origin = origin;
    this.#handler = handler;
  }

  start(options: DispatchOptions): void {
    const { method, body, headers } = options;
    const streamed = body !== null && typeof body === "object" && !Buffer.isBuffer(body);
    let head = `${method} ${options.path} HTTP/1.1\r\n`;
    let hasLength = false;
    for (let i = 0; i < headers.length; i += 2) {
      head += `${headers[i]}: ${headers[i + 1]}\r\n`;
      if (headers[i] === "content-length") hasLength = true;
    }
    if (!hasLength) {
      if (streamed) head += "transfer-encoding: chunked\r\n";
      else if (body !== null) head += `content-length: ${Buffer.byteLength(body as Buffer | string)}\r\n`;
    }
    head += "\r\n";
    const flags =
      (method === "HEAD" ? CALL_FLAGS.head : 0) |
      (isIdempotent(method) ? CALL_FLAGS.idempotent : 0) |
      (streamed ? CALL_FLAGS.streamedBody : 0) |
      (streamed && !hasLength ? CALL_FLAGS.chunkedBody : 0);
    this.#call = this.#engine.startCall(
      this.#origin,
      head,
      streamed ? null : (body as Buffer | string | null),
      flags,
      options.firstByteTimeoutMs,
      options.idleTimeoutMs,
      this,
    );
    this.#handler.onStart((reason) => this.#abort(reason));
    if (streamed && !this.#over) this.#pump(body as Readable);
  }

  /** Goes on with a call that the engine has begun. `call` null, or not `open`: there is none under way any more. */
  adopt(call: CallHandle | null, open: boolean): void {
    this.#call = call !== null && open ? call : -1;
    this.#handler.onStart((cause) => this.#abort(cause));
  }

  /** The call under way has ended: there is nothing left to be aborted. */
  ended(): void {
    this.#call = -1;
  }

  #pump(body: Readable): void {
    this.#body = body;
    body.on("data", (chunk: Buffer) => {
      if (!this.#over && !this.#engine.addon.writeCall(this.#engine.handle, this.#call, chunk)) body.pause();
    });
    body.on("end", () => {
      if (!this.#over) this.#engine.addon.endCall(this.#engine.handle, this.#call);
    });
    body.on("error", (error: Error) => this.#abort(error));
  }

  #abort(reason: Error): void {
    if (this.#over) return;
    if (this.#call >= 0) this.#engine.abortCall(this.#call);
    this.#end();
    this.#handler.onError(reason);
  }

  #end(): void {
    this.#over = true;
    this.#body?.destroy();
    this.#body = null;
  }

  // --- what the engine tells ---

  onInterim(status: number, fields: string): void {
    this.#handler.onInformation?.(status, splitFields(fields));
  }

  onHead(status: number, fields: string): boolean {
    return this.#handler.onHeaders(status, splitFields(fields), () => {
      if (!this.#over) this.#engine.addon.resumeCall(this.#engine.handle, this.#call);
    });
  }

  onData(length: number, bytes: Buffer | undefined): boolean {
    return this.#handler.onData(bytes ?? Buffer.from(this.#engine.scratch.subarray(0, length)));
  }

  onComplete(): void {
    this.#end();
    this.#handler.onComplete([]);
  }

  onError(error: UpstreamErrorName, reason: string): void {
    this.#end();
    const { code, message } = ERRORS[error];
    this.#handler.onError(new GatewayError(code, message, { cause: new Error(reason) }));
  }

  onDrain(): void {
    this.#body?.resume();
  }
}

const ERRORS: Record<UpstreamErrorName, { code: ErrorCode; message: string }> = {
  unreachable: { code: "upstream_unreachable", message: "the upstream can't be reached" },
  "connect-timeout": {
    code: "upstream_connect_timeout",
    message: "the upstream did not accept a connection in time",
  },
  reset: { code: "upstream_reset", message: "the upstream closed the connection before its answer was complete" },
  "first-byte-timeout": { code: "upstream_first_byte_timeout", message: "the upstream did not answer in time" },
  "idle-timeout": {
    code: "upstream_idle_timeout",
    message: "the upstream stopped sending in the middle of its answer",
  },
  protocol: { code: "upstream_protocol_error", message: "the upstream's answer is not valid HTTP" },
  switched: { code: "upstream_protocol_error", message: "the upstream switched protocols without being asked" },
};
