import type { CallLogSink } from "../../contracts/call-record.ts";
import type { LeaseQueue, LimitStore } from "../../contracts/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { ServiceSnapshot } from "../../contracts/snapshot.ts";
import type { WorkerPool } from "../../platform/worker-pool.ts";
import type { CircuitBreaker } from "../../upstream/circuit-breaker.ts";
import type { DispatcherRegistry } from "../../upstream/dispatcher-registry.ts";
import type { TargetNumbersTable } from "../../upstream/target-numbers.ts";
import type { TargetState } from "../../upstream/target-state.ts";
import type { FastPath } from "../fast-path/fast-path.ts";
import type { KeySetStore } from "../key-sets/key-set-store.ts";
import type { DataPlaneMetrics } from "../metrics.ts";
import type { ResponseCache } from "./cache/response-cache.ts";
import type { Context } from "./context.ts";
import type { OpenEventStreams } from "./mcp/open-streams.ts";
import type { SessionIds } from "./mcp/session-ids.ts";
import type { RestService } from "./rest/rest-service.ts";

/** What outlives a snapshot in one worker: counters, connections, what is known of upstreams. */
export interface Runtime {
  worker: number;
  logger: Logger;
  callLog: CallLogSink;
  limits: LimitStore;
  /** Where calls wait for limits that the cluster shares; null: this machine is alone. */
  leases: LeaseQueue | null;
  dispatchers: DispatcherRegistry;
  metrics: DataPlaneMetrics;
  pool: WorkerPool;
  /** Requests under way: for deadlines and draining. */
  open: Set<Context>;
  /** Of MCP servers, for those who listen to them. */
  eventStreams: OpenEventStreams;
  /** Of sessions of MCP servers. */
  sessionIds: SessionIds;
  /** By service id and target url, joined by a space. */
  targetStates: Map<string, TargetState>;
  /** By provider and model, joined by a space. */
  breakers: Map<string, CircuitBreaker>;
  /** What of the targets is shared with the native hot path. */
  targetNumbers: TargetNumbersTable;
  /** Answers that are stored. */
  cache: ResponseCache;
  /** What was compiled of services, as long as they stay the same. */
  restServices: WeakMap<ServiceSnapshot, RestService>;
  /** Keys of JWT issuers. */
  keySets: KeySetStore;
  /** Teaches the native hot path; null: there is none. */
  fastPath: FastPath | null;
  /** Nothing new is accepted any more. */
  draining: boolean;
}
