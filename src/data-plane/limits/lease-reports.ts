import type { SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { ClusterLink, KnownLease, LeaseQuestion } from "./cluster-link.ts";
import type { Lease } from "./lease.ts";
import { CLAIM_MS, COUNTERS_PER_QUESTION, EVERYTHING, type LeaseBook, questionOf } from "./lease-book.ts";
import type { LeaseMetrics } from "./lease-metrics.ts";
import { dueReport } from "./lease-sweep.ts";

const SWEEP_MS = 250;
const LOOKS_AT_ONCE = 500;
const ALGORITHMS = { window: "window", sliding: "sliding-window", bucket: "token-bucket" } as const;

export interface LeaseReportsOptions {
  book: LeaseBook;
  link: ClusterLink;
  limits: SharedLimits;
  metrics: LeaseMetrics;
  logger: Logger;
}

/** Tells Redis what this node has used and holds, and gives back what it does not use. */
export class LeaseReports {
  readonly #book: LeaseBook;
  readonly #link: ClusterLink;
  readonly #limits: SharedLimits;
  readonly #metrics: LeaseMetrics;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #isSweeping = false;
  #isClosed = false;

  constructor({ book, link, limits, metrics, logger }: LeaseReportsOptions) {
    this.#book = book;
    this.#link = link;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  /** What Redis missed. */
  catchUp(): void {
    void this.#tell([...this.#book], () => EVERYTHING);
    this.#link.leases().then(
      (known) => this.#adopt(known),
      () => {},
    );
  }

  giveBackAll(): Promise<void> {
    return this.#tell([...this.#book], () => 0);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#isClosed = true;
  }

  /** What processes of this machine have left that are gone: it goes back when nobody uses it. */
  #adopt(known: readonly KnownLease[]): void {
    const over: string[] = [];
    for (const { counter, kind, whole, amount, windowMs, windowEndMs } of known) {
      if (this.#book.has(counter)) continue;
      if (kind !== "bucket" && windowEndMs < Date.now()) over.push(counter);
      else {
        const unit = whole ? "requests" : "tokens";
        this.#book.add({ algorithm: ALGORITHMS[kind], unit, amount, windowMs, cluster: "shared" }, counter);
      }
    }
    this.#link.forget(over);
  }

  /** Looks at what is held: what is not used goes back, what was used beyond it is told. */
  #sweep(): void {
    if (this.#link.state !== "connected" || this.#isSweeping) return;
    this.#isSweeping = true;
    this.#look(this.#book[Symbol.iterator]());
  }

  /** Calls are not kept waiting where there are very many. */
  #look(leases: Iterator<Lease>): void {
    if (this.#isClosed) return;
    const nowMs = Date.now();
    const over: string[] = [];
    const due: Lease[] = [];
    const keeps = new Map<Lease, number>();
    let isDone = false;
    for (let looks = 0; looks < LOOKS_AT_ONCE; looks++) {
      const next = leases.next();
      isDone = next.done === true;
      if (next.done === true) break;
      const lease = next.value;
      if (lease.isAsking) continue;
      const holding = this.#limits.look(lease.limit, lease.counter, nowMs);
      const keep = dueReport(lease, holding, nowMs);
      if (keep === "over") {
        this.#book.delete(lease);
        over.push(lease.counter);
      } else if (keep !== null) {
        due.push(lease);
        keeps.set(lease, keep);
      }
    }
    this.#link.forget(over);
    if (due.length > 0) void this.#tell(due, (lease) => keeps.get(lease) ?? 0);
    if (isDone) this.#isSweeping = false;
    else setImmediate(() => this.#look(leases));
  }

  /** All windows that this machine has leased, whichever worker did, and however long ago it used them. */
  async tellAll(): Promise<void> {
    const limits = this.#limits;
    try {
      for (let cursor = 0; cursor >= 0; ) {
        const nowMs = Date.now();
        const claimed = limits.claimWindows(cursor, COUNTERS_PER_QUESTION, nowMs, nowMs + CLAIM_MS);
        cursor = claimed.cursor;
        if (claimed.windows.length === 0) continue;
        await this.#link.ask(claimed.windows.map(({ counter, claim }) => toldAnew(counter, claim)));
        for (const { counter, claim } of claimed.windows) limits.endLease(ANY_WINDOW, counter, claim, 0, 0, nowMs, 0);
      }
    } catch (error) {
      if (!this.#isClosed) this.#logger.warn({ error }, "Redis does not know yet what this node holds of limits");
    }
  }

  /** Tells what is used and held of these, and gives back what is beyond `keep`. */
  async #tell(leases: readonly Lease[], keep: (lease: Lease) => number): Promise<void> {
    for (let i = 0; i < leases.length; i += COUNTERS_PER_QUESTION) {
      const told: Lease[] = [];
      const questions: LeaseQuestion[] = [];
      for (const lease of leases.slice(i, i + COUNTERS_PER_QUESTION)) {
        const claim = this.#book.claim(lease, keep(lease), false);
        if (typeof claim !== "object") continue;
        told.push(lease);
        questions.push(questionOf(lease, claim, 0));
      }
      if (questions.length === 0) continue;
      try {
        const answers = await this.#link.ask(questions);
        for (const [index, lease] of told.entries()) {
          const isInTime = this.#book.note(lease, questions[index] as LeaseQuestion, answers[index] ?? null);
          this.#metrics.answered(isInTime ? "told" : "late");
        }
      } catch {
        this.#metrics.answered("failed", told.length);
      }
    }
  }
}

/** What of a limit does not matter where nothing is asked for. */
const ANY_WINDOW: SharedLimit = { algorithm: "window", unit: "requests", amount: 1, windowMs: 1 };

function toldAnew(counter: string, claim: LeaseQuestion["claim"]): LeaseQuestion {
  return { counter, kind: "window", whole: false, amount: 1, windowMs: 1, claim, need: 0 };
}
