import { Packr } from "msgpackr";
import type { Snapshot } from "../contracts/snapshot.ts";
import { contentHash } from "./compile/hash.ts";
import { shareEqualParts } from "./shared-parts.ts";

export const SNAPSHOT_FORMAT = 2;

/** The bytes are no snapshot this program can serve. */
export class SnapshotFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SnapshotFormatError";
  }
}

const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "number" });

export function encodeSnapshot(snapshot: Snapshot): Buffer {
  return packr.encode(snapshot);
}

/** Throws SnapshotFormatError for truncated, altered and foreign bytes, and for other formats. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  let decoded: unknown;
  try {
    decoded = packr.decode(bytes);
  } catch (cause) {
    throw new SnapshotFormatError("not a snapshot, or a truncated one", { cause });
  }
  if (!isMapping(decoded) || typeof decoded.format !== "number") throw new SnapshotFormatError("not a snapshot");
  if (decoded.format !== SNAPSHOT_FORMAT) {
    throw new SnapshotFormatError(`snapshot format ${decoded.format} is not supported, only ${SNAPSHOT_FORMAT} is`);
  }
  if (!isIntact(decoded)) throw new SnapshotFormatError("the snapshot's content does not match its hash");
  shareEqualParts(decoded);
  return decoded;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The hash covers the content whole, so bytes that match it were written by `encodeSnapshot` from a compiled snapshot. */
function isIntact(value: object): value is Snapshot {
  return (
    "version" in value &&
    Number.isSafeInteger(value.version) &&
    "compiledAtMs" in value &&
    Number.isFinite(value.compiledAtMs) &&
    "hash" in value &&
    value.hash === contentHash(value)
  );
}
