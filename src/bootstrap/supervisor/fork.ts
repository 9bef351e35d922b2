import cluster from "node:cluster";
import { builtFile } from "../../platform/places.ts";
import { toVariables, type WorkerEnvironment } from "../worker-environment.ts";
import type { ProcessRole } from "./leftovers.ts";
import { ManagedProcess, type ManagedProcessHooks } from "./managed-process.ts";

/** uWebSockets.js reads it when it is loaded; listeners enforce their own, lower limits. */
const UWS_MAX_HEADER_BYTES = 131_072;

export function forkWorker<Incoming>(
  role: ProcessRole,
  environment: WorkerEnvironment,
  hooks: ManagedProcessHooks<Incoming>,
): ManagedProcess<Incoming> {
  const exec = builtFile(`workers/${role}-worker.js`);
  cluster.setupPrimary({ exec, args: [], serialization: "advanced" });
  const variables = toVariables(environment);
  if (role === "gateway") variables.UWS_HTTP_MAX_HEADERS_SIZE = String(UWS_MAX_HEADER_BYTES);
  return new ManagedProcess(cluster.fork(variables), hooks);
}
