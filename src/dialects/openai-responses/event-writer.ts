import type { JsonObject } from "../checks.ts";
import { formatSse } from "../sse/format.ts";

/** Writes the events of one stream, numbered from 0. */
export class EventWriter {
  #text = "";
  #number = 0;

  event(type: string, fields: JsonObject): void {
    this.#text += formatSse(type, JSON.stringify({ type, sequence_number: this.#number, ...fields }));
    this.#number += 1;
  }

  /**
   * Nearly all events of a stream are deltas: they are put together as text. `place` is what `placeOf` gave, `rest` JSON text
   * of the fields after the delta, with a comma before them.
   */
  delta(type: string, place: string, delta: string, rest = ""): void {
    const head = `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#number},${place}`;
    this.#text += `${head}"delta":${JSON.stringify(delta)}${rest}}\n\n`;
    this.#number += 1;
  }

  /** Text of an event that somebody else writes, given its number. */
  foreign(write: (sequenceNumber: number) => string): void {
    this.#text += write(this.#number);
    this.#number += 1;
  }

  /** What was written since the last time. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

/** Where a delta belongs, as JSON text. */
export function placeOf(fields: JsonObject): string {
  return `${JSON.stringify(fields).slice(1, -1)},`;
}
