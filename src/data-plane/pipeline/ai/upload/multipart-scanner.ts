import { GatewayError } from "../../../../contracts/errors.ts";

/** More than any client writes above a part. */
const MAX_HEAD_BYTES = 16 * 1024;
/** RFC 2046 §5.1.1. */
const MAX_BOUNDARY_LENGTH = 70;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = HEAD_END.subarray(0, 2);

/** One part of a form. Places are those of the whole body. */
export interface FormPart {
  name: string;
  /** null: it is a field, not a file. */
  fileName: string | null;
  headStart: number;
  start: number;
  /** -1: not known yet. */
  end: number;
}

/** The boundary that a content type tells; null: it is no form. */
export function boundaryOf(contentType: string | undefined): string | null {
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined && boundary.length <= MAX_BOUNDARY_LENGTH) return boundary;
  throw malformed("the content type tells no boundary");
}

/**
 * Finds the parts of a `multipart/form-data` body (RFC 7578) that comes in pieces, cut anywhere. Keeps no more of it than a delimiter
 * or a part's head that is not whole.
 */
export class MultipartScanner {
  readonly parts: FormPart[] = [];
  readonly #delimiter: Buffer;
  /** What is not settled yet; a body begins as after a line. */
  #rest: Buffer = LINE_END;
  /** Of the rest's first byte. */
  #place = -LINE_END.length;
  #state: "body" | "delimiter" | "head" | "end" = "body";

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  /** The closing delimiter was there. */
  get isWhole(): boolean {
    return this.#state === "end";
  }

  /** Throws `invalid_request`. */
  push(chunk: Buffer): void {
    if (this.isWhole) return;
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const next = this.#step(data, at);
      if (next < 0) break;
      at = next;
    }
    // Of a body there may be the beginning of a delimiter at its end.
    const keep = this.#state === "body" ? Math.max(at, data.length - this.#delimiter.length + 1) : at;
    this.#rest = data.subarray(keep);
    this.#place += keep;
    if (this.#state !== "end" && this.#state !== "body" && this.#rest.length > MAX_HEAD_BYTES) {
      throw malformed("the head of a part is too long");
    }
  }

  /** Where to go on; -1: there is not enough of it yet. */
  #step(data: Buffer, at: number): number {
    switch (this.#state) {
      case "body":
        return this.#endPart(data, at);
      case "delimiter":
        return this.#passDelimiter(data, at);
      case "head":
        return this.#readHead(data, at);
      case "end":
        return -1;
    }
  }

  #endPart(data: Buffer, at: number): number {
    const found = data.indexOf(this.#delimiter, at);
    if (found < 0) return -1;
    const part = this.parts.at(-1);
    if (part !== undefined) part.end = this.#place + found;
    this.#state = "delimiter";
    return found + this.#delimiter.length;
  }

  /** Stays before the end of its line, which a part without a head may share. */
  #passDelimiter(data: Buffer, at: number): number {
    if (data.length - at < 2) return -1;
    if (data[at] === 0x2d && data[at + 1] === 0x2d) {
      this.#state = "end";
      return at;
    }
    const end = data.indexOf(LINE_END, at);
    if (end < 0) return -1;
    if (data.toString("latin1", at, end).trim() !== "") throw malformed("a boundary is followed by something else");
    this.#state = "head";
    return end;
  }

  #readHead(data: Buffer, at: number): number {
    const end = data.indexOf(HEAD_END, at);
    if (end < 0) return -1;
    const head = data.toString("utf8", at, end);
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1];
    const name = disposition === undefined ? undefined : parameterOf(disposition, "name");
    if (disposition === undefined || name === undefined) throw malformed("a part has no name");
    if (isAmbiguous(head, disposition, name)) throw malformed("the name of a part can be read in more than one way");
    const fileName = parameterOf(disposition, "filename") ?? (/;\s*filename\*=/i.test(disposition) ? "" : null);
    const start = end + HEAD_END.length;
    this.parts.push({
      name,
      fileName,
      headStart: this.#place + at + LINE_END.length,
      start: this.#place + start,
      end: -1,
    });
    this.#state = "body";
    return start;
  }
}

function parameterOf(disposition: string, name: string): string | undefined {
  const [, quoted, plain] =
    new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, "i").exec(disposition) ?? [];
  return quoted ?? plain;
}

/** Whether a provider might know the part by another name: RFC 7578 §4.2 has one field and one name, and no `name*`. */
function isAmbiguous(head: string, disposition: string, name: string): boolean {
  if ((head.match(/^[ \t]*content-disposition[ \t]*:/gim) ?? []).length > 1) return true;
  // Folded lines (RFC 9112 §5.2) are read by some and not by others.
  if (/\r\n[ \t]/.test(head) || name.includes("\\")) return true;
  const unquoted = disposition.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return (unquoted.match(/(?:^|[;\s])name\s*\*?(?:\d+\*?)?\s*=/gi) ?? []).length > 1;
}

function malformed(what: string): GatewayError {
  return new GatewayError("invalid_request", `the request body is not a readable multipart/form-data form: ${what}`);
}
