import type { Worker } from "node:cluster";
import { identityOf, type ProcessIdentity } from "../process-info.ts";

export type ProcessState = "starting" | "ready" | "draining";

/** How a process ended, as metrics and the log name it. */
export type EndReason = "exited" | "crashed" | "killed" | "stuck" | "overdue";

export interface ManagedProcessHooks<Incoming> {
  onOnline(process: ManagedProcess<Incoming>): void;
  onMessage(process: ManagedProcess<Incoming>, message: Incoming): void;
  onExit(process: ManagedProcess<Incoming>, reason: EndReason, detail: string): void;
}

/** Until its first word: loading the program takes a while on a busy machine. */
const START_LIMIT_MS = 20_000;
/** While it reads or applies a large configuration, which it does in one piece. */
const BUSY_LIMIT_MS = 120_000;
const CHECK_INTERVAL_MS = 250;

/** One forked process: its channel, its signs of life, its end. */
export class ManagedProcess<Incoming> {
  readonly identity: ProcessIdentity;
  readonly startedAtMs = performance.now();
  state: ProcessState = "starting";
  snapshotVersion: number | null = null;
  limitsShared: boolean | null = null;
  listenerProblem: string | null = null;
  /** How long it had said nothing when it was killed for that. */
  silentMs: number | null = null;

  readonly #worker: Worker;
  readonly #silenceLimitMs: number;
  readonly #hooks: ManagedProcessHooks<Incoming>;
  readonly #watch: NodeJS.Timeout;
  #lastHeardMs = performance.now();
  #lastCheckMs = performance.now();
  #hasSpoken = false;
  /** node:cluster drops what arrives before the worker listens, so it waits here for the worker's first word. */
  #outbox: object[] = [];
  #busyUntilMs = 0;
  #killReason: EndReason | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #ended = false;

  /** `silenceLimitMs`: it says something at least twice a second; silent for so long, its event loop is stuck. */
  constructor(worker: Worker, silenceLimitMs: number, hooks: ManagedProcessHooks<Incoming>) {
    this.#worker = worker;
    this.#silenceLimitMs = silenceLimitMs;
    this.#hooks = hooks;
    this.identity = identityOf(worker.process.pid ?? 0);
    worker.on("online", () => hooks.onOnline(this));
    worker.on("message", (message: Incoming) => {
      this.#lastHeardMs = performance.now();
      if (!this.#hasSpoken) this.#deliverOutbox();
      hooks.onMessage(this, message);
    });
    worker.on("error", () => {
      // A message that could not be delivered: the exit event follows and says more.
    });
    worker.once("exit", (code, signal) => this.#exited(code, signal));
    this.#watch = setInterval(() => this.#checkSilence(), CHECK_INTERVAL_MS);
  }

  get pid(): number {
    return this.identity.pid;
  }

  get uptimeMs(): number {
    return performance.now() - this.startedAtMs;
  }

  send(message: object): void {
    if (!this.#hasSpoken) this.#outbox.push(message);
    else if (!this.#ended && this.#worker.isConnected()) this.#worker.send(message);
  }

  /**
   * Asks it to drain, and kills it when it has not gone `graceMs` after its own deadline. `isReplaced`: another process
   * serves in its place already, there is no hurry.
   */
  drain(timeoutMs: number, graceMs: number, isReplaced: boolean): void {
    this.state = "draining";
    this.send({ type: "drain", timeoutMs, isReplaced });
    this.killAfter(timeoutMs + graceMs);
  }

  killAfter(delayMs: number): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.kill("overdue"), delayMs);
  }

  kill(reason: EndReason): void {
    if (this.#ended) return;
    this.#killReason ??= reason;
    this.#worker.process.kill("SIGKILL");
  }

  /** It has said, or been given, something that may keep it from speaking for a while. */
  expectSilence(): void {
    this.#busyUntilMs = performance.now() + BUSY_LIMIT_MS;
  }

  silenceOver(): void {
    this.#busyUntilMs = 0;
    this.#lastHeardMs = performance.now();
  }

  #deliverOutbox(): void {
    this.#hasSpoken = true;
    for (const message of this.#outbox) this.send(message);
    this.#outbox = [];
  }

  #checkSilence(): void {
    const nowMs = performance.now();
    // When this very process was stopped or starved, the silence was its own: everyone starts afresh.
    if (nowMs - this.#lastCheckMs > 4 * CHECK_INTERVAL_MS) this.#lastHeardMs = nowMs;
    this.#lastCheckMs = nowMs;
    if (nowMs < this.#busyUntilMs) return;
    const limitMs = this.#hasSpoken ? this.#silenceLimitMs : START_LIMIT_MS;
    const silentMs = nowMs - this.#lastHeardMs;
    if (silentMs <= limitMs || this.#killReason !== null) return;
    this.silentMs = silentMs;
    this.kill("stuck");
  }

  #exited(code: number | null, signal: string | null): void {
    this.#ended = true;
    clearInterval(this.#watch);
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    const detail = signal === null || signal === undefined ? `exit code ${code}` : `signal ${signal}`;
    this.#hooks.onExit(this, this.#killReason ?? this.#naturalReason(code, signal), detail);
  }

  #naturalReason(code: number | null, signal: string | null): EndReason {
    if (signal) return "killed";
    return code === 0 ? "exited" : "crashed";
  }
}
