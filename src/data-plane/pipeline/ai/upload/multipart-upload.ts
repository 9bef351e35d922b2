import { Readable } from "node:stream";
import { GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import { bodyLimitBytes, bodyTooLarge } from "../../stages/guard.ts";
import type { InspectedRequest } from "../translation.ts";
import { type FormPart, MultipartScanner } from "./multipart-scanner.ts";

/** A form whose model comes after its file is held up to this: OpenAI takes files of up to 25 MB to be transcribed. */
export const HELD_FORM_BYTES = 26 * 1024 * 1024;
const MAX_MODEL_BYTES = 1024;
/** On its way to the provider; a piece of a form beside it. */
const BUFFER_BYTES = 256 * 1024;

export interface FormRequest {
  headers: Record<string, string>;
  /** A stream can't be sent again. */
  body: Buffer | Readable;
}

/**
 * A form on its way up. It goes on as soon as the model is known, piece by piece as the provider takes it; what is there by
 * then is held. One that is short, or has come to its end by then, is held whole and can be sent again.
 */
export class MultipartUpload {
  /** The provider has got some of what can't be sent again. */
  isSpent = false;
  readonly #context: Context;
  readonly #scanner: MultipartScanner;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #onInspected: ((request: InspectedRequest) => void) | null = null;
  #stream: Readable | null = null;
  #ended = false;

  constructor(context: Context, boundary: string) {
    this.#context = context;
    this.#scanner = new MultipartScanner(boundary);
  }

  /** Calls back once the model is known. Throws, or fails the call, with `invalid_request` or `body_too_large`. */
  start(onInspected: (request: InspectedRequest) => void): void {
    const { exchange, body } = this.#context;
    this.#onInspected = onInspected;
    if (body !== null) {
      this.#hold(body);
      this.#scanner.push(body);
      this.#end();
      return;
    }
    if (exchange.contentLength === 0) throw new GatewayError("invalid_request", "the request has no body: send a form");
    exchange.streamBody(
      (chunk) => this.#guarded(() => this.#take(chunk)),
      () => void this.#guarded(() => this.#end()),
    );
    // What still comes is read and dropped, so that the connection does not hang.
    this.#context.noteBeforeFinish(() => {
      if (!this.#ended) exchange.resumeBody();
    });
  }

  /** With the target's name for the model. */
  request(model: string): FormRequest {
    const { exchange } = this.#context;
    const whole = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [whole];
    const named = this.#model() as FormPart;
    const edited = Buffer.concat([whole.subarray(0, named.start), Buffer.from(model), whole.subarray(named.end)]);
    const headers: Record<string, string> = { "content-type": exchange.header("content-type") ?? "" };
    if (this.#ended) return { headers, body: edited };
    if (exchange.contentLength > 0) {
      headers["content-length"] = String(exchange.contentLength + edited.length - whole.length);
    }
    this.isSpent = true;
    this.#held = [];
    this.#stream = new Readable({ highWaterMark: BUFFER_BYTES, read: () => exchange.resumeBody() });
    // Told by the dispatcher as well.
    this.#stream.on("error", () => {});
    this.#stream.push(edited);
    return { headers, body: this.#stream };
  }

  #guarded<Result>(run: () => Result): Result | true {
    if (this.#context.finished) return true;
    try {
      return run();
    } catch (error) {
      this.#context.pipeline.fail(this.#context, error);
      return true;
    }
  }

  /** False: wait until the provider has taken what it was given. */
  #take(chunk: Buffer): boolean {
    const context = this.#context;
    // A length that was announced has been looked at, and counts already.
    if (context.exchange.contentLength < 0) context.requestBytes += chunk.length;
    if (context.exchange.contentLength < 0 && context.target?.kind === "ai") {
      const limitBytes = bodyLimitBytes(context.target, context.exchange);
      if (context.requestBytes > limitBytes) throw bodyTooLarge(limitBytes, null);
    }
    this.#scanner.push(chunk);
    if (this.#stream !== null) {
      // A second one might be the one that the provider goes by.
      this.#model();
      return this.#stream.destroyed || this.#stream.push(chunk);
    }
    this.#hold(chunk);
    const onInspected = this.#onInspected;
    if (onInspected === null) return false;
    const model = this.#model();
    if (model !== null && model.end >= 0) {
      this.#inspected(model, onInspected);
      return false;
    }
    if (this.#heldBytes <= HELD_FORM_BYTES) return true;
    throw new GatewayError(
      "invalid_request",
      `\`model\` is not among the first ${HELD_FORM_BYTES} bytes of the form: put it before the file`,
      { param: "model" },
    );
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
  }

  #end(): void {
    this.#ended = true;
    if (!this.#scanner.isWhole) throw new GatewayError("invalid_request", "the form ends within a part");
    if (this.#stream !== null) this.#stream.push(null);
    const onInspected = this.#onInspected;
    if (onInspected === null) return;
    const model = this.#model();
    if (model === null) {
      throw new GatewayError("invalid_request", "`model` must be a field of the form that names a model", {
        param: "model",
      });
    }
    this.#inspected(model, onInspected);
  }

  #inspected({ start, end }: FormPart, onInspected: (request: InspectedRequest) => void): void {
    this.#onInspected = null;
    const bytes = end - start > MAX_MODEL_BYTES ? null : Buffer.concat(this.#held).subarray(start, end);
    if (bytes === null || bytes.length === 0) {
      throw new GatewayError("invalid_request", "`model` must name a model", { param: "model" });
    }
    onInspected({ model: bytes.toString(), stream: false, includeUsage: true, encodingFormat: "float" });
  }

  #model(): FormPart | null {
    const named = this.#scanner.parts.filter(({ name, fileName }) => name === "model" && fileName === null);
    if (named.length > 1) {
      throw new GatewayError("invalid_request", "`model` is in the form more than once", { param: "model" });
    }
    return named[0] ?? null;
  }
}
