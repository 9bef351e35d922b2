const BYTES_PER_TOKEN = 4;

/** Sound and pictures, in base64: their length tells nothing. As native-bindings/src/scan/text-bytes.h has it. */
const MEDIA = /[A-Za-z0-9+/\-_=\\]{1024,}/g;
const SHORTEST_MEDIA = 1024;

/**
 * Estimates the output tokens of a stream that goes through untouched, for as long as the provider has not told them: one that
 * breaks off, or whose caller leaves, may never. Each event holds at least one token; what it is longer than the shortest one is
 * taken for text, but for what events of different kinds are wrapped in. Same figures as OutputTally of
 * native-bindings/src/scan/output-tally.h.
 */
export class OutputTally {
  readonly #wrappingBytes: number;
  #leastBytes = Number.POSITIVE_INFINITY;
  #tokens = 0;

  /** `wrappingBytes`: by how much events without text may differ in length. */
  constructor(wrappingBytes: number) {
    this.#wrappingBytes = wrappingBytes;
  }

  /** The data of an event that holds some of the answer. */
  note(data: string): void {
    const bytes = Buffer.byteLength(data.length < SHORTEST_MEDIA ? data : data.replace(MEDIA, ""));
    if (bytes === 0) return;
    if (bytes < this.#leastBytes) this.#leastBytes = bytes;
    this.#tokens += Math.max(1, (bytes - this.#leastBytes - this.#wrappingBytes) / BYTES_PER_TOKEN);
  }

  /** The provider has told of all that came until now. */
  told(): void {
    this.#tokens = 0;
  }

  /** What came since then. */
  get tokens(): number {
    return Math.ceil(this.#tokens);
  }
}

/** Chunks of text, of thinking and of calls, padded or not: most hold one token. */
export const OPENAI_WRAPPING_BYTES = 48;
/** Of APIs whose deltas hold several tokens, and are alike. */
export const DELTA_WRAPPING_BYTES = 12;
