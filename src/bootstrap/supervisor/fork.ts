import cluster from "node:cluster";
import { getPriority, setPriority } from "node:os";
import { builtFile } from "../../platform/places.ts";
import { toVariables, type WorkerEnvironment } from "../worker-environment.ts";
import type { ProcessRole } from "./leftovers.ts";
import { ManagedProcess, type ManagedProcessHooks } from "./managed-process.ts";

/** uWebSockets.js reads it when it is loaded; listeners enforce their own, lower limits. */
const UWS_MAX_HEADER_BYTES = 131_072;

/**
 * V8 copies young objects that live on while everything waits: with its own limit of 16 MiB, calls notice that when a large
 * configuration is compiled. It copies them in the main thread alone, for there are as many workers as cores: helpers that
 * get no core are waited for, up to ten times as long. And it collects when the heap has grown by half of what lived, not by
 * as much again.
 */
const GATEWAY_V8_FLAGS = ["--max-semi-space-size=4", "--no-parallel-scavenge", "--heap-growing-percent=50"];

/**
 * Below the gateway workers: calls do not wait while a configuration is compiled on their cores. On a machine whose cores are
 * all busy with calls, it still gets a quarter of one.
 */
const CONTROL_NICENESS = 5;
/** So it may be silent for longer than a gateway worker before it counts as stuck. */
const SILENCE_LIMIT_MS = { gateway: 2_000, control: 8_000 };

export function forkWorker<Incoming>(
  role: ProcessRole,
  environment: WorkerEnvironment,
  hooks: ManagedProcessHooks<Incoming>,
): ManagedProcess<Incoming> {
  const exec = builtFile(`workers/${role}-worker.cjs`);
  const execArgv = [...process.execArgv, ...(role === "gateway" ? GATEWAY_V8_FLAGS : [])];
  cluster.setupPrimary({ exec, execArgv, args: [], serialization: "advanced" });
  const variables = toVariables(environment);
  if (role === "gateway") variables.UWS_HTTP_MAX_HEADERS_SIZE = String(UWS_MAX_HEADER_BYTES);
  const worker = cluster.fork(variables);
  if (role === "control") lowerPriority(worker.process.pid);
  return new ManagedProcess(worker, SILENCE_LIMIT_MS[role], hooks);
}

/** Before it has threads: they have the priority of whoever starts them. */
function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(LOWEST_PRIORITY, getPriority(pid) + CONTROL_NICENESS));
  } catch {
    // It has ended already, which its slot gets to know.
  }
}

const LOWEST_PRIORITY = 19;
