import type { CallLogSink } from "./call-record.ts";
import type { PackedSnapshot } from "./packed-snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

/** The data plane of one worker. */
export interface Gateway {
  /** Validates, compiles and swaps. Throws with a reason when the snapshot can't be served; the old one stays then. */
  applySnapshot(snapshot: Snapshot): void;
  /**
   * The same while calls are served: compiles in slices, and only what differs from what is served. Where that is callers
   * alone, they have changed when this returns. Rejects where applySnapshot throws.
   */
  applyPacked(snapshot: PackedSnapshot): Promise<void>;
  /** What the snapshots so far have cost. */
  readonly compiled: CompiledCounts;
  /**
   * Opens the listeners of the current snapshot. Resolves with `http://host:port` of each that is open. Rejects when one can't
   * be opened; where `mustHaveAll` is false, when none can, and the others are tried again.
   */
  listen(mustHaveAll?: boolean): Promise<string[]>;
  /** Keys as in TargetHealthMessage. */
  setUnhealthyTargets(unhealthy: readonly string[]): void;
  /**
   * Stops accepting, answers with `connection: close`, ends what is left at the deadline. Resolves when nothing is open.
   * `isReplaced`: others serve in its place already, so idle connections are let be for as long as clients mostly keep them.
   */
  drain(timeoutMs: number, isReplaced?: boolean): Promise<void>;
  /** Accepted and not finished. */
  readonly openExchanges: number;
  /** prom-client's `getMetricsAsJSON`. */
  collectMetrics(): Promise<unknown[]>;
  /** Closes upstream pools. */
  close(): Promise<void>;
}

export interface CompiledCounts {
  /** Pipelines: routes, upstreams and all else that does not depend on who calls. */
  pipelines: number;
  /** Chunks of services that were decoded. */
  serviceChunks: number;
  /** Applications that were decoded, each at its first call. */
  applications: number;
}

export interface GatewayOptions {
  /** The worker's slot. */
  worker: number;
  callLog: CallLogSink;
  /** The native journal behind `callLog`, where native code appends its records by itself; null: it has none. */
  journal: object | null;
  /** The file that holds the counters of limits, shared by all workers of the machine. */
  limitsFile: string;
  /** The Redis by which nodes share limits; absent: this machine is alone. */
  cluster?: { redisUrl: string; name: string };
  /** Whether limits are shared with other nodes, or Redis is away and this one goes on with its share. */
  onLimitsShared?(isShared: boolean): void;
  /** What keeps listeners of the configuration from being opened, each time it changes; null: nothing. */
  onListenerProblem?(problem: string | null): void;
  /** The file in which workers of the machine tell each other what they hold is no longer good. */
  invalidationsFile: string;
  /**
   * Sign the ids of what providers keep for applications, the first one; all nodes have the same. Asked for once there is something
   * to sign. Absent: ids hold for as long as this process.
   */
  masterKeys?(): readonly Buffer[];
  logger: import("./logger.ts").Logger;
}
