import type { Chunk, ChunkName, PackedSnapshot, SnapshotHead } from "../../contracts/packed-snapshot.ts";
import type { Sealer } from "../../platform/seal.ts";
import { SNAPSHOT_FORMAT, SnapshotFormatError } from "../codec.ts";
import { hashOf } from "../packed/content-hash.ts";
import { decodeValue, encodeValue } from "../packed/value.ts";

/**
 * A snapshot on its way between machines: a manifest, which is its head and says which chunks it has, and the chunks, each by
 * itself. All are sealed, for they hold the keys of providers. The manifest is bound to its version and the chunks, by their
 * hashes, to the manifest: nothing can be exchanged for something older.
 */
export interface Manifest {
  head: SnapshotHead;
  /** By name the SHA-256 of the bytes, hex. */
  chunks: Map<ChunkName, string>;
}

interface ManifestValue {
  format: number;
  head: SnapshotHead;
  chunks: [ChunkName, Uint8Array][];
}

const manifestPurpose = (version: number) => `snapshot ${version}`;
const chunkPurpose = (field: string) => `snapshot chunk ${field}`;

export function manifestOf({ head, chunks }: PackedSnapshot): Manifest {
  return { head, chunks: new Map([...chunks].map(([name, { hash }]) => [name, hash])) };
}

export function sealManifest({ head, chunks }: Manifest, sealer: Sealer): Buffer {
  const value: ManifestValue = {
    format: head.format,
    head,
    chunks: [...chunks].map(([name, hash]) => [name, Buffer.from(hash, "hex")]),
  };
  return sealer.sealBytes(encodeValue(value), manifestPurpose(head.version));
}

/** Throws SealError for what was not sealed with the cluster's key, and SnapshotFormatError for what is no snapshot of ours. */
export function openManifest(sealed: Buffer, version: number, sealer: Sealer): Manifest {
  const { format, head, chunks } = decodeValue(sealer.openBytes(sealed, manifestPurpose(version))) as ManifestValue;
  if (format !== SNAPSHOT_FORMAT) {
    throw new SnapshotFormatError(`snapshot format ${format} is not supported, only ${SNAPSHOT_FORMAT} is`);
  }
  // The version that is announced is the one that was sealed: an older one can't be passed off as new.
  if (head.version !== version) throw new SnapshotFormatError("the snapshot has another version than was announced");
  return { head, chunks: new Map(chunks.map(([name, hash]) => [name, Buffer.from(hash).toString("hex")])) };
}

/** Where a chunk lies in Redis: by its content, so that of two snapshots neither can take another's for its own. */
export function chunkField(name: ChunkName, hash: string): string {
  return `${name}.${hash}`;
}

export function sealChunk(name: ChunkName, { hash, bytes }: Chunk, sealer: Sealer): Buffer {
  return sealer.sealBytes(bytes, chunkPurpose(chunkField(name, hash)));
}

/** Throws SealError and SnapshotFormatError, as `openManifest`. */
export function openChunk(sealed: Buffer, name: ChunkName, hash: string, sealer: Sealer): Chunk {
  const bytes = sealer.openBytes(sealed, chunkPurpose(chunkField(name, hash)));
  if (hashOf(bytes) !== hash) throw new SnapshotFormatError(`chunk ${name} is not the one that the snapshot names`);
  return { hash, bytes };
}
