import type {
  SseEvent,
  StreamFormatter,
  StreamFraming,
  StreamParser,
  StreamReader,
} from "../../../../contracts/dialect.ts";
import { GatewayError } from "../../../../contracts/errors.ts";
import type { ChatEvent, Usage } from "../../../../contracts/ir.ts";
import type { UsageWatcher } from "../../../../contracts/passthrough.ts";
import { providerFailed } from "../provider-failed.ts";
import { parseRawEvent, SseSplitter } from "../sse-splitter.ts";
import { MAX_EVENT_BYTES, type StreamAnswer, type StreamProgress } from "../stream-answer.ts";
import { EventNames, eventsIn, lacking, type NamedEvent } from "./event-names.ts";
import type { Transcript } from "./transcript.ts";

/** What may be held back; beyond it the events go on, and the stream is on its own. */
const MAX_HELD_BYTES = 256 * 1024;

/**
 * Same dialect on both sides, and the route wants broken streams rescued: whole events go on as they came, and are read
 * besides. Events without content (the start, the end of a block, why the model stopped) are held back until content or the
 * end of the answer follows, so that what the caller has always ends with content: there another target can go on.
 */
export class RescuablePassthrough implements StreamAnswer {
  readonly #watcher: UsageWatcher;
  readonly #parser: StreamParser;
  readonly #transcript: Transcript;
  readonly #framing: StreamFraming | undefined;
  readonly #splitter = new SseSplitter(MAX_EVENT_BYTES);
  /** null: server-sent events, which the splitter cuts. */
  readonly #reader: StreamReader | null;
  readonly #sentNames = new EventNames();
  #pieces: Buffer[] = [];
  #held: { raw: Buffer; name: string; events: readonly ChatEvent[] }[] = [];
  #heldBytes = 0;
  #committed = false;
  #failure: GatewayError | null = null;
  #finishes: ChatEvent[] = [];
  #isOver = false;
  tokens = 0;

  constructor(watcher: UsageWatcher, parser: StreamParser, transcript: Transcript, framing?: StreamFraming) {
    this.#watcher = watcher;
    this.#parser = parser;
    this.#transcript = transcript;
    this.#framing = framing;
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

  get events(): number {
    return this.#sentNames.count;
  }

  get ended(): boolean {
    return this.#isOver;
  }

  fail(): null {
    return null;
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
    if (this.#failure === null && !this.#isOver) this.#note(this.#parser.finish());
    if (this.#failure === null && this.#isOver) this.#flush();
    return this.#progress();
  }

  complete(createFormatter: () => StreamFormatter): string | Buffer | null {
    if (!this.#isOver && this.#finishes.length === 0) this.#note(this.#parser.finish());
    const formatter = createFormatter();
    const before = this.#finishes.length === 0 ? null : this.bringUp(formatter);
    if (before === null) return null;
    const events: ChatEvent[] = [...this.#finishes];
    if (this.usage !== null) events.push({ type: "usage", usage: this.usage });
    events.push({ type: "end" });
    this.#isOver = true;
    return Buffer.concat([before, ...events.map((event) => Buffer.from(formatter.push(event)))]);
  }

  bringUp(formatter: StreamFormatter): Buffer | null {
    if (this.#transcript.events === null || !this.#transcript.isResumable) return null;
    const written: NamedEvent[] = [];
    let last = 0;
    for (const event of this.#transcript.events) {
      const events = eventsIn(formatter.push(event), this.#framing);
      written.push(...events);
      last = events.length;
    }
    return lacking(written, this.#sentNames, last);
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
    const events = this.#isOver ? [] : this.#parser.push(event);
    if (this.#watcher.failure !== null) this.#failure = providerFailed(this.#watcher.failure);
    else this.#note(events);
    if (this.#failure !== null || !keep) return;
    this.#held.push({ raw, name: event.event, events });
    this.#heldBytes += raw.length;
    if (this.#isOver || events.some(isContent)) this.#flush();
    else if (this.#heldBytes > MAX_HELD_BYTES) {
      this.#transcript.giveUp();
      this.#flush();
    }
  }

  #note(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.type === "error") this.#failure ??= providerFailed(event.failure);
      else if (event.type === "finish") this.#finishes.push(event);
      else if (event.type === "end") this.#isOver = true;
    }
  }

  #flush(): void {
    this.tokens++;
    for (const { raw, name, events } of this.#held) {
      this.#pieces.push(raw);
      this.#sentNames.note(name);
      for (const event of events) if (event.type === "start" || isContent(event)) this.#transcript.note(event);
    }
    this.#held = [];
    this.#heldBytes = 0;
    this.#committed = true;
  }

  #progress(): StreamProgress {
    const pieces = this.#pieces;
    this.#pieces = [];
    const output = pieces.length === 0 ? "" : pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    return { output, committed: this.#committed, failure: this.#failure };
  }
}

/** Something of the answer itself. */
function isContent(event: ChatEvent): boolean {
  switch (event.type) {
    case "text":
    case "thinking":
    case "refusal":
      return event.text !== "";
    case "thinking_signature":
    case "citation":
    case "tool_call_start":
    case "tool_call_delta":
      return true;
    default:
      return false;
  }
}
