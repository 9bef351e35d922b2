import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startChild, stopChild, unexpectedEnd } from "../children.ts";
import { freePort } from "../free-port.ts";
import { childrenOf, commandOf } from "../process-cpu.ts";
import { Profiler } from "../profiler.ts";
import type { ScenarioContext } from "../scenarios/scenario.ts";
import type { Server } from "./server.ts";

const CLI = fileURLToPath(new URL("../../bundle/src/cli/main.cjs", import.meta.url));
const READY_LIMIT_MS = 30_000;

/** `tidegate.yaml` without its listener. */
export interface Configuration {
  providers?: object[];
  services?: object[];
  applications: object[];
}

export interface TidegateOptions {
  /** null: what the database in `home` says. */
  configuration: Configuration | null;
  /** The data directory; by default a new one. */
  home?: string;
  env?: Record<string, string>;
  /** Default `tidegate`. */
  name?: string;
  /** Default 1. */
  workers?: number;
  /** How long it may take until it is ready. */
  readyLimitMs?: number;
}

/** Starts Tidegate as a user would, and waits until it says that it is ready. */
export async function startTidegate(
  context: ScenarioContext,
  options: TidegateOptions,
): Promise<Server & { adminPort: number; log: string }> {
  const { configuration, name = "tidegate", workers = 1, readyLimitMs = READY_LIMIT_MS, env } = options;
  const [port, adminPort] = [await freePort(), await freePort()];
  const home = mkdtempSync(join(context.directory, `${name}-`));
  const configPath = configuration === null ? null : join(home, "tidegate.yaml");
  if (configPath !== null) {
    const listeners = [{ address: `127.0.0.1:${port}`, engine: context.engine }];
    // JSON is YAML, and needs no quoting of our own.
    const document = { version: 1, listeners, drain_timeout: "1s", ...configuration };
    writeFileSync(configPath, JSON.stringify(document, null, 1));
  }
  const profiler = context.profiles ? new Profiler(name, context.directory, context.say) : null;
  const args = [
    ...(profiler?.nodeOptions ?? []),
    CLI,
    "start",
    ...(configPath === null ? [] : ["--config", configPath]),
  ];
  const log = join(home, "tidegate.log");
  const logFile = openSync(log, "w");
  const child = startChild(process.execPath, args, {
    stdio: ["ignore", logFile, logFile],
    env: {
      ...process.env,
      ...env,
      TIDEGATE_HOME: options.home ?? join(home, "data"),
      TIDEGATE_PORT: String(port),
      TIDEGATE_ADMIN_PORT: String(adminPort),
      TIDEGATE_WORKERS: String(workers),
    },
  });
  closeSync(logFile);
  try {
    await Promise.race([ready(adminPort, readyLimitMs), unexpectedEnd(child, name)]);
  } catch (error) {
    await stopChild(child);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name}: ${reason}\nIt said last:\n${lastLines(log)}`);
  }
  const pids = processesOf(child.pid as number);
  profiler?.begin(pids);
  return {
    name,
    port,
    adminPort,
    log,
    pids,
    async stop() {
      await profiler?.end();
      await stopChild(child);
      profiler?.report();
    },
  };
}

function lastLines(path: string): string {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-8).join("\n");
}

async function ready(adminPort: number, limitMs: number): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (Date.now() < endMs) {
    const isReady = await fetch(`http://127.0.0.1:${adminPort}/health/readiness`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await delay(50);
  }
  throw new Error(`it was not ready within ${limitMs / 1000} s`);
}

function processesOf(supervisor: number): Record<string, number> {
  const pids: Record<string, number> = { supervisor };
  let gateways = 0;
  for (const pid of childrenOf(supervisor)) {
    const command = commandOf(pid);
    if (command.includes("gateway-worker")) pids[gateways++ === 0 ? "worker" : `worker${gateways}`] = pid;
    else if (command.includes("control-worker")) pids.control = pid;
  }
  return pids;
}
