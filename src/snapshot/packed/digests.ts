import { hash } from "node:crypto";
import type { CredentialSnapshot } from "../../contracts/snapshot.ts";

export const DIGEST_BYTES = 32;
/** Of an application's id: told apart by so many, with the id itself beside them for the rare case. */
export const NUMBER_BYTES = 8;

/** A power of two, and the same for every configuration: which chunk something is in depends on nothing else. */
export const CALLER_CHUNKS = 1024;
export const SERVICE_CHUNKS = 256;

/** The first bytes of the id's SHA-256. */
export function numberOf(id: string): Buffer {
  return hash("sha256", id, "buffer").subarray(0, NUMBER_BYTES);
}

/** In which chunk something is, by its digest or number. */
export function chunkOf(digest: Uint8Array, chunks: number): number {
  return (((digest[0] as number) << 8) | (digest[1] as number)) & (chunks - 1);
}

/** What credentials are looked up by: SHA-256 digests, of keys themselves, of the names of all others. */
export function digestsOf(credential: CredentialSnapshot): Buffer[] {
  switch (credential.kind) {
    case "api-key":
      return [Buffer.from(credential.digest, "hex")];
    case "basic":
      return [nameDigest("basic", credential.username)];
    case "hmac":
      return [nameDigest("hmac", credential.keyId)];
    case "jwt":
      return credential.values.map((value) => claimDigest(credential.issuer, credential.claim, value));
    case "mtls":
      return [nameDigest("mtls", `${credential.by} ${credential.value}`)];
  }
}

/** `issuer`: its id. */
export function claimDigest(issuer: string, claim: string, value: string): Buffer {
  return nameDigest("jwt", JSON.stringify([issuer, claim, value]));
}

export function nameDigest(kind: Exclude<CredentialSnapshot["kind"], "api-key">, name: string): Buffer {
  return hash("sha256", `${kind}\n${name}`, "buffer");
}
