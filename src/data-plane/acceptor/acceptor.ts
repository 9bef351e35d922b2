import type { NativeEngine } from "../../../native-bindings/engine.ts";
import type { ListenerSnapshot } from "../../contracts/snapshot.ts";
import type { EngineListener, ListenerEvents } from "./engines/engine.ts";
import { NativeListener } from "./engines/native/listener.ts";
import { UwsListener } from "./engines/uws/listener.ts";

interface OpenListener {
  listener: EngineListener;
  url: string;
}

/** The listeners of one worker, kept in step with the snapshot. */
export class Acceptor {
  readonly #events: ListenerEvents;
  readonly #engine: NativeEngine;
  readonly #open = new Map<string, OpenListener>();

  constructor(events: ListenerEvents, engine: NativeEngine) {
    this.#events = events;
    this.#engine = engine;
  }

  /**
   * Opens what is new, then stops what is gone: an address never goes unserved. A listener that can't be opened leaves
   * all as it was, and rejects.
   */
  async apply(listeners: readonly ListenerSnapshot[]): Promise<string[]> {
    const wanted = new Map(listeners.map((snapshot) => [JSON.stringify(snapshot), snapshot]));
    const opened: [string, OpenListener][] = [];
    try {
      for (const [key, snapshot] of wanted) {
        if (this.#open.has(key)) continue;
        const listener = this.#create(snapshot);
        opened.push([key, { listener, url: await listener.listen() }]);
      }
    } catch (error) {
      for (const [, { listener }] of opened) listener.close();
      throw error;
    }
    for (const [key, { listener }] of this.#open) {
      if (wanted.has(key)) continue;
      listener.stopAccepting();
      this.#open.delete(key);
    }
    for (const [key, entry] of opened) this.#open.set(key, entry);
    return [...this.#open.values()].map((entry) => entry.url);
  }

  /** Opens those that can be, of a worker that has none yet. */
  async openAny(listeners: readonly ListenerSnapshot[]): Promise<{ urls: string[]; errors: Error[] }> {
    const urls: string[] = [];
    const errors: Error[] = [];
    for (const snapshot of listeners) {
      let listener: EngineListener | null = null;
      try {
        listener = this.#create(snapshot);
        const url = await listener.listen();
        this.#open.set(JSON.stringify(snapshot), { listener, url });
        urls.push(url);
      } catch (error) {
        listener?.close();
        errors.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    return { urls, errors };
  }

  #create(snapshot: ListenerSnapshot): EngineListener {
    if (snapshot.engine === "uws") return new UwsListener(snapshot, this.#events);
    return new NativeListener(snapshot, this.#events, this.#engine);
  }

  /** Open connections, idle ones included. */
  get connections(): number {
    let connections = 0;
    for (const { listener } of this.#open.values()) connections += listener.connections;
    return connections;
  }

  stopAccepting(): void {
    for (const { listener } of this.#open.values()) listener.stopAccepting();
  }

  close(): void {
    for (const { listener } of this.#open.values()) listener.close();
    this.#open.clear();
  }
}
