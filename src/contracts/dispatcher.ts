/** Modelled on undici's `dispatch(options, handler)`. Headers are names and values, alternating. */
export interface DispatchOptions {
  /** `http://host:port` without path. */
  origin: string;
  /** With query. */
  path: string;
  method: string;
  headers: string[];
  body: Buffer | string | import("node:stream").Readable | null;
  connectTimeoutMs: number;
  /** 0: none. */
  firstByteTimeoutMs: number;
  /** 0: none. */
  idleTimeoutMs: number;
}

/** The callbacks of one attempt, in this order: onInformation*, onHeaders, onData*, then exactly one of onComplete and onError. */
export interface DispatchHandler {
  /** The request is on its way; `abort` ends it, after which onError comes (unless it is over already). */
  onStart(abort: (reason: Error) => void): void;
  /** A 1xx response other than 101. */
  onInformation?(status: number, headers: readonly string[]): void;
  /** Lower-case names. Return false to pause; `resume` continues. */
  onHeaders(status: number, headers: string[], resume: () => void): boolean;
  /** Return false to pause. */
  onData(chunk: Buffer): boolean;
  onComplete(trailers: string[]): void;
  /** Always a GatewayError of source `upstream`, or the reason given to `abort`. */
  onError(error: Error): void;
}

/** What an attempt has come to that was begun elsewhere; the rest of it is told to whoever adopts it. */
export interface BegunAttempt {
  adopt(handler: DispatchHandler): void;
  /** Nobody will adopt it. */
  abandon(): void;
}

export interface Dispatcher {
  dispatch(options: DispatchOptions, handler: DispatchHandler): void;
  /** Connections in use and idle, for metrics. */
  stats(): { connected: number; running: number };
  /** Ends idle connections and those in use. */
  destroy(): Promise<void>;
}
