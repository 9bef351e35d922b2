import type { CallAddress, SseEvent } from "./dialect.ts";
import type { ProviderFailure } from "./errors.ts";
import type { Usage } from "./ir.ts";

/** Watches a same-dialect stream whose bytes go on untouched, for what the call log and the limits need. Throws nothing. */
export interface UsageWatcher {
  /** Looks at one event; false: it must not reach the caller (a usage event that the gateway asked for, not the caller). */
  push(event: SseEvent): boolean;
  /**
   * The event last seen only announces an answer: until there is more of it, the call can still go elsewhere. Absent where
   * no event of the dialect is of the kind.
   */
  readonly announces?: boolean;
  /** The last usage seen. */
  readonly usage: Usage | null;
  /** An estimate of the output tokens that came after that. */
  readonly untoldTokens: number;
  /** The model that answers, as the provider names it. */
  readonly model: string | null;
  /** True once the dialect's end of an answer was seen: a body that ends before was cut. */
  readonly finished: boolean;
  /** The error event of the stream, if there was one. */
  readonly failure: ProviderFailure | null;
}

/** What answers of other dialects' providers have left in a conversation, and a provider of this dialect would refuse. */
export interface ForeignTraces {
  /** JSON text; a body without any of these holds none. */
  marks: readonly string[];
  /** The body without them. */
  remove(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/** What a dialect gives for calls whose body needs no translation. Pure. */
/** Files that tools of the provider's make for a call. */
export interface MadeFiles {
  /** JSON text of answers that may tell of one. */
  readonly marks: readonly string[];
  /** JSON text of requests that can make one; absent: any may. */
  readonly askedBy?: string;
  /**
   * Their ids in a whole answer, or in an event of a stream. Found where the provider alone writes: an answer repeats what its caller
   * has said, labels and schemas among it, and who finds a file there gives it to whoever knew its id.
   */
  find(payload: unknown): readonly string[];
}

export interface Passthrough {
  /** `includeUsage`: whether the caller wants the usage event of its dialect, where that is optional. */
  createUsageWatcher(includeUsage: boolean): UsageWatcher;
  /** Absent where nothing of the kind can be. */
  foreign?: ForeignTraces;
  /** Absent: there are none. */
  readonly madeFiles?: MadeFiles;
  /** Usage and model of a whole answer; nulls where the body does not say. */
  readUsage(body: unknown): { usage: Usage | null; model: string | null };
  /** The top-level fields of an answer that `readUsage` looks at, and `error`. Absent: `usage`, `model` and `error`. */
  readonly answerFields?: readonly string[];
  /** For dialects whose calls name the model in the path: the provider's call, `model` being its own name for it. */
  readonly addressed?: {
    /** Relative to the provider's base URL. */
    path(model: string, address: CallAddress): string;
    query(address: CallAddress): string;
    /** The caller's body; as it is, unless it names the model as well. */
    body(bytes: Buffer, model: string): Buffer;
  };
}
