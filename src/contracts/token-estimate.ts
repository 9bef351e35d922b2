const BYTES_PER_TOKEN = 4;

/** Tokens of a text of so many bytes, where nobody has told them: good enough for limits, and for what is not billed by it. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}
