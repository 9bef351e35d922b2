import type { Context } from "./context.ts";

/** The beginning of a response body, for the call log when it is to keep bodies. Redaction is the log writer's. */
export class LoggedBody {
  readonly #context: Context;
  readonly #limitBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  private constructor(context: Context, limitBytes: number) {
    this.#context = context;
    this.#limitBytes = limitBytes;
  }

  /** Null when bodies are not kept. With `errors`, whether this is a body to keep is known only at the end. */
  static of(context: Context): LoggedBody | null {
    const { bodies, maxBodyBytes } = context.pipeline.snapshot.callLog;
    return bodies === "off" ? null : new LoggedBody(context, maxBodyBytes);
  }

  push(chunk: Buffer | string): void {
    if (this.#bytes >= this.#limitBytes) return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    const kept = bytes.subarray(0, this.#limitBytes - this.#bytes);
    // A copy: a slice would hold the whole network buffer.
    this.#chunks.push(Buffer.from(kept));
    this.#bytes += kept.length;
  }

  keep(): void {
    this.#context.loggedResponseBody = Buffer.concat(this.#chunks).toString();
  }
}
