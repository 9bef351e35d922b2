import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { isErrorCode } from "./files.ts";
import { FILE_MAGIC, FRAME_HEAD_BYTES, MAX_PAYLOAD_BYTES } from "./format.ts";

/** A place in a journal: number of the segment, and offset in it. */
export interface JournalPosition {
  sequence: number;
  offset: number;
}

/** Where the first record of a segment is. */
export const SEGMENT_START = 64;

const STR_8 = 0xd9;
const TEXT_LENGTH = "00000001-0123456789abcdef:000000000001:00000040".length;
/** A msgpack string of a fixed length: the last value of a batch is found without decoding the batch. */
export const POSITION_BYTES = 2 + TEXT_LENGTH;

export function writePosition(into: Buffer, at: number, prefix: string, position: JournalPosition): number {
  const text = `${runOf(prefix)}:${hex(position.sequence, 12)}:${hex(position.offset, 8)}`;
  into[at] = STR_8;
  into[at + 1] = TEXT_LENGTH;
  return at + 2 + into.write(text, at + 2, "latin1");
}

function parsePosition(bytes: Buffer, prefix: string): JournalPosition | null {
  if (bytes[0] !== STR_8 || bytes[1] !== TEXT_LENGTH) return null;
  const [run, sequence, offset] = bytes.toString("latin1", 2).split(":");
  if (run !== runOf(prefix) || sequence === undefined || offset === undefined) return null;
  return { sequence: Number.parseInt(sequence, 16), offset: Number.parseInt(offset, 16) };
}

/** `<worker>-<run>` with the number of the worker in a fixed width. */
function runOf(prefix: string): string {
  const [worker, run] = prefix.split("-");
  return `${hex(Number(worker), 8)}-${run}`;
}

function hex(number: number, width: number): string {
  return number.toString(16).padStart(width, "0");
}

/**
 * How far an ended run had been moved into call log files, or null: nothing of it was. The run's own file names the call
 * log files in the order in which they were written to; the last frame of the run in the last of them that has any tells.
 */
export function findPosition(callsDirectory: string, runFile: string, prefix: string): JournalPosition | null {
  for (const name of namedIn(runFile).reverse()) {
    const position = lastPositionIn(join(callsDirectory, name), prefix);
    if (position !== null) return position;
  }
  return null;
}

function namedIn(runFile: string): string[] {
  try {
    return [...new Set(readFileSync(runFile, "utf8").split("\n").filter(Boolean))];
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Goes from head to head; only a frame that counts is read and checked as a whole. */
function lastPositionIn(path: string, prefix: string): JournalPosition | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    // Deleted because it was the oldest, or named and never begun.
    if (isErrorCode(error, "ENOENT")) return null;
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    const tail = Buffer.alloc(POSITION_BYTES);
    const found: { start: number; length: number; checksum: number; position: JournalPosition }[] = [];
    for (let start = FILE_MAGIC.length; start + FRAME_HEAD_BYTES <= size; ) {
      readSync(descriptor, head, 0, FRAME_HEAD_BYTES, start);
      const length = head.readUInt32LE(0);
      const end = start + FRAME_HEAD_BYTES + length;
      if (length > MAX_PAYLOAD_BYTES || end > size) break;
      readSync(descriptor, tail, 0, POSITION_BYTES, Math.max(0, end - POSITION_BYTES));
      const position = length < POSITION_BYTES ? null : parsePosition(tail, prefix);
      if (position !== null) {
        found.push({ start: start + FRAME_HEAD_BYTES, length, checksum: head.readUInt32LE(4), position });
      }
      start = end;
    }
    return found.reverse().find((frame) => isWhole(descriptor, frame))?.position ?? null;
  } finally {
    closeSync(descriptor);
  }
}

function isWhole(descriptor: number, frame: { start: number; length: number; checksum: number }): boolean {
  const payload = Buffer.allocUnsafe(frame.length);
  return (
    readSync(descriptor, payload, 0, frame.length, frame.start) === frame.length && crc32(payload) === frame.checksum
  );
}
