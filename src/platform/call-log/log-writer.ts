import type { CallLogSnapshot } from "../../contracts/snapshot.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { createClaim, endClaim, orderMore, resultOf, type TakenBack, takeBack } from "./claim.ts";
import type { WriteResult, WriteTask } from "./write.ts";

export type Order = Omit<WriteTask, "claim">;

/** "open": nothing was written, for the reason that `error` gives. "writing": a thread may write it yet. */
export type Done = (outcome: TakenBack, error?: unknown) => void;

/** How often to look while someone waits. */
const LOOK_SOON_MS = 2;

/**
 * The task in the pool that writes the call log. It is given one order at a time. When it has finished it stands by for the
 * next, which costs microseconds where a new task costs up to 2 ms of the event loop.
 */
export class LogWriter {
  readonly #pool: WorkerPool;
  #standing: { claim: SharedArrayBuffer; path: string; settings: CallLogSnapshot } | null = null;
  #current: { claim: SharedArrayBuffer; done: Done } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** `done` is called by `look`, or when the task has ended. */
  write(order: Order, settings: CallLogSnapshot, done: Done): void {
    if (this.#goesOn(order, settings, done)) return;
    this.dismiss();
    const claim = createClaim();
    this.#current = { claim, done };
    if (order.journal.to !== null) this.#standing = { claim, path: order.path, settings };
    this.#pool.run<WriteTask, WriteResult | null>("write-call-log", { ...order, claim }).then(
      (result) => {
        this.#ended(claim);
        // Null: it was taken back.
        if (result !== null) this.#finish(claim, result);
      },
      (error: unknown) => {
        this.#ended(claim);
        if (this.#current?.claim === claim) this.#finish(claim, takeBack(claim, 0), error);
      },
    );
  }

  /** Whether the task has done what it was given. */
  look(): void {
    const claim = this.#current?.claim;
    const result = claim === undefined ? null : resultOf(claim);
    if (claim !== undefined && result !== null) this.#finish(claim, result);
  }

  /** Looks again soon, as long as `isWaitedFor`. */
  lookSoon(isWaitedFor: () => boolean): void {
    if (this.#timer !== null || !isWaitedFor()) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.look();
      this.lookSoon(isWaitedFor);
    }, LOOK_SOON_MS);
  }

  /** What has become of the current order, whose `done` is not called any more. Waits for a thread at most `waitMs`. */
  takeBack(waitMs: number): TakenBack {
    const claim = this.#current?.claim;
    if (claim === undefined) return "open";
    const outcome = takeBack(claim, waitMs);
    if (outcome !== "writing") this.#current = null;
    return outcome;
  }

  /** The next order is for another task. */
  dismiss(): void {
    if (this.#standing !== null) endClaim(this.#standing.claim);
    this.#standing = null;
  }

  close(): void {
    this.dismiss();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #goesOn({ journal, path, pauseMs }: Order, settings: CallLogSnapshot, done: Done): boolean {
    const standing = this.#standing;
    if (standing === null || journal.to === null || journal.isUncertain) return false;
    if (standing.path !== path || standing.settings !== settings) return false;
    if (!orderMore(standing.claim, { to: journal.to, pauseMs })) return false;
    this.#current = { claim: standing.claim, done };
    return true;
  }

  #ended(claim: SharedArrayBuffer): void {
    if (this.#standing?.claim === claim) this.#standing = null;
  }

  #finish(claim: SharedArrayBuffer, outcome: TakenBack, error?: unknown): void {
    const current = this.#current;
    if (current?.claim !== claim) return;
    this.#current = null;
    current.done(outcome, error);
  }
}
