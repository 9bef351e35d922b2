import { printable } from "./printable.ts";

const BAR_CELLS = 24;
/** A terminal is written to at most this often, but for the last step. */
const SHOWN_EVERY_MS = 50;

/** A bar on standard error that says how far long work is; nothing where no terminal is. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #nowMs: () => number;
  #isShown = false;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  /** What was told last and is still to be shown; null: nothing is. */
  #due: NodeJS.Timeout | null = null;

  constructor(stream: NodeJS.WriteStream = process.stderr, nowMs: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  /** `done` of `total`, of whatever `what` is. */
  show(done: number, total: number, what: string): void {
    if (!this.#stream.isTTY) return;
    this.#cancel();
    const waitMs = done < total ? this.#shownAtMs + SHOWN_EVERY_MS - this.#nowMs() : 0;
    // What comes next may take long, and is to be seen meanwhile.
    if (waitMs > 0) this.#due = setTimeout(() => this.#write(done, total, what), waitMs).unref();
    else this.#write(done, total, what);
  }

  #write(done: number, total: number, what: string): void {
    this.#shownAtMs = this.#nowMs();
    const columns = this.#stream.columns || 80;
    this.#stream.write(`\r\u001b[K${printable(lineOf(done, total, what)).slice(0, columns - 1)}`);
    this.#isShown = true;
  }

  /** Before anything else is printed. */
  clear(): void {
    this.#cancel();
    if (this.#isShown) this.#stream.write("\r\u001b[K");
    this.#isShown = false;
  }

  #cancel(): void {
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = null;
  }
}

function lineOf(done: number, total: number, what: string): string {
  const share = total <= 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * BAR_CELLS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${what}`;
}
