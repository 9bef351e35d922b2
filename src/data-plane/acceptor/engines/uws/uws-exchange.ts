import type { HttpResponse, us_socket_context_t } from "uWebSockets.js";
import type { Exchange, ForwardedCertificate, ResponseStream } from "../../../../contracts/exchange.ts";
import type { WebSocketPeer } from "../../../../contracts/web-socket.ts";
import type { AnswerQueue, PendingAnswer } from "./answer-queue.ts";
import { withoutCork } from "./library.ts";
import type { OpenTransfers, Transfer } from "./open-transfers.ts";
import { writeHead } from "./response-head.ts";
import { ChunkedResponseStream, FixedLengthResponseStream, type StreamOwner } from "./response-stream.ts";
import type { UpgradeData } from "./uws-web-socket.ts";

/** What is held of a body that nobody has asked for yet, before the connection is paused. */
const UNASKED_BODY_BYTES = 64 * 1024;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

export interface UwsExchangeHead {
  method: string;
  path: string;
  query: string;
  host: string;
  scheme: "http" | "https";
  clientAddress: string;
  clientCertificate: ForwardedCertificate | null;
  peerAddress: string;
  contentLength: number;
  maxBodyBytes: number;
  rawHeaders: readonly string[];
}

/** Shared by all exchanges of a listener. */
export interface ConnectionPolicy {
  /** True while draining: answers say `connection: close`. */
  closing: boolean;
  readonly transfers: OpenTransfers;
  readonly answers: AnswerQueue;
}

export class UwsExchange implements Exchange, StreamOwner, Transfer, PendingAnswer {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  readonly clientAddress: string;
  readonly clientCertificate: ForwardedCertificate | null;
  readonly peerAddress: string;
  readonly contentLength: number;
  readonly maxBodyBytes: number;
  readonly rawHeaders: readonly string[];
  readonly acceptWebSocket?: (protocol: string, onOpen: (socket: WebSocketPeer) => void) => void;
  aborted = false;
  idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS;

  /** Null once the client has gone or the response is over: a uWebSockets.js response must not be touched then. */
  #res: HttpResponse | null;
  readonly #policy: ConnectionPolicy;
  #abortCallback: (() => void) | null = null;

  /** Given, and waiting for the end of this turn of the event loop. */
  #answer: { status: number; headers: readonly string[]; body: Buffer | string | null } | null = null;

  #bodyEnded: boolean;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #paused = false;
  #onChunk: ((chunk: Buffer) => boolean) | null = null;
  #onBodyEnd: (() => void) | null = null;

  /** `upgradeContext` null: it does not ask for a WebSocket. */
  constructor(
    res: HttpResponse,
    head: UwsExchangeHead,
    policy: ConnectionPolicy,
    upgradeContext: us_socket_context_t | null,
  ) {
    if (upgradeContext !== null) {
      this.acceptWebSocket = (protocol, onOpen) => this.#upgrade(upgradeContext, protocol, onOpen);
    }
    this.#res = res;
    this.#policy = policy;
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.host = head.host;
    this.scheme = head.scheme;
    this.clientAddress = head.clientAddress;
    this.clientCertificate = head.clientCertificate;
    this.peerAddress = head.peerAddress;
    this.contentLength = head.contentLength;
    this.maxBodyBytes = head.maxBodyBytes;
    this.rawHeaders = head.rawHeaders;
    this.#bodyEnded = head.contentLength === 0;

    res.onAborted(() => this.#abort());
    if (!this.#bodyEnded) res.onData((chunk, isLast) => this.#receive(chunk, isLast));
  }

  get closing(): boolean {
    return this.#policy.closing;
  }

  live(): HttpResponse | null {
    return this.#res;
  }

  /**
   * What still comes of the request body is read and dropped by the engine: a client that is sending must not be cut
   * off before it has read the answer (RFC 9112 §9.6), and a paused connection would never be heard of again.
   */
  finishing(): void {
    if (!this.#bodyEnded) this.resumeBody();
  }

  finished(): void {
    this.#release();
  }

  waiting(): void {
    this.#policy.transfers.progressed(this);
  }

  moved(): void {
    if (this.#paused) this.#policy.transfers.held(this);
    else if (this.#bodyEnded) this.#policy.transfers.over(this);
    else this.#policy.transfers.progressed(this);
  }

  keepOpen(): void {
    const res = this.#res;
    if (res === null) return;
    if (this.#paused) {
      res.resume();
      res.pause();
    } else {
      res.pause();
      res.resume();
    }
  }

  setIdleTimeout(ms: number): void {
    this.idleTimeoutMs = ms;
  }

  /** The response must not be touched any more. */
  #release(): void {
    this.#res = null;
    this.#policy.transfers.over(this);
  }

  cut(): void {
    this.destroy();
  }

  header(name: string): string | undefined {
    const headers = this.rawHeaders;
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
    return undefined;
  }

  onAborted(callback: () => void): void {
    this.#abortCallback = callback;
  }

  #abort(): void {
    if (this.#res === null) return;
    this.#release();
    this.aborted = true;
    this.#chunks = [];
    this.#onChunk = null;
    this.#onBodyEnd = null;
    this.#abortCallback?.();
  }

  // --- request body ---

  #receive(chunk: ArrayBuffer, isLast: boolean): void {
    this.#bodyEnded = isLast;
    this.moved();
    // uWebSockets.js takes the memory back when this returns.
    const copy = Buffer.from(new Uint8Array(chunk));
    if (this.#onChunk === null) {
      this.#chunks.push(copy);
      this.#bufferedBytes += copy.length;
      if (!isLast && this.#bufferedBytes >= UNASKED_BODY_BYTES) this.#pause();
      return;
    }
    if (copy.length > 0 && !this.#onChunk(copy) && !isLast) this.#pause();
    if (isLast) this.#onBodyEnd?.();
  }

  #pause(): void {
    if (this.#paused || this.#res === null) return;
    this.#paused = true;
    this.#res.pause();
    this.#policy.transfers.held(this);
  }

  resumeBody(): void {
    if (!this.#paused || this.#res === null) return;
    this.#paused = false;
    this.#res.resume();
    this.#policy.transfers.progressed(this);
  }

  readBody(limitBytes: number, callback: (body: Buffer | null) => void): void {
    if (this.contentLength > limitBytes) {
      this.streamBody(
        () => true,
        () => {},
      );
      callback(null);
      return;
    }
    const chunks: Buffer[] = [];
    this.streamBody(
      (chunk) => {
        chunks.push(chunk);
        return true;
      },
      () => callback(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    );
  }

  streamBody(onChunk: (chunk: Buffer) => boolean, onEnd: () => void): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#onChunk = onChunk;
    this.#onBodyEnd = onEnd;
    let ready = true;
    for (const chunk of chunks) if (chunk.length > 0) ready = onChunk(chunk);
    if (this.#bodyEnded) onEnd();
    else if (ready) this.resumeBody();
    else this.#pause();
  }

  // --- response ---

  respond(status: number, headers: readonly string[], body: Buffer | string | null): void {
    if (this.#res === null || this.#answer !== null) return;
    this.#answer = { status, headers, body };
    this.#policy.answers.add(this);
  }

  send(): void {
    const res = this.#res;
    const answer = this.#answer;
    if (res === null || answer === null) return;
    const { status, headers, body } = answer;
    this.finishing();
    this.#release();
    const { closing } = this;
    res.cork(() => {
      if (this.method === "HEAD" && body !== null)
        endWithoutBody(res, status, headers, Buffer.byteLength(body), closing);
      else if (status === 204 || status === 304) endWithoutBody(res, status, headers, null, closing);
      else {
        writeHead(res, status, headers, false);
        res.end(body ?? "", closing);
      }
    });
  }

  respondHead(status: number, headers: readonly string[], contentLength: number | null): void {
    const res = this.#res;
    if (res === null || this.#answer !== null) return;
    this.finishing();
    this.#release();
    const { closing } = this;
    res.cork(() => endWithoutBody(res, status, headers, contentLength, closing));
  }

  startStream(status: number, headers: readonly string[], contentLength: number | null): ResponseStream {
    const res = this.#res;
    if (res === null || this.#answer !== null) return DISCARDING_STREAM;
    return contentLength === null
      ? new ChunkedResponseStream(this, res, status, headers)
      : new FixedLengthResponseStream(this, res, status, headers, contentLength);
  }

  #upgrade(context: us_socket_context_t, protocol: string, onOpen: (socket: WebSocketPeer) => void): void {
    const res = this.#res;
    if (res === null || this.#answer !== null) return;
    this.#release();
    const data: UpgradeData = { onOpen, socket: null };
    const key = this.header("sec-websocket-key") ?? "";
    withoutCork(() => res.upgrade(data, key, protocol, "", context));
  }

  destroy(): void {
    const res = this.#res;
    if (res === null || this.#answer !== null) return;
    this.#release();
    res.close();
  }
}

/**
 * With a length of its own the engine's `endWithoutBody` waits for that body forever, and without one it can't be told
 * to close: both stand among the fields instead, and the client does the closing.
 */
function endWithoutBody(
  res: HttpResponse,
  status: number,
  headers: readonly string[],
  contentLength: number | null,
  closing: boolean,
): void {
  writeHead(res, status, headers, closing);
  if (contentLength !== null) res.writeHeader("content-length", String(contentLength));
  res.endWithoutBody();
}

/** Stands in for the response of a client that has gone. */
const DISCARDING_STREAM: ResponseStream = {
  write: () => true,
  onDrain: () => {},
  end: () => {},
};
