import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { WriteOrder } from "./claim.ts";
import { deleteOldFiles } from "./files.ts";
import { FILE_MAGIC, headerFrame } from "./format.ts";
import { closeSegment, type JournalBatch, readBatch } from "./journal-batch.ts";
import { findPosition, type JournalPosition, SEGMENT_START } from "./position.ts";
import { createRedactor, type RedactionSettings, type Redactor } from "./redaction.ts";
import { listSegments, noteFile, remove, runPath, segmentPath } from "./runs.ts";

/** Moves the next records of a journal into a call log file. Crosses to the thread as it is: positions, not records. */
export interface WriteTask {
  journal: {
    directory: string;
    prefix: string;
    /** Null: not known, the process has ended. */
    from: JournalPosition | null;
    /** Batches after `from` may have been written: what the call log says of it counts. */
    isUncertain: boolean;
    /** Null: the process has ended, and all there is is to be moved. */
    to: JournalPosition | null;
  };
  path: string;
  /** The run's file names `path` already. */
  isNoted: boolean;
  worker: number;
  redaction: RedactionSettings;
  /** The oldest files are deleted above this total whenever a file is begun. */
  keepBytes: number;
  /** Between two batches, to leave the core to calls. 0 when there is much to move, or someone waits for it. */
  pauseMs: number;
  /** See claim.ts. */
  claim: SharedArrayBuffer;
}

export interface WriteResult {
  rows: number;
  damaged: number;
  /** Where the next batch begins. */
  position: JournalPosition;
  /** Nothing was left to be moved. */
  finished: boolean;
  /** Of the call log file; 0 when nothing was written to it. */
  size: number;
}

type Batch = Omit<WriteTask, "claim" | "pauseMs">;

/** Bytes of the call log that are written at once: the size of a file is looked at in between only. */
const TASK_BYTES = 16 << 20;
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Moves what there is, batch by batch. Throws when not even the first could be written. */
export function writeBatches(task: Omit<WriteTask, "claim">): WriteResult {
  try {
    return moveAll(task);
  } finally {
    closeSegment();
    closeLog();
  }
}

/** Either all of the batch is in the file, or nothing is and it throws. */
export function writeBatch(task: Batch): WriteResult {
  try {
    return move(task);
  } finally {
    closeSegment();
    closeLog();
  }
}

function moveAll(task: Omit<WriteTask, "claim">): WriteResult {
  let total = move(task);
  const endsAt = total.size + TASK_BYTES;
  while (!total.finished && total.size < endsAt) {
    if (task.pauseMs > 0) Atomics.wait(never, 0, 0, task.pauseMs);
    try {
      total = sum(total, move(after(task, total)));
    } catch {
      // The next task begins with this batch, and says what is wrong.
      return total;
    }
  }
  return total;
}

/** The task that goes on where `task` ended. */
export function continueTask(task: WriteTask, result: WriteResult, order: WriteOrder): WriteTask {
  const next = after(task, result);
  return { ...next, journal: { ...next.journal, to: order.to }, pauseMs: order.pauseMs };
}

function after<Task extends Batch>(task: Task, { position, size }: WriteResult): Task {
  const journal = { ...task.journal, from: position, isUncertain: false };
  return { ...task, journal, isNoted: task.isNoted || size > 0 };
}

function sum(earlier: WriteResult, later: WriteResult): WriteResult {
  return {
    ...later,
    rows: earlier.rows + later.rows,
    damaged: earlier.damaged + later.damaged,
    size: later.size === 0 ? earlier.size : later.size,
  };
}

function move(task: Batch): WriteResult {
  const { directory, prefix, to } = task.journal;
  const from = startOf(task);
  const batch = readBatch({ directory, prefix, from, to }, redactorOf(task.redaction));
  const size = batch.frame === null ? 0 : append(task, batch.frame);
  // A process that is alive deletes its segments itself, or uses them again.
  if (to === null) deleteSegments(task, from, batch);
  const { rows, damaged, position, finished } = batch;
  return { rows, damaged, position, finished, size };
}

function startOf(task: Batch): JournalPosition {
  const { directory, prefix, from, isUncertain } = task.journal;
  const known = from ?? { sequence: listSegments(directory, prefix)[0] ?? 1, offset: SEGMENT_START };
  if (!isUncertain) return known;
  const found = findPosition(dirname(task.path), runPath(directory, prefix), prefix) ?? known;
  const isLater = found.sequence > known.sequence || (found.sequence === known.sequence && found.offset > known.offset);
  return isLater ? found : known;
}

/** One that can't be deleted now is deleted with the rest of the run. The batch is written, and must not be again. */
function deleteSegments(task: Batch, from: JournalPosition, batch: JournalBatch): void {
  const { directory, prefix } = task.journal;
  try {
    for (let sequence = from.sequence; sequence < batch.position.sequence; sequence++) {
      remove(segmentPath(directory, prefix, sequence));
    }
  } catch {
    return;
  }
}

/** The file that the last batch was written to. */
let log: { path: string; descriptor: number; size: number } | null = null;

function append(task: Batch, frame: Buffer): number {
  if (log?.path !== task.path) log = openLog(task);
  const { descriptor, size } = log;
  try {
    const start = size === 0 ? [FILE_MAGIC, headerFrame(task.worker, Date.now())] : [];
    const bytes = start.length === 0 ? frame : Buffer.concat([...start, frame]);
    writeAll(descriptor, bytes);
    log.size = size + bytes.length;
    return log.size;
  } catch (error) {
    // A half-written frame would hide everything after it from readers.
    if (size === 0) unlinkSync(task.path);
    else ftruncateSync(descriptor, size);
    closeLog();
    throw error;
  }
}

function openLog(task: Batch): { path: string; descriptor: number; size: number } {
  closeLog();
  if (!existsSync(task.path)) makeRoom(dirname(task.path), task.keepBytes);
  if (!task.isNoted) noteFile(task.journal.directory, task.journal.prefix, basename(task.path));
  const descriptor = openSync(task.path, "a", 0o600);
  return { path: task.path, descriptor, size: fstatSync(descriptor).size };
}

function closeLog(): void {
  if (log !== null) closeSync(log.descriptor);
  log = null;
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

/** A full disk takes part of a write and fails the next one. */
function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

let cached: { key: string; redactor: Redactor } | null = null;

function redactorOf(settings: RedactionSettings): Redactor {
  const key = JSON.stringify(settings);
  if (cached?.key !== key) cached = { key, redactor: createRedactor(settings) };
  return cached.redactor;
}
