import { Duplex } from "node:stream";
import type { Exchange, ResponseStream } from "../../../../contracts/exchange.ts";

/** What a tunnel needs of its exchange. */
type Tunnelled = Pick<Exchange, "streamBody" | "resumeBody" | "destroy"> & ResponseStream;

/** A connection that has left HTTP. */
export class NativeTunnel extends Duplex {
  readonly #exchange: Tunnelled;
  #begun = false;
  #waiting: (() => void) | null = null;

  constructor(exchange: Tunnelled) {
    super({ allowHalfOpen: false });
    this.#exchange = exchange;
    exchange.onDrain(() => this.#continue());
  }

  /** The client has gone. */
  left(): void {
    this.push(null);
    this.destroy();
  }

  override _read(): void {
    if (this.#begun) {
      this.#exchange.resumeBody();
      return;
    }
    this.#begun = true;
    this.#exchange.streamBody(
      (chunk) => this.destroyed || this.push(chunk),
      () => this.left(),
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#exchange.write(chunk)) callback();
    else this.#waiting = callback;
  }

  #continue(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  override _final(callback: () => void): void {
    this.#exchange.end();
    callback();
    // What the client still sends is dropped by the engine: of it, and of its end, nothing is told any more.
    this.push(null);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // After an end this does nothing: what was written is still sent.
    this.#exchange.destroy();
    callback(error);
  }
}
