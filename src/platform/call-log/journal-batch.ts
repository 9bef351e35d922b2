import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { copyRows, SCAN_END, type ScanResult, SPAN_NUMBERS, scanRecords } from "../../../native-bindings/journal.ts";
import { CALL_RECORD_FIELDS, type CallRecordValue } from "../../contracts/call-record.ts";
import { isErrorCode } from "./files.ts";
import {
  BATCH_HEAD_BYTES,
  closeFrame,
  FIELD_COUNT,
  FRAME_HEAD_BYTES,
  packRow,
  ROW_HEAD_BYTES,
  unpackPayload,
  writeBatchHead,
} from "./format.ts";
import { type JournalPosition, POSITION_BYTES, SEGMENT_START, writePosition } from "./position.ts";
import type { Redactor } from "./redaction.ts";
import { listSegments, segmentPath } from "./runs.ts";

export interface JournalRange {
  directory: string;
  prefix: string;
  from: JournalPosition;
  /** Null: all there is. The process has ended. */
  to: JournalPosition | null;
}

export interface JournalBatch {
  rows: number;
  /** Records that can't be read: their checksums are wrong, or the file ends within them. */
  damaged: number;
  /** A frame for a call log file, which the next batch writes over; null when there is no row. */
  frame: Buffer | null;
  /** Where the next batch begins. */
  position: JournalPosition;
  /** Nothing follows up to `to`. */
  finished: boolean;
}

/** Readers hold a batch per worker in memory. */
const BATCH_ROWS = 4_096;
/** Little: a call whose turn it is on this core waits for a batch to end. There is one for every 160 calls or so. */
const CHUNK_BYTES = 64 << 10;
/** First bytes of a segment: "TGCJ", version 1 (native-bindings/src/journal/segment-format.h). */
const SEGMENT_MAGIC = Buffer.from("TGCJ\x01\0\0\0", "latin1");
const SEQUENCE_AT = 24;

const REQUEST_BODY = CALL_RECORD_FIELDS.indexOf("requestBody");
const RESPONSE_BODY = CALL_RECORD_FIELDS.indexOf("responseBody");
const SHAPE = { fieldCount: FIELD_COUNT, bodiesAt: REQUEST_BODY };

/** Used again for each batch: they run one after the other in a thread. */
const spans = new Uint32Array(BATCH_ROWS * SPAN_NUMBERS);
let chunk = Buffer.alloc(0);
let frameBuffer = Buffer.alloc(0);

/** The next records, at most one chunk of one segment. */
export function readBatch(range: JournalRange, redact: Redactor): JournalBatch {
  const last = range.to?.sequence ?? listSegments(range.directory, range.prefix).at(-1) ?? 0;
  let position = range.from;
  while (position.sequence <= last && !isAt(position, range.to)) {
    const endsAt = position.sequence === range.to?.sequence ? range.to.offset : null;
    const scan = scanSegment(range, position, endsAt);
    position = scan.next;
    if (scan.spans > 0 || scan.damaged > 0) return encode(range, scan, redact, position.sequence > last);
  }
  return { rows: 0, damaged: 0, frame: null, position, finished: true };
}

interface SegmentScan {
  spans: number;
  damaged: number;
  next: JournalPosition;
}

/** `endsAt`: an offset up to which all is whole, in the segment that is being written to. */
function scanSegment(range: JournalRange, from: JournalPosition, endsAt: number | null): SegmentScan {
  const after = endsAt === null ? { sequence: from.sequence + 1, offset: SEGMENT_START } : range.to!;
  const segment = openSegment(range, from.sequence);
  const end = endsAt ?? segment?.size ?? 0;
  if (segment === null || end <= from.offset) return { spans: 0, damaged: 0, next: after };
  const found = scanChunk(segment.descriptor, from.offset, end);
  const { damaged } = found;
  const isAtEnd = found.end !== SCAN_END.spansFull && found.end !== SCAN_END.needsMore;
  const next = isAtEnd ? after : { sequence: from.sequence, offset: from.offset + found.next };
  return { spans: found.spans, damaged: found.end === SCAN_END.torn ? damaged + 1 : damaged, next };
}

/** A record that is longer than a chunk is read as a whole. */
function scanChunk(descriptor: number, offset: number, end: number): ScanResult {
  for (let length = CHUNK_BYTES; ; ) {
    length = Math.min(length, end - offset);
    if (chunk.length < length) chunk = Buffer.allocUnsafeSlow(length);
    const read = readSync(descriptor, chunk, 0, length, offset);
    const found = scanRecords(chunk, read, end - offset, SHAPE, spans);
    const isStuck = found.next === 0 && found.end === SCAN_END.needsMore;
    if (!isStuck) return found;
    // The file has become shorter since its size was asked for.
    if (read < length) return { ...found, end: SCAN_END.torn };
    length = found.needed;
  }
}

/** The last that was read from: batches follow each other in it. */
let open: { directory: string; prefix: string; sequence: number; descriptor: number; size: number } | null = null;

/** Null when it is not there, because someone has deleted it, or when it is no segment. */
function openSegment(range: JournalRange, sequence: number): { descriptor: number; size: number } | null {
  const { directory, prefix } = range;
  if (open?.sequence === sequence && open.prefix === prefix && open.directory === directory) return open;
  closeSegment();
  try {
    const descriptor = openSync(segmentPath(directory, prefix, sequence), "r");
    open = { directory, prefix, sequence, descriptor, size: fstatSync(descriptor).size };
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return null;
    throw error;
  }
  if (isSegment(open.descriptor, sequence)) return open;
  closeSegment();
  return null;
}

/** To be called after the last batch: the file may be used again under another number. */
export function closeSegment(): void {
  if (open !== null) closeSync(open.descriptor);
  open = null;
}

/** False for a file that was made and never begun, and for one that was about to be used again. */
function isSegment(descriptor: number, sequence: number): boolean {
  const header = Buffer.alloc(SEGMENT_START);
  readSync(descriptor, header, 0, SEGMENT_START, 0);
  return header.indexOf(SEGMENT_MAGIC) === 0 && header.readBigUInt64LE(SEQUENCE_AT) === BigInt(sequence);
}

function isAt(position: JournalPosition, to: JournalPosition | null): boolean {
  return to !== null && position.sequence === to.sequence && position.offset >= to.offset;
}

/** Most rows are copied as they are; those with bodies, or of another version, are decoded. */
function encode(range: JournalRange, scan: SegmentScan, redact: Redactor, isLast: boolean): JournalBatch {
  const rewritten = new Map<number, Buffer | null>();
  let { damaged } = scan;
  let size = FRAME_HEAD_BYTES + BATCH_HEAD_BYTES + POSITION_BYTES;
  for (let span = 0; span < scan.spans; span++) {
    const at = span * SPAN_NUMBERS;
    const start = spans[at] as number;
    const length = spans[at + 1] as number;
    if (spans[at + 2] === 1) {
      size += length - ROW_HEAD_BYTES;
      continue;
    }
    const values = rewrite(chunk.subarray(start, start + length), redact);
    rewritten.set(span, values);
    if (values === null) damaged++;
    else size += values.length;
  }
  const { next: position } = scan;
  const finished = isLast || isAt(position, range.to);
  const rows = scan.spans + scan.damaged - damaged;
  if (rows === 0) return { rows, damaged, frame: null, position, finished };

  if (frameBuffer.length < size) frameBuffer = Buffer.allocUnsafeSlow(Math.max(size, CHUNK_BYTES));
  const frame = frameBuffer.subarray(0, size);
  let at = writeBatchHead(frame, FRAME_HEAD_BYTES, rows);
  let from = 0;
  const copyUpTo = (to: number) => {
    at = copyRows(chunk, spans, { from, to, skip: ROW_HEAD_BYTES }, frame, at);
  };
  for (const [span, values] of rewritten) {
    copyUpTo(span);
    if (values !== null) at += values.copy(frame, at);
    from = span + 1;
  }
  copyUpTo(scan.spans);
  writePosition(frame, at, range.prefix, position);
  return { rows, damaged, frame: closeFrame(frame), position, finished };
}

/** The packed values of one row with its bodies redacted; null when the record is no row. */
function rewrite(record: Buffer, redact: Redactor): Buffer | null {
  let values: unknown;
  try {
    values = unpackPayload(record);
  } catch {
    return null;
  }
  if (!Array.isArray(values)) return null;
  const row = Array.from({ length: FIELD_COUNT }, (_, field): CallRecordValue => values[field] ?? null);
  for (const field of [REQUEST_BODY, RESPONSE_BODY]) {
    const body = row[field];
    if (typeof body === "string") row[field] = redact(body);
  }
  const packed = packRow(row);
  return Buffer.from(packed.subarray(packed.start + ROW_HEAD_BYTES, packed.end));
}
