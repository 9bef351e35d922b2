import { closeSync, constants, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { lockRun } from "../../../native-bindings/journal.ts";
import { isErrorCode } from "./files.ts";

/** `<worker>-<run>.run`: one per journal, locked by the process that writes it for as long as that lives. */
const RUN_FILE = /^((\d+)-[0-9a-f]{16})\.run$/;
const SEGMENT_FILE = /^(\d+-[0-9a-f]{16})-(\d+)\.journal$/;

export interface Run {
  prefix: string;
  worker: number;
}

/** A journal whose process has ended. This process alone may read and delete it while it holds the descriptor. */
export interface EndedRun extends Run {
  descriptor: number;
}

export function runPath(directory: string, prefix: string): string {
  return join(directory, `${prefix}.run`);
}

export function segmentPath(directory: string, prefix: string, sequence: number): string {
  return join(directory, `${prefix}-${String(sequence).padStart(8, "0")}.journal`);
}

/** Sequence numbers of a run's segments, ascending. */
export function listSegments(directory: string, prefix: string): number[] {
  const sequences: number[] = [];
  for (const name of namesIn(directory)) {
    const parts = SEGMENT_FILE.exec(name);
    if (parts !== null && parts[1] === prefix) sequences.push(Number(parts[2]));
  }
  return sequences.sort((a, b) => a - b);
}

export interface AdoptOptions {
  directory: string;
  worker: number;
  /** Also runs of worker numbers that no living process has. */
  ofAnyone: boolean;
}

/** Locks the runs that ended processes have left, the oldest first. */
export function adoptRuns({ directory, worker, ofAnyone }: AdoptOptions): EndedRun[] {
  const adopted: EndedRun[] = [];
  const alive = new Set<number>();
  for (const run of listRuns(directory)) {
    if (run.worker !== worker && !ofAnyone) continue;
    const descriptor = tryLock(runPath(directory, run.prefix));
    if (descriptor === null) alive.add(run.worker);
    else adopted.push({ ...run, descriptor });
  }
  // Whoever has the number now sees to it: its own records then come after those, also in the log.
  const others = adopted.filter((run) => run.worker !== worker && alive.has(run.worker));
  for (const run of others) giveBack(run);
  return adopted.filter((run) => !others.includes(run));
}

function listRuns(directory: string): Run[] {
  const runs: Run[] = [];
  for (const name of namesIn(directory)) {
    const parts = RUN_FILE.exec(name);
    if (parts !== null) runs.push({ prefix: parts[1] ?? "", worker: Number(parts[2]) });
  }
  return runs.sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
}

function timeOf(run: Run): string {
  return run.prefix.slice(run.prefix.indexOf("-"));
}

/** A run that can't be opened now is tried again later. */
function tryLock(path: string): number | null {
  try {
    return lockRun(path);
  } catch {
    return null;
  }
}

export function giveBack(run: EndedRun): void {
  closeSync(run.descriptor);
}

/** The run's own file goes last: without it, no one would look for the others. */
export function deleteRun(directory: string, run: EndedRun): void {
  for (const sequence of listSegments(directory, run.prefix)) remove(segmentPath(directory, run.prefix, sequence));
  remove(runPath(directory, run.prefix));
}

/** Says into which file records of the run go from now on, before any does. */
export function noteFile(directory: string, prefix: string, name: string): void {
  const descriptor = openSync(runPath(directory, prefix), constants.O_WRONLY | constants.O_APPEND);
  try {
    writeSync(descriptor, `${name}\n`);
  } finally {
    closeSync(descriptor);
  }
}

export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrorCode(error, "ENOENT")) throw error;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrorCode(error, "ENOENT") || isErrorCode(error, "ENOTDIR")) return [];
    throw error;
  }
}
