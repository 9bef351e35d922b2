import type { WorkerState } from "../../contracts/messages.ts";

export interface ConfigurationState {
  /** What is served; null before the first snapshot. */
  version: number | null;
  hash: string | null;
  /** The file, or `quickstart`. */
  source: string;
  lastReload: "ok" | "failed";
  lastReloadAtMs: number;
  /** What was wrong at the last reload, one text per problem; empty when it went well. */
  problems: string[];
}

export interface Readiness {
  status: "ready" | "not_ready";
  /** Why not. */
  reasons: string[];
  /** What is wrong without keeping calls from being served. */
  warnings: string[];
  configuration: Omit<ConfigurationState, "problems"> & { problems: number };
  workers: WorkerState[];
}

/** Ready: a good snapshot is there, and at least one gateway worker serves one, where this machine has some. */
export function readinessOf(
  configuration: ConfigurationState,
  workers: readonly WorkerState[],
  hasWorkers: boolean,
): Readiness {
  const reasons: string[] = [];
  const warnings: string[] = [];
  if (configuration.version === null) reasons.push("no usable configuration yet");
  if (hasWorkers && !workers.some(({ state }) => state === "ready")) reasons.push("no gateway worker is ready");
  if (configuration.lastReload === "failed") {
    warnings.push("the last reload of the configuration failed: the one before is served (see the log)");
  }
  for (const worker of workers) {
    const behind = worker.state === "ready" && worker.snapshotVersion !== configuration.version;
    if (worker.limitsShared === false) {
      warnings.push(`gateway worker ${worker.slot} can't reach Redis: limits hold for this node's share of them alone`);
    }
    if (worker.listenerProblem !== null) {
      warnings.push(`gateway worker ${worker.slot} ${worker.listenerProblem}; it is tried again each second`);
    }
    if (behind) warnings.push(`gateway worker ${worker.slot} serves version ${worker.snapshotVersion}`);
  }
  return {
    status: reasons.length === 0 ? "ready" : "not_ready",
    reasons,
    warnings,
    configuration: { ...configuration, problems: configuration.problems.length },
    workers: [...workers],
  };
}
