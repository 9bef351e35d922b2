import type { Duplex } from "node:stream";
import type { ClientCertificateSnapshot } from "./snapshot.ts";
import type { WebSocketPeer } from "./web-socket.ts";

/** What a trusted proxy says of the certificate that the caller has shown to it. */
export interface ForwardedCertificate {
  readonly format: ClientCertificateSnapshot["format"];
  /** Several fields of the header are joined by commas. */
  readonly value: string;
}

/**
 * What an engine gives the pipeline for one request. The pipeline never sees a uWebSockets.js or native object.
 * Everything the engine must refuse has been refused before an exchange exists.
 */
export interface Exchange {
  readonly method: string;
  /** As sent, without the query. Begins with `/`. */
  readonly path: string;
  /** Without `?`; "" when there is none. */
  readonly query: string;
  /** Lower case, without port. */
  readonly host: string;
  /** `http` or `https`: what the caller used towards the first trusted hop. */
  readonly scheme: "http" | "https";
  /** The caller's address, after trusted proxies. */
  readonly clientAddress: string;
  /** The address of the peer of the connection. */
  readonly peerAddress: string;
  /** Null: nothing is said, or by nobody that the listener trusts. */
  readonly clientCertificate: ForwardedCertificate | null;
  /** Declared length of the request body in bytes; 0 when there is none, -1 when it comes in chunks of unknown length. */
  readonly contentLength: number;
  /** The limit of the listener the request came in by. */
  readonly maxBodyBytes: number;
  /** True once the client has gone; nothing may be written any more. */
  readonly aborted: boolean;
  /** Names in lower case and values, alternating, in the order of arrival. Not to be changed. */
  readonly rawHeaders: readonly string[];

  /** First value of a header, name in lower case. */
  header(name: string): string | undefined;

  /** Calls back once with the whole body, or with null if it is longer than the limit. Not called after an abort. */
  readBody(limitBytes: number, callback: (body: Buffer | null) => void): void;

  /**
   * Streams the body. `onChunk` returns false to ask for a pause; `resumeBody` continues. `onEnd` comes once.
   * Nothing is called after an abort. Chunks belong to the receiver.
   */
  streamBody(onChunk: (chunk: Buffer) => boolean, onEnd: () => void): void;
  resumeBody(): void;

  /** How long the client may be silent within a body, its own or the answer's; 0: for ever. A minute unless set. */
  setIdleTimeout(ms: number): void;

  /** One call; replaces the one before. Called at most once, never after the response has ended. */
  onAborted(callback: () => void): void;

  /** Sends a whole response in one write. `headers`: names and values, alternating, without content-length. */
  respond(status: number, headers: readonly string[], body: Buffer | string | null): void;

  /**
   * Starts a response of unknown length (`contentLength` null) or of that length. For HEAD, 204 and 304 no body may follow:
   * use `respondHead`.
   */
  startStream(status: number, headers: readonly string[], contentLength: number | null): ResponseStream;

  /** A response without a body that announces `contentLength` (HEAD, 304), or none when null. */
  respondHead(status: number, headers: readonly string[], contentLength: number | null): void;

  /** An interim answer (1xx) before the real one. Absent where the engine can't; does nothing for HTTP/1.0 callers. */
  inform?(status: number, headers: readonly string[]): void;

  /**
   * Leaves HTTP, after a request to switch protocols: what follows on the connection comes as a stream of bytes, and what is
   * written goes out as it is, the answer's head (101) first. For requests without a body, before an answer was begun; a
   * timeout is up to whoever has the stream. Absent where the engine can't.
   */
  detach?(): Duplex;

  /**
   * Accepts a WebSocket that the engine speaks itself, likewise; for engines that do in the place of `detach`. `protocol` "":
   * none. `onOpen` is not called for a caller that has gone.
   */
  acceptWebSocket?(protocol: string, onOpen: (socket: WebSocketPeer) => void): void;

  /** Cuts the connection: the caller can tell that the answer is not whole. */
  destroy(): void;
}

export interface ResponseStream {
  /** False: the chunk was taken, but wait for `onDrain` before the next one. */
  write(chunk: Buffer | string): boolean;
  /** One callback; replaces the one before. */
  onDrain(callback: () => void): void;
  end(): void;
}

/** Receives the exchanges of an engine. */
export type ExchangeHandler = (exchange: Exchange) => void;
