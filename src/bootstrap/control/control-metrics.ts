import { Counter, Gauge, Registry } from "prom-client";
import type { WorkerState } from "../../contracts/messages.ts";
import type { ConfigurationState } from "../../control-plane/admin-api/readiness.ts";
import { VERSION } from "../../platform/version.ts";

export interface ControlMetricsSources {
  configuration(): ConfigurationState;
  workers(): readonly WorkerState[];
  unhealthyTargets(): readonly string[];
  staleSecrets(): number;
}

/** What the control process knows. */
export class ControlMetrics {
  readonly #registry = new Registry();
  readonly #reloads = new Counter({
    name: "tidegate_config_reloads_total",
    help: "Times the configuration was read, by result",
    labelNames: ["result"] as const,
    registers: [this.#registry],
  });

  constructor(sources: ControlMetricsSources) {
    new Gauge({
      name: "tidegate_build_info",
      help: "Always 1; the labels say what runs",
      labelNames: ["version", "node"],
      registers: [this.#registry],
    }).set({ version: VERSION, node: process.version }, 1);
    this.#gauge("tidegate_snapshot_version", "Version of the configuration that is served", () => {
      return sources.configuration().version ?? 0;
    });
    this.#gauge("tidegate_config_last_reload_success", "1 when the last reload of the configuration went well", () => {
      return sources.configuration().lastReload === "ok" ? 1 : 0;
    });
    this.#gauge("tidegate_config_last_reload_timestamp_seconds", "Unix time of the last reload", () => {
      return sources.configuration().lastReloadAtMs / 1000;
    });
    this.#gauge("tidegate_ready_workers", "Gateway workers that are ready", () => {
      return sources.workers().filter(({ state }) => state === "ready").length;
    });
    this.#gauge("tidegate_unhealthy_targets", "Upstream targets that fail their active health check", () => {
      return sources.unhealthyTargets().length;
    });
    this.#gauge("tidegate_secrets_stale", "Secrets whose last value is used on, for they can't be read again", () => {
      return sources.staleSecrets();
    });
  }

  countReload(ok: boolean): void {
    this.#reloads.inc({ result: ok ? "ok" : "failed" });
  }

  collect(): Promise<unknown[]> {
    return this.#registry.getMetricsAsJSON();
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
