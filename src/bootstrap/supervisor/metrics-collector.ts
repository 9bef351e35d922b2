import { RetiredCounts } from "../../platform/metrics-aggregation.ts";
import type { ManagedProcess } from "./managed-process.ts";

const ANSWER_LIMIT_MS = 1_000;

interface Collection {
  waitingFor: Set<unknown>;
  answers: unknown[][];
  finish(): void;
}

/** Asks workers for their metrics, and remembers the counts of those that have ended. */
export class MetricsCollector<Incoming> {
  readonly #collections = new Map<number, Collection>();
  readonly #latest = new WeakMap<ManagedProcess<Incoming>, unknown[]>();
  readonly #retired = new RetiredCounts();
  #lastRequestId = 0;

  /** One entry for each process that answers within a second, and one for all that have ended. */
  collect(processes: readonly ManagedProcess<Incoming>[]): Promise<unknown[][]> {
    const requestId = ++this.#lastRequestId;
    return new Promise((resolve) => {
      const collection: Collection = {
        waitingFor: new Set(processes),
        answers: [],
        finish: () => {
          clearTimeout(timer);
          this.#collections.delete(requestId);
          // A worker too busy to answer counts with what it said last, so that sums do not fall.
          const silent = processes.filter((process) => collection.waitingFor.has(process));
          const remembered = silent.map((process) => this.#latest.get(process) ?? []);
          resolve([...collection.answers, ...remembered, [...this.#retired.counts]]);
        },
      };
      const timer = setTimeout(collection.finish, ANSWER_LIMIT_MS);
      this.#collections.set(requestId, collection);
      for (const process of processes) process.send({ type: "collect-metrics", requestId });
      if (processes.length === 0) collection.finish();
    });
  }

  answered(process: ManagedProcess<Incoming>, requestId: number, metrics: unknown[]): void {
    this.#latest.set(process, metrics);
    const collection = this.#collections.get(requestId);
    if (!collection?.waitingFor.delete(process)) return;
    collection.answers.push(metrics);
    if (collection.waitingFor.size === 0) collection.finish();
  }

  async ended(process: ManagedProcess<Incoming>): Promise<void> {
    const last = this.#latest.get(process);
    if (last !== undefined) await this.#retired.add(last);
    for (const collection of [...this.#collections.values()]) {
      if (collection.waitingFor.delete(process) && collection.waitingFor.size === 0) collection.finish();
    }
  }
}
