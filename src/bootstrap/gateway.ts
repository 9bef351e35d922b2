import type { Gateway, GatewayOptions } from "../contracts/gateway.ts";
import type { GatewayToSupervisor, SnapshotMessage, SupervisorToGateway } from "../contracts/messages.ts";
import type { SnapshotHead } from "../contracts/packed-snapshot.ts";
import { type CallLogFileSink, createCallLogSink } from "../platform/call-log/sink.ts";
import { createLogger, type ProgramLogger } from "../platform/logger.ts";
import { loadMasterKeys } from "../platform/seal.ts";
import { createWorkerPool, type WorkerPool } from "../platform/worker-pool.ts";
import { SnapshotReceiver } from "../snapshot/packed/messages.ts";
import { clusterOf } from "./cluster-name.ts";
import { homeAt } from "./home.ts";
import { WorkerChannel } from "./worker-channel.ts";
import { fromVariables, type WorkerEnvironment } from "./worker-environment.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

export type GatewayFactory = (options: GatewayOptions & { pool: WorkerPool }) => Gateway;

/** One for the call log, two for large bodies: beside the event loop's own thread, these are plenty. */
const POOL_THREADS = 3;
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
/** There is always this one: it sees to what workers with higher numbers have left, when there are fewer now. */
const FIRST_SLOT = 1;

/** The body of a gateway worker process. */
export function runGateway(createGateway: GatewayFactory): void {
  new GatewayProcess(createGateway, fromVariables(process.env)).start();
}

/**
 * Waits for a snapshot, opens the data plane with it, and does what the supervisor says from then on. Without a
 * supervisor it goes on serving what it has until it is told to end.
 */
class GatewayProcess {
  readonly #createGateway: GatewayFactory;
  readonly #environment: WorkerEnvironment;
  readonly #logger: ProgramLogger;
  readonly #channel = new WorkerChannel<SupervisorToGateway, GatewayToSupervisor>();
  readonly #pool: WorkerPool = createWorkerPool({ maxThreads: POOL_THREADS });
  #callLog: CallLogFileSink | null = null;
  #metrics: WorkerMetrics | null = null;
  #gateway: Gateway | null = null;
  #unhealthyTargets: readonly string[] = [];
  #state: "waiting" | "opening" | "serving" | "draining" = "waiting";
  #drainTimeoutMs = DEFAULT_DRAIN_TIMEOUT_MS;
  readonly #receiver = new SnapshotReceiver();
  #appliedVersion = 0;

  constructor(createGateway: GatewayFactory, environment: WorkerEnvironment) {
    this.#createGateway = createGateway;
    this.#environment = environment;
    this.#logger = createLogger({ process: "gateway", worker: environment.slot });
  }

  start(): void {
    process.on("uncaughtException", (error) => this.#crash(error, "uncaught exception"));
    process.on("unhandledRejection", (error) => this.#crash(error, "unhandled rejection"));
    // A terminal sends its signals to the whole group; the supervisor decides, unless there is none any more.
    process.on("SIGHUP", () => {});
    process.on("SIGINT", () => {
      if (!this.#channel.isOpen) void this.#drain(this.#drainTimeoutMs, false);
    });
    // From a supervisor that takes over from one that was killed: its own workers serve already.
    process.on("SIGTERM", () => void this.#drain(this.#drainTimeoutMs, true));
    this.#channel.onLost(true, () => {
      this.#logger.warn({}, "the supervisor has gone; serving on with the configuration at hand until told to end");
    });
    this.#channel.onMessage((message) => this.#receive(message));
    this.#channel.startHeartbeats({ type: "heartbeat" });
  }

  #receive(message: SupervisorToGateway): void {
    switch (message.type) {
      case "snapshot-part":
        this.#receiver.add(message);
        break;
      case "snapshot":
        void this.#receiveSnapshot(message);
        break;
      case "target-health":
        this.#unhealthyTargets = message.unhealthy;
        this.#gateway?.setUnhealthyTargets(message.unhealthy);
        break;
      case "drain":
        void this.#drain(message.timeoutMs, message.isReplaced);
        break;
      case "collect-metrics":
        void this.#sendMetrics(message.requestId);
        break;
    }
  }

  async #receiveSnapshot(message: SnapshotMessage): Promise<void> {
    if (this.#state === "draining") return;
    const { version } = message.delta.head;
    try {
      const snapshot = this.#receiver.complete(message);
      if (snapshot === null) throw new Error(`it changes version ${message.base}, which is not here`);
      const gateway = this.#gateway ?? this.#create(snapshot.head);
      await gateway.applyPacked(snapshot);
      this.#applied(snapshot.head);
    } catch (error) {
      this.#logger.error({ error, version }, "snapshot refused; what was served before stays");
      const reason = error instanceof Error ? error.message : String(error);
      void this.#channel.send({ type: "snapshot-refused", version, reason });
      return;
    }
    void this.#channel.send({ type: "snapshot-applied", version });
    if (this.#state === "waiting") void this.#open(version);
  }

  /** What changes callers alone is served before what came earlier and takes longer. */
  #applied({ version, callLog, drainTimeoutMs }: SnapshotHead): void {
    if (version < this.#appliedVersion) return;
    this.#appliedVersion = version;
    this.#callLog?.configure(callLog);
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#gateway?.setUnhealthyTargets(this.#unhealthyTargets);
  }

  #create(snapshot: SnapshotHead): Gateway {
    const logger = this.#logger;
    const worker = this.#environment.slot;
    const { callsDirectory, limitsFile, invalidationsFile } = homeAt(this.#environment.homeDirectory);
    const callLog = createCallLogSink({
      directory: callsDirectory,
      worker,
      adoptsAnyone: worker === FIRST_SLOT,
      settings: snapshot.callLog,
      pool: this.#pool,
      logger,
    });
    this.#callLog = callLog;
    this.#metrics = new WorkerMetrics(worker, callLog);
    this.#gateway = this.#createGateway({
      worker,
      callLog,
      journal: callLog.journal,
      limitsFile,
      ...(process.env.REDIS_URL
        ? {
            onLimitsShared: (isShared) => void this.#channel.send({ type: "limits-shared", isShared }),
            cluster: { redisUrl: process.env.REDIS_URL, name: clusterOf(process.env) },
          }
        : undefined),
      onListenerProblem: (problem) => void this.#channel.send({ type: "listener-problem", problem }),
      invalidationsFile,
      masterKeys: () => loadMasterKeys(this.#environment.homeDirectory, process.env).keys,
      logger,
      pool: this.#pool,
    });
    return this.#gateway;
  }

  async #open(version: number): Promise<void> {
    const gateway = this.#gateway;
    if (gateway === null) return;
    this.#state = "opening";
    let addresses: string[];
    try {
      addresses = await gateway.listen(this.#environment.isReplacement);
    } catch (error) {
      this.#crash(error, "the listeners can't be opened");
      return;
    }
    if (this.#state !== "opening") return;
    this.#state = "serving";
    this.#logger.info({ version, addresses }, "serving");
    await this.#channel.send({ type: "ready", version, addresses });
  }

  async #drain(timeoutMs: number, isReplaced: boolean): Promise<void> {
    if (this.#state === "draining") return;
    this.#state = "draining";
    const openExchanges = this.#gateway?.openExchanges ?? 0;
    this.#logger.info({ openExchanges, timeoutMs }, "draining");
    void this.#channel.send({ type: "draining", openExchanges });
    await this.#gateway?.drain(timeoutMs, isReplaced);
    await this.#callLog?.flush();
    await this.#sendMetrics(0);
    await this.#gateway?.close();
    // Closing has ended what was still open, and each such call has its record.
    await this.#callLog?.flush();
    await this.#pool.close();
    this.#callLog?.close();
    this.#logger.info({}, "drained");
    process.exit(0);
  }

  async #sendMetrics(requestId: number): Promise<void> {
    const own = (await this.#metrics?.collect()) ?? [];
    const ofGateway = (await this.#gateway?.collectMetrics()) ?? [];
    await this.#channel.send({ type: "metrics", requestId, metrics: [...ofGateway, ...own] });
  }

  /** The state after an exception no one caught is unknown: keep the call records, and let a fresh process take over. */
  #crash(error: unknown, what: string): void {
    this.#logger.fatal({ error }, `${what}; this worker ends and is replaced`);
    this.#callLog?.flushSync();
    process.exit(1);
  }
}
