import { Readable } from "node:stream";
import { GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import { bodyLimitBytes, bodyTooLarge } from "../../stages/guard.ts";
import { AloneFile, type FileAlone } from "./alone-file.ts";
import { type FormPart, MultipartScanner } from "./multipart-scanner.ts";

/** A form whose model comes after its file is held up to this: OpenAI takes files of up to 25 MB to be transcribed. */
export const HELD_FORM_BYTES = 26 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** On its way to the provider; a piece of a form beside it. */
const BUFFER_BYTES = 256 * 1024;

/** The one part without which a form can't go on. */
export interface WantedPart {
  /** For people, e.g. "`model`". */
  description: string;
  param: string;
  isPart(part: FormPart): boolean;
  /** All of it has to be there, or its head alone. */
  wantsValue: boolean;
}

/** What is put in the place of some of the bytes that are held. */
export interface FormEdit {
  start: number;
  end: number;
  text: string;
}

export interface FormRequest {
  headers: Record<string, string>;
  /** A stream can't be sent again. */
  body: Buffer | Readable;
}

/**
 * A form on its way up. It goes on as soon as the part that is wanted is known, piece by piece as the provider takes it; what is
 * there by then is held. One that is short, or has come to its end by then, is held whole and can be sent again.
 */
export class MultipartUpload {
  /** The provider has got some of what can't be sent again. */
  isSpent = false;
  readonly #context: Context;
  readonly #wanted: WantedPart;
  readonly #boundary: string;
  readonly #scanner: MultipartScanner;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #onFound: ((part: FormPart) => void) | null = null;
  #stream: Readable | null = null;
  #ended = false;
  /** Of the form, before the piece that comes. */
  #seenBytes = 0;
  /** null: the form goes up with all its parts. */
  #alone: AloneFile | null = null;

  constructor(context: Context, boundary: string, wanted: WantedPart) {
    this.#context = context;
    this.#wanted = wanted;
    this.#boundary = boundary;
    this.#scanner = new MultipartScanner(boundary);
  }

  /** Calls back once the part is known. Throws, or fails the call, with `invalid_request` or `body_too_large`. */
  start(onFound: (part: FormPart) => void): void {
    const { exchange, body } = this.#context;
    this.#onFound = onFound;
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

  /** What was held when the part was found, and is until the form goes up. */
  held(start: number, end: number): Buffer {
    return this.#whole().subarray(start, end);
  }

  /** `alone`: the file that is to go up without the rest; what stands beside it throws `unsupported_field`, or fails the call later. */
  request({ start, end, text }: FormEdit, alone: FileAlone | null = null): FormRequest {
    const { exchange } = this.#context;
    const whole = this.#whole();
    const headers: Record<string, string> = { "content-type": exchange.header("content-type") ?? "" };
    let edited: Buffer;
    if (alone === null) {
      edited = Buffer.concat([whole.subarray(0, start), Buffer.from(text), whole.subarray(end)]);
    } else {
      const file = new AloneFile(this.#boundary, alone, this.#scanner);
      this.#alone = file;
      const head = [file.head, whole.subarray(file.part.headStart, start), Buffer.from(text)];
      edited = Buffer.concat([...head, file.take(whole.subarray(end), end), this.#ended ? file.end() : NOTHING]);
    }
    if (this.#ended) return { headers, body: edited };
    // How long a file alone is, is known once it is there.
    if (exchange.contentLength > 0 && alone === null) {
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

  #whole(): Buffer {
    if (this.#held.length !== 1) this.#held = [Buffer.concat(this.#held, this.#heldBytes)];
    return this.#held[0] as Buffer;
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
    const place = this.#seenBytes;
    this.#seenBytes += chunk.length;
    const part = this.#find();
    if (this.#stream !== null) return this.#passOn(this.#stream, this.#alone?.take(chunk, place) ?? chunk);
    this.#hold(chunk);
    const onFound = this.#onFound;
    if (onFound === null) return false;
    if (part !== null && (part.end >= 0 || !this.#wanted.wantsValue)) {
      this.#onFound = null;
      onFound(part);
      return false;
    }
    if (this.#heldBytes <= HELD_FORM_BYTES) return true;
    const { description, param } = this.#wanted;
    throw new GatewayError(
      "invalid_request",
      `${description} is not among the first ${HELD_FORM_BYTES} bytes of the form: put it before what is long`,
      { param },
    );
  }

  #passOn(stream: Readable, chunk: Buffer): boolean {
    return stream.destroyed || chunk.length === 0 || stream.push(chunk);
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
  }

  #end(): void {
    this.#ended = true;
    if (!this.#scanner.isWhole) throw new GatewayError("invalid_request", "the form ends within a part");
    const part = this.#find();
    if (this.#stream !== null) {
      if (this.#alone !== null) this.#passOn(this.#stream, this.#alone.end());
      this.#stream.push(null);
    }
    const onFound = this.#onFound;
    if (onFound === null) return;
    const { description, param } = this.#wanted;
    if (part === null) throw new GatewayError("invalid_request", `${description} is not in the form`, { param });
    this.#onFound = null;
    onFound(part);
  }

  /** A second one might be the one that the provider goes by. */
  #find(): FormPart | null {
    const found = this.#scanner.parts.filter(this.#wanted.isPart);
    if (found.length <= 1) return found[0] ?? null;
    const { description, param } = this.#wanted;
    throw new GatewayError("invalid_request", `${description} is in the form more than once`, { param });
  }
}
