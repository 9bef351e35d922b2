import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { DispatchHandler } from "../contracts/dispatcher.ts";
import { GatewayError } from "../contracts/errors.ts";

/** The content codings of RFC 9110 §8.4.1 and RFC 7932. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

/**
 * Gives a handler the answer as it was before it was compressed. Nothing asks for compression, but where nothing is said a server
 * may choose (RFC 9110 §12.5.3), and proxies in front of some do. An answer that is not compressed goes through as it comes.
 */
export class DecodedAnswer implements DispatchHandler {
  readonly #handler: DispatchHandler;
  #abort: ((reason: Error) => void) | null = null;
  /** null: the answer is not compressed. */
  #decoder: Transform | null = null;
  #resume: (() => void) | null = null;
  /** The handler was told how it ended. */
  #over = false;

  constructor(handler: DispatchHandler) {
    this.#handler = handler;
  }

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    this.#handler.onStart((reason) => {
      abort(reason);
      // All of it may have come, and wait to be taken: then nobody else says that it is over.
      if (this.#decoder !== null) this.onError(reason);
    });
  }

  onInformation(status: number, headers: readonly string[]): void {
    this.#handler.onInformation?.(status, headers);
  }

  onHeaders(status: number, headers: string[], resume: () => void): boolean {
    let at = 0;
    while (at < headers.length && headers[at] !== "content-encoding") at += 2;
    const coding = (headers[at + 1] ?? "identity").trim().toLowerCase();
    if (coding === "identity" || coding === "") return this.#handler.onHeaders(status, headers, resume);
    const create = DECODERS.get(coding);
    if (create === undefined) {
      this.#fail(
        `the provider's answer is compressed as ${JSON.stringify(coding.slice(0, 40))}, which it was not asked for`,
      );
      return true;
    }
    const decoder = create();
    this.#decoder = decoder;
    this.#resume = resume;
    decoder.on("data", (chunk: Buffer) => {
      if (!this.#over && !this.#handler.onData(chunk)) decoder.pause();
    });
    decoder.on("drain", () => this.#resume?.());
    decoder.on("end", () => {
      if (this.#over) return;
      this.#over = true;
      this.#handler.onComplete([]);
    });
    decoder.on("error", () => this.#fail("the provider's answer is compressed, and can't be read"));
    const own = headers.filter((_, index) => index !== at && index !== at + 1);
    if (!this.#handler.onHeaders(status, own, () => decoder.resume())) decoder.pause();
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#decoder === null) return this.#handler.onData(chunk);
    return this.#over || this.#decoder.write(chunk);
  }

  onComplete(trailers: string[]): void {
    if (this.#decoder !== null) this.#decoder.end();
    else if (!this.#over) this.#handler.onComplete(trailers);
  }

  onError(error: Error): void {
    this.#decoder?.destroy();
    if (this.#over) return;
    this.#over = true;
    this.#handler.onError(error);
  }

  #fail(message: string): void {
    if (this.#over) return;
    const error = new GatewayError("upstream_protocol_error", message);
    this.onError(error);
    this.#abort?.(error);
  }
}
