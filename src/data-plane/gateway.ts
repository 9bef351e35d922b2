import { randomBytes } from "node:crypto";
import { DRAINING, type Handover, NativeEngine } from "../../native-bindings/engine.ts";
import { GatewayError } from "../contracts/errors.ts";
import type { Exchange } from "../contracts/exchange.ts";
import type { Gateway, GatewayOptions } from "../contracts/gateway.ts";
import type { LimitStore } from "../contracts/limits.ts";
import type { PackedSnapshot, ServedSnapshot } from "../contracts/packed-snapshot.ts";
import type { Snapshot } from "../contracts/snapshot.ts";
import { unpackRecord } from "../platform/call-log/format.ts";
import { createRequestIds, randomProcessPart } from "../platform/request-id.ts";
import type { WorkerPool } from "../platform/worker-pool.ts";
import { createPriceBook } from "../providers/prices.ts";
import { packSnapshot } from "../snapshot/packed/packer.ts";
import { DispatcherRegistry } from "../upstream/dispatcher-registry.ts";
import { begunAttempt } from "../upstream/native-dispatcher.ts";
import { TargetNumbersTable } from "../upstream/target-numbers.ts";
import { Acceptor } from "./acceptor/acceptor.ts";
import { ListenerKeeper } from "./acceptor/listener-keeper.ts";
import { FastPath } from "./fast-path/fast-path.ts";
import { KeySetStore } from "./key-sets/key-set-store.ts";
import { LimitLeases } from "./limits/limit-leases.ts";
import { SharedLimitStore } from "./limits/shared-limit-store.ts";
import { DataPlaneMetrics } from "./metrics.ts";
import type { AiRuntime } from "./pipeline/ai/ai-runtime.ts";
import { circuitMetrics } from "./pipeline/ai/circuit-metrics.ts";
import { ObjectIds } from "./pipeline/ai/stored/object-ids.ts";
import { ResponseCache } from "./pipeline/cache/response-cache.ts";
import { errorBody } from "./pipeline/errors.ts";
import { OpenEventStreams } from "./pipeline/mcp/open-streams.ts";
import { SessionIds } from "./pipeline/mcp/session-ids.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import { PipelineSource } from "./pipeline-source.ts";
import { keyMetrics } from "./provider-keys/key-metrics.ts";
import { TokenStore } from "./provider-keys/token-store.ts";

/** How often deadlines are looked at: a call may outlive its total timeout by this. */
const DEADLINE_CHECK_MS = 100;
const DRAIN_CHECK_MS = 20;
/**
 * A kept-alive connection that is cut while its client sends the next request fails that request. So a draining worker
 * lets idle ones be for this long: those in use get `connection: close` with their next answer and move on.
 */
const KEEP_ALIVE_GRACE_MS = 1_000;
/** Longer than Node's clients keep a connection that they don't use (4 s), where others serve already. */
const REPLACED_KEEP_ALIVE_GRACE_MS = 5_000;

/** The data plane of one worker: listeners in front, the pipeline of the current snapshot behind them. */
export function createGateway(options: GatewayOptions & { pool: WorkerPool }): Gateway {
  const metrics = new DataPlaneMetrics();
  const engine = new NativeEngine();
  const masterKeys = options.masterKeys ?? ownMasterKeys();
  const runtime: AiRuntime = {
    worker: options.worker,
    logger: options.logger,
    callLog: options.callLog,
    limits: NOT_OPEN,
    leases: null,
    dispatchers: new DispatcherRegistry(engine),
    metrics,
    pool: options.pool,
    open: new Set(),
    eventStreams: new OpenEventStreams(),
    sessionIds: new SessionIds(masterKeys),
    targetStates: new Map(),
    breakers: new Map(),
    loads: new Map(),
    keyPools: new Map(),
    providerTokens: new TokenStore(options.logger),
    targetNumbers: new TargetNumbersTable(),
    cache: new ResponseCache(options.invalidationsFile),
    restServices: new WeakMap(),
    keySets: new KeySetStore(options.logger),
    fastPath: null,
    prices: createPriceBook(),
    objectIds: new ObjectIds(masterKeys),
    draining: false,
  };
  const fastPath = new FastPath(engine, runtime, unpackRecord);
  runtime.fastPath = fastPath;
  const { numbers } = runtime.targetNumbers;
  engine.addon.governorSetUp(engine.handle, Buffer.from(numbers.buffer), options.worker, randomProcessPart());
  if (options.journal !== null) engine.addon.governorJournal(engine.handle, options.journal);
  let limits: SharedLimitStore | null = null;
  let leases: LimitLeases | null = null;
  const openExchanges = () => runtime.open.size + engine.addon.governorOpen(engine.handle);
  metrics.watch(
    openExchanges,
    () => runtime.dispatchers.stats(),
    () => runtime.cache.store,
  );
  const nextId = createRequestIds();
  let pipeline: Pipeline | null = null;
  const source = new PipelineSource(runtime, nextId, (served) => {
    pipeline = served;
    serve(served.snapshot);
  });
  let listening = false;
  let unhealthyTargets: ReadonlySet<string> = new Set();

  const takeOver = (exchange: Exchange, handover: Handover): void => {
    const begun = begunAttempt(engine, handover);
    const origin = fastPath.originOf(handover);
    const startedAt = performance.now() - handover.elapsedMs;
    if (origin === null) {
      begun.abandon();
      pipeline?.accept(exchange);
      return;
    }
    // In the pipeline it began with: another one might make the call a second time.
    origin.pipeline.takeOver(exchange, handover.id, handover.startedAtMs, startedAt, {
      attempt: begun,
      target: origin.target,
      key: handover.head,
      dispatchedAt: startedAt + handover.dispatchedMs,
    });
  };

  const acceptor = new Acceptor(
    {
      onExchange: (exchange) => pipeline?.accept(exchange),
      onHandover: takeOver,
      onRefused(path, refusal) {
        metrics.refused(refusal.code);
        return errorBody(new GatewayError(refusal.code, refusal.message), path, nextId(Date.now()), null);
      },
    },
    engine,
  );

  const listeners = new ListenerKeeper(acceptor, {
    logger: options.logger,
    onProblem: (problem) => options.onListenerProblem?.(problem),
  });

  const deadlines = setInterval(() => {
    const nowMs = Date.now();
    failOverdue(runtime, nowMs);
    pipeline?.recheckStreams(nowMs);
  }, DEADLINE_CHECK_MS);
  deadlines.unref();

  /** The counters of limits are opened with the first snapshot: it says how many there are. */
  const openLimits = ({ limitSlots }: PackedSnapshot["head"]): void => {
    if (limits !== null) return;
    limits = new SharedLimitStore({ path: options.limitsFile, slots: limitSlots, logger: options.logger });
    runtime.limits = limits;
    engine.addon.governorLimits(engine.handle, limits.native);
    leases = leaseLimits(options, limits);
    runtime.leases = leases;
  };

  /** What holds besides the pipeline. */
  const serve = (snapshot: ServedSnapshot): void => {
    if (leases !== null) leases.sharedByDefault = snapshot.limitsCluster !== "per_node";
    runtime.cache.configure(snapshot.cache);
    runtime.keySets.keepOnly(snapshot.jwtIssuers);
    runtime.providerTokens.keepOnly(snapshot.providers);
    markUnhealthy(runtime, unhealthyTargets);
    if (listening) listeners.follow(snapshot.listeners);
  };

  return {
    applySnapshot(snapshot: Snapshot): void {
      const packed = packSnapshot(snapshot);
      openLimits(packed.head);
      source.applyNow(packed);
    },
    async applyPacked(snapshot: PackedSnapshot): Promise<void> {
      openLimits(snapshot.head);
      await source.apply(snapshot);
    },
    get compiled() {
      return source.counts;
    },
    async listen(mustHaveAll = true): Promise<string[]> {
      if (pipeline === null) throw new Error("there is no snapshot to serve yet");
      // Before it is known how many nodes there are, this one would take the whole limit for its share.
      await leases?.whenKnown();
      listening = true;
      return listeners.begin(pipeline.snapshot.listeners, mustHaveAll);
    },
    setUnhealthyTargets(unhealthy: readonly string[]): void {
      unhealthyTargets = new Set(unhealthy);
      markUnhealthy(runtime, unhealthyTargets);
    },
    async drain(timeoutMs: number, isReplaced = false): Promise<void> {
      runtime.draining = true;
      listeners.stop();
      acceptor.stopAccepting();
      // They would not end by themselves.
      runtime.eventStreams.end(new GatewayError("not_ready", "the gateway is shutting down: connect again"));
      const deadlineMs = Date.now() + timeoutMs;
      const graceMs = isReplaced ? REPLACED_KEEP_ALIVE_GRACE_MS : KEEP_ALIVE_GRACE_MS;
      const keepAliveEndMs = Math.min(Date.now() + graceMs, deadlineMs);
      const isBusy = (nowMs: number) =>
        (openExchanges() > 0 && nowMs < deadlineMs) || (acceptor.connections > 0 && nowMs < keepAliveEndMs);
      while (isBusy(Date.now())) await sleep(DRAIN_CHECK_MS);
      engine.addon.governorFail(engine.handle, DRAINING);
      for (const context of [...runtime.open]) {
        context.pipeline.fail(context, new GatewayError("not_ready", "the gateway is shutting down: try again"));
      }
      // What was just written has to leave the process.
      await sleep(DRAIN_CHECK_MS);
    },
    get openExchanges(): number {
      return openExchanges();
    },
    async collectMetrics() {
      metrics.addNative(engine.addon.governorCounts(engine.handle), runtime.targetNumbers);
      const nowMs = Date.now();
      const ofTargets = [...keyMetrics(runtime.keyPools, nowMs), ...circuitMetrics(runtime.breakers, nowMs)];
      return [...(await metrics.collect()), ...ofTargets, ...((await leases?.collectMetrics()) ?? [])];
    },
    async close(): Promise<void> {
      clearInterval(deadlines);
      listeners.stop();
      acceptor.close();
      await runtime.dispatchers.destroy();
      await runtime.keySets.close();
      await runtime.providerTokens.close();
      engine.addon.governorLimits(engine.handle, null);
      engine.destroy();
      await leases?.close();
      limits?.close();
    },
  };
}

/** Good for as long as this process lives. */
function ownMasterKeys(): () => readonly Buffer[] {
  const keys = [randomBytes(32)];
  return () => keys;
}

/** null: this machine shares its limits with no other. */
function leaseLimits(options: GatewayOptions, store: SharedLimitStore): LimitLeases | null {
  const { cluster, limitsFile, logger } = options;
  if (cluster === undefined) return null;
  const leases = new LimitLeases({
    redisUrl: cluster.redisUrl,
    cluster: cluster.name,
    limits: store.counters,
    limitsFile,
    logger,
    onStateChange: (isShared) => options.onLimitsShared?.(isShared),
  });
  store.leaseWith((limit, key) => leases.runsLow(limit, key));
  return leases;
}

/** Before the first snapshot there is nothing to count. */
const NOT_OPEN: LimitStore = {
  reserve() {
    throw new GatewayError("not_ready", "the gateway is starting");
  },
  settle() {},
};

function markUnhealthy(runtime: AiRuntime, unhealthy: ReadonlySet<string>): void {
  for (const [key, state] of runtime.targetStates) state.activelyUnhealthy = unhealthy.has(key);
}

function failOverdue(runtime: AiRuntime, nowMs: number): void {
  for (const context of runtime.open) {
    if (context.deadlineMs === 0 || nowMs < context.deadlineMs) continue;
    context.pipeline.fail(
      context,
      new GatewayError("upstream_total_timeout", "the call took longer than its total timeout"),
    );
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
