import { join } from "node:path";
import type { CallLogSnapshot } from "../../contracts/snapshot.ts";
import { callLogFileName } from "./files.ts";

/** Which file the next batch goes to. */
export class Rotation {
  readonly #directory: string;
  readonly worker: number;
  #sequence: number;
  #file: { path: string; size: number; startMs: number } | null = null;

  constructor(directory: string, worker: number, lastSequence = 0) {
    this.#directory = directory;
    this.worker = worker;
    this.#sequence = lastSequence;
  }

  pathAt(nowMs: number, { rotateBytes, rotateMs }: CallLogSnapshot): string {
    const file = this.#file;
    if (file !== null && file.size < rotateBytes && nowMs - file.startMs < rotateMs) return file.path;
    this.#sequence++;
    const path = join(this.#directory, callLogFileName(nowMs, this.worker, this.#sequence));
    this.#file = { path, size: 0, startMs: nowMs };
    return path;
  }

  grewTo(size: number): void {
    if (this.#file !== null && size > 0) this.#file.size = size;
  }

  /** The next batch begins another file. */
  leaveFile(): void {
    this.#file = null;
  }
}
