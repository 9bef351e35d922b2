import { residentBytes } from "./process-cpu.ts";
import { median } from "./result.ts";

const INTERVAL_MS = 100;

/** Watches the resident memory of a process. */
export class MemoryWatch {
  readonly #samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#samples.push(residentBytes(pid));
    this.#timer = setInterval(() => this.#samples.push(residentBytes(pid)), INTERVAL_MS);
  }

  /** Bytes. */
  stop(): { median: number; peak: number } {
    clearInterval(this.#timer);
    return { median: median(this.#samples), peak: Math.max(...this.#samples) };
  }
}
