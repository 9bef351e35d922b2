import type { NativeEngine } from "../../native-bindings/engine.ts";
import type { Dispatcher } from "../contracts/dispatcher.ts";
import { NativeDispatcher } from "./native-dispatcher.ts";
import { UndiciDispatcher, type UndiciDispatcherOptions } from "./undici-dispatcher.ts";

/** The connection pools of a worker. They outlive snapshots: a reload must not drop warm connections. */
export class DispatcherRegistry {
  readonly #dispatchers = new Map<string, { dispatcher: Dispatcher; generation: number }>();
  #generation = 0;
  readonly #engine: NativeEngine;

  constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  get(options: UndiciDispatcherOptions): Dispatcher {
    const key = keyOf(options);
    let entry = this.#dispatchers.get(key);
    if (entry === undefined) {
      entry = { dispatcher: this.#create(options), generation: this.#generation };
      this.#dispatchers.set(key, entry);
    }
    entry.generation = this.#generation;
    return entry.dispatcher;
  }

  /** TLS is spoken by undici, plain HTTP by the native client. */
  #create(options: UndiciDispatcherOptions): Dispatcher {
    if (options.origin.startsWith("https:")) return new UndiciDispatcher(options);
    return new NativeDispatcher(this.#engine, options);
  }

  /**
   * Called before a snapshot is compiled. Gives up the pools that neither this snapshot nor the one before it asked for:
   * calls that began with the last one may still want theirs.
   */
  nextGeneration(): void {
    this.#generation++;
    for (const [key, { dispatcher, generation }] of this.#dispatchers) {
      if (generation >= this.#generation - 2 || dispatcher.stats().running > 0) continue;
      this.#dispatchers.delete(key);
      void dispatcher.destroy();
    }
  }

  stats(): { origin: string; connected: number; running: number }[] {
    return [...this.#dispatchers].map(([key, { dispatcher }]) => ({
      origin: key.split(" ")[0] ?? "",
      ...dispatcher.stats(),
    }));
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#dispatchers.values()].map(({ dispatcher }) => dispatcher.destroy()));
    this.#dispatchers.clear();
  }
}

function keyOf(options: UndiciDispatcherOptions): string {
  return `${options.origin} ${options.connectTimeoutMs} ${options.caFile ?? ""}`;
}
