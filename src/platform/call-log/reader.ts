import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { CALL_RECORD_FIELDS, type CallRecord } from "../../contracts/call-record.ts";
import { type CallLogFile, isErrorCode, listCallLogFiles } from "./files.ts";
import { FILE_MAGIC, FRAME_HEAD_BYTES, MAX_PAYLOAD_BYTES, parseHeader, unpackPayload } from "./format.ts";

export type CallRecordFilter = (record: CallRecord) => boolean;

export interface ReadStats {
  records: number;
  /** Files that end in a frame that is not whole: a worker died while it wrote, or still writes. */
  tornFiles: number;
}

export interface ReadOptions {
  filter?: CallRecordFilter;
  /** Files last written to before this time are not opened. */
  sinceMs?: number;
  /** Reads nothing that was written after this was taken. */
  upTo?: LogPosition;
  stats?: ReadStats;
}

/** How far each file reached at some moment: bytes of whole frames by path. */
export type LogPosition = ReadonlyMap<string, number>;

/** The end of the log as it is now: `readLastCalls` up to it and `followCallLog` from it give each record once. */
export function endOfCallLog(directory: string): LogPosition {
  const position = new Map<string, number>();
  for (const file of listCallLogFiles(directory)) {
    const cursor = new FileCursor(file.path);
    cursor.skipToEnd();
    position.set(file.path, cursor.position);
  }
  return position;
}

const FOLLOW_INTERVAL_MS = 150;

/** When a call was over: files hold records in this order, but for a few that ended in the same millisecond. */
export function finishedAtMs(record: CallRecord): number {
  return record.startedAtMs + record.totalMs;
}

/** The order of all records: no two are at the same place. */
function inOrder(a: CallRecord, b: CallRecord): number {
  const difference = finishedAtMs(a) - finishedAtMs(b);
  if (difference !== 0) return difference;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/** All records of a directory in the order in which the calls ended. Holds one batch per worker in memory. */
export function* readCallLog(directory: string, options: ReadOptions = {}): Generator<CallRecord> {
  const streams: { iterator: Iterator<CallRecord>; head: CallRecord }[] = [];
  for (const files of filesByWorker(directory).values()) {
    const iterator = readFiles(files, options);
    const first = iterator.next();
    if (!first.done) streams.push({ iterator, head: first.value });
  }
  while (streams.length > 0) {
    let earliest = streams[0]!;
    for (const stream of streams) if (finishedAtMs(stream.head) < finishedAtMs(earliest.head)) earliest = stream;
    yield earliest.head;
    const next = earliest.iterator.next();
    if (next.done) streams.splice(streams.indexOf(earliest), 1);
    else earliest.head = next.value;
  }
}

/** The `limit` records that ended last, oldest first. Reads only as many files as it needs, from the newest back. */
export function readLastCalls(directory: string, limit: number, options: ReadOptions = {}): CallRecord[] {
  const records: CallRecord[] = [];
  for (const files of filesByWorker(directory).values()) {
    let ofWorker: CallRecord[] = [];
    for (const file of files.reverse()) {
      const [earliest] = ofWorker;
      // What was last written to before that call was over holds none that ended after it.
      const isFull = ofWorker.length >= limit;
      if (isFull && (earliest === undefined || writtenAtMs(file.path) < finishedAtMs(earliest))) break;
      ofWorker = lastOf(readFiles([file], options), limit, ofWorker);
    }
    records.push(...ofWorker);
  }
  return records.sort(inOrder).slice(-limit);
}

/** Holds no more than twice as many. */
function lastOf(records: Iterable<CallRecord>, count: number, known: readonly CallRecord[]): CallRecord[] {
  const kept = [...known];
  const keepLast = () => void kept.sort(inOrder).splice(0, kept.length - count);
  for (const record of records) {
    kept.push(record);
    if (kept.length >= 2 * count) keepLast();
  }
  if (kept.length > count) keepLast();
  return kept.sort(inOrder);
}

/** 0: the file is gone. */
function writtenAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export interface FollowOptions {
  filter?: CallRecordFilter;
  signal: AbortSignal;
}

/**
 * Yields what is written after `from`, also into files that are begun later. Looks several times a second: change
 * notification misses network file systems, and this costs next to nothing.
 */
export async function* followCallLog(
  directory: string,
  from: LogPosition,
  options: FollowOptions,
): AsyncGenerator<CallRecord> {
  const cursors = new Map<string, FileCursor>();
  while (!options.signal.aborted) {
    const batch: CallRecord[] = [];
    const files = listCallLogFiles(directory);
    for (const file of files) {
      const cursor = cursors.get(file.path) ?? new FileCursor(file.path, from.get(file.path) ?? 0);
      cursors.set(file.path, cursor);
      for (const record of cursor.read()) if (options.filter?.(record) ?? true) batch.push(record);
    }
    const paths = new Set(files.map((file) => file.path));
    for (const path of cursors.keys()) if (!paths.has(path)) cursors.delete(path);
    yield* batch.sort((a, b) => finishedAtMs(a) - finishedAtMs(b));
    try {
      await delay(FOLLOW_INTERVAL_MS, undefined, { signal: options.signal });
    } catch {
      return;
    }
  }
}

function filesByWorker(directory: string): Map<number, CallLogFile[]> {
  const byWorker = new Map<number, CallLogFile[]>();
  for (const file of listCallLogFiles(directory)) {
    const files = byWorker.get(file.worker);
    if (files === undefined) byWorker.set(file.worker, [file]);
    else files.push(file);
  }
  return byWorker;
}

function* readFiles(files: readonly CallLogFile[], options: ReadOptions): Generator<CallRecord> {
  const { filter, stats, sinceMs = 0, upTo } = options;
  for (const file of files) {
    const cursor = new FileCursor(file.path);
    const limitBytes = upTo === undefined ? Number.POSITIVE_INFINITY : (upTo.get(file.path) ?? 0);
    for (const record of cursor.read(sinceMs, limitBytes)) {
      if (stats !== undefined) stats.records++;
      if (filter?.(record) ?? true) yield record;
    }
    if (stats !== undefined && cursor.torn) stats.tornFiles++;
  }
}

/** Reads one file frame by frame and remembers how far it came; the rest may be written later. */
class FileCursor {
  readonly #path: string;
  readonly #startAt: number;
  #position = 0;
  /** For each field of CallRecord its place in a row of this file; -1 where the file does not have it. */
  #places: number[] | null = null;
  #rowLength = 0;
  /** The file held bytes behind the last whole frame when it was last read. */
  torn = false;

  constructor(path: string, startAt = 0) {
    this.#path = path;
    this.#startAt = startAt;
  }

  get position(): number {
    return this.#position;
  }

  skipToEnd(): void {
    const descriptor = this.#open();
    if (descriptor === null) return;
    try {
      const { size } = fstatSync(descriptor);
      while (this.#nextFrame(descriptor, size, true) !== null);
    } finally {
      closeSync(descriptor);
    }
  }

  *read(sinceMs = 0, limitBytes = Number.POSITIVE_INFINITY): Generator<CallRecord> {
    const descriptor = this.#open();
    if (descriptor === null) return;
    try {
      const { size, mtimeMs } = fstatSync(descriptor);
      if (mtimeMs < sinceMs) return;
      const end = Math.min(size, limitBytes);
      for (let frame = this.#nextFrame(descriptor, end); frame !== null; frame = this.#nextFrame(descriptor, end)) {
        yield* this.#records(frame);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  /** Null when the file was deleted since it was listed: the oldest ones go when the directory is full. */
  #open(): number | null {
    try {
      return openSync(this.#path, "r");
    } catch (error) {
      if (isErrorCode(error, "ENOENT")) return null;
      throw error;
    }
  }

  /** The next whole batch, or null: end of file, or a frame that is not whole. */
  #nextFrame(descriptor: number, size: number, skip = false): Buffer | null {
    if (this.#places === null && !this.#readFileStart(descriptor, size)) return null;
    return this.#frameAt(descriptor, size, skip);
  }

  #readFileStart(descriptor: number, size: number): boolean {
    this.torn = size > 0;
    const magic = readBytes(descriptor, 0, FILE_MAGIC.length);
    if (!magic.equals(FILE_MAGIC)) return false;
    this.#position = FILE_MAGIC.length;
    const payload = this.#frameAt(descriptor, size, false);
    const header = payload === null ? null : parseHeader(payload);
    if (header === null) return false;
    this.#rowLength = header.fields.length;
    this.#places = CALL_RECORD_FIELDS.map((field) => header.fields.indexOf(field));
    this.#position = Math.max(this.#position, this.#startAt);
    return true;
  }

  #frameAt(descriptor: number, size: number, skip: boolean): Buffer | null {
    const left = size - this.#position;
    this.torn = left > 0;
    if (left < FRAME_HEAD_BYTES) return null;
    const head = readBytes(descriptor, this.#position, FRAME_HEAD_BYTES);
    const length = head.readUInt32LE(0);
    if (length > MAX_PAYLOAD_BYTES || left < FRAME_HEAD_BYTES + length) return null;
    let payload: Buffer = Buffer.alloc(0);
    if (!skip) {
      payload = readBytes(descriptor, this.#position + FRAME_HEAD_BYTES, length);
      if (payload.length < length || crc32(payload) !== head.readUInt32LE(4)) return null;
    }
    this.#position += FRAME_HEAD_BYTES + length;
    this.torn = false;
    return payload;
  }

  *#records(payload: Buffer): Generator<CallRecord> {
    const values = unpackPayload(payload);
    const places = this.#places;
    if (!Array.isArray(values) || places === null) return;
    for (let start = 0; start + this.#rowLength <= values.length; start += this.#rowLength) {
      yield toRecord(places, values, start);
    }
  }
}

function readBytes(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position));
}

/** Fields a file of an older version does not have are null; those only a newer one has are left out. */
function toRecord(places: readonly number[], values: readonly unknown[], start: number): CallRecord {
  const record: Record<string, unknown> = {};
  for (const [index, field] of CALL_RECORD_FIELDS.entries()) {
    const place = places[index] ?? -1;
    record[field] = place === -1 ? null : values[start + place];
  }
  // The sink wrote these values from a CallRecord, and the frame's checksum says they are as it wrote them.
  return record as unknown as CallRecord;
}
