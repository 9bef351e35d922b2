import type { HttpResponse } from "uWebSockets.js";
import type { ResponseStream } from "../../../../contracts/exchange.ts";
import { writeHead } from "./response-head.ts";

/** What a stream tells the exchange it belongs to. */
export interface StreamOwner {
  /** Null once the client has gone or the response is over. */
  live(): HttpResponse | null;
  /** The next write ends the response. */
  finishing(): void;
  /** The response is over, whole. */
  finished(): void;
  /** The response can't be finished as announced: cut the connection. */
  cut(): void;
  /** The client does not take what it is sent; then it does again. */
  waiting(): void;
  moved(): void;
  /** Whether the connection is to be closed after this answer. */
  readonly closing: boolean;
}

function isEventStream(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "content-type") return (headers[i + 1] as string).startsWith("text/event-stream");
  }
  return false;
}

/** A comment line, which readers of an event stream skip (WHATWG HTML §9.2.6). */
const SSE_COMMENT = ":\n\n";

/**
 * Chunked response. The head goes out with the first chunk: uWebSockets.js can't send a head by itself. An event stream
 * whose first event is not there yet gets a comment, so that its caller sees it open.
 */
export class ChunkedResponseStream implements ResponseStream {
  readonly #owner: StreamOwner;
  #headPending = true;
  #onDrain: (() => void) | null = null;
  readonly #status: number;
  readonly #headers: readonly string[];

  constructor(owner: StreamOwner, res: HttpResponse, status: number, headers: readonly string[]) {
    this.#owner = owner;
    this.#status = status;
    this.#headers = headers;
    res.onWritable(() => {
      this.#owner.moved();
      this.#onDrain?.();
      return true;
    });
    if (isEventStream(headers)) process.nextTick(() => this.#openEventStream());
  }

  #openEventStream(): void {
    if (this.#headPending) this.write(SSE_COMMENT);
  }

  write(chunk: Buffer | string): boolean {
    const res = this.#owner.live();
    if (res === null || chunk.length === 0) return true;
    let ready = true;
    res.cork(() => {
      if (this.#headPending) {
        this.#headPending = false;
        writeHead(res, this.#status, this.#headers, this.#owner.closing);
      }
      ready = res.write(chunk);
    });
    if (!ready) this.#owner.waiting();
    return ready;
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  end(): void {
    const res = this.#owner.live();
    if (res === null) return;
    const closing = this.#owner.closing;
    this.#owner.finishing();
    this.#owner.finished();
    res.cork(() => {
      if (this.#headPending) {
        this.#headPending = false;
        writeHead(res, this.#status, this.#headers, false);
        res.end(undefined, closing);
      } else {
        // Asked to close, `end` would write a Connection field here too, into the body. The client closes: its head said so,
        // or its next request will.
        res.end();
      }
    });
  }
}

/**
 * Response of announced length, over `tryEnd`, which takes what the socket takes and buffers nothing: what is left of
 * a chunk is held here, and at most that.
 */
export class FixedLengthResponseStream implements ResponseStream {
  readonly #owner: StreamOwner;
  readonly #length: number;
  readonly #status: number;
  readonly #headers: readonly string[];
  #headPending = true;
  /** Body bytes the socket has taken. */
  #sent = 0;
  /** Chunks not yet taken; the first may be the rest of one. More than one only when the writer ignored `false`. */
  readonly #held: Buffer[] = [];
  #ended = false;
  #onDrain: (() => void) | null = null;

  constructor(owner: StreamOwner, res: HttpResponse, status: number, headers: readonly string[], length: number) {
    this.#owner = owner;
    this.#length = length;
    this.#status = status;
    this.#headers = headers;
    res.onWritable(() => {
      this.#owner.moved();
      return this.#drain();
    });
    process.nextTick(() => {
      if (this.#headPending) this.#pump();
    });
  }

  write(chunk: Buffer | string): boolean {
    if (this.#owner.live() === null || chunk.length === 0) return true;
    this.#held.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    return this.#held.length > 1 ? false : this.#pump();
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  end(): void {
    this.#ended = true;
    if (this.#owner.live() === null || this.#held.length > 0) return;
    if (this.#sent < this.#length) this.#owner.cut();
  }

  #drain(): boolean {
    if (!this.#pump()) return false;
    if (this.#owner.live() === null) return true;
    if (this.#ended && this.#sent < this.#length) this.#owner.cut();
    else this.#onDrain?.();
    return true;
  }

  /** True when nothing is held any more. */
  #pump(): boolean {
    const res = this.#owner.live();
    if (res === null) return true;
    let ready = true;
    res.cork(() => {
      if (this.#headPending) {
        this.#headPending = false;
        writeHead(res, this.#status, this.#headers, this.#owner.closing);
        if (this.#held.length === 0) res.tryEnd("", this.#length);
      }
      while (ready && this.#held.length > 0) ready = this.#send(res, this.#held[0] as Buffer);
    });
    if (!ready) this.#owner.waiting();
    return ready;
  }

  #send(res: HttpResponse, chunk: Buffer): boolean {
    if (this.#sent + chunk.length > this.#length) {
      // More than was announced would be read as the next answer on this connection.
      this.#held.length = 0;
      this.#owner.cut();
      return true;
    }
    if (this.#sent + chunk.length === this.#length) this.#owner.finishing();
    const [taken, done] = res.tryEnd(chunk, this.#length);
    if (done) {
      this.#sent = this.#length;
      this.#held.length = 0;
      this.#owner.finished();
      return true;
    }
    if (taken) {
      this.#sent += chunk.length;
      this.#held.shift();
      return true;
    }
    const offset = res.getWriteOffset();
    this.#held[0] = chunk.subarray(offset - this.#sent);
    this.#sent = offset;
    return false;
  }
}
