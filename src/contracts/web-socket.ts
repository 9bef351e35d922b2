/** The longest message that is taken: a picture or some seconds of sound in Base64 come in one. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** One side of a WebSocket connection (RFC 6455): what the package `ws` has of it, as far as it is used. */
export interface WebSocketPeer {
  readonly readyState: number;
  readonly CONNECTING: number;
  readonly OPEN: number;
  /** Bytes that were given to `send` and are not sent yet. */
  readonly bufferedAmount: number;
  readonly isPaused: boolean;
  /** Reads no more, where it can; else what comes goes on coming. */
  pause(): void;
  resume(): void;
  /** `onSent`: it has left, and there may be room again. */
  send(data: Buffer, options: { binary: boolean }, onSent: () => void): void;
  ping(): void;
  close(code?: number, reason?: string): void;
  /** Without a word to the other side. */
  terminate(): void;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: "pong", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Once. `code` 1006: the connection was lost. */
  on(event: "close", listener: (code: number, reason: Buffer) => void): unknown;
}
