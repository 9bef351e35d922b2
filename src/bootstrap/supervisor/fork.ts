import cluster from "node:cluster";
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
  return new ManagedProcess(cluster.fork(variables), hooks);
}
