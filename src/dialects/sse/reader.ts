import type { SseEvent } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;

export interface SseReaderOptions {
  /** The longest event, in bytes of its lines; a longer one is refused. Bounds the reader's memory. */
  maxEventBytes: number;
}

/**
 * Incremental parser of `text/event-stream`, by WHATWG HTML §9.2.6. Chunks may be split anywhere, also within a UTF-8
 * sequence or between CR and LF. `id`, `retry` and comments are skipped: no dialect uses them.
 *
 * Works on bytes: a line is looked for with memchr, recognised by its first bytes and decoded once, data only.
 */
export class SseReader {
  readonly #maxEventBytes: number;
  readonly #onEvent: (event: SseEvent) => void;
  /** The beginning of a line whose end has not arrived. */
  #partial: Buffer[] = [];
  #partialBytes = 0;
  /** Bytes of the complete lines of the current event. */
  #eventBytes = 0;
  /** The last chunk ended with CR: an LF at the start of the next one belongs to it. */
  #skipLf = false;
  #atStart = true;
  #event = "";
  #data: string | null = null;

  constructor(options: SseReaderOptions, onEvent: (event: SseEvent) => void) {
    this.#maxEventBytes = options.maxEventBytes;
    this.#onEvent = onEvent;
  }

  /** Throws GatewayError `upstream_response_too_large` for an event over the limit; the reader is of no use afterwards. */
  push(chunk: Buffer): void {
    const length = chunk.length;
    if (length === 0) return;
    let position = 0;
    if (this.#skipLf) {
      this.#skipLf = false;
      if (chunk[0] === LF) position = 1;
    }
    let cr = chunk.indexOf(CR, position);
    let lf = chunk.indexOf(LF, position);
    while (lf !== -1 || cr !== -1) {
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#endLine(chunk, position, end);
      position = end + 1;
      if (end === cr) {
        if (position === length) this.#skipLf = true;
        else if (chunk[position] === LF) position += 1;
        cr = chunk.indexOf(CR, position);
      }
      if (lf !== -1 && lf < position) lf = chunk.indexOf(LF, position);
    }
    if (position < length) this.#keep(chunk, position);
  }

  /** The body is over. As the standard says, an event not ended by an empty line is discarded; returns whether there was one. */
  end(): boolean {
    const incomplete = this.#data !== null || this.#partialBytes > 0;
    this.#partial = [];
    this.#partialBytes = 0;
    this.#reset();
    return incomplete;
  }

  #keep(chunk: Buffer, start: number): void {
    this.#partial.push(start === 0 ? chunk : chunk.subarray(start));
    this.#partialBytes += chunk.length - start;
    this.#checkSize(this.#partialBytes);
    // Many tiny chunks would cost more in Buffer objects than in bytes.
    if (this.#partial.length === 64) this.#partial = [Buffer.concat(this.#partial, this.#partialBytes)];
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    if (this.#partialBytes === 0) {
      this.#line(chunk, start, end);
      return;
    }
    this.#partial.push(chunk.subarray(start, end));
    const line = Buffer.concat(this.#partial);
    this.#partial = [];
    this.#partialBytes = 0;
    this.#line(line, 0, line.length);
  }

  #line(bytes: Buffer, lineStart: number, end: number): void {
    let start = lineStart;
    if (this.#atStart) {
      this.#atStart = false;
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf && start + 3 <= end)
        start += 3;
    }
    if (start === end) {
      this.#dispatch();
      return;
    }
    if (isField(bytes, start, end, "data")) {
      this.#checkSize(end - start);
      this.#eventBytes += end - start;
      const value = fieldValue(bytes, start + 4, end);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    } else if (isField(bytes, start, end, "event")) {
      this.#checkSize(end - start);
      this.#event = fieldValue(bytes, start + 5, end);
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event;
    this.#reset();
    if (data !== null) this.#onEvent({ event, data });
  }

  #reset(): void {
    this.#data = null;
    this.#event = "";
    this.#eventBytes = 0;
  }

  #checkSize(lineBytes: number): void {
    if (this.#eventBytes + lineBytes > this.#maxEventBytes) {
      throw new GatewayError(
        "upstream_response_too_large",
        `The provider's stream holds an event of more than ${this.#maxEventBytes} bytes.`,
      );
    }
  }
}

export function createSseReader(options: SseReaderOptions, onEvent: (event: SseEvent) => void): SseReader {
  return new SseReader(options, onEvent);
}

/** Whether the line is `name`, or begins with `name:`. */
function isField(bytes: Buffer, start: number, end: number, name: string): boolean {
  const nameEnd = start + name.length;
  if (nameEnd > end || (nameEnd < end && bytes[nameEnd] !== COLON)) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (bytes[start + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** What follows the field name: a colon, then at most one space that does not belong to the value. */
function fieldValue(bytes: Buffer, nameEnd: number, end: number): string {
  if (nameEnd === end) return "";
  const start = bytes[nameEnd + 1] === SPACE && nameEnd + 1 < end ? nameEnd + 2 : nameEnd + 1;
  return bytes.toString("utf8", start, end);
}
