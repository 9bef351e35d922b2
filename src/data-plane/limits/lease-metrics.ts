import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type LeaseResult = "granted" | "exhausted" | "told" | "late" | "failed";

const DURATION_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];

/** What a worker shows of the limits that it shares with other nodes. */
export class LeaseMetrics {
  readonly #registry = new Registry();
  readonly #leases = new Counter({
    name: "tidegate_limit_leases_total",
    help: "Questions to Redis for parts of limits that the cluster shares, by what came of them (told: nothing was asked for)",
    labelNames: ["result"] as const,
    registers: [this.#registry],
  });
  readonly #refusals = new Counter({
    name: "tidegate_shared_limit_refusals_total",
    help: "Calls refused by limits that the cluster shares, by what they were decided on (fallback: this node's share, Redis is away)",
    labelNames: ["by"] as const,
    registers: [this.#registry],
  });
  readonly #waits = new Counter({
    name: "tidegate_limit_lease_waits_total",
    help: "Calls that waited for a lease",
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: "tidegate_limit_lease_duration_seconds",
    help: "Time until Redis answered",
    buckets: DURATION_BUCKETS_S,
    registers: [this.#registry],
  });

  constructor(sources: { nodes(): number; isShared(): boolean }) {
    new Gauge({
      name: "tidegate_cluster_nodes",
      help: "Nodes that share limits, as this one knows",
      aggregator: "max",
      registers: [this.#registry],
      collect() {
        this.set(sources.nodes());
      },
    });
    new Gauge({
      name: "tidegate_limits_shared",
      help: "1 while limits are shared with other nodes, 0 while this one goes on with its share since Redis is away",
      aggregator: "min",
      registers: [this.#registry],
      collect() {
        this.set(sources.isShared() ? 1 : 0);
      },
    });
    for (const by of ["lease", "fallback"]) this.#refusals.inc({ by }, 0);
  }

  answered(result: LeaseResult, count = 1): void {
    this.#leases.inc({ result }, count);
  }

  took(ms: number): void {
    this.#seconds.observe(ms / 1000);
  }

  waited(): void {
    this.#waits.inc();
  }

  refused(isShared: boolean): void {
    this.#refusals.inc({ by: isShared ? "lease" : "fallback" });
  }

  collect(): Promise<unknown[]> {
    return this.#registry.getMetricsAsJSON();
  }
}
