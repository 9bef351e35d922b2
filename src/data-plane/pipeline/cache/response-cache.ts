import type { CacheSnapshot } from "../../../contracts/snapshot.ts";
import { AnswerStore } from "./answer-store.ts";
import { Flights } from "./flights.ts";
import { Invalidations } from "./invalidations.ts";
import type { StoredAnswer } from "./stored-answer.ts";
import type { StoredModelAnswer } from "./stored-model-answer.ts";

/** What one worker stores, over all snapshots. */
export class ResponseCache {
  readonly store = new AnswerStore<StoredAnswer | StoredModelAnswer>(0);
  readonly flights = new Flights<StoredAnswer>();
  readonly modelFlights = new Flights<StoredModelAnswer>();
  readonly #invalidationsFile: string;
  #invalidations: Invalidations | null = null;
  #maxEntryBytes = 0;

  constructor(invalidationsFile: string) {
    this.#invalidationsFile = invalidationsFile;
  }

  get maxEntryBytes(): number {
    return this.#maxEntryBytes;
  }

  /** A new snapshot holds. */
  configure({ maxBytes, maxEntryBytes }: CacheSnapshot): void {
    this.store.maxBytes = maxBytes;
    this.#maxEntryBytes = maxEntryBytes;
  }

  /** For the first snapshot with a cache policy. Throws when the file can't be used. */
  open(): void {
    this.#invalidations ??= new Invalidations(this.#invalidationsFile);
  }

  get invalidations(): Invalidations {
    if (this.#invalidations === null) throw new Error("no snapshot has a cache policy");
    return this.#invalidations;
  }
}
