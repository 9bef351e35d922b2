import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** `<startMs>-w<slot>-<seq>.tgcl`: names sort by time, and no two workers ever write to one file. */
const FILE_NAME = /^(\d{13,16})-w(\d+)-(\d+)\.tgcl$/;

export interface CallLogFile {
  path: string;
  startMs: number;
  worker: number;
  sequence: number;
}

export function callLogFileName(startMs: number, worker: number, sequence: number): string {
  return `${String(startMs).padStart(13, "0")}-w${worker}-${sequence}.tgcl`;
}

/** All call log files of a directory, oldest first; none when there is no such directory. */
export function listCallLogFiles(directory: string): CallLogFile[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return [];
    throw error;
  }
  const files: CallLogFile[] = [];
  for (const name of names) {
    const parts = FILE_NAME.exec(name);
    if (parts === null) continue;
    files.push({
      path: join(directory, name),
      startMs: Number(parts[1]),
      worker: Number(parts[2]),
      sequence: Number(parts[3]),
    });
  }
  return files.sort(byAge);
}

function byAge(a: CallLogFile, b: CallLogFile): number {
  return a.startMs - b.startMs || a.worker - b.worker || a.sequence - b.sequence;
}

/**
 * Deletes the oldest files until the directory holds at most `keepBytes`. The newest file of each worker stays: it may
 * be the one being written to. Several workers may do this at the same time.
 */
export function deleteOldFiles(directory: string, keepBytes: number): number {
  const files = listCallLogFiles(directory);
  const newest = new Map(files.map((file) => [file.worker, file.path]));
  const sizes = new Map(files.map((file) => [file.path, sizeOf(file.path)]));
  let total = 0;
  for (const size of sizes.values()) total += size;

  let deleted = 0;
  for (const file of files) {
    if (total <= keepBytes) break;
    if (newest.get(file.worker) === file.path) continue;
    try {
      unlinkSync(file.path);
      deleted++;
    } catch (error) {
      if (!isErrorCode(error, "ENOENT")) throw error;
    }
    total -= sizes.get(file.path) ?? 0;
  }
  return deleted;
}

/** 0 when the file has gone. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
