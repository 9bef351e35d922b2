import type { ResponseStream } from "../../../contracts/exchange.ts";
import type { Context } from "../context.ts";
import { LoggedBody } from "../logged-body.ts";
import { withCors } from "../policies/cors.ts";

/**
 * Stage 8. Everything that goes back to the caller goes through here: what was sent and when is noted for the record in
 * one place. It is entered by the attempt that answers, not by the tuple: an attempt knows when there is something to say.
 */
export function respondWhole(
  context: Context,
  status: number,
  headers: readonly string[],
  body: Buffer | string,
): void {
  begin(context, status);
  context.responseBytes = context.exchange.method === "HEAD" ? 0 : Buffer.byteLength(body);
  const logged = LoggedBody.of(context);
  logged?.push(body);
  logged?.keep();
  context.exchange.respond(status, answerHeaders(context, headers), body);
}

/** An answer without a body: to HEAD, 204, 304, or empty. `contentLength` null: none is announced. */
export function respondHead(
  context: Context,
  status: number,
  headers: readonly string[],
  contentLength: number | null,
): void {
  begin(context, status);
  context.exchange.respondHead(status, answerHeaders(context, headers), contentLength);
}

/** An answer whose body comes in pieces. `contentLength` null: unknown. */
export function respondStream(
  context: Context,
  status: number,
  headers: readonly string[],
  contentLength: number | null,
): ResponseWriter {
  begin(context, status);
  return new ResponseWriter(
    context,
    context.exchange.startStream(status, answerHeaders(context, headers), contentLength),
  );
}

function answerHeaders({ cors, exchange }: Context, headers: readonly string[]): readonly string[] {
  return cors === null ? headers : withCors(cors, exchange, headers);
}

function begin(context: Context, status: number): void {
  context.status = status;
  context.responseStarted = true;
  context.firstByteAt = performance.now();
}

/** Writes a body in pieces and counts it. */
export class ResponseWriter implements ResponseStream {
  readonly #context: Context;
  readonly #stream: ResponseStream;
  readonly #logged: LoggedBody | null;

  constructor(context: Context, stream: ResponseStream) {
    this.#context = context;
    this.#stream = stream;
    this.#logged = LoggedBody.of(context);
    if (this.#logged !== null) context.noteBeforeFinish(() => this.#logged?.keep());
  }

  write(chunk: Buffer | string): boolean {
    this.#context.responseBytes += typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.length;
    this.#logged?.push(chunk);
    return this.#stream.write(chunk);
  }

  onDrain(callback: () => void): void {
    this.#stream.onDrain(callback);
  }

  end(): void {
    this.#stream.end();
  }
}
