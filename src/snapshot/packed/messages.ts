import type { SnapshotMessage, SnapshotPartMessage } from "../../contracts/messages.ts";
import type { Chunk, ChunkName, PackedSnapshot, SnapshotDelta } from "../../contracts/packed-snapshot.ts";
import { withDelta } from "./delta.ts";

/** A reader takes well under a millisecond for so much. */
const PART_BYTES = 256 * 1024;

/** In the order in which they are to be sent. `base`: the version that `delta` is to; null: none. */
export function* snapshotMessages(
  base: number | null,
  delta: SnapshotDelta,
): Generator<SnapshotPartMessage | SnapshotMessage> {
  let part: [ChunkName, Chunk][] = [];
  let bytes = 0;
  for (const entry of delta.chunks) {
    if (bytes >= PART_BYTES) {
      yield { type: "snapshot-part", version: delta.head.version, chunks: part };
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry[1].bytes.length;
  }
  yield { type: "snapshot", base, delta: { ...delta, chunks: part } };
}

/** The other end: keeps what has come last, for deltas to it. */
export class SnapshotReceiver {
  #parts: [ChunkName, Chunk][] = [];
  #partsOf = 0;
  #latest: PackedSnapshot | null = null;

  get latest(): PackedSnapshot | null {
    return this.#latest;
  }

  add({ version, chunks }: SnapshotPartMessage): void {
    // One that was given up: its process has ended in the middle.
    if (version !== this.#partsOf) this.#parts = [];
    this.#partsOf = version;
    for (const [name, chunk] of chunks) this.#parts.push([name, owned(chunk)]);
  }

  /** Null: it is to a version that has not come here. */
  complete({ base, delta }: SnapshotMessage): PackedSnapshot | null {
    const parts = this.#partsOf === delta.head.version ? this.#parts : [];
    this.#parts = [];
    if (base !== null && base !== this.#latest?.head.version) return null;
    const chunks = [...parts, ...delta.chunks.map(([name, chunk]): [ChunkName, Chunk] => [name, owned(chunk)])];
    this.#latest = withDelta(base === null ? null : this.#latest, { ...delta, chunks });
    return this.#latest;
  }
}

/** With bytes of its own: as they come, they keep all of their message in memory. */
function owned({ hash, bytes }: Chunk): Chunk {
  return { hash, bytes: Buffer.from(bytes) };
}
