import type { JournalPosition } from "./position.ts";
import { Rotation } from "./rotation.ts";
import { type AdoptOptions, adoptRuns, deleteRun, type EndedRun, giveBack } from "./runs.ts";

/** A journal that is being moved into call log files. */
export interface Source {
  /** Null: this process's own. */
  readonly run: EndedRun | null;
  readonly rotation: Rotation;
  /** Null: not known yet. */
  position: JournalPosition | null;
  /** Batches after `position` may have been written. */
  isUncertain: boolean;
  /** The call log file that the run's file names last. */
  notedPath: string | null;
}

export interface AdoptionOptions {
  journalDirectory: string;
  callsDirectory: string;
  worker: number;
  /** Where records of runs with this process's own number go. */
  rotation: Rotation;
  /** Also see to runs with other numbers. */
  adoptsAnyone: boolean;
  everyMs: number;
}

/** Files of adopted runs may have the number of another worker: theirs must never have the same name. */
const SEQUENCES_PER_PROCESS = 1_000;

/** The journals of ended processes that this process has taken over, the oldest first. */
export class Adoptions {
  readonly #options: AdoptionOptions;
  #sources: Source[] = [];
  #count = 0;
  #nextLookMs = 0;

  /** Takes what was left under this process's own number; others may be about to come for theirs. */
  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#look(false);
  }

  /** What is to be moved next. */
  get first(): Source | null {
    return this.#sources[0] ?? null;
  }

  lookWhenDue(): void {
    if (Date.now() >= this.#nextLookMs && this.#sources.length === 0) this.#look(this.#options.adoptsAnyone);
  }

  #look(ofAnyone: boolean): void {
    const { journalDirectory: directory, callsDirectory, worker, rotation, everyMs } = this.#options;
    this.#nextLookMs = Date.now() + everyMs;
    for (const run of this.#adopt({ directory, worker, ofAnyone })) {
      this.#count++;
      const lastSequence = process.pid * SEQUENCES_PER_PROCESS + this.#count;
      this.#sources.push({
        run,
        rotation: run.worker === worker ? rotation : new Rotation(callsDirectory, run.worker, lastSequence),
        position: null,
        isUncertain: true,
        notedPath: null,
      });
    }
  }

  /** A directory that can't be looked into now is looked into again later. */
  #adopt(options: AdoptOptions): EndedRun[] {
    try {
      return adoptRuns(options);
    } catch {
      return [];
    }
  }

  /** All of it is in the call log. Throws when its files can't be deleted; they are then looked at again later. */
  finish({ run }: Source): void {
    this.#sources = this.#sources.filter((source) => source.run !== run);
    if (run === null) return;
    try {
      deleteRun(this.#options.journalDirectory, run);
    } finally {
      giveBack(run);
    }
  }

  /** Something may be wrong with these files only: what else there is must not wait for them. */
  postpone({ run }: Source, delayMs: number): void {
    this.#sources = this.#sources.filter((source) => source.run !== run);
    this.#nextLookMs = Date.now() + Math.max(this.#options.everyMs, delayMs);
    if (run !== null) giveBack(run);
  }

  close(): void {
    for (const { run } of this.#sources) if (run !== null) giveBack(run);
    this.#sources = [];
  }
}
