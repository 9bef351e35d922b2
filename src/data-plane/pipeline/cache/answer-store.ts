/** Answers of one key that `Vary` tells apart; the oldest goes first. */
const MAX_VARIANTS = 64;
/** On the heap, per key. */
const KEY_BYTES = 200;

interface Entry<Answer> {
  variants: { answer: Answer; mark: number }[];
  slot: number;
  /** Until then nobody waits for anybody: the last answer could not be shared. */
  passUntilMs: number;
  bytes: number;
}

/** Whatever says how much it takes up. */
export interface Sized {
  readonly bytes: number;
}

/**
 * What is stored in one worker, at most so many bytes of it: what was asked for the longest ago goes first. Bodies are outside of
 * V8's heap; what is on it is counted by an estimate that is on the high side.
 */
export class AnswerStore<Answer extends Sized> {
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry<Answer>>();
  #maxBytes: number;
  #bytes = 0;
  evictions = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  set maxBytes(bytes: number) {
    this.#maxBytes = bytes;
    this.#evict();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The variants of `key`, newest first, whose mark is still `mark`; the others are dropped. */
  find(key: string, mark: number, matches: (answer: Answer) => boolean): Answer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.variants.some((variant) => variant.mark !== mark)) {
      this.#resize(
        entry,
        entry.variants.filter((variant) => variant.mark === mark),
      );
    }
    for (const { answer } of entry.variants) {
      if (!matches(answer)) continue;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return answer;
    }
    return null;
  }

  has(key: string): boolean {
    return (this.#entries.get(key)?.variants.length ?? 0) > 0;
  }

  isPassed(key: string, nowMs: number): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && nowMs < entry.passUntilMs;
  }

  /** In place of those that `replaces` says. */
  put(key: string, slot: number, mark: number, answer: Answer, replaces: (other: Answer) => boolean): void {
    const entry = this.#entryOf(key, slot);
    entry.passUntilMs = 0;
    const others = entry.variants.filter((variant) => !replaces(variant.answer)).slice(0, MAX_VARIANTS - 1);
    this.#resize(entry, [{ answer, mark }, ...others]);
    this.#evict();
  }

  pass(key: string, slot: number, untilMs: number): void {
    this.#entryOf(key, slot).passUntilMs = untilMs;
    this.#evict();
  }

  drop(key: string, drops: (answer: Answer) => boolean): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined)
      this.#resize(
        entry,
        entry.variants.filter(({ answer }) => !drops(answer)),
      );
  }

  #entryOf(key: string, slot: number): Entry<Answer> {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { variants: [], slot, passUntilMs: 0, bytes: KEY_BYTES + 2 * key.length };
      this.#bytes += entry.bytes;
    } else this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #resize(entry: Entry<Answer>, variants: Entry<Answer>["variants"]): void {
    for (const { answer } of entry.variants) entry.bytes -= answer.bytes;
    let added = 0;
    for (const { answer } of entry.variants) this.#bytes -= answer.bytes;
    for (const { answer } of variants) added += answer.bytes;
    entry.variants = variants;
    entry.bytes += added;
    this.#bytes += added;
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(key);
      this.#bytes -= entry.bytes;
      this.evictions++;
    }
  }
}
