import { createHash } from "node:crypto";
import { Packr } from "msgpackr";
import type { Snapshot } from "../contracts/snapshot.ts";
import { shareEqualParts } from "./shared-parts.ts";

export const SNAPSHOT_FORMAT = 5;

/** The bytes are no snapshot this program can serve. */
export class SnapshotFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SnapshotFormatError";
  }
}

const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "number" });

/** `TGSN`, the format (u32, little-endian), the SHA-256 of what follows, the snapshot in MessagePack. */
const MAGIC = Buffer.from("TGSN", "latin1");
const FORMAT_AT = MAGIC.length;
const CHECKSUM_AT = FORMAT_AT + 4;
const PAYLOAD_AT = CHECKSUM_AT + 32;

export function encodeSnapshot(snapshot: Snapshot): Buffer {
  const payload = packr.encode(snapshot);
  const head = Buffer.alloc(PAYLOAD_AT);
  MAGIC.copy(head);
  head.writeUInt32LE(snapshot.format, FORMAT_AT);
  checksumOf(payload).copy(head, CHECKSUM_AT);
  return Buffer.concat([head, payload]);
}

/**
 * Throws SnapshotFormatError for truncated, altered and foreign bytes, and for other formats. What has the right checksum was
 * written by `encodeSnapshot`: to compare the content with its hash would take a worker seconds for a large one.
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PAYLOAD_AT || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new SnapshotFormatError("not a snapshot, or a truncated one");
  }
  const format = buffer.readUInt32LE(FORMAT_AT);
  if (format !== SNAPSHOT_FORMAT) {
    throw new SnapshotFormatError(`snapshot format ${format} is not supported, only ${SNAPSHOT_FORMAT} is`);
  }
  const payload = buffer.subarray(PAYLOAD_AT);
  if (!buffer.subarray(CHECKSUM_AT, PAYLOAD_AT).equals(checksumOf(payload))) {
    throw new SnapshotFormatError("the snapshot does not match its checksum: it was cut or altered");
  }
  const snapshot = packr.decode(payload) as Snapshot;
  shareEqualParts(snapshot);
  return snapshot;
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
