import type { StreamFraming } from "../../../../contracts/dialect.ts";
import { parseRawEvent, SseSplitter } from "../sse-splitter.ts";
import { MAX_EVENT_BYTES } from "../stream-answer.ts";

/** Events that stand for nothing. */
const NOTHING = "ping";

/**
 * The names of a stream's events in their order, runs of equal ones as one. Blocks and contents are numbered: two streams
 * that agree in their names agree in those numbers, so that one can go on where the other broke off.
 */
export class EventNames {
  readonly #runs: string[] = [];
  count = 0;

  note(name: string): void {
    this.count++;
    if (name !== NOTHING && this.#runs.at(-1) !== name) this.#runs.push(name);
  }

  /** Of what a formatter wrote. */
  noteOutput(output: string | Buffer, framing: StreamFraming | undefined): void {
    const bytes = typeof output === "string" ? Buffer.from(output) : output;
    if (bytes.length === 0) return;
    if (framing === undefined) {
      new SseSplitter(MAX_EVENT_BYTES).push(bytes, (raw) => this.note(parseRawEvent(raw).event));
    } else framing.createReader(MAX_EVENT_BYTES, ({ event }) => this.note(event)).push(bytes);
  }

  equals(other: EventNames): boolean {
    return this.#runs.length === other.#runs.length && this.#runs.every((name, index) => name === other.#runs[index]);
  }
}
