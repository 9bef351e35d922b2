import { setTimeout as delay } from "node:timers/promises";
import type {
  ControlToSupervisor,
  FirstAdmin,
  GatewayToSupervisor,
  SnapshotMessage,
  TargetHealthMessage,
  WorkerState,
} from "../../contracts/messages.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { ProgramLogger } from "../../platform/logger.ts";
import { findSealer } from "../../platform/seal.ts";
import { deltaBetween } from "../../snapshot/packed/delta.ts";
import { SnapshotReceiver, snapshotMessages } from "../../snapshot/packed/messages.ts";
import { createSnapshotStore } from "../../snapshot/store.ts";
import type { Home } from "../home.ts";
import type { Role } from "../worker-environment.ts";
import { forkWorker } from "./fork.ts";
import {
  drainGatewayLeftovers,
  forgetProcesses,
  type ProcessRole,
  type RecordedProcess,
  recordProcesses,
} from "./leftovers.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { MetricsCollector } from "./metrics-collector.ts";
import { DRAIN_GRACE_MS, ProcessSlot } from "./process-slot.ts";
import { SupervisorMetrics } from "./supervisor-metrics.ts";

export interface SupervisorOptions {
  home: Home;
  /** null: the quickstart configuration. */
  configPath: string | null;
  /** None where the role is `control`. */
  workers: number;
  role: Role;
  /** Processes of an earlier supervisor that still run. */
  leftovers: RecordedProcess[];
  logger: ProgramLogger;
  /** There is an administrator since just now. */
  onFirstAdmin(admin: FirstAdmin): void;
}

type GatewayProcess = ManagedProcess<GatewayToSupervisor>;
type ControlProcess = ManagedProcess<ControlToSupervisor>;

interface SlotHandlers<Incoming> {
  onOnline(process: ManagedProcess<Incoming>): void;
  onMessage(process: ManagedProcess<Incoming>, message: Incoming): void;
  onGone?(process: ManagedProcess<Incoming>): void;
}

/** After this, gateways start with the cached snapshot. */
const FIRST_SNAPSHOT_LIMIT_MS = 5_000;
/** Gateways serve without it: nobody has to wait for longer. */
const CONTROL_READY_LIMIT_MS = 2_000;
/** After this, a gateway that has refused all there is to serve is given it again. */
const REFUSED_AGAIN_MS = 2_000;
const RELOAD_LIMIT_MS = 10_000;
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;

/**
 * Starts the control process and the gateways, replaces them when they die, and passes on what the control process
 * says. It serves no traffic itself and keeps only the last snapshot, so there is little in it that can break.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #logger: ProgramLogger;
  readonly #control: ProcessSlot<ControlToSupervisor>;
  readonly #gateways: ProcessSlot<GatewayToSupervisor>[] = [];
  readonly #metrics = new SupervisorMetrics();
  readonly #collector = new MetricsCollector<GatewayToSupervisor>();
  #leftovers: RecordedProcess[];
  #receiver = new SnapshotReceiver();
  #snapshot: PackedSnapshot | null = null;
  /** What each gateway was given last: the next one is told as what has changed. */
  readonly #given = new WeakMap<GatewayProcess, PackedSnapshot>();
  /** The newest snapshot some gateway has accepted. */
  #lastGood: PackedSnapshot | null = null;
  #drainTimeoutMs = DEFAULT_DRAIN_TIMEOUT_MS;
  #targetHealth: TargetHealthMessage | null = null;
  #snapshotWaiters: (() => void)[] = [];
  #reloadWaiters: ((ok: boolean) => void)[] = [];
  #readyWaiters: ((addresses: string[]) => void)[] = [];
  #addresses: string[] = [];
  #controlWaiters: (() => void)[] = [];
  #stopping = false;
  #stopped: Promise<void> | null = null;
  #rolling = false;
  #rollAgain = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#leftovers = options.leftovers;
    this.#control = this.#slot<ControlToSupervisor>("control", 0, {
      onOnline: (process) => this.#introduceControl(process),
      onMessage: (process, message) => this.#fromControl(process, message),
    });
    for (let slot = 1; slot <= options.workers; slot++) {
      this.#gateways.push(
        this.#slot<GatewayToSupervisor>("gateway", slot, {
          onOnline: (process) => this.#introduceGateway(process),
          onMessage: (process, message) => this.#fromGateway(process, message),
          onGone: (process) => void this.#collector.ended(process),
        }),
      );
    }
  }

  /** Resolves with the gateways' addresses once every worker serves; gives the control process a moment to answer too. */
  async start(): Promise<string[]> {
    const controlReady = new Promise<void>((resolve) => {
      this.#controlWaiters.push(resolve);
    });
    this.#control.start();
    await this.#firstSnapshot();
    const ready = new Promise<string[]>((resolve) => this.#readyWaiters.push(resolve));
    if (!this.#stopping) for (const slot of this.#gateways) slot.start();
    // Without gateways, nothing more may change: the control process may have said all before its snapshot was looked at.
    this.#tellWhenReady();
    const addresses = await ready;
    void this.#endLeftovers();
    await Promise.race([controlReady, delay(CONTROL_READY_LIMIT_MS, undefined, { ref: false })]);
    return addresses;
  }

  /** Drains all gateways, then ends the control process. Called again, it gives the same promise. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Ends all processes now: `stop` resolves at once then. */
  kill(): void {
    for (const slot of [...this.#gateways, this.#control]) slot.killAll();
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    this.#logger.info({ drainTimeoutMs: this.#drainTimeoutMs }, "stopping: draining gateway workers");
    await Promise.all(this.#gateways.map((slot) => slot.stop(this.#drainTimeoutMs)));
    await this.#control.stop(0);
    if (this.#leftovers.length === 0) forgetProcesses(this.#options.home);
    this.#logger.info({}, "stopped");
  }

  /** Reads the configuration again, then replaces the gateways one by one. */
  async reload(): Promise<void> {
    if (this.#stopping) return;
    this.#logger.info({}, "reloading the configuration");
    if (!(await this.#reloadConfiguration())) {
      this.#logger.warn({}, "gateway workers are not replaced: the configuration could not be reloaded");
      return;
    }
    await this.#roll();
  }

  #slot<Incoming>(role: ProcessRole, slot: number, handlers: SlotHandlers<Incoming>): ProcessSlot<Incoming> {
    const { home, configPath, role: roleOfMachine } = this.#options;
    const environment = { homeDirectory: home.directory, configPath, slot, role: roleOfMachine };
    return new ProcessSlot<Incoming>({
      onOnline: handlers.onOnline,
      onMessage: handlers.onMessage,
      name: role === "control" ? "control process" : `gateway worker ${slot}`,
      logger: this.#logger,
      mayStart: () => !this.#stopping,
      fork: (hooks, isReplacement) => forkWorker<Incoming>(role, { ...environment, isReplacement }, hooks),
      onChange: () => this.#changed(),
      onEnded: (process, reason) => {
        handlers.onGone?.(process);
        if (this.#stopping) return;
        this.#metrics.countEnd(role, process.state === "draining" && reason === "exited" ? "drained" : reason);
      },
    });
  }

  #introduceControl(process: ControlProcess): void {
    // It begins with a whole.
    this.#receiver = new SnapshotReceiver();
    if (this.#targetHealth !== null) process.send(this.#targetHealth);
    process.send({ type: "workers", workers: this.#workerStates() });
  }

  #introduceGateway(process: GatewayProcess): void {
    if (this.#targetHealth !== null) process.send(this.#targetHealth);
    if (this.#snapshot !== null) this.#give(process, this.#snapshot);
  }

  #fromControl(process: ControlProcess, message: ControlToSupervisor): void {
    switch (message.type) {
      case "ready":
        this.#control.markReady(process);
        for (const resolve of this.#controlWaiters.splice(0)) resolve();
        break;
      case "snapshot-part":
        this.#receiver.add(message);
        break;
      case "snapshot":
        this.#receive(message);
        break;
      case "target-health":
        this.#targetHealth = message;
        this.#toGateways(message);
        break;
      case "reload-begun":
        process.expectSilence();
        break;
      case "merge-finished":
        process.silenceOver();
        break;
      case "reload-finished":
        process.silenceOver();
        for (const resolve of this.#reloadWaiters.splice(0)) resolve(message.ok);
        break;
      case "collect-metrics":
        void this.#answerMetrics(process, message.requestId);
        break;
      case "first-admin":
        this.#options.onFirstAdmin(message.admin);
        break;
      case "heartbeat":
        break;
    }
  }

  #fromGateway(process: GatewayProcess, message: GatewayToSupervisor): void {
    switch (message.type) {
      case "ready":
        this.#addresses = message.addresses;
        this.#slotOf(process)?.markReady(process);
        break;
      case "snapshot-applied":
        process.silenceOver();
        process.snapshotVersion = message.version;
        if (message.version === this.#snapshot?.head.version) this.#lastGood = this.#snapshot;
        this.#changed();
        break;
      case "snapshot-refused":
        process.silenceOver();
        this.#refused(process, message.version, message.reason);
        break;
      case "draining":
        this.#slotOf(process)?.markDraining(process);
        break;
      case "limits-shared":
        process.limitsShared = message.isShared;
        this.#changed();
        break;
      case "listener-problem":
        process.listenerProblem = message.problem;
        this.#changed();
        break;
      case "metrics":
        this.#collector.answered(process, message.requestId, message.metrics);
        break;
      case "heartbeat":
        break;
    }
  }

  #slotOf(process: GatewayProcess): ProcessSlot<GatewayToSupervisor> | undefined {
    return this.#gateways.find((slot) => slot.processes.includes(process));
  }

  #toGateways(message: object): void {
    for (const slot of this.#gateways) for (const process of slot.processes) process.send(message);
  }

  /** A large one takes a worker a while to compile. */
  #give(process: GatewayProcess, snapshot: PackedSnapshot): void {
    const before = this.#given.get(process) ?? null;
    this.#given.set(process, snapshot);
    process.expectSilence();
    const delta = deltaBetween(before, snapshot);
    for (const message of snapshotMessages(before?.head.version ?? null, delta)) process.send(message);
  }

  #receive(message: SnapshotMessage): void {
    const snapshot = this.#receiver.complete(message);
    if (snapshot !== null) this.#adopt(snapshot);
    else this.#logger.error({ base: message.base }, "the control process sent changes to a snapshot that is not here");
  }

  #adopt(snapshot: PackedSnapshot): void {
    const { version, hash, drainTimeoutMs } = snapshot.head;
    if (version === this.#snapshot?.head.version && hash === this.#snapshot.head.hash) return;
    this.#snapshot = snapshot;
    this.#drainTimeoutMs = drainTimeoutMs;
    for (const slot of this.#gateways) for (const process of slot.processes) this.#give(process, snapshot);
    for (const resolve of this.#snapshotWaiters.splice(0)) resolve();
  }

  #refused(process: GatewayProcess, version: number, reason: string): void {
    this.#logger.error({ workerPid: process.pid, version, reason }, "a gateway worker refused the snapshot");
    if (process.state !== "starting") return;
    const good = this.#lastGood;
    if (good !== null && good.head.version !== version) this.#give(process, good);
    // It has nothing to serve: what ails it may pass, such as a full disk.
    else setTimeout(() => this.#giveAgain(process), REFUSED_AGAIN_MS).unref();
  }

  #giveAgain(process: GatewayProcess): void {
    if (process.state === "starting" && this.#snapshot !== null) this.#give(process, this.#snapshot);
  }

  async #firstSnapshot(): Promise<void> {
    const waiting = new Promise<void>((resolve) => {
      this.#snapshotWaiters.push(resolve);
      setTimeout(resolve, FIRST_SNAPSHOT_LIMIT_MS);
    });
    await waiting;
    if (this.#snapshot !== null) return;
    this.#logger.warn({}, "the control process gave no snapshot in time; starting with the cached one");
    try {
      const { directory } = this.#options.home;
      const cached = await createSnapshotStore(directory, () => findSealer(directory, process.env)).read();
      if (cached === null || this.#snapshot !== null) return;
      this.#adopt(cached);
    } catch (error) {
      this.#logger.error({ error }, "the cached snapshot can't be used; waiting for the control process");
    }
  }

  #reloadConfiguration(): Promise<boolean> {
    return new Promise((resolve) => {
      const control = this.#control.current;
      if (control === null) {
        resolve(false);
        return;
      }
      this.#reloadWaiters.push(resolve);
      setTimeout(() => resolve(false), RELOAD_LIMIT_MS).unref();
      control.send({ type: "reload" });
    });
  }

  /** One at a time: while one worker starts, all others serve. */
  async #roll(): Promise<void> {
    if (this.#rolling) {
      this.#rollAgain = true;
      return;
    }
    this.#rolling = true;
    do {
      this.#rollAgain = false;
      for (const [index, slot] of this.#gateways.entries()) {
        if (this.#stopping) break;
        try {
          await slot.replace(this.#drainTimeoutMs);
        } catch (error) {
          this.#logger.error({ error, slot: index + 1 }, "replacing gateway workers was given up; the old ones stay");
          break;
        }
      }
    } while (this.#rollAgain && !this.#stopping);
    this.#rolling = false;
    this.#logger.info({}, "replacing gateway workers is over");
  }

  async #answerMetrics(control: ControlProcess, requestId: number): Promise<void> {
    const processes = this.#gateways.flatMap((slot) => slot.processes);
    const [own, ofWorkers] = await Promise.all([this.#metrics.collect(), this.#collector.collect(processes)]);
    control.send({ type: "metrics", requestId, metrics: [own, ...ofWorkers] });
  }

  #changed(): void {
    const states = this.#workerStates();
    this.#metrics.setWorkers(states.map(({ state }) => state));
    this.#control.current?.send({ type: "workers", workers: states });
    this.#record();
    this.#tellWhenReady();
  }

  #tellWhenReady(): void {
    const allReady = this.#gateways.every((slot) => slot.current?.state === "ready");
    if (allReady) for (const resolve of this.#readyWaiters.splice(0)) resolve(this.#addresses);
  }

  #workerStates(): WorkerState[] {
    return this.#gateways.flatMap((slot, index) =>
      slot.processes.map(({ pid, state, snapshotVersion, limitsShared, listenerProblem }) => {
        const { restarts } = slot;
        return { slot: index + 1, pid, state, snapshotVersion, limitsShared, listenerProblem, restarts };
      }),
    );
  }

  #record(): void {
    const controls = this.#control.processes.map(({ identity }) => ({
      ...identity,
      role: "control" as const,
      slot: 0,
    }));
    const gateways = this.#gateways.flatMap((slot, index) =>
      slot.processes.map(({ identity }) => ({ ...identity, role: "gateway" as const, slot: index + 1 })),
    );
    try {
      recordProcesses(this.#options.home, [...controls, ...gateways, ...this.#leftovers]);
    } catch (error) {
      this.#logger.warn({ error }, "the list of processes can't be written to the data directory");
    }
  }

  async #endLeftovers(): Promise<void> {
    await drainGatewayLeftovers(this.#leftovers, this.#drainTimeoutMs + DRAIN_GRACE_MS, this.#logger);
    this.#leftovers = [];
    if (!this.#stopping) this.#record();
  }
}
