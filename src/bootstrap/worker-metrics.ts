import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CallLogFileSink, CallLogStats } from "../platform/call-log/sink.ts";

/** What a gateway process knows of itself, beside what its data plane counts. */
export class WorkerMetrics {
  readonly #registry = new Registry();

  constructor(worker: number, callLog: CallLogFileSink) {
    // Of the process: its clocks of the event loop tick for as long as it lives.
    collectDefaultMetrics({ register: this.#registry, prefix: "tidegate_gateway_" });
    this.#countCallLog("written", "tidegate_call_log_records_total", "Call records written to files", callLog);
    this.#countCallLog("lost", "tidegate_call_log_lost_records_total", "Call records that could not be kept", callLog);
    this.#countCallLog("writeErrors", "tidegate_call_log_write_errors_total", "Failed writes of call records", callLog);
    new Gauge({
      name: "tidegate_call_log_queue_records",
      help: "Call records that wait to be written",
      registers: [this.#registry],
      collect() {
        this.set(callLog.stats().queued);
      },
    });
    const labels = { worker: String(worker) };
    new Gauge({
      name: "tidegate_worker_resident_memory_bytes",
      help: "Resident memory of each gateway worker",
      labelNames: ["worker"],
      registers: [this.#registry],
      collect() {
        this.set(labels, process.memoryUsage.rss());
      },
    });
    new Counter({
      name: "tidegate_worker_cpu_seconds_total",
      help: "CPU time of each gateway worker, its threads included",
      labelNames: ["worker"],
      registers: [this.#registry],
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc(labels, (user + system) / 1e6);
      },
    });
  }

  collect(): Promise<unknown[]> {
    return this.#registry.getMetricsAsJSON();
  }

  #countCallLog(field: keyof CallLogStats, name: string, help: string, callLog: CallLogFileSink): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(callLog.stats()[field]);
      },
    });
  }
}
