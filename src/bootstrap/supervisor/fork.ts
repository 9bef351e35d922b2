import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import { toVariables, type WorkerEnvironment } from "../worker-environment.ts";
import type { ProcessRole } from "./leftovers.ts";
import { ManagedProcess, type ManagedProcessHooks } from "./managed-process.ts";

/** uWebSockets.js reads it when it is loaded; listeners enforce their own, lower limits. */
const UWS_MAX_HEADER_BYTES = 131_072;

/**
 * What a request allocates dies with it. With V8's default of 16 MiB a loaded worker collects several times as often, and
 * some requests under way are copied each time.
 */
const YOUNG_GENERATION_MIB = 32;

export function forkWorker<Incoming>(
  role: ProcessRole,
  environment: WorkerEnvironment,
  hooks: ManagedProcessHooks<Incoming>,
): ManagedProcess<Incoming> {
  const exec = fileURLToPath(new URL(`../../../workers/${role}-worker.js`, import.meta.url));
  const execArgv =
    role === "gateway" ? [...process.execArgv, `--max-semi-space-size=${YOUNG_GENERATION_MIB}`] : process.execArgv;
  cluster.setupPrimary({ exec, args: [], execArgv, serialization: "advanced" });
  const variables = toVariables(environment);
  if (role === "gateway") variables.UWS_HTTP_MAX_HEADERS_SIZE = String(UWS_MAX_HEADER_BYTES);
  return new ManagedProcess(cluster.fork(variables), hooks);
}
