import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { CALL_RECORD_FIELDS } from "../../contracts/call-record.ts";
import { deleteOldFiles } from "./files.ts";
import { FIELD_COUNT, FILE_MAGIC, frameHead, packBatch, packHeader, unpackPayload } from "./format.ts";
import { createRedactor, type RedactionSettings, type Redactor } from "./redaction.ts";

/** One batch for one file. Crosses to the thread as it is. */
export interface WriteBatchTask {
  path: string;
  worker: number;
  /** A packed batch (format.ts). */
  rows: Uint8Array<SharedArrayBuffer>;
  /** Null when no row of the batch holds a body. */
  redaction: RedactionSettings | null;
  /** The oldest files are deleted above this total whenever a file is begun. */
  keepBytes: number;
  /** One 32-bit cell, see CLAIM. */
  claim: SharedArrayBuffer;
}

/**
 * Who writes a batch. The thread takes it before it writes; a process that is about to die takes back what no thread
 * has taken, and waits for what one has. So each batch is written once, whatever the moment of a crash.
 */
export const CLAIM = { open: 0, writing: 1, finished: 2, failed: 3, takenBack: 4 } as const;

const REQUEST_BODY = CALL_RECORD_FIELDS.indexOf("requestBody");
const RESPONSE_BODY = CALL_RECORD_FIELDS.indexOf("responseBody");

/** Appends the batch; resolves to the file's size. Either all of it is in the file, or nothing is and it throws. */
export function writeBatch(task: Omit<WriteBatchTask, "claim">): number {
  const payload = task.redaction === null ? task.rows : redactBatch(task.rows, task.redaction);
  if (!existsSync(task.path)) makeRoom(dirname(task.path), task.keepBytes);
  const descriptor = openSync(task.path, "a", 0o600);
  let sizeBefore = 0;
  try {
    sizeBefore = fstatSync(descriptor).size;
    const parts = sizeBefore === 0 ? fileStart(task.worker) : [];
    parts.push(frameHead(payload), payload);
    const bytes = Buffer.concat(parts);
    writeAll(descriptor, bytes);
    return sizeBefore + bytes.length;
  } catch (error) {
    // A half-written frame would hide everything after it from readers.
    if (sizeBefore === 0) unlinkSync(task.path);
    else ftruncateSync(descriptor, sizeBefore);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** A file that can't be deleted now is tried again when the next file is begun; it is no reason to lose a batch. */
function makeRoom(directory: string, keepBytes: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    deleteOldFiles(directory, keepBytes);
  } catch {
    return;
  }
}

function fileStart(worker: number): Uint8Array[] {
  const header = packHeader(worker, Date.now());
  return [FILE_MAGIC, frameHead(header), header];
}

/** A full disk takes part of a write and fails the next one. */
function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

function redactBatch(rows: Uint8Array, settings: RedactionSettings): Uint8Array {
  const values = unpackPayload(Buffer.from(rows));
  if (!Array.isArray(values)) throw new TypeError("a call log batch must be an array");
  const redact = redactorOf(settings);
  for (let row = 0; row < values.length; row += FIELD_COUNT) {
    for (const field of [row + REQUEST_BODY, row + RESPONSE_BODY]) {
      if (typeof values[field] === "string") values[field] = redact(values[field]);
    }
  }
  return packBatch(values);
}

let cached: { key: string; redactor: Redactor } | null = null;

function redactorOf(settings: RedactionSettings): Redactor {
  const key = JSON.stringify(settings);
  if (cached?.key !== key) cached = { key, redactor: createRedactor(settings) };
  return cached.redactor;
}
