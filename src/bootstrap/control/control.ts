import type { ControlToSupervisor, SupervisorToControl, WorkerState } from "../../contracts/messages.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import { type Readiness, readinessOf } from "../../control-plane/admin-api/readiness.ts";
import { type AdminApi, startAdminServer } from "../../control-plane/admin-api/server.ts";
import { HealthProbes } from "../../control-plane/health-probes.ts";
import { createLogger, type ProgramLogger } from "../../platform/logger.ts";
import { renderMetrics } from "../../platform/metrics-aggregation.ts";
import type { SecretStore } from "../../platform/secrets/secret-store.ts";
import { deltaBetween } from "../../snapshot/packed/delta.ts";
import { snapshotMessages } from "../../snapshot/packed/messages.ts";
import { watchFile } from "../../snapshot/sources/watch.ts";
import type { SnapshotPublisher } from "../../snapshot/sync/publisher.ts";
import { adminAddress } from "../admin-address.ts";
import { WorkerChannel } from "../worker-channel.ts";
import { fromVariables, type WorkerEnvironment } from "../worker-environment.ts";
import { follow, publisherOf } from "./cluster.ts";
import { Configuration } from "./configuration.ts";
import { ControlMetrics } from "./control-metrics.ts";
import { ControlPlane } from "./control-plane.ts";
import { gatewayOf } from "./gateway-address.ts";
import { keyStatesOf } from "./key-states.ts";
import { secretStore } from "./secret-store.ts";
import { ServedAdditions } from "./served-additions.ts";

const METRICS_LIMIT_MS = 2_000;
/** Where there is no database. */
const NO_ADDITIONS = { services: [], applications: [] };

/** The body of the control process. */
export function runControl(): void {
  const control = new ControlProcess(fromVariables(process.env));
  control.start().catch((error: unknown) => control.crash(error, "the control process can't start"));
}

/**
 * Compiles the configuration and hands it to the supervisor, probes upstream targets, answers on the admin address.
 * No call depends on it: when it dies, gateways serve on, and another one takes over.
 */
class ControlProcess {
  readonly #environment: WorkerEnvironment;
  readonly #logger: ProgramLogger = createLogger({ process: "control" });
  readonly #channel = new WorkerChannel<SupervisorToControl, ControlToSupervisor>();
  readonly #secrets: SecretStore;
  readonly #served: ServedAdditions;
  readonly #configuration: Configuration;
  readonly #probes: HealthProbes;
  readonly #metrics: ControlMetrics;
  readonly #metricsRequests = new Map<number, (metrics: unknown[][]) => void>();
  #lastRequestId = 0;
  #workers: WorkerState[] = [];
  #sent: PackedSnapshot | null = null;
  #plane: ControlPlane | null = null;
  #publisher: SnapshotPublisher | null = null;
  /** Reloads run one after the other. */
  #reloading: Promise<void> = Promise.resolve();

  constructor(environment: WorkerEnvironment) {
    this.#environment = environment;
    const { configPath, homeDirectory } = environment;
    this.#secrets = secretStore(process.env, homeDirectory, this.#logger);
    this.#secrets.onChange(() => void this.#reload());
    this.#served = new ServedAdditions(this.#secrets.readerFor("database"), this.#logger);
    this.#configuration = new Configuration({
      configPath,
      homeDirectory,
      env: process.env,
      logger: this.#logger,
      additions: async () => {
        if (this.#plane === null) return NO_ADDITIONS;
        const { additions } = this.#plane;
        return additions === null ? null : this.#served.of(additions);
      },
      addedApplication: (id) => this.#plane?.application(id) ?? null,
      secrets: this.#secrets.readerFor("configuration"),
      versionFloor: async () => (await this.#publisher?.publishedVersion()) ?? 0,
    });
    this.#probes = new HealthProbes({
      logger: this.#logger,
      onChange: (unhealthy) => void this.#channel.send({ type: "target-health", unhealthy }),
    });
    this.#metrics = new ControlMetrics({
      configuration: () => this.#configuration.state,
      workers: () => this.#workers,
      unhealthyTargets: () => this.#probes.unhealthy,
      staleSecrets: () => this.#secrets.stale,
    });
  }

  async start(): Promise<void> {
    process.on("uncaughtException", (error) => this.crash(error, "uncaught exception"));
    process.on("unhandledRejection", (error) => this.crash(error, "unhandled rejection"));
    // A terminal sends its signals to the whole group; the supervisor decides.
    process.on("SIGHUP", () => {});
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => process.exit(0));
    // Its port must be free for the control process of the next supervisor.
    this.#channel.onLost(false, () => process.exit(0));
    this.#channel.onMessage((message) => this.#receive(message));
    this.#channel.startHeartbeats({ type: "heartbeat" });

    await this.#configuration.readCache();
    if (this.#environment.role === "gateway") await this.#follow();
    else await this.#compile();
    const address = adminAddress(process.env);
    const server = await startAdminServer({
      ...address,
      logger: this.#logger,
      readiness: () => this.#readiness(),
      metrics: () => this.#renderMetrics(),
      api: () => this.#adminApi(),
    });
    this.#logger.info({ address: server.address }, "control process ready");
    await this.#channel.send({ type: "ready", addresses: [server.address] });
  }

  /** Makes what gateways serve from file and database. */
  async #compile(): Promise<void> {
    const { configPath, homeDirectory } = this.#environment;
    if (configPath !== null) await watchFile(configPath, () => void this.#reload());
    this.#publisher = publisherOf(process.env, homeDirectory, this.#logger, () => void this.#renew());
    await this.#publisher?.connected();
    this.#plane = await ControlPlane.open({
      configPath,
      homeDirectory,
      env: process.env,
      logger: this.#logger,
      secrets: this.#secrets,
      gateway: () => gatewayOf(this.#configuration.snapshot?.head ?? null, this.#environment.role, process.env),
      configured: () => this.#configuration.configured,
      keyStates: async () => keyStatesOf(await this.#collectFromWorkers()),
      beforeReading: () => this.#channel.send({ type: "reload-begun" }),
      onChange: (applications) => void this.#merge(applications),
      onFirstAdmin: (admin) => void this.#channel.send({ type: "first-admin", admin }),
    });
    await this.#reload();
  }

  /** Takes it from Redis. What was served last is served until there is something newer. */
  async #follow(): Promise<void> {
    await this.#publish();
    follow(process.env, this.#environment.homeDirectory, this.#logger, {
      latest: this.#configuration.snapshot,
      onSnapshot: async (snapshot) => {
        await this.#channel.send({ type: "reload-begun" });
        await this.#configuration.take(snapshot);
        await this.#publish();
        await this.#channel.send({ type: "merge-finished" });
      },
    });
  }

  crash(error: unknown, what: string): void {
    this.#logger.fatal({ error }, `${what}; the control process ends and is replaced`);
    process.exit(1);
  }

  #receive(message: SupervisorToControl): void {
    switch (message.type) {
      case "reload":
        void this.#secrets.refresh().then(() => this.#reload());
        break;
      case "drain":
        process.exit(0);
        break;
      case "metrics":
        this.#metricsRequests.get(message.requestId)?.(message.metrics);
        break;
      case "target-health":
        this.#probes.adopt(message.unhealthy);
        break;
      case "workers":
        this.#workers = message.workers;
        break;
    }
  }

  #reload(): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      await this.#channel.send({ type: "reload-begun" });
      // What a gateway serves is compiled elsewhere: there is nothing to read again.
      const ok = this.#environment.role === "gateway" || (await this.#configuration.reload());
      this.#metrics.countReload(ok);
      await this.#publish();
      const version = this.#configuration.snapshot?.head.version ?? 0;
      await this.#channel.send({ type: "reload-finished", ok, version });
    });
    return this.#reloading;
  }

  /** What the database adds has changed: these applications alone, or anything (null). */
  #merge(applications: readonly string[] | null): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      const isOfCallers = applications?.every((id) => !this.#served.refers(this.#plane?.application(id) ?? null));
      if (applications !== null && isOfCallers) await this.#configuration.mergeApplications(applications);
      else {
        await this.#channel.send({ type: "reload-begun" });
        await this.#configuration.merge();
        await this.#channel.send({ type: "merge-finished" });
      }
      await this.#publish();
    });
    return this.#reloading;
  }

  /** The same again, with a higher version than anybody has seen. */
  #renew(): Promise<void> {
    this.#reloading = this.#reloading.then(async () => {
      await this.#configuration.renew();
      await this.#publish();
    });
    return this.#reloading;
  }

  async #publish(): Promise<void> {
    const { snapshot } = this.#configuration;
    const sent = this.#sent;
    if (snapshot === null || snapshot.head.version === sent?.head.version) return;
    this.#sent = snapshot;
    if (snapshot.head.pipelineHash !== sent?.head.pipelineHash) this.#probes.update(this.#configuration);
    for (const message of snapshotMessages(sent?.head.version ?? null, deltaBetween(sent, snapshot))) {
      await this.#channel.send(message);
    }
    this.#publisher?.publish(snapshot);
  }

  #adminApi(): AdminApi {
    if (this.#environment.role === "gateway") return "elsewhere";
    if (this.#plane === null) return "in a file";
    return this.#plane.app ?? "unavailable";
  }

  #readiness(): Readiness {
    return readinessOf(this.#configuration.state, this.#workers, this.#environment.role !== "control");
  }

  async #renderMetrics(): Promise<string> {
    const [own, others] = await Promise.all([this.#metrics.collect(), this.#collectFromWorkers()]);
    return renderMetrics([own, ...others]);
  }

  /** Nothing when the supervisor does not answer: then the page shows what this process knows. */
  #collectFromWorkers(): Promise<unknown[][]> {
    const requestId = ++this.#lastRequestId;
    return new Promise((resolve) => {
      const finish = (metrics: unknown[][]) => {
        clearTimeout(timer);
        this.#metricsRequests.delete(requestId);
        resolve(metrics);
      };
      const timer = setTimeout(() => finish([]), METRICS_LIMIT_MS);
      this.#metricsRequests.set(requestId, finish);
      void this.#channel.send({ type: "collect-metrics", requestId });
    });
  }
}
