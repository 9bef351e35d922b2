import type { Chunk, ChunkName, SnapshotDelta } from "./packed-snapshot.ts";

/** What the processes of one tree say to each other over node:cluster's channel (serialization `advanced`). */

/** Chunks of the snapshot that follows, so that no message is so long that its reader is kept from all else. */
export interface SnapshotPartMessage {
  type: "snapshot-part";
  version: number;
  chunks: [ChunkName, Chunk][];
}
/** What has changed since the version `base`; null: the whole. Chunks that were sent in parts are not in it. */
export interface SnapshotMessage {
  type: "snapshot";
  base: number | null;
  delta: SnapshotDelta;
}
/** Result of active health checks; sent when it changes and to every new worker. */
export interface TargetHealthMessage {
  type: "target-health";
  /** Service id and target url, joined by a space. */
  unhealthy: string[];
}

export type SupervisorToGateway =
  | SnapshotPartMessage
  | SnapshotMessage
  | TargetHealthMessage
  /** Stop accepting, finish requests, end streams at the deadline, exit 0. */
  | { type: "drain"; timeoutMs: number; isReplaced: boolean }
  | { type: "collect-metrics"; requestId: number };

export type GatewayToSupervisor =
  | { type: "heartbeat" }
  /** Listening and serving `version`. */
  | { type: "ready"; version: number; addresses: string[] }
  | { type: "snapshot-applied"; version: number }
  | { type: "snapshot-refused"; version: number; reason: string }
  | { type: "draining"; openExchanges: number }
  /** Limits are shared with other nodes, or Redis is away and this one goes on with its share. */
  | { type: "limits-shared"; isShared: boolean }
  | { type: "listener-problem"; problem: string | null }
  /** `requestId` 0: sent unasked by a worker that is about to exit, so that its counts are not lost. */
  | { type: "metrics"; requestId: number; metrics: unknown[] };

/** The administrator made at the first start. `password` null: it was given in the environment. */
export interface FirstAdmin {
  email: string;
  password: string | null;
}

export type ControlToSupervisor =
  | { type: "heartbeat" }
  | { type: "ready"; addresses: string[] }
  /** Once, at the first start: to be shown to whoever started it. */
  | { type: "first-admin"; admin: FirstAdmin }
  | SnapshotPartMessage
  | SnapshotMessage
  | TargetHealthMessage
  /**
   * The configuration is being read, what the database adds put together, or a snapshot of another machine taken over, which keeps
   * a process silent when it is large.
   */
  | { type: "reload-begun" }
  /** What it was about is over, and there is nothing to be said of it. */
  | { type: "merge-finished" }
  /** The configuration was read again. `version`: what is served now; not ok: it was bad and the old one stays. */
  | { type: "reload-finished"; ok: boolean; version: number }
  | { type: "collect-metrics"; requestId: number };

export type SupervisorToControl =
  /** What the control process before this one had found. */
  | TargetHealthMessage
  /** Read the configuration again. */
  | { type: "reload" }
  | { type: "drain"; timeoutMs: number; isReplaced: boolean }
  /** One entry per gateway worker that answered in time, plus the supervisor's own. */
  | { type: "metrics"; requestId: number; metrics: unknown[][] }
  | { type: "workers"; workers: WorkerState[] };

export interface WorkerState {
  /** Slot, from 1 to the number of workers; a replacement keeps the slot. */
  slot: number;
  pid: number;
  state: "starting" | "ready" | "draining";
  snapshotVersion: number | null;
  /** Of limits that hold over several nodes. null: there is no Redis, or it is not known yet. */
  limitsShared: boolean | null;
  /** What keeps listeners of the configuration from being opened; null: nothing. */
  listenerProblem: string | null;
  restarts: number;
}
