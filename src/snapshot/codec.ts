import { createHash } from "node:crypto";
import type { Chunk, ChunkName, PackedSnapshot, SnapshotDelta, SnapshotHead } from "../contracts/packed-snapshot.ts";
import { SEALED_PREFIX, SealError, type Sealer } from "../platform/seal.ts";
import { deltaBetween, withDelta } from "./packed/delta.ts";
import { decodeValue, encodeValue } from "./packed/value.ts";

export const SNAPSHOT_FORMAT = 8;

/** The bytes are no snapshot this program can serve. */
export class SnapshotFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SnapshotFormatError";
  }
}

/**
 * `TGSN`, the format (u32, little-endian), then records: the length of its value (u32), the SHA-256 of the value, the
 * value in MessagePack, sealed where there is a sealer. The first record is a whole snapshot, each further one what has changed since.
 */
const MAGIC = Buffer.from("TGSN", "latin1");
const FORMAT_AT = MAGIC.length;
const RECORDS_AT = FORMAT_AT + 4;
const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 32;

/** What values are sealed for; see `Sealer`. */
const PURPOSE = "snapshot record";

/** As a record has it: of each chunk the name, the hash and the bytes. */
interface RecordValue {
  head: SnapshotHead;
  chunks: [ChunkName, string, Uint8Array][];
  removed: ChunkName[];
}

export function encodeSnapshot(snapshot: PackedSnapshot, sealer: Sealer | null = null): Buffer {
  const start = Buffer.alloc(RECORDS_AT);
  MAGIC.copy(start);
  start.writeUInt32LE(snapshot.head.format, FORMAT_AT);
  return Buffer.concat([start, encodeDelta(deltaBetween(null, snapshot), sealer)]);
}

/** A further record, to be put behind what was encoded before. */
export function encodeDelta({ head, chunks, removed }: SnapshotDelta, sealer: Sealer | null = null): Buffer {
  const record: RecordValue = { head, chunks: chunks.map(([name, { hash, bytes }]) => [name, hash, bytes]), removed };
  const plain = encodeValue(record);
  const value = sealer === null ? plain : sealer.sealBytes(plain, PURPOSE);
  const start = Buffer.alloc(LENGTH_BYTES + CHECKSUM_BYTES);
  start.writeUInt32LE(value.length);
  checksumOf(value).copy(start, LENGTH_BYTES);
  return Buffer.concat([start, value]);
}

/**
 * Throws SnapshotFormatError for truncated, altered and foreign bytes, and for other formats. What has the right checksum was
 * written by `encodeSnapshot`: to compare the content with its hash would take seconds for a large one.
 */
export function decodeSnapshot(bytes: Uint8Array, sealer: () => Sealer = noSealer): PackedSnapshot {
  const { snapshot, isDamaged } = decodeRecords(bytes, sealer);
  if (isDamaged) throw damaged();
  return snapshot;
}

export interface DecodedRecords {
  snapshot: PackedSnapshot;
  isDamaged: boolean;
  /** All that was read is sealed with the key that seals now. */
  isSealed: boolean;
}

/**
 * The same, up to a damaged record that is not the first: the end of a file may be lost when a machine goes down. `sealer` is asked for
 * where something is sealed.
 */
export function decodeRecords(bytes: Uint8Array, sealer: () => Sealer = noSealer): DecodedRecords {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < RECORDS_AT || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new SnapshotFormatError("not a snapshot, or a truncated one");
  }
  const format = buffer.readUInt32LE(FORMAT_AT);
  if (format !== SNAPSHOT_FORMAT) {
    throw new SnapshotFormatError(`snapshot format ${format} is not supported, only ${SNAPSHOT_FORMAT} is`);
  }
  let snapshot: PackedSnapshot | null = null;
  let isSealed = true;
  let at = RECORDS_AT;
  while (at < buffer.length || snapshot === null) {
    const value = valueAt(buffer, at);
    const plain = value === null ? damaged() : opened(value, sealer);
    if (value === null || plain instanceof SnapshotFormatError) {
      if (snapshot === null) throw plain;
      return { snapshot, isDamaged: true, isSealed };
    }
    isSealed &&= plain !== value && !sealer().isOutdated(value.toString("latin1", 0, SEALED_HEAD_BYTES));
    snapshot = withDelta(snapshot, deltaOf(decodeValue(plain) as RecordValue));
    at += LENGTH_BYTES + CHECKSUM_BYTES + value.length;
  }
  return { snapshot, isDamaged: false, isSealed };
}

/** Prefix and id of the key. */
const SEALED_HEAD_BYTES = 32;
const SEALED = Buffer.from(SEALED_PREFIX, "latin1");

/** A value that was not sealed is as it is: MessagePack begins otherwise. */
function opened(value: Buffer, sealer: () => Sealer): Buffer | SnapshotFormatError {
  if (!value.subarray(0, SEALED.length).equals(SEALED)) return value;
  try {
    return sealer().openBytes(value, PURPOSE);
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause;
    return new SnapshotFormatError(`the snapshot can't be opened: ${cause.message}`, { cause });
  }
}

function noSealer(): Sealer {
  throw new SealError("there is no master key here");
}

/** Null: it is not all there, or does not match its checksum. */
function valueAt(buffer: Buffer, at: number): Buffer | null {
  const from = at + LENGTH_BYTES + CHECKSUM_BYTES;
  if (buffer.length < from) return null;
  const value = buffer.subarray(from, from + buffer.readUInt32LE(at));
  if (value.length !== buffer.readUInt32LE(at)) return null;
  return checksumOf(value).equals(buffer.subarray(at + LENGTH_BYTES, from)) ? value : null;
}

function deltaOf({ head, chunks, removed }: RecordValue): SnapshotDelta {
  return { head, removed, chunks: chunks.map(([name, hash, bytes]): [ChunkName, Chunk] => [name, { hash, bytes }]) };
}

function damaged(): SnapshotFormatError {
  return new SnapshotFormatError("the snapshot does not match its checksum: it was cut or altered");
}

function checksumOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
