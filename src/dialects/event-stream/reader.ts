import { crc32 } from "node:zlib";
import type { StreamReader } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import { readHeaders } from "./headers.ts";

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventStreamMessage {
  /** Those whose value is a text, by name (`:message-type`); others are left out. */
  headers: ReadonlyMap<string, string>;
  payload: Buffer;
  /** The whole message. */
  bytes: Buffer;
}

/**
 * A message, by docs.aws.amazon.com, "Event stream encoding"; numbers are big-endian.
 *
 *     0        4          8         12                                    n-4       n
 *     | length | headers' | CRC of  | headers …      | payload …          | CRC of  |
 *     | n      | length   | 0 to 8  |                |                    | 0 to n-4|
 */
export const PRELUDE_BYTES = 12;
export const CRC_BYTES = 4;
const MIN_MESSAGE_BYTES = PRELUDE_BYTES + CRC_BYTES;
/** The longest headers that the encoding allows. */
const MAX_HEADERS_BYTES = 128 * 1024;
/** So many chunks are kept one by one; more would cost more in Buffer objects than in bytes. */
const MAX_CHUNKS = 64;

/** Incremental reader. Chunks may be split anywhere; what is kept is no longer than one message and a chunk. */
export class EventStreamReader implements StreamReader {
  readonly #maxMessageBytes: number;
  readonly #onMessage: (message: EventStreamMessage) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Nothing can be done with fewer bytes than these: a prelude, or a whole message once its prelude is known. */
  #needed = PRELUDE_BYTES;

  constructor(maxMessageBytes: number, onMessage: (message: EventStreamMessage) => void) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#onMessage = onMessage;
  }

  /**
   * Throws GatewayError `upstream_protocol_error` for what is no message, and `upstream_response_too_large` for one over the
   * limit, as soon as its prelude says so.
   */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) {
      if (this.#chunks.length === MAX_CHUNKS) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
      return;
    }
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes);
    const rest = bytes.subarray(this.#readAll(bytes));
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }

  /** Throws GatewayError `upstream_reset` where the stream was cut within a message. */
  end(): void {
    if (this.#bytes === 0) return;
    throw new GatewayError("upstream_reset", "The provider's stream broke off within a message.");
  }

  /** Returns where the message begins that is not whole yet. */
  #readAll(bytes: Buffer): number {
    let start = 0;
    for (;;) {
      this.#needed = PRELUDE_BYTES;
      if (bytes.length - start < PRELUDE_BYTES) return start;
      const length = this.#readPrelude(bytes, start);
      this.#needed = length;
      if (bytes.length - start < length) return start;
      this.#onMessage(readMessage(bytes.subarray(start, start + length)));
      start += length;
    }
  }

  #readPrelude(bytes: Buffer, start: number): number {
    if (crc32(bytes.subarray(start, start + 8)) !== bytes.readUInt32BE(start + 8)) {
      throw malformed("the checksum of a prelude is wrong");
    }
    const length = bytes.readUInt32BE(start);
    const headersBytes = bytes.readUInt32BE(start + 4);
    if (headersBytes > MAX_HEADERS_BYTES || length < MIN_MESSAGE_BYTES + headersBytes) {
      throw malformed("the lengths of a message contradict each other");
    }
    if (length > this.#maxMessageBytes) {
      throw new GatewayError(
        "upstream_response_too_large",
        `The provider's stream holds a message of more than ${this.#maxMessageBytes} bytes.`,
      );
    }
    return length;
  }
}

function readMessage(bytes: Buffer): EventStreamMessage {
  const crcAt = bytes.length - CRC_BYTES;
  if (crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32BE(crcAt)) {
    throw malformed("the checksum of a message is wrong");
  }
  const payloadAt = PRELUDE_BYTES + bytes.readUInt32BE(4);
  const headers = readHeaders(bytes.subarray(PRELUDE_BYTES, payloadAt));
  if (headers === null) throw malformed("the headers of a message can't be read");
  return { headers, payload: bytes.subarray(payloadAt, crcAt), bytes };
}

function malformed(what: string): GatewayError {
  return new GatewayError("upstream_protocol_error", `The provider's stream is malformed: ${what}.`);
}
