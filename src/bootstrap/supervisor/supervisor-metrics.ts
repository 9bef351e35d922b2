import { Counter, Gauge, Registry } from "prom-client";
import type { ProcessRole } from "./leftovers.ts";
import type { EndReason, ProcessState } from "./managed-process.ts";

/** What only the supervisor knows. */
export class SupervisorMetrics {
  readonly #registry = new Registry();
  readonly #restarts = new Counter({
    name: "tidegate_worker_restarts_total",
    help: "Processes that ended and were replaced, by role and by how they ended",
    labelNames: ["role", "reason"] as const,
    registers: [this.#registry],
  });
  readonly #workers = new Gauge({
    name: "tidegate_workers",
    help: "Gateway workers by state",
    labelNames: ["state"] as const,
    registers: [this.#registry],
  });

  countEnd(role: ProcessRole, reason: EndReason | "drained"): void {
    this.#restarts.inc({ role, reason });
  }

  setWorkers(states: readonly ProcessState[]): void {
    for (const state of ["starting", "ready", "draining"] as const) {
      this.#workers.set({ state }, states.filter((each) => each === state).length);
    }
  }

  collect(): Promise<unknown[]> {
    return this.#registry.getMetricsAsJSON();
  }
}
