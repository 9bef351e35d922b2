import { DIGEST_BYTES, NUMBER_BYTES } from "./digests.ts";

/**
 * Whose credentials are, in the order of their digests: the digest, the number of the application, and which of the
 * application's credentials it is (u32, little-endian). To be read where it lies.
 */
const INDEX_AT = DIGEST_BYTES + NUMBER_BYTES;
const ENTRY_BYTES = INDEX_AT + 4;

export interface CredentialEntry {
  digest: Buffer;
  /** Of the application. */
  number: Buffer;
  index: number;
}

/** Of two with one digest the later counts. */
export function encodeCredentials(entries: readonly CredentialEntry[]): Buffer {
  const sorted = [...entries].sort((one, other) => Buffer.compare(one.digest, other.digest));
  const counting = sorted.filter(({ digest }, at) => sorted[at + 1]?.digest.equals(digest) !== true);
  const chunk = Buffer.alloc(counting.length * ENTRY_BYTES);
  for (const [at, { digest, number, index }] of counting.entries()) {
    digest.copy(chunk, at * ENTRY_BYTES);
    number.copy(chunk, at * ENTRY_BYTES + DIGEST_BYTES);
    chunk.writeUInt32LE(index, at * ENTRY_BYTES + INDEX_AT);
  }
  return chunk;
}

export function findCredential(chunk: Buffer, digest: Uint8Array): Omit<CredentialEntry, "digest"> | null {
  let from = 0;
  let to = chunk.length / ENTRY_BYTES;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const at = middle * ENTRY_BYTES;
    const order = chunk.compare(digest, 0, DIGEST_BYTES, at, at + DIGEST_BYTES);
    if (order === 0) {
      return { number: chunk.subarray(at + DIGEST_BYTES, at + INDEX_AT), index: chunk.readUInt32LE(at + INDEX_AT) };
    }
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return null;
}
