import type {
  SseEvent,
  StreamFormatter,
  StreamFraming,
  StreamParser,
  StreamReader,
} from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ChatEvent, Usage } from "../../../contracts/ir.ts";
import type { UsageWatcher } from "../../../contracts/passthrough.ts";
import { estimateTokens } from "../../../contracts/token-estimate.ts";
import { createSseReader } from "../../../dialects/sse/reader.ts";
import { providerFailed } from "./provider-failed.ts";
import type { Transcript } from "./rescue/transcript.ts";
import { parseRawEvent, SseSplitter } from "./sse-splitter.ts";

/** No provider's event comes near; what is longer is no event stream. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024;
/** What is held back of a stream until its first token comes; with more, it goes on to the caller. */
const MAX_GATED_BYTES = 256 * 1024;

/** What a chunk of a provider's stream came to. */
export interface StreamProgress {
  /** To be written to the caller; "" or empty: nothing yet. */
  output: string | Buffer;
  /** The provider has begun a real answer: from here on nothing can be retried. */
  committed: boolean;
  /** The stream has failed; nothing of it after this counts. */
  failure: GatewayError | null;
}

/** One provider's stream on its way to the caller. */
export interface StreamAnswer {
  push(chunk: Buffer): StreamProgress;
  /** The body has ended. */
  end(): StreamProgress;
  /** How the caller's dialect ends such a stream with an error; null: as it ends every stream. */
  fail(error: GatewayError): string | null;
  readonly usage: Usage | null;
  /** An estimate of the output tokens that came after that. */
  readonly untoldTokens: number;
  readonly model: string | null;
  /** Events that went on to the caller as they came. */
  readonly events: number;
  /** The answer has come to its end, whatever follows in the body. */
  readonly ended: boolean;
  /** Grows with each event that holds some of the answer. */
  readonly tokens: number;
  /**
   * The rest of a stream that broke off when the model had said why it stopped: the caller lacks nothing but the end. Null: it
   * lacks more. Absent where nobody looks.
   */
  complete?(createFormatter: () => StreamFormatter): string | Buffer | null;
  /**
   * Has a new formatter write all that was sent; what of it the caller lacks. Null: it would have written something else. Absent:
   * a formatter has written the stream.
   */
  bringUp?(formatter: StreamFormatter): Buffer | null;
}

/** Provider's dialect → IR → caller's dialect. */
export class TranslatedStream implements StreamAnswer {
  #usage: Usage | null = null;
  model: string | null = null;
  readonly events = 0;
  ended = false;
  tokens = 0;
  readonly #parser: StreamParser;
  readonly #formatter: StreamFormatter;
  readonly #reader: StreamReader;
  #output = "";
  /** What a formatter writes that has a framing of its own. */
  #frames: Buffer[] = [];
  #committed = false;
  #finished = false;
  #untoldBytes = 0;
  #failure: GatewayError | null = null;
  readonly #transcript: Transcript | null;

  /** `framing`: the provider's; undefined: server-sent events. `transcript`: keeps what goes to the caller. */
  constructor(
    parser: StreamParser,
    formatter: StreamFormatter,
    framing?: StreamFraming,
    transcript: Transcript | null = null,
  ) {
    this.#parser = parser;
    this.#formatter = formatter;
    this.#transcript = transcript;
    const onEvent = (event: SseEvent) => this.#take(this.#parser.push(event));
    this.#reader =
      framing === undefined
        ? createSseReader({ maxEventBytes: MAX_EVENT_BYTES }, onEvent)
        : framing.createReader(MAX_EVENT_BYTES, onEvent);
  }

  get usage(): Usage | null {
    return this.#parser.usageSoFar ?? this.#usage;
  }

  get untoldTokens(): number {
    return (this.#parser.usageSoFar ?? null) === null ? estimateTokens(this.#untoldBytes) : 0;
  }

  push(chunk: Buffer): StreamProgress {
    this.#try(() => this.#reader.push(chunk));
    return this.#progress();
  }

  end(): StreamProgress {
    this.#try(() => this.#reader.end());
    if (this.#failure === null) this.#try(() => this.#take(this.#parser.finish()));
    return this.#progress();
  }

  /** What a provider sends must not be able to end more than its own call: JSON nested deeply enough ends the stack. */
  #try(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#failure ??=
        error instanceof GatewayError
          ? error
          : new GatewayError("upstream_protocol_error", "the provider's event stream is malformed", { cause: error });
    }
  }

  fail(error: GatewayError): string | null {
    return this.#formatter.fail?.(error) ?? null;
  }

  complete(): string | Buffer | null {
    this.#failure = null;
    this.#try(() => this.#take(this.#finished ? [{ type: "end" }] : this.#parser.finish()));
    return this.ended ? this.#progress().output : null;
  }

  #take(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (this.#failure !== null) return;
      switch (event.type) {
        case "error":
          this.#failure = providerFailed(event.failure);
          return;
        case "start":
          this.model = event.model;
          if (event.usage !== undefined) this.#told(event.usage);
          break;
        case "end":
          this.ended = true;
          this.#committed = true;
          break;
        case "usage":
          this.#told(event.usage);
          break;
        case "text":
        case "thinking":
        case "refusal":
          // Some begin with a text of no characters.
          if (event.text === "") break;
          this.#committed = true;
          this.#untoldBytes += Buffer.byteLength(event.text);
          this.tokens++;
          break;
        case "finish":
          this.#finished = true;
          this.#committed = true;
          break;
        default:
          this.#committed = true;
          if (event.type === "tool_call_delta") this.#untoldBytes += Buffer.byteLength(event.arguments);
          this.tokens++;
      }
      this.#transcript?.note(event);
      const piece = this.#formatter.push(event);
      if (typeof piece === "string") this.#output += piece;
      else this.#frames.push(piece);
    }
  }

  #told(usage: Usage): void {
    this.#usage = usage;
    this.#untoldBytes = 0;
  }

  /** The head of an answer is held back until there is something after it, so that an error at once can still fail over. */
  #progress(): StreamProgress {
    if (!this.#committed && this.#output.length > MAX_GATED_BYTES) this.#committed = true;
    if (!this.#committed) return { output: "", committed: false, failure: this.#failure };
    const output = this.#frames.length === 0 ? this.#output : Buffer.concat(this.#frames);
    this.#output = "";
    this.#frames = [];
    return { output, committed: true, failure: this.#failure };
  }
}

/** Same dialect on both sides: whole events go on as they came. */
export class PassthroughStream implements StreamAnswer {
  readonly #watcher: UsageWatcher;
  readonly #splitter = new SseSplitter(MAX_EVENT_BYTES);
  /** null: server-sent events, which the splitter cuts. */
  readonly #reader: StreamReader | null;
  #pieces: Buffer[] = [];
  #gatedBytes = 0;
  #committed = false;
  #failure: GatewayError | null = null;
  events = 0;
  tokens = 0;

  constructor(watcher: UsageWatcher, framing?: StreamFraming) {
    this.#watcher = watcher;
    this.#reader = framing?.createReader(MAX_EVENT_BYTES, (event, raw) => this.#take(event, raw)) ?? null;
  }

  get usage(): Usage | null {
    return this.#watcher.usage;
  }

  get untoldTokens(): number {
    return this.#watcher.untoldTokens;
  }

  get model(): string | null {
    return this.#watcher.model;
  }

  get ended(): boolean {
    return this.#watcher.finished;
  }

  push(chunk: Buffer): StreamProgress {
    if (this.#reader !== null) this.#try(() => this.#reader?.push(chunk));
    else if (!this.#splitter.push(chunk, (raw) => this.#take(parseRawEvent(raw), raw))) {
      this.#failure ??= new GatewayError("upstream_protocol_error", "an event of the provider's stream is too long");
    }
    return this.#progress();
  }

  end(): StreamProgress {
    if (this.#reader !== null) this.#try(() => this.#reader?.end());
    const { rest } = this.#splitter;
    if (rest.length > 0) this.#take(parseRawEvent(rest), rest);
    if (this.#failure === null && !this.#watcher.finished) {
      this.#failure = new GatewayError("upstream_reset", "the provider's stream ended before the answer was complete");
    }
    return this.#progress();
  }

  fail(): null {
    return null;
  }

  #try(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#failure ??= error as GatewayError;
    }
  }

  #take(event: SseEvent, raw: Buffer): void {
    if (this.#failure !== null) return;
    const keep = this.#watcher.push(event);
    if (this.#watcher.failure !== null) {
      this.#failure = providerFailed(this.#watcher.failure);
      return;
    }
    if (!keep) return;
    if (this.#watcher.announces !== true) {
      this.#committed = true;
      this.tokens++;
    } else if (!this.#committed) {
      this.#gatedBytes += raw.length;
      if (this.#gatedBytes > MAX_GATED_BYTES) this.#committed = true;
    }
    this.events++;
    this.#pieces.push(raw);
  }

  #progress(): StreamProgress {
    if (!this.#committed) return { output: "", committed: false, failure: this.#failure };
    const pieces = this.#pieces;
    this.#pieces = [];
    const output = pieces.length === 0 ? "" : pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    return { output, committed: this.#committed, failure: this.#failure };
  }
}
