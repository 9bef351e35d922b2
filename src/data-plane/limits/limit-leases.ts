import { counterKey, type SharedLimit, type SharedLimits } from "../../../native-bindings/limits.ts";
import type { LeaseQueue, LeaseRetry } from "../../contracts/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { LimitSnapshot } from "../../contracts/snapshot.ts";
import { connectRedis } from "../../platform/redis.ts";
import { ClusterLink, type KnownLease, type LeaseAnswer, type LeaseQuestion } from "./cluster-link.ts";
import { Lease } from "./lease.ts";
import { LeaseMetrics } from "./lease-metrics.ts";
import { dueReport } from "./lease-sweep.ts";

export interface LimitLeasesOptions {
  redisUrl: string;
  /** Tells clusters apart that share a Redis. */
  cluster: string;
  limits: SharedLimits;
  limitsFile: string;
  logger: Logger;
  onStateChange(isShared: boolean): void;
}

/** Redis is given so long; calls go on without it then. */
const ANSWER_LIMIT_MS = 500;
/** In which Redis is not asked again when there was nothing left, or nobody to ask: others may give something back. */
const EXHAUSTED_MS = 100;
const AWAY_MS = 250;
/** In which others may give something back. */
const OTHERS_MS = 50;
/** A question that nobody has answered is asked again by another process: the one that asked may be dead. */
const CLAIM_MS = 2 * ANSWER_LIMIT_MS;
/** A call waits no longer than this for a limit. */
const WAIT_LIMIT_MS = 1_000;
/** While another process of this machine asks. */
const ELSEWHERE_MS = 2;
const SWEEP_MS = 250;
const LOOKS_AT_ONCE = 500;
const CLOSE_LIMIT_MS = 500;
/** More calls than this are refused rather than held. */
const MAX_WAITERS = 10_000;
const COUNTERS_PER_QUESTION = 64;
const EVERYTHING = Number.MAX_VALUE;

/**
 * Leases parts of limits from the cluster for all workers of this machine, into the counters that they share. Each worker asks for
 * what its own calls need; that one of them asks for a counter is noted with it, and the others wait.
 */
export class LimitLeases implements LeaseQueue {
  readonly #options: LimitLeasesOptions;
  readonly #link: ClusterLink;
  readonly #metrics: LeaseMetrics;
  /** By counter. */
  readonly #leases = new Map<string, Lease>();
  #due: Lease[] = [];
  #timer: NodeJS.Timeout;
  #sharedByDefault = true;
  #isSweeping = false;
  #isClosed = false;

  constructor(options: LimitLeasesOptions) {
    this.#options = options;
    const { limits, logger, limitsFile, cluster } = options;
    const redis = connectRedis(options.redisUrl, logger, { commandLimitMs: ANSWER_LIMIT_MS });
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
    });
    this.#metrics = new LeaseMetrics({ nodes: () => this.#link.nodes, isShared: () => this.isShared });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#timer.unref();
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
    const lease = this.#leaseOf(limit, key);
    if (lease.waiting >= MAX_WAITERS) {
      retry(true);
      return;
    }
    lease.wait(amount, retry, performance.now());
    this.#ask(lease);
  }

  /** What this node has runs out: nobody waits yet. */
  runsLow(limit: LimitSnapshot, key: string): void {
    this.#ask(this.#leaseOf(limit, key));
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
    clearInterval(this.#timer);
    this.#isClosed = true;
    if (this.#link.state === "connected") {
      const limit = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref());
      await Promise.race([this.#tell([...this.#leases.values()], () => 0), limit]);
    }
    this.#link.close();
  }

  #leaseOf(limit: SharedLimit, key: string): Lease {
    return this.#leaseBy(limit, counterKey(key));
  }

  #leaseBy(limit: SharedLimit, counter: string): Lease {
    let lease = this.#leases.get(counter);
    if (lease === undefined) {
      lease = new Lease(limit, counter);
      this.#leases.set(counter, lease);
    }
    return lease;
  }

  #ask(lease: Lease): void {
    if (lease.isAsking) return;
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
      const claim = this.#claim(lease, EVERYTHING, true);
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

  #claim({ limit, counter }: Lease, keep: number, isWanted: boolean): ReturnType<SharedLimits["beginLease"]> {
    const nowMs = Date.now();
    return this.#options.limits.beginLease(limit, counter, { keep, isWanted, nowMs, answerByMs: nowMs + CLAIM_MS });
  }

  #answered(lease: Lease, question: LeaseQuestion, answer: LeaseAnswer | null): void {
    if (!this.#note(lease, question, answer)) {
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

  /** False: the answer came too late. */
  #note(lease: Lease, { claim, need }: LeaseQuestion, answer: LeaseAnswer | null): boolean {
    if (answer === null) return false;
    const { granted, unleased, others } = answer;
    const pauseMs = need > 0 && granted === 0 && others === 0 ? EXHAUSTED_MS : 0;
    const nowMs = Date.now();
    if (!this.#options.limits.endLease(lease.limit, lease.counter, claim, granted, unleased, nowMs, pauseMs)) {
      return false;
    }
    // A bucket's use counts from the last answer.
    lease.told = (lease.isBucket ? 0 : claim.used) + claim.held + granted;
    lease.looksSinceTold = 0;
    return true;
  }

  /** Those who have waited long enough are served; so are all, once others have given something back. */
  #askLater(lease: Lease): void {
    setTimeout(() => this.#served(lease, false), OTHERS_MS);
  }

  #goOnWithShare(lease: Lease): void {
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
    // What Redis missed, or has forgotten.
    void this.#tell([...this.#leases.values()], () => EVERYTHING);
    this.#link.leases().then(
      (known) => this.#adopt(known),
      () => {},
    );
  }

  /** What processes of this machine have left that are gone: it goes back when nobody uses it. */
  #adopt(known: readonly KnownLease[]): void {
    const over: string[] = [];
    for (const { counter, bucket, whole, amount, windowMs, windowEndMs } of known) {
      if (this.#leases.has(counter)) continue;
      if (!bucket && windowEndMs < Date.now()) over.push(counter);
      else {
        const algorithm = bucket ? "token-bucket" : "window";
        this.#leaseBy({ algorithm, unit: whole ? "requests" : "tokens", amount, windowMs, cluster: "shared" }, counter);
      }
    }
    this.#link.forget(over);
  }

  /** Looks at what is held: what is not used goes back, what was used beyond it is told. */
  #sweep(): void {
    if (this.#link.state !== "connected" || this.#isSweeping) return;
    this.#isSweeping = true;
    this.#look(this.#leases.values());
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
      const holding = this.#options.limits.look(lease.limit, lease.counter, nowMs);
      const keep = dueReport(lease, holding, nowMs);
      if (keep === "over") {
        this.#leases.delete(lease.counter);
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

  async #tell(leases: readonly Lease[], keep: (lease: Lease) => number): Promise<void> {
    for (let i = 0; i < leases.length; i += COUNTERS_PER_QUESTION) {
      const told: Lease[] = [];
      const questions: LeaseQuestion[] = [];
      for (const lease of leases.slice(i, i + COUNTERS_PER_QUESTION)) {
        const claim = this.#claim(lease, keep(lease), false);
        if (typeof claim !== "object") continue;
        told.push(lease);
        questions.push(questionOf(lease, claim, 0));
      }
      if (questions.length === 0) continue;
      try {
        const answers = await this.#link.ask(questions);
        for (const [index, lease] of told.entries()) {
          const isInTime = this.#note(lease, questions[index] as LeaseQuestion, answers[index] ?? null);
          this.#metrics.answered(isInTime ? "told" : "late");
        }
      } catch {
        this.#metrics.answered("failed", told.length);
      }
    }
  }
}

function questionOf(
  { limit, counter, isBucket, isWhole }: Lease,
  claim: LeaseQuestion["claim"],
  need: number,
): LeaseQuestion {
  return { counter, bucket: isBucket, whole: isWhole, amount: limit.amount, windowMs: limit.windowMs, claim, need };
}
