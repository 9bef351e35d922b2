import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { identityOf } from "../../src/bootstrap/process-info.ts";
import type { Readiness } from "../../src/control-plane/admin-api/readiness.ts";
import { CLI, ensureBuilt } from "./build.ts";
import { type CommandResult, runCli } from "./cli.ts";
import { freePorts } from "./ports.ts";

export interface TidegateOptions {
  /** Text of `tidegate.yaml`, in which `${TIDEGATE_PORT}` stands for the gateway's port. Without it: quickstart. */
  config?: string;
  workers?: number;
  env?: Record<string, string>;
  /** An existing data directory, which the test removes itself. */
  home?: string;
  gatewayPort?: number;
  adminPort?: number;
}

/** How long one step may take on a busy machine before the test gives up. */
const STEP_LIMIT_MS = 20_000;

/** `tidegate start` as a process of its own, with a data directory and ports of its own. Stop it in the test. */
export class TidegateProcess {
  readonly home: string;
  readonly gatewayPort: number;
  readonly adminPort: number;
  readonly configPath: string | null;
  readonly #child: ChildProcess;
  readonly #ownsHome: boolean;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = "";
  stderr = "";

  /** Resolves once the banner was printed: every worker serves. */
  static async start(options: TidegateOptions = {}): Promise<TidegateProcess> {
    const tidegate = await TidegateProcess.spawn(options);
    try {
      await tidegate.waitForBanner();
      return tidegate;
    } catch (error) {
      await tidegate.stop("SIGKILL");
      throw error;
    }
  }

  /** Does not wait for anything: for starts that are meant to fail. */
  static async spawn(options: TidegateOptions = {}): Promise<TidegateProcess> {
    await ensureBuilt();
    const [gatewayPort = 0, adminPort = 0] = await freePorts(2);
    return new TidegateProcess({ gatewayPort, adminPort, ...options });
  }

  private constructor(options: TidegateOptions & { gatewayPort: number; adminPort: number }) {
    this.gatewayPort = options.gatewayPort;
    this.adminPort = options.adminPort;
    this.#ownsHome = options.home === undefined;
    this.home = options.home ?? mkdtempSync(join(tmpdir(), "tidegate-test-"));
    this.configPath = options.config === undefined ? null : join(this.home, "tidegate.yaml");
    if (options.config !== undefined) this.writeConfig(options.config);
    const args = ["start", "--workers", String(options.workers ?? 1)];
    if (this.configPath !== null) args.push("--config", this.configPath);
    this.#child = spawn(process.execPath, [CLI, ...args], {
      cwd: this.home,
      env: { ...this.environment, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = once(this.#child, "exit").then(([code, signal]) => ({ code, signal }));
  }

  /** Variables that point the command line at this installation. */
  get environment(): NodeJS.ProcessEnv {
    const { PATH, HOME } = process.env;
    return {
      ...(PATH === undefined ? {} : { PATH }),
      ...(HOME === undefined ? {} : { HOME }),
      TIDEGATE_HOME: this.home,
      TIDEGATE_PORT: String(this.gatewayPort),
      TIDEGATE_ADMIN_PORT: String(this.adminPort),
    };
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.gatewayPort}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  /** The key of the application `quickstart`. */
  get key(): string {
    return readFileSync(join(this.home, "quickstart.key"), "utf8").trim();
  }

  writeConfig(text: string): void {
    if (this.configPath === null) throw new Error("this installation was started without a configuration file");
    writeFileSync(this.configPath, text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it and removes its data directory. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.signal(signal);
    const ended = await this.exited;
    // After SIGKILL, workers serve on: that is by design, and not wanted after a test.
    if (signal === "SIGKILL") this.killWorkers();
    if (this.#ownsHome) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
    return ended;
  }

  killWorkers(): void {
    for (const { pid } of this.recordedProcesses()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }

  recordedProcesses(): { pid: number; role: "gateway" | "control"; slot: number }[] {
    try {
      return JSON.parse(readFileSync(join(this.home, "workers.json"), "utf8"));
    } catch {
      return [];
    }
  }

  gatewayPids(): number[] {
    return this.recordedProcesses()
      .filter(({ role }) => role === "gateway")
      .map(({ pid }) => pid);
  }

  async readiness(): Promise<Readiness> {
    const response = await fetch(`${this.adminUrl}/health/readiness`, { headers: { connection: "close" } });
    return (await response.json()) as Readiness;
  }

  /** Values by name and labels, e.g. `tidegate_workers{state="ready"}`. */
  async metrics(): Promise<Map<string, number>> {
    const response = await fetch(`${this.adminUrl}/metrics`, { headers: { connection: "close" } });
    const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(" ");
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
  }

  /** A call to the simulated model; only with quickstart or a configuration that has it. */
  chat(body: object = {}, key = this.key): Promise<Response> {
    return fetch(`${this.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "hello" }], ...body }),
    });
  }

  waitForBanner(): Promise<void> {
    return this.waitFor("the banner", () => this.stdout.includes(" is ready: "));
  }

  /** Polls until the condition holds; fails when the process ends first or it takes too long. */
  async waitFor(
    what: string,
    condition: () => boolean | Promise<boolean>,
    { limitMs = STEP_LIMIT_MS, pollMs = 20 } = {},
  ): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!(await Promise.resolve(condition()).catch(() => false))) {
      const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (ended) throw new Error(`tidegate ended while waiting for ${what}:\n${this.stderr}`);
      if (performance.now() > endMs) throw new Error(`${what} did not happen in ${limitMs} ms:\n${this.stderr}`);
      await delay(pollMs);
    }
  }

  /** Runs another command of the CLI on this data directory. */
  run(...args: string[]): Promise<CommandResult> {
    return runCli(args, this.environment, this.home);
  }
}

/** A process that has ended but that no one has waited for does not count: orphans in a container stay like that. */
export function isRunning(pid: number): boolean {
  return identityOf(pid).startTicks !== null;
}
