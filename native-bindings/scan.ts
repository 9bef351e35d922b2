import { loadAddon } from "./load.ts";

/** Where the value of a top-level field stands, in bytes; `end` is exclusive. */
export interface ValueSpan {
  start: number;
  end: number;
}

/** Tokens that an answer says it has used. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
}

export type UsageDialect = "openai" | "anthropic";

export interface StreamUsage {
  /** The last usage seen. */
  usage: Usage | null;
  /** The model that answers, as the provider names it, cut at 200 bytes; "": not told. */
  model: string;
  /** The end of an answer was seen: a body that ends before was cut. */
  finished: boolean;
  /** The provider has reported an error within the stream. */
  failed: boolean;
  /** The data of the last event that told of one; "" when it is over 64 KiB. */
  failureData: string;
  /** An event that matters could not be judged exactly and was left out. */
  needsHelp: boolean;
  /** The event last seen only announces an answer. */
  announces: boolean;
  /** An estimate of the output tokens that came after the usage was told. */
  untoldTokens: number;
}

interface ScanAddon {
  scanTopLevel(bytes: Uint8Array, names: readonly string[]): (ValueSpan | null)[] | null;
  readUsage(dialect: UsageDialect, bytes: Uint8Array): Usage | null;
  textBytes(bytes: Uint8Array): number;
  createSseScanner(): object;
  nextSseEnd(scanner: object, bytes: Uint8Array): number;
  resetSseScanner(scanner: object): void;
  createStreamUsageWatcher(dialect: UsageDialect, includeUsage: boolean): object;
  pushStreamEvent(watcher: object, event: Uint8Array): boolean;
  readStreamUsage(watcher: object): StreamUsage;
}

const addon = loadAddon() as ScanAddon;

/**
 * Finds fields of the outermost object of a JSON text without building objects. Answers a span or null for each name, or
 * null when this is not an object from its first brace to its last, a wanted name comes twice, or a top-level name is
 * written with escapes. What stands between strings and brackets is not looked at.
 */
export function scanTopLevel(bytes: Uint8Array, names: readonly string[]): (ValueSpan | null)[] | null {
  return addon.scanTopLevel(bytes, names);
}

/** How many bytes of a request's body are text: all but what is in base64, which pictures and files are. */
export function textBytes(bytes: Uint8Array): number {
  return addon.textBytes(bytes);
}

/**
 * Reads a `usage` object from the bytes of its value. Null: nothing usable, or something that only JSON.parse can judge
 * (names with escapes or twice, counts that are no plain whole numbers).
 */
export function readUsage(dialect: UsageDialect, bytes: Uint8Array): Usage | null {
  return addon.readUsage(dialect, bytes);
}

/** Tells where server-sent events end in a stream of bytes, whatever pieces it comes in. Lines end with LF or CRLF. */
export class SseScanner {
  readonly #handle = addon.createSseScanner();

  /** How many of `bytes` belong to the event that ends within them, or 0. Call again with the rest after a hit. */
  next(bytes: Uint8Array): number {
    return addon.nextSseEnd(this.#handle, bytes);
  }

  reset(): void {
    addon.resetSseScanner(this.#handle);
  }
}

/** Watches the raw events of a same-dialect stream. `includeUsage`: the caller wants the usage event that OpenAI can add. */
export class StreamUsageWatcher {
  readonly #handle: object;

  constructor(dialect: UsageDialect, includeUsage: boolean) {
    this.#handle = addon.createStreamUsageWatcher(dialect, includeUsage);
  }

  /** Looks at one whole event with its empty line. False: it must not reach the caller. */
  push(event: Uint8Array): boolean {
    return addon.pushStreamEvent(this.#handle, event);
  }

  get seen(): StreamUsage {
    return addon.readStreamUsage(this.#handle);
  }
}
