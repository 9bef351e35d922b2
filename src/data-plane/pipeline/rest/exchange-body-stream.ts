import { Readable } from "node:stream";
import type { Exchange } from "../../../contracts/exchange.ts";

/** The request body as a stream. Nothing is taken from the client before the upstream connection asks for it. */
export class ExchangeBodyStream extends Readable {
  readonly #exchange: Exchange;
  /** Told of each piece; false: it is not to go on. */
  readonly #admit: (bytes: number) => boolean;
  #begun = false;

  constructor(exchange: Exchange, admit: (bytes: number) => boolean) {
    super({ highWaterMark: 64 * 1024 });
    this.#exchange = exchange;
    this.#admit = admit;
  }

  /** Once true, the body can't be sent again. */
  get begun(): boolean {
    return this.#begun;
  }

  override _read(): void {
    if (this.#begun) {
      this.#exchange.resumeBody();
      return;
    }
    this.#begun = true;
    this.#exchange.streamBody(
      (chunk) => (this.destroyed || !this.#admit(chunk.length) ? true : this.push(chunk)),
      () => {
        if (!this.destroyed) this.push(null);
      },
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // What still comes is read and dropped, so that the connection does not hang.
    if (this.#begun) this.#exchange.resumeBody();
    callback(error);
  }
}
