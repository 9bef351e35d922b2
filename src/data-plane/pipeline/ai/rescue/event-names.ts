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

  equals(other: EventNames): boolean {
    return this.#runs.length === other.#runs.length && this.#runs.every((name, index) => name === other.#runs[index]);
  }
}

export interface NamedEvent {
  name: string;
  raw: Buffer;
}

/** The events that a formatter wrote. */
export function eventsIn(output: string | Buffer, framing: StreamFraming | undefined): NamedEvent[] {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  const events: NamedEvent[] = [];
  if (bytes.length === 0) return events;
  if (framing === undefined) {
    new SseSplitter(MAX_EVENT_BYTES).push(bytes, (raw) => events.push({ name: parseRawEvent(raw).event, raw }));
  } else {
    framing.createReader(MAX_EVENT_BYTES, ({ event }, raw) => events.push({ name: event, raw })).push(bytes);
  }
  return events;
}

/**
 * Of the events that a formatter wrote for a stream that was sent in other ones: those that the caller lacks, at most the
 * last `mayLack`. Null: they are not the same stream.
 */
export function lacking(written: readonly NamedEvent[], sent: EventNames, mayLack: number): Buffer | null {
  for (let lacks = 0; lacks <= mayLack; lacks++) {
    const names = new EventNames();
    const sentToo = written.slice(0, written.length - lacks);
    for (const { name } of sentToo) names.note(name);
    if (names.equals(sent)) return Buffer.concat(written.slice(sentToo.length).map(({ raw }) => raw));
  }
  return null;
}
