import type { StreamFormatter } from "../../../contracts/dialect.ts";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { parseRawEvent, SseSplitter } from "./sse-splitter.ts";
import { MAX_EVENT_BYTES, type StreamAnswer, type StreamProgress } from "./stream-answer.ts";

/**
 * A stream of events as one JSON array that grows: each event's data is an element. Callers that can't read server-sent events
 * ask for it (Gemini without `alt=sse`).
 */
export class JsonArrayStream implements StreamAnswer {
  readonly #events: StreamAnswer;
  readonly #elements: JsonArrayWriter;

  constructor(events: StreamAnswer, elements: JsonArrayWriter) {
    this.#events = events;
    this.#elements = elements;
  }

  get usage(): Usage | null {
    return this.#events.usage;
  }

  get untoldTokens(): number {
    return this.#events.untoldTokens;
  }

  get model(): string | null {
    return this.#events.model;
  }

  get tokens(): number {
    return this.#events.tokens;
  }

  complete(createFormatter: () => StreamFormatter): string | Buffer | null {
    const rest = this.#events.complete?.(createFormatter) ?? null;
    return rest === null ? null : this.#elements.write(rest) + this.#elements.close();
  }

  bringUp(formatter: StreamFormatter): Buffer | null {
    return this.#events.bringUp?.(formatter) ?? null;
  }

  get events(): number {
    return this.#events.events;
  }

  fail(error: GatewayError): string | null {
    return this.#events.fail(error);
  }

  /** The array is to be closed still. */
  readonly ended = false;

  push(chunk: Buffer): StreamProgress {
    return this.#framed(this.#events.push(chunk));
  }

  end(): StreamProgress {
    const progress = this.#framed(this.#events.end());
    // A failure is an element as well: whoever writes it closes the array.
    if (progress.failure === null && progress.committed) progress.output += this.#elements.close();
    return progress;
  }

  #framed(progress: StreamProgress): StreamProgress & { output: string } {
    return { ...progress, output: this.#elements.write(progress.output) };
  }
}

/** Rewrites events, which come whole, as elements. */
export class JsonArrayWriter {
  readonly #splitter = new SseSplitter(MAX_EVENT_BYTES);
  #began = false;

  /** `events`: whole ones; "" or empty: none. */
  write(events: string | Buffer): string {
    let text = "";
    const bytes = typeof events === "string" ? Buffer.from(events) : events;
    this.#splitter.push(bytes, (raw) => {
      text += this.#element(parseRawEvent(raw).data);
    });
    return text;
  }

  /** The last event may have come without its blank line. */
  close(): string {
    const { rest } = this.#splitter;
    const last = rest.length === 0 ? "" : this.#element(parseRawEvent(rest).data);
    return `${last}${this.#began ? "" : "["}]`;
  }

  #element(data: string): string {
    if (data === "") return "";
    const separator = this.#began ? ",\r\n" : "[";
    this.#began = true;
    return separator + data;
  }
}
