import { randomBytes } from "node:crypto";
import type { Chunk, ChunkName, PackedSnapshot, SnapshotDelta, SnapshotHead } from "../contracts/packed-snapshot.ts";
import { keyIdOf, SealError, type Sealer } from "../platform/seal.ts";
import { deltaBetween, withDelta } from "./packed/delta.ts";
import { decodeValue, encodeValue } from "./packed/value.ts";

export const SNAPSHOT_FORMAT = 10;

/** The bytes are no snapshot this program can serve. */
export class SnapshotFormatError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SnapshotFormatError";
  }
}

/**
 * A file of snapshots, sealed, for they hold the keys of providers: `TGSS`, the format (u32, little-endian), an id of the file
 * (16 random bytes), then records: the length of what was sealed (u32), and the value, in MessagePack, as `Sealer.sealBytes`
 * gives it. The first record is a whole snapshot, each further one what has changed since. Each is bound to its place in its
 * file.
 */
const MAGIC = Buffer.from("TGSS", "latin1");
/** Of files of earlier versions, which were not sealed. */
const PLAIN_MAGIC = Buffer.from("TGSN", "latin1");
const FORMAT_AT = MAGIC.length;
const FILE_ID_AT = FORMAT_AT + 4;
const FILE_ID_BYTES = 16;
const RECORDS_AT = FILE_ID_AT + FILE_ID_BYTES;
const LENGTH_BYTES = 4;

/** As a record has it: of each chunk the name, the hash and the bytes. */
interface RecordValue {
  head: SnapshotHead;
  chunks: [ChunkName, string, Uint8Array][];
  removed: ChunkName[];
}

/** Where a further record goes. */
export interface RecordPlace {
  fileId: Buffer;
  /** Of the records before it. */
  count: number;
}

export function encodeSnapshot(snapshot: PackedSnapshot, sealer: Sealer): Buffer {
  const start = Buffer.alloc(RECORDS_AT);
  MAGIC.copy(start);
  start.writeUInt32LE(snapshot.head.format, FORMAT_AT);
  const fileId = randomBytes(FILE_ID_BYTES);
  fileId.copy(start, FILE_ID_AT);
  return Buffer.concat([start, encodeDelta(deltaBetween(null, snapshot), { fileId, count: 0 }, sealer)]);
}

/** Of a file that `encodeSnapshot` made. */
export function fileIdOf(file: Buffer): Buffer {
  return file.subarray(FILE_ID_AT, RECORDS_AT);
}

/** A further record, to be put behind what was encoded before. */
export function encodeDelta({ head, chunks, removed }: SnapshotDelta, place: RecordPlace, sealer: Sealer): Buffer {
  const record: RecordValue = { head, chunks: chunks.map(([name, { hash, bytes }]) => [name, hash, bytes]), removed };
  const sealed = sealer.sealBytes(encodeValue(record), purposeOf(place));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(sealed.length);
  return Buffer.concat([length, sealed]);
}

export interface DecodedSnapshot {
  snapshot: PackedSnapshot;
  /** A record that is not the first, and what comes after it, is cut or altered: it is left out. */
  isDamaged: boolean;
  /** Some of it was sealed with a key that is no longer the first. */
  isOutdated: boolean;
}

/**
 * Up to a damaged record that is not the first: the end of a file may be lost when a machine goes down. Throws
 * SnapshotFormatError for truncated, altered and foreign bytes, for other formats, and for what no key here opens.
 */
export function decodeSnapshot(bytes: Uint8Array, sealer: Sealer): DecodedSnapshot {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  refuseForeign(file);
  const fileId = fileIdOf(file);
  let snapshot: PackedSnapshot | null = null;
  let isOutdated = false;
  for (let at = RECORDS_AT, count = 0; at < file.length || snapshot === null; count++) {
    const sealed = sealedAt(file, at);
    const value = sealed === null ? damaged() : opened(sealed, { fileId, count }, sealer);
    if (sealed === null || value instanceof SnapshotFormatError) {
      if (snapshot === null) throw value;
      return { snapshot, isDamaged: true, isOutdated };
    }
    snapshot = withDelta(snapshot, deltaOf(decodeValue(value) as RecordValue));
    isOutdated ||= keyIdOf(sealed) !== sealer.keyId;
    at += LENGTH_BYTES + sealed.length;
  }
  return { snapshot, isDamaged: false, isOutdated };
}

function refuseForeign(file: Buffer): void {
  const magic = file.subarray(0, MAGIC.length);
  if (magic.equals(PLAIN_MAGIC)) {
    throw new SnapshotFormatError("this snapshot was written by an earlier version, which did not seal it");
  }
  if (file.length < RECORDS_AT || !magic.equals(MAGIC)) {
    throw new SnapshotFormatError("not a snapshot, or a truncated one");
  }
  const format = file.readUInt32LE(FORMAT_AT);
  if (format !== SNAPSHOT_FORMAT) {
    throw new SnapshotFormatError(`snapshot format ${format} is not supported, only ${SNAPSHOT_FORMAT} is`);
  }
}

/** Null: it is not all there. */
function sealedAt(file: Buffer, at: number): Buffer | null {
  const from = at + LENGTH_BYTES;
  if (file.length < from) return null;
  const length = file.readUInt32LE(at);
  return file.length < from + length ? null : file.subarray(from, from + length);
}

function opened(sealed: Buffer, place: RecordPlace, sealer: Sealer): Buffer | SnapshotFormatError {
  try {
    return sealer.openBytes(sealed, purposeOf(place));
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause;
    return new SnapshotFormatError(`the snapshot can't be opened: ${cause.message}`, { cause });
  }
}

function purposeOf({ fileId, count }: RecordPlace): string {
  return `snapshot file ${fileId.toString("hex")} record ${count}`;
}

function deltaOf({ head, chunks, removed }: RecordValue): SnapshotDelta {
  return { head, removed, chunks: chunks.map(([name, hash, bytes]): [ChunkName, Chunk] => [name, { hash, bytes }]) };
}

function damaged(): SnapshotFormatError {
  return new SnapshotFormatError("the snapshot is cut short");
}
