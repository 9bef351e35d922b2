import type { PackedSnapshot, SnapshotDelta } from "../../contracts/packed-snapshot.ts";

/** What `after` has that `before` has not. */
export function deltaBetween(before: Pick<PackedSnapshot, "chunks"> | null, after: PackedSnapshot): SnapshotDelta {
  const known = before?.chunks ?? new Map<never, never>();
  return {
    head: after.head,
    chunks: [...after.chunks].filter(([name, { hash }]) => known.get(name)?.hash !== hash),
    removed: [...known.keys()].filter((name) => !after.chunks.has(name)),
  };
}

/** `before` stays as it is; null: the delta is the whole. */
export function withDelta(before: Pick<PackedSnapshot, "chunks"> | null, delta: SnapshotDelta): PackedSnapshot {
  const chunks = new Map(before?.chunks ?? []);
  for (const name of delta.removed) chunks.delete(name);
  for (const [name, chunk] of delta.chunks) chunks.set(name, chunk);
  return { head: delta.head, chunks };
}
