import type { Logger } from "../../contracts/logger.ts";
import { CrashBackoff } from "./crash-backoff.ts";
import type { EndReason, ManagedProcess, ManagedProcessHooks } from "./managed-process.ts";

export interface ProcessSlotOptions<Incoming> {
  /** For the log, e.g. `gateway 2`. */
  name: string;
  /** `isReplacement`: another one serves in the slot until this one does. */
  fork(hooks: ManagedProcessHooks<Incoming>, isReplacement: boolean): ManagedProcess<Incoming>;
  logger: Logger;
  /** False once the whole tree is to end: then nothing is started any more. */
  mayStart(): boolean;
  onOnline(process: ManagedProcess<Incoming>): void;
  onMessage(process: ManagedProcess<Incoming>, message: Incoming): void;
  /** Something about the slot's processes is different now. */
  onChange(): void;
  onEnded(process: ManagedProcess<Incoming>, reason: EndReason): void;
}

/** A worker that was told to drain gets this much longer than its own deadline. */
export const DRAIN_GRACE_MS = 5_000;
const REPLACEMENT_READY_LIMIT_MS = 20_000;

interface Replacement<Incoming> {
  process: ManagedProcess<Incoming>;
  drainTimeoutMs: number;
  resolve(): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/**
 * A place that one process fills:
 *
 *   current ── dies ──▶ (back-off) ──▶ current'
 *   current ── replace() ──▶ replacement starts beside it ── ready ──▶ it is current, the old one drains
 *
 * Processes that drain are remembered until they are gone.
 */
export class ProcessSlot<Incoming> {
  readonly #options: ProcessSlotOptions<Incoming>;
  readonly #backoff = new CrashBackoff();
  readonly #draining = new Set<ManagedProcess<Incoming>>();
  #current: ManagedProcess<Incoming> | null = null;
  #replacement: Replacement<Incoming> | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopped: { resolve(): void } | null = null;
  restarts = 0;

  constructor(options: ProcessSlotOptions<Incoming>) {
    this.#options = options;
  }

  get current(): ManagedProcess<Incoming> | null {
    return this.#current;
  }

  /** All living processes of the slot. */
  get processes(): ManagedProcess<Incoming>[] {
    const processes = [...this.#draining];
    if (this.#current !== null) processes.push(this.#current);
    if (this.#replacement !== null) processes.push(this.#replacement.process);
    return processes;
  }

  start(): void {
    if (!this.#mayStart() || this.#current !== null) return;
    this.#current = this.#fork(false);
    this.#options.onChange();
  }

  /** The process says that it can do its work. */
  markReady(process: ManagedProcess<Incoming>): void {
    if (process.state !== "starting") return;
    process.state = "ready";
    const replacement = this.#replacement;
    if (replacement?.process === process) {
      const old = this.#current;
      this.#current = process;
      this.#endReplacement();
      if (old !== null) this.#drain(old, replacement.drainTimeoutMs);
      replacement.resolve();
    }
    this.#options.onChange();
  }

  /** The process drains without having been told to, e.g. on a SIGTERM of its own: another one takes its place at once. */
  markDraining(process: ManagedProcess<Incoming>): void {
    if (process.state === "draining") return;
    process.state = "draining";
    if (process !== this.#current) return;
    this.#draining.add(process);
    this.#current = null;
    this.restarts++;
    this.#options.logger.info(
      { workerPid: process.pid },
      `${this.#options.name} drains by itself; starting another one`,
    );
    this.start();
    this.#options.onChange();
  }

  /** Starts another process and, once it is ready, drains the old one. Rejects, with the old one untouched, when it does not get ready. */
  replace(drainTimeoutMs: number): Promise<void> {
    if (!this.#mayStart() || this.#replacement !== null) return Promise.reject(new Error("not now"));
    return new Promise((resolve, reject) => {
      const process = this.#fork(true);
      const timer = setTimeout(() => process.kill("overdue"), REPLACEMENT_READY_LIMIT_MS);
      this.#replacement = { process, drainTimeoutMs, resolve, reject, timer };
      this.#options.onChange();
    });
  }

  /** Drains everything in the slot; resolves when nothing is left. */
  stop(drainTimeoutMs: number): Promise<void> {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = { resolve };
    });
    for (const process of this.processes) this.#drain(process, drainTimeoutMs);
    this.#resolveIfEmpty();
    return stopped;
  }

  killAll(): void {
    for (const process of this.processes) process.kill("killed");
  }

  #mayStart(): boolean {
    return this.#stopped === null && this.#options.mayStart();
  }

  #fork(isReplacement: boolean): ManagedProcess<Incoming> {
    const hooks: ManagedProcessHooks<Incoming> = {
      onOnline: (process) => this.#options.onOnline(process),
      onMessage: (process, message) => this.#options.onMessage(process, message),
      onExit: (process, reason, detail) => this.#exited(process, reason, detail),
    };
    return this.#options.fork(hooks, isReplacement);
  }

  #drain(process: ManagedProcess<Incoming>, timeoutMs: number): void {
    const isReplaced = process !== this.#current && process !== this.#replacement?.process;
    if (isReplaced) this.#draining.add(process);
    process.drain(timeoutMs, DRAIN_GRACE_MS, isReplaced);
  }

  #endReplacement(): void {
    if (this.#replacement !== null) clearTimeout(this.#replacement.timer);
    this.#replacement = null;
  }

  #exited(process: ManagedProcess<Incoming>, reason: EndReason, detail: string): void {
    const wasDraining = process.state === "draining";
    this.#draining.delete(process);
    this.#report(process, reason, detail, wasDraining);
    this.#options.onEnded(process, reason);
    const replacement = this.#replacement;
    if (replacement?.process === process) {
      this.#endReplacement();
      replacement.reject(new Error(`the new process did not get ready (${reason}, ${detail})`));
    }
    if (this.#current === process) this.#current = null;
    if (this.#current === null && this.#replacement === null) this.#restart(process);
    this.#options.onChange();
    this.#resolveIfEmpty();
  }

  #restart(ended: ManagedProcess<Incoming>): void {
    if (!this.#mayStart() || this.#restartTimer !== null) return;
    this.restarts++;
    const delayMs = this.#backoff.nextDelayMs(ended.uptimeMs);
    if (delayMs === 0) {
      this.start();
      return;
    }
    this.#options.logger.info({ delayMs }, `${this.#options.name} ended early; starting another one after a pause`);
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      this.start();
    }, delayMs);
  }

  #report(process: ManagedProcess<Incoming>, reason: EndReason, detail: string, wasDraining: boolean): void {
    const fields = { workerPid: process.pid, reason, detail, uptimeMs: Math.round(process.uptimeMs) };
    const { name, logger } = this.#options;
    const asPlanned = reason === "exited" && (wasDraining || !this.#mayStart());
    if (asPlanned) logger.info(fields, `${name} has ended`);
    else if (reason === "stuck") {
      const silentMs = Math.round(process.silentMs ?? 0);
      logger.error({ ...fields, silentMs }, `${name} was stuck (no sign of life) and was killed`);
    } else if (reason === "overdue") logger.error(fields, `${name} was not done in time and was killed`);
    else logger.error(fields, `${name} ended unexpectedly`);
  }

  #resolveIfEmpty(): void {
    if (this.#stopped !== null && this.processes.length === 0) this.#stopped.resolve();
  }
}
