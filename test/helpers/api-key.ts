import { createHash } from "node:crypto";
import type { CredentialSnapshot } from "../../src/contracts/snapshot.ts";

/** A key as snapshots have it: for ever, and from anywhere. */
export function apiKey(key: string): CredentialSnapshot {
  const digest = createHash("sha256").update(key).digest("hex");
  return { kind: "api-key", id: "key-1", digest, expiresAtMs: null, addresses: [] };
}
