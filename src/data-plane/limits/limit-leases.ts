import type { SharedLimits } from "../../../native-bindings/limits.ts";
import type { LeaseQueue, LeaseRetry } from "../../contracts/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { LimitSnapshot } from "../../contracts/snapshot.ts";
import { connectRedis } from "../../platform/redis.ts";
import { ClusterLink, type LeaseAnswer, type LeaseQuestion } from "./cluster-link.ts";
import type { Lease } from "./lease.ts";
import { COUNTERS_PER_QUESTION, EVERYTHING, LeaseBook, questionOf } from "./lease-book.ts";
import { LeaseMetrics } from "./lease-metrics.ts";
import { LeaseReports } from "./lease-reports.ts";

export interface LimitLeasesOptions {
  redisUrl: string;
  /** Tells clusters apart that share a Redis. */
  cluster: string;
  limits: SharedLimits;
  limitsFile: string;
  logger: Logger;
  onStateChange(isShared: boolean): void;
}

/** What has not been answered by then is forgotten; long before, calls have gone on without. */
const GIVE_UP_MS = 10_000;
/** In which Redis is not asked again when it was away. */
const AWAY_MS = 250;
/** In which others may give something back. */
const OTHERS_MS = 50;
/** A call waits no longer than this for a limit. */
const WAIT_LIMIT_MS = 1_000;
/** More calls than this are refused rather than held. */
const MAX_WAITERS = 10_000;
/** While another process of this machine asks. */
const ELSEWHERE_MS = 2;
const CLOSE_LIMIT_MS = 500;

/**
 * Leases parts of limits from the cluster for all workers of this machine, into the counters that they share. Each worker asks for
 * what its own calls need; that one of them asks for a counter is noted with it, and the others wait.
 */
export class LimitLeases implements LeaseQueue {
  readonly #options: LimitLeasesOptions;
  readonly #link: ClusterLink;
  readonly #metrics: LeaseMetrics;
  readonly #book: LeaseBook;
  readonly #reports: LeaseReports;
  #due: Lease[] = [];
  #sharedByDefault = true;
  #isClosed = false;

  constructor(options: LimitLeasesOptions) {
    this.#options = options;
    const { limits, logger, limitsFile, cluster } = options;
    const redis = connectRedis(options.redisUrl, logger, { commandLimitMs: GIVE_UP_MS });
    this.#link = new ClusterLink({
      redis,
      cluster,
      limits,
      limitsFile,
      logger,
      onConnected: () => this.#connected(),
      onAway: () => {
        options.onStateChange(false);
        this.#flush();
      },
      onForgotten: () => void this.#reports.tellAll(),
    });
    this.#metrics = new LeaseMetrics({ nodes: () => this.#link.nodes, isShared: () => this.isShared });
    this.#book = new LeaseBook(limits);
    this.#reports = new LeaseReports({ book: this.#book, link: this.#link, limits, metrics: this.#metrics, logger });
  }

  /** Limits that do not say: of the snapshot that is served. */
  set sharedByDefault(shared: boolean) {
    this.#sharedByDefault = shared;
    this.#options.limits.setLeasing(true, shared);
  }

  get isShared(): boolean {
    return this.#link.state !== "away";
  }

  /** Once Redis has answered, or it is known that it does not. */
  whenKnown(): Promise<void> {
    return this.#link.whenKnown();
  }

  wait(limit: LimitSnapshot, key: string, amount: number, retry: LeaseRetry): void {
    this.#metrics.waited();
    const lease = this.#book.of(limit, key);
    if (lease.waiting >= MAX_WAITERS) {
      retry(true);
      return;
    }
    lease.wait(amount, retry, performance.now());
    this.#ask(lease);
  }

  /** What this node has runs out: nobody waits yet. */
  runsLow(limit: LimitSnapshot, key: string): void {
    this.#ask(this.#book.of(limit, key));
  }

  refused(limit: LimitSnapshot): void {
    const isShared = limit.cluster === undefined ? this.#sharedByDefault : limit.cluster === "shared";
    if (isShared) this.#metrics.refused(this.isShared);
  }

  collectMetrics(): Promise<unknown[]> {
    return this.#metrics.collect();
  }

  /** Gives back what is held. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const isOver = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref());
    this.#reports.close();
    if (this.#link.state === "connected") await Promise.race([this.#reports.giveBackAll(), isOver]);
    this.#link.close();
  }

  #ask(lease: Lease): void {
    if (lease.isAsking || this.#isClosed) return;
    lease.isAsking = true;
    this.#due.push(lease);
    // What several calls need in one turn goes in one question.
    if (this.#due.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const { state } = this.#link;
    if (state === "starting") return;
    const due = this.#due;
    this.#due = [];
    if (state === "away") {
      for (const lease of due) this.#goOnWithShare(lease);
      return;
    }
    for (let i = 0; i < due.length; i += COUNTERS_PER_QUESTION) this.#lease(due.slice(i, i + COUNTERS_PER_QUESTION));
  }

  #lease(leases: readonly Lease[]): void {
    const asked: Lease[] = [];
    const questions: LeaseQuestion[] = [];
    for (const lease of leases) {
      const claim = this.#book.claim(lease, EVERYTHING, true);
      if (typeof claim === "object") {
        asked.push(lease);
        questions.push(questionOf(lease, claim, lease.need));
      } else if (claim === "under way" && lease.hasWaiters) {
        setTimeout(() => this.#served(lease, false), ELSEWHERE_MS);
      } else {
        this.#served(lease, true);
      }
    }
    if (questions.length === 0) return;
    const askedAt = performance.now();
    this.#link.ask(questions).then(
      (answers) => {
        this.#metrics.took(performance.now() - askedAt);
        for (const [index, lease] of asked.entries()) {
          this.#answered(lease, questions[index] as LeaseQuestion, answers[index] ?? null);
        }
      },
      () => {
        this.#metrics.answered("failed", asked.length);
        for (const lease of asked) this.#goOnWithShare(lease);
      },
    );
  }

  #answered(lease: Lease, question: LeaseQuestion, answer: LeaseAnswer | null): void {
    if (this.#isClosed) return;
    if (!this.#book.note(lease, question, answer)) {
      this.#metrics.answered("late");
      setTimeout(() => this.#served(lease, false), ELSEWHERE_MS);
      return;
    }
    const isGranted = answer !== null && answer.granted > 0;
    this.#metrics.answered(isGranted ? "granted" : "exhausted");
    // What others hold and don't use comes back soon.
    if (!isGranted && answer !== null && answer.others > 0 && lease.hasWaiters) this.#askLater(lease);
    else this.#served(lease, !isGranted);
  }

  /** Those who have waited long enough are served; so are all, once others have given something back. */
  #askLater(lease: Lease): void {
    setTimeout(() => this.#served(lease, false), OTHERS_MS);
  }

  #goOnWithShare(lease: Lease): void {
    if (this.#isClosed) return;
    const { limits } = this.#options;
    limits.takeShare(lease.limit, lease.counter, this.#link.nodes, Date.now(), AWAY_MS);
    this.#served(lease, true);
  }

  #served(lease: Lease, isLast: boolean): void {
    lease.isAsking = false;
    lease.serve(isLast, performance.now(), WAIT_LIMIT_MS);
    if (lease.hasWaiters) this.#ask(lease);
  }

  #connected(): void {
    this.#options.onStateChange(true);
    this.#flush();
    this.#reports.catchUp();
  }
}
