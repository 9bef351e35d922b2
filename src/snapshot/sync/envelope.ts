import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { decodeSnapshot, encodeSnapshot, SnapshotFormatError } from "../codec.ts";

const purposeOf = (version: number) => `snapshot ${version}`;

/** A snapshot on its way between machines: sealed, for it holds the keys of providers, and bound to its version. */
export function sealSnapshot(snapshot: PackedSnapshot, sealer: Sealer): string {
  return sealer.seal(encodeSnapshot(snapshot).toString("base64"), purposeOf(snapshot.head.version));
}

/** Throws SealError for what was not sealed with the cluster's key, and SnapshotFormatError for what is no snapshot. */
export function openSnapshot(text: string, version: number, sealer: Sealer): PackedSnapshot {
  const snapshot = decodeSnapshot(Buffer.from(sealer.open(text, purposeOf(version)), "base64"));
  // The version that is announced is the one that was sealed: an older one can't be passed off as new.
  if (snapshot.head.version !== version)
    throw new SnapshotFormatError("the snapshot has another version than was announced");
  return snapshot;
}
