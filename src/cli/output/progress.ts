/** One line on standard error that says how far long work is; nothing where no terminal is. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  show(text: string): void {
    if (!this.#stream.isTTY) return;
    const columns = this.#stream.columns || 80;
    this.#stream.write(`\r\u001b[K${text.slice(0, columns - 1)}`);
    this.#shown = true;
  }

  /** Before anything else is printed. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
    this.#shown = false;
  }
}
