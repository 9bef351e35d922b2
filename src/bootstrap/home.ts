import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** The data directory and what lies in it. */
export interface Home {
  directory: string;
  lockFile: string;
  /** The processes of the running tree, for a supervisor that comes after one that was killed. */
  processesFile: string;
  /** One file per call log segment. */
  callsDirectory: string;
  /** The counters of limits, shared by all workers. */
  limitsFile: string;
  /** What stored answers are no longer good, shared by all workers. */
  invalidationsFile: string;
}

/** `TIDEGATE_HOME`, or `data` in the current directory. */
export function homeDirectory(env: NodeJS.ProcessEnv): string {
  return resolve(env.TIDEGATE_HOME || "data");
}

export function homeAt(directory: string): Home {
  return {
    directory,
    lockFile: join(directory, "tidegate.lock"),
    processesFile: join(directory, "workers.json"),
    callsDirectory: join(directory, "calls"),
    limitsFile: join(directory, "limits.shm"),
    invalidationsFile: join(directory, "invalidations.shm"),
  };
}

/** Only its owner may look inside: keys and call records are kept there. */
export function createHome(home: Home): void {
  mkdirSync(home.directory, { recursive: true, mode: 0o700 });
}
