import { loadAddon } from "./load.ts";

/** Why a request head is refused; statuses are in `src/http/request-parser.h`. */
export type RequestRefusal =
  | "badRequestLine"
  | "badMethod"
  | "badTarget"
  | "badVersion"
  | "badLineEnd"
  | "badFieldLine"
  | "badFieldName"
  | "badFieldValue"
  | "duplicateLength"
  | "badLength"
  | "lengthAndChunked"
  | "badTransferCoding"
  | "chunkedInHttp10"
  | "missingHost"
  | "duplicateHost"
  | "badHost"
  | "badExpectation"
  | "targetTooLong"
  | "headTooLong";

export type ResponseRefusal =
  | "badStatusLine"
  | "badVersion"
  | "badLineEnd"
  | "badFieldLine"
  | "badFieldName"
  | "badFieldValue"
  | "duplicateLength"
  | "badLength"
  | "lengthAndChunked"
  | "badTransferCoding"
  | "headTooLong";

/** A field of a head. `id`: FieldName of `src/http/fields.h`; 0 is any other name. Text is Latin-1: one character, one byte. */
export interface ParsedField {
  name: string;
  value: string;
  id: number;
}

interface ParsedHead {
  result: "complete";
  refusal: "none";
  /** Bytes fed until the verdict. */
  fed: number;
  /** Bytes of the head, with its empty line. */
  headLength: number;
  http10: boolean;
  keepAlive: boolean;
  chunked: boolean;
  hasContentLength: boolean;
  contentLength: number;
  hasConnectionNames: boolean;
  fields: ParsedField[];
}

export interface ParsedRequestHead extends ParsedHead {
  method: string;
  target: string;
  path: string;
  query: string;
  host: string;
  hostName: string;
  absoluteForm: boolean;
  expectContinue: boolean;
}

export interface ParsedResponseHead extends ParsedHead {
  status: number;
  reason: string;
}

export interface IncompleteHead {
  result: "incomplete";
  refusal: "none";
  fed: number;
}

export interface RefusedHead<Refusal> {
  result: "refused";
  refusal: Refusal;
  fed: number;
}

export interface DecodedBody {
  result: "more" | "end" | "error";
  /** Latin-1: one character, one byte. */
  body: string;
  /** Bytes taken from the input. */
  taken: number;
}

export interface RequestHeadLimits {
  headBytes?: number;
  targetBytes?: number;
  fields?: number;
}

export interface ResponseHeadLimits {
  headBytes?: number;
  fields?: number;
}

/**
 * The strict HTTP/1.x parsers (RFC 9112) over bytes that are fed in pieces of the given lengths; what is left is the last
 * piece. They stop at the first verdict.
 */
export interface Parsers {
  parseRequestHead(
    bytes: Buffer,
    pieces?: readonly number[],
    limits?: RequestHeadLimits,
  ): ParsedRequestHead | IncompleteHead | RefusedHead<RequestRefusal>;
  parseResponseHead(
    bytes: Buffer,
    pieces?: readonly number[],
    limits?: ResponseHeadLimits,
  ): ParsedResponseHead | IncompleteHead | RefusedHead<ResponseRefusal>;
  decodeChunked(bytes: Buffer, pieces?: readonly number[]): DecodedBody;
}

/** Throws when the addon is not built. */
export function loadParsers(): Parsers {
  return loadAddon() as Parsers;
}
