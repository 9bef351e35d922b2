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

/**
 * Encodes rows that lie one after the other, into shared memory: a thread can write the batch without a copy, and this
 * thread still has it should that fail.
 */
export function packBatch(values: readonly CallRecordValue[]): Uint8Array<SharedArrayBuffer> {
  const packed = packr.pack(values);
  const shared = new Uint8Array(new SharedArrayBuffer(packed.length));
  shared.set(packed);
  return shared;
}

export function unpackPayload(payload: Uint8Array): unknown {
  return packr.unpack(payload);
}

export function packHeader(worker: number, createdAtMs: number): Uint8Array {
  const header: FileHeader = { fields: [...CALL_RECORD_FIELDS], worker, createdAtMs };
  return packr.pack(header);
}

export function frameHead(payload: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  return head;
}

export function parseHeader(payload: Uint8Array): FileHeader | null {
  const header = unpackPayload(payload);
  if (typeof header !== "object" || header === null) return null;
  const { fields, worker, createdAtMs } = header as Partial<Record<keyof FileHeader, unknown>>;
  if (!Array.isArray(fields) || typeof worker !== "number" || typeof createdAtMs !== "number") return null;
  return { fields: fields.map(String), worker, createdAtMs };
}
