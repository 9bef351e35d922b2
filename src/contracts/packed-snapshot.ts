import type { CredentialSnapshot, Snapshot } from "./snapshot.ts";

/**
 * A snapshot as it crosses processes and is cached on disk: what is few as one value, what is many in chunks, each with the
 * hash of its bytes. Versions that differ in little share most of their chunks.
 */
export interface PackedSnapshot {
  readonly head: SnapshotHead;
  readonly chunks: ReadonlyMap<ChunkName, Chunk>;
}

/** `s`: services, `a`: applications, `c`: by which credentials applications are found; then the number of the chunk. */
export type ChunkName = `${"s" | "a" | "c"}${number}`;

export interface Chunk {
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

export interface SnapshotHead extends Omit<Snapshot, "services" | "applications"> {
  /** Of all but the callers: as long as it stays the same, nothing but whose credentials are what has changed. */
  pipelineHash: string;
  callers: CallersSummary;
}

/** What is to be known of all callers together before anything is known of one of them. */
export interface CallersSummary {
  /** Kinds of credentials of which there are some. */
  kinds: CredentialSnapshot["kind"][];
  /** By id of a JWT issuer: the claims in which its tokens name applications. */
  claims: Record<string, string[]>;
  /** Some application has a policy that stores answers, of whatever it calls. */
  cachesAnything: boolean;
  /** Services of which some subscription has one. */
  cachedServices: string[];
}

/** What a pipeline is compiled from: applications are looked up one by one. */
export type ServedSnapshot = SnapshotHead & Pick<Snapshot, "services">;

/** From one version to the next. */
export interface SnapshotDelta {
  head: SnapshotHead;
  /** Those that are new, or other ones than before. */
  chunks: [ChunkName, Chunk][];
  removed: ChunkName[];
}
