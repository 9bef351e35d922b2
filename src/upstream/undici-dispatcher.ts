import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { buildConnector, Pool, type Dispatcher as UndiciDispatch } from "undici";
import type { Dispatcher, DispatchHandler, DispatchOptions } from "../contracts/dispatcher.ts";
import { lossOf, toGatewayError } from "./undici-errors.ts";

export interface UndiciDispatcherOptions {
  /** `http://host:port`. */
  origin: string;
  connectTimeoutMs: number;
  /** PEM file with the authorities to trust, or null for the system's. */
  caFile: string | null;
}

/** How long an idle connection is kept. Below the 60 s after which common servers and load balancers drop theirs. */
const KEEP_ALIVE_MS = 55_000;

/** One origin's connections over undici: HTTP/1.1, no pipelining, as many connections as there are calls at once. */
export class UndiciDispatcher implements Dispatcher {
  readonly #pool: Pool;
  readonly #hostname: string;

  constructor(options: UndiciDispatcherOptions) {
    this.#hostname = new URL(options.origin).hostname;
    this.#pool = new Pool(options.origin, {
      pipelining: 1,
      connections: null,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
      maxHeaderSize: 64 * 1024,
      connect: createConnector(options, this.#hostname),
    });
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): void {
    const request: UndiciDispatch.DispatchOptions & { servername: string } = {
      // undici has no asterisk-form: without a path, absolute-form is the same request (RFC 9112 §3.2.4).
      path: options.path === "*" ? options.origin : options.path,
      method: options.method,
      headers: options.headers,
      body: options.body,
      headersTimeout: options.firstByteTimeoutMs,
      bodyTimeout: options.idleTimeoutMs,
      // Without it, undici would open a connection anew for each other Host header.
      servername: this.#hostname,
      // Never queued behind another call on the same connection.
      blocking: true,
    };
    this.#pool.dispatch(request, new HandlerAdapter(handler));
  }

  /** `running`: calls that wait for their connection included. */
  stats(): { connected: number; running: number } {
    const { connected, size } = this.#pool.stats;
    return { connected, running: size };
  }

  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** Certificates are checked against the name of the origin, whatever Host header a call carries. */
function createConnector(options: UndiciDispatcherOptions, hostname: string): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectTimeoutMs,
    ...(options.caFile === null ? {} : { ca: readFileSync(options.caFile) }),
  });
  // An address is no server name (RFC 6066 §3): then it is checked against the certificate as an address.
  const servername = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : undefined;
  return ({ servername: _, ...rest }, callback) =>
    connect(servername === undefined ? rest : { ...rest, servername }, callback);
}

/** undici's handler of raw headers (one object per call, no header maps) onto ours. */
class HandlerAdapter {
  readonly #handler: DispatchHandler;
  #over = false;
  /** There is a connection, and the request goes out on it. */
  #begun = false;

  constructor(handler: DispatchHandler) {
    this.#handler = handler;
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#begun = true;
    this.#handler.onStart(abort);
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    const headers = decodeHeaders(rawHeaders);
    if (status < 200) {
      this.#handler.onInformation?.(status, headers);
      return true;
    }
    return this.#handler.onHeaders(status, headers, resume);
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(rawTrailers: string[] | null): void {
    this.#over = true;
    this.#handler.onComplete(rawTrailers === null ? [] : decodeHeaders(rawTrailers));
  }

  onError(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onError(this.#begun ? lossOf(error) : toGatewayError(error));
  }

  onUpgrade(): void {
    throw new Error("the upstream switched protocols without being asked");
  }
}

function decodeHeaders(raw: readonly (Buffer | string)[]): string[] {
  const headers = new Array<string>(raw.length);
  for (let i = 0; i < raw.length; i += 2) {
    headers[i] = String(raw[i]).toLowerCase();
    headers[i + 1] = String(raw[i + 1]);
  }
  return headers;
}
