import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";
import { CALL_RECORD_FIELDS, type CallRecordValue } from "../../contracts/call-record.ts";

/**
 * A call log file:
 *
 *   "TGCL" 0x01 0 0 0 | frame | frame | …
 *   frame: [payload length, u32 LE][CRC-32 of the payload, u32 LE][payload]
 *
 * The first payload is a FileHeader, each further one a batch: one flat msgpack array that holds the rows one after the
 * other. Files describe themselves: the header names the fields, so a reader of another version still finds its own.
 *
 * What follows the last whole row of a batch is one text of a fixed length: how far the journal from which the rows come
 * had been read (position.ts). It is in the same write as the rows, so that each record is moved exactly once.
 *
 * A record of the journal is one row: a msgpack array of the values of CALL_RECORD_FIELDS, written by JavaScript or by
 * native code. Journals outlive a change of version: fields may be added at the end of that list, and nowhere else.
 */
export const FILE_MAGIC = Buffer.from("TGCL\x01\0\0\0", "latin1");
export const FRAME_HEAD_BYTES = 8;
/** Larger lengths are damage: a batch has at most BATCH_ROWS rows, and bodies are cut far below this. */
export const MAX_PAYLOAD_BYTES = 1 << 30;

export interface FileHeader {
  fields: string[];
  worker: number;
  createdAtMs: number;
}

/** Records stay off: a batch is an array of plain values, and nothing may depend on what was packed before it. */
const packr = new Packr({ useRecords: false, variableMapSize: true });

export const FIELD_COUNT = CALL_RECORD_FIELDS.length;

/** Head of a msgpack array of FIELD_COUNT (16 to 65,535) values: type, length in two bytes. */
export const ROW_HEAD_BYTES = 3;
const ARRAY_32 = 0xdd;
export const BATCH_HEAD_BYTES = 5;

/** Bytes `start` to `end` of a buffer that is written over by whatever is packed next. */
export type PackedInPlace = Buffer & { start: number; end: number };

/** REUSE_BUFFER_MODE + RESET_BUFFER_MODE of msgpackr: no buffer, and no view of one, is made for a row. */
const IN_PLACE = 512 + 1024;

export function packRow(row: readonly CallRecordValue[]): PackedInPlace {
  return packr.pack(row, IN_PLACE) as PackedInPlace;
}

/** Begins a batch of `rows` rows, which are to follow without their heads, and then the position. */
export function writeBatchHead(into: Buffer, at: number, rows: number): number {
  into[at] = ARRAY_32;
  return into.writeUInt32BE(rows * FIELD_COUNT + 1, at + 1);
}

export function unpackPayload(payload: Uint8Array): unknown {
  return packr.unpack(payload);
}

/** The row that native code has packed by itself. */
export function unpackRecord(bytes: Uint8Array): CallRecordValue[] {
  return packr.unpack(bytes) as CallRecordValue[];
}

/** Fills in the head of the frame whose payload is the rest of `frame`. */
export function closeFrame(frame: Buffer): Buffer {
  const payload = frame.subarray(FRAME_HEAD_BYTES);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  return frame;
}

/** The first frame. */
export function headerFrame(worker: number, createdAtMs: number): Buffer {
  const header: FileHeader = { fields: [...CALL_RECORD_FIELDS], worker, createdAtMs };
  return closeFrame(Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), packr.pack(header)]));
}

export function parseHeader(payload: Uint8Array): FileHeader | null {
  const header = unpackPayload(payload);
  if (typeof header !== "object" || header === null) return null;
  const { fields, worker, createdAtMs } = header as Partial<Record<keyof FileHeader, unknown>>;
  if (!Array.isArray(fields) || typeof worker !== "number" || typeof createdAtMs !== "number") return null;
  return { fields: fields.map(String), worker, createdAtMs };
}
