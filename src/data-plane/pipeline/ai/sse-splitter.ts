import type { SseEvent } from "../../../contracts/dialect.ts";

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a stream into the raw bytes of whole events, without decoding: what goes through untouched must not be written anew.
 * Lines end in LF or CRLF, as every provider sends them.
 */
export class SseSplitter {
  #rest: Buffer = EMPTY;
  /** Where to look on in `#rest`: what is before holds no boundary. */
  #scanned = 0;
  readonly #maxEventBytes: number;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Calls back with each complete event. Returns false when an event is longer than allowed. */
  push(chunk: Buffer, onEvent: (raw: Buffer) => void): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let begin = 0;
    let from = this.#scanned;
    for (;;) {
      const end = eventEnd(bytes, from);
      if (end < 0) break;
      onEvent(bytes.subarray(begin, end));
      begin = end;
      from = end;
    }
    this.#rest = begin === bytes.length ? EMPTY : Buffer.from(bytes.subarray(begin));
    // A boundary may have begun in the last three bytes.
    this.#scanned = Math.max(0, this.#rest.length - 3);
    return this.#rest.length <= this.#maxEventBytes;
  }

  /** What is left when the stream ends: an event without its blank line. */
  get rest(): Buffer {
    return this.#rest;
  }
}

/** After the blank line that ends an event, or -1. */
function eventEnd(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(LF, from);
  while (at >= 0) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
    at = bytes.indexOf(LF, at + 1);
  }
  return -1;
}

/** Reads the fields of one raw event (WHATWG HTML §9.2.6). */
export function parseRawEvent(raw: Buffer): SseEvent {
  let event = "";
  let data: string | null = null;
  for (const line of raw.toString().split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const value = line.charCodeAt(colon + 1) === 0x20 ? line.slice(colon + 2) : line.slice(colon + 1);
    const name = line.slice(0, colon);
    if (name === "data") data = data === null ? value : `${data}\n${value}`;
    else if (name === "event") event = value;
  }
  return { event, data: data ?? "" };
}
