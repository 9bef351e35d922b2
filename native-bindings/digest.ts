import { loadAddon } from "./load.ts";

interface DigestAddon {
  sha256(bytes: Uint8Array): Buffer;
  sha256Portable(bytes: Uint8Array): Buffer;
  crc32c(seed: number, bytes: Uint8Array): number;
  crc32cPortable(seed: number, bytes: Uint8Array): number;
}

const addon = loadAddon() as DigestAddon;

/** SHA-256 (FIPS 180-4): 32 bytes. For short inputs, where node:crypto's set-up costs more than the digest. */
export function sha256(bytes: Uint8Array): Buffer {
  return addon.sha256(bytes);
}

/** CRC-32C (RFC 3720 §12.1) as an unsigned number. `seed`: the checksum of the bytes before these. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return addon.crc32c(seed, bytes);
}

/** The same without the processor's special instructions: what runs where there are none. */
export const portable = {
  sha256: (bytes: Uint8Array): Buffer => addon.sha256Portable(bytes),
  crc32c: (bytes: Uint8Array, seed = 0): number => addon.crc32cPortable(seed, bytes),
};
