import { GatewayError } from "../../../../contracts/errors.ts";
import type { FormPart, MultipartScanner } from "./multipart-scanner.ts";

/** A form for a provider that takes the file, and nothing else that the caller's API knows. */
export interface FileAlone {
  part: FormPart;
  /** Put before it. */
  fields: Readonly<Record<string, string>>;
  /** Fields that mean nothing there. Others are refused. */
  leftOut: readonly string[];
}

/** Cuts the file out of a form that comes in pieces, and makes a form of it with the same boundary. */
export class AloneFile {
  readonly part: FormPart;
  /** What comes before the head of the file's part. */
  readonly head: Buffer;
  readonly #leftOut: readonly string[];
  readonly #scanner: MultipartScanner;
  readonly #closing: Buffer;
  /** Place after the last byte that was taken. A boundary that came in two pieces may have begun before it. */
  #takenUpTo = 0;

  /** `scanner`: has been given all that is taken. Throws `unsupported_field`. */
  constructor(boundary: string, { part, fields, leftOut }: FileAlone, scanner: MultipartScanner) {
    this.part = part;
    const written = Object.entries(fields).map(
      ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    this.head = Buffer.from(`${written.join("")}--${boundary}\r\n`, "latin1");
    this.#closing = Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
    this.#leftOut = leftOut;
    this.#scanner = scanner;
    this.#refuseOthers();
  }

  /** Of some bytes of the form, those of the file. `place`: of the first one. */
  take(bytes: Buffer, place: number): Buffer {
    const { end } = this.part;
    const taken = end < 0 ? bytes : bytes.subarray(0, Math.max(0, Math.min(bytes.length, end - place)));
    if (taken.length > 0) this.#takenUpTo = place + taken.length;
    return taken;
  }

  /** What is left to be sent once all has come. Throws `unsupported_field`. */
  end(): Buffer {
    this.#refuseOthers();
    return this.#closing.subarray(Math.max(0, this.#takenUpTo - this.part.end));
  }

  #refuseOthers(): void {
    const other = this.#scanner.parts.find((part) => part !== this.part && !this.#leftOut.includes(part.name));
    if (other === undefined) return;
    const { name } = other;
    const problem = `\`${name.slice(0, 64)}\` is not offered for files of this provider: leave it out`;
    throw new GatewayError("unsupported_field", problem, { param: name.slice(0, 64) });
  }
}
