import { Unpackr } from "msgpackr";
import { type RowShape, SCAN_END, type ScanResult } from "../../../native-bindings/journal.ts";

/** What scanRecords does, in JavaScript: slow, and plain. */
export function scanRecordsPlainly(
  bytes: Buffer,
  length: number,
  segmentLeft: number,
  shape: RowShape,
  spanCount: number,
): ScanResult & { found: number[] } {
  const result = { spans: 0, damaged: 0, next: 0, needed: 0, end: SCAN_END.spansFull as number, found: [] as number[] };
  while (result.spans < spanCount) {
    const at = result.next;
    if (segmentLeft === at) return { ...result, end: SCAN_END.endMark };
    if (segmentLeft - at < 8) return { ...result, end: SCAN_END.torn };
    if (length - at < 8) return { ...result, end: SCAN_END.needsMore, needed: 8 };
    const payloadLength = bytes.readUInt32LE(at);
    if (payloadLength === 0) return { ...result, end: SCAN_END.nothingMore };
    if (payloadLength === 0xffffffff) return { ...result, end: SCAN_END.endMark };
    const whole = 8 + Math.ceil(payloadLength / 8) * 8;
    if (whole > segmentLeft - at) return { ...result, end: SCAN_END.torn };
    if (whole > length - at) return { ...result, end: SCAN_END.needsMore, needed: whole };
    const payload = bytes.subarray(at + 8, at + 8 + payloadLength);
    if (crc32c(payload) === bytes.readUInt32LE(at + 4)) {
      result.spans++;
      result.found.push(at + 8, payloadLength, isBodilessRow(payload, shape) ? 1 : 0);
    } else {
      result.damaged++;
    }
    result.next += whole;
  }
  return result;
}

/** RFC 3720 §12.1, bit by bit. */
export function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const unpackr = new Unpackr({ useRecords: false });

function isBodilessRow(payload: Buffer, { fieldCount, bodiesAt }: RowShape): boolean {
  if (payload[0] !== 0xdc) return false;
  let values: unknown;
  try {
    values = unpackr.unpack(payload);
  } catch {
    return false;
  }
  if (!Array.isArray(values) || values.length !== fieldCount) return false;
  const plain = values.every(
    (value) => value === null || ["string", "number", "boolean", "bigint"].includes(typeof value),
  );
  return plain && values[bodiesAt] === null && values[bodiesAt + 1] === null;
}
