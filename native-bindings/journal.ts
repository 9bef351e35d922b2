import { loadAddon } from "./load.ts";

/**
 * Append-only journal of call records in memory-mapped segment files: what `append` accepted survives the end of the
 * process, however sudden. This object may be handed to other native parts of Tidegate, which append to the same
 * journal; all of them on one thread.
 */
export interface CallJournal {
  /** Keeps the bytes `start` to `end` of the buffer as one record. False: they can't be kept, which is counted. */
  append(bytes: Buffer, start: number, end: number): boolean;
  /** Number of the segment the next record goes to. */
  sequence(): number;
  /** Where in its segment the next record goes. Everything before is complete. */
  offset(): number;
  /** `<worker>-<run>`, with which the names of this journal's files begin; "" until it could make the first. */
  prefix(): string;
  /** What came before this position is kept elsewhere and need not be kept here any longer. */
  release(sequence: number, offset: number): void;
  maxRecordBytes(): number;
  stats(): JournalStats;
  /** Deletes the files when all in them was released, else leaves them to be adopted. Later records are lost. */
  close(): void;
}

export interface JournalStats {
  appended: number;
  /** Records that could not be kept. */
  lost: number;
  /** Segments made so far; one that is used again is not counted again. */
  segments: number;
  /** The last record was lost. */
  failing: boolean;
  /** Why no segment could be made when that was last tried. */
  error: string | null;
}

export interface JournalOptions {
  /** Made when it does not exist. */
  directory: string;
  worker: number;
  /** A multiple of 4096. A record must fit into one segment. */
  segmentBytes: number;
  /** Records are lost rather than more segments made. */
  maxSegments: number;
}

/** How a scan ended; see ScanEnd of src/journal/record-scan.h. */
export const SCAN_END = { spansFull: 0, needsMore: 1, nothingMore: 2, endMark: 3, torn: 4 } as const;

/** Numbers per span: start, length, and 1 when it is a row of the right number of plain values without bodies. */
export const SPAN_NUMBERS = 3;

export interface ScanResult {
  /** Whole records found. */
  spans: number;
  /** Records whose checksum is wrong, passed over. */
  damaged: number;
  /** Index in the bytes at which to go on. */
  next: number;
  /** With `needsMore`: how many bytes from `next` on are needed. */
  needed: number;
  end: number;
}

export interface RowShape {
  /** Values in a row, 16 to 65,535. */
  fieldCount: number;
  /** Which of them is the first of the two bodies. */
  bodiesAt: number;
}

interface JournalAddon {
  CallJournal: new (directory: string, worker: number, segmentBytes: number, maxSegments: number) => CallJournal;
  scanRecords(
    bytes: Buffer,
    length: number,
    segmentLeft: number,
    fieldCount: number,
    bodiesAt: number,
    spans: Uint32Array,
    result: Uint32Array,
  ): void;
  copyRows(bytes: Buffer, spans: Uint32Array, from: number, to: number, skip: number, into: Buffer, at: number): number;
  lockRun(path: string): number;
}

function addon(): JournalAddon {
  return loadAddon() as JournalAddon;
}

/** A directory that can't be written to is no error: records are lost, and counted, until it can. */
export function openJournal({ directory, worker, segmentBytes, maxSegments }: JournalOptions): CallJournal {
  return new (addon().CallJournal)(directory, worker, segmentBytes, maxSegments);
}

/**
 * Finds the records in the first `length` bytes, which begin at a record of a segment whose file has `segmentLeft` bytes
 * from there on. As many spans as fit are written to `spans`.
 */
export function scanRecords(
  bytes: Buffer,
  length: number,
  segmentLeft: number,
  { fieldCount, bodiesAt }: RowShape,
  spans: Uint32Array,
): ScanResult {
  const numbers = new Uint32Array(5);
  addon().scanRecords(bytes, length, segmentLeft, fieldCount, bodiesAt, spans, numbers);
  const [found = 0, damaged = 0, next = 0, needed = 0, end = 0] = numbers;
  return { spans: found, damaged, next, needed, end };
}

/**
 * Copies the payloads of the spans `from` to `to` (exclusive), each without its first `skip` bytes, one behind the other
 * into `into` at `at`. Returns where they end. Throws when something lies outside.
 */
export function copyRows(
  bytes: Buffer,
  spans: Uint32Array,
  range: { from: number; to: number; skip: number },
  into: Buffer,
  at: number,
): number {
  return addon().copyRows(bytes, spans, range.from, range.to, range.skip, into, at);
}

/**
 * Locks the `.run` file of a journal whose process has ended. Returns a file descriptor to be closed when the run has
 * been dealt with; null when its process is alive, when someone else has the lock, or when the file has gone.
 */
export function lockRun(path: string): number | null {
  const descriptor = addon().lockRun(path);
  return descriptor === -1 ? null : descriptor;
}
