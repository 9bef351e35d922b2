import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { LeaseClaim, SharedLimits } from "../../../native-bindings/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import { HEARTBEAT, LEASE } from "./lease-scripts.ts";
import { machineToken, NO_NUMBER, randomNodeId, redisRun } from "./node-identity.ts";

export interface ClusterLinkOptions {
  redis: Redis;
  /** The cluster's name. */
  cluster: string;
  limits: SharedLimits;
  limitsFile: string;
  logger: Logger;
  /** Redis knows of this node, and answers. */
  onConnected(): void;
  onAway(): void;
  /** Redis may not know any more what this node has used and holds. */
  onForgotten(): void;
}

/** `starting`: not known yet. `away`: Redis does not answer. */
export type LinkState = "starting" | "connected" | "away";

/** As `SharedLimit.algorithm`, in Redis' words. */
export type LeaseKind = "window" | "sliding" | "bucket";

export interface LeaseQuestion {
  counter: string;
  kind: LeaseKind;
  /** Whole numbers are counted. */
  whole: boolean;
  amount: number;
  windowMs: number;
  claim: LeaseClaim;
  /** 0: nothing is asked for; only told. */
  need: number;
}

export interface LeaseAnswer {
  granted: number;
  /** This node's share of what nobody has leased; below 0: milliseconds until something of a sliding window slides out. */
  unleased: number;
  /** Where nothing is left: what others hold, and may give back. */
  others: number;
}

/** What a node has leased, as Redis knows it. */
export interface KnownLease {
  counter: string;
  kind: LeaseKind;
  whole: boolean;
  amount: number;
  windowMs: number;
  windowEndMs: number;
}

/** Redis is given so long; calls go on without it then. */
export const ANSWER_LIMIT_MS = 500;
const HEARTBEAT_MS = 1_000;
/** While Redis is away it is asked this often whether it is back. */
const RETRY_MS = 250;
/** Then calls are decided without Redis. */
const START_LIMIT_MS = 1_000;
const ALIVE_MS = 5_000;
/** How long a Redis that may have forgotten something waits for all nodes to say what they hold. */
const RECOVERY_MS = 2_500;

/** This node's place in the cluster: says that it lives, knows how many others do, and asks for leases. */
export class ClusterLink {
  readonly #options: ClusterLinkOptions;
  readonly #token: string;
  readonly #prefix: string;
  readonly #shas = new Map<string, string>();
  #state: LinkState = "starting";
  #node = NO_NUMBER;
  #run: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #beating = false;
  #closed = false;
  #settled: (() => void)[] = [];

  constructor(options: ClusterLinkOptions) {
    this.#options = options;
    this.#prefix = `tidegate:{${options.cluster}}:`;
    this.#token = machineToken(options.limitsFile);
    const { limits, redis } = options;
    this.#node = limits.node.id;
    if (this.#node === NO_NUMBER) this.#node = limits.claimNodeId(NO_NUMBER, randomNodeId());
    redis.on("ready", () => {
      this.#run = null;
      void this.#beat();
    });
    redis.on("close", () => this.#lost("the connection was closed"));
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Seen last, this one among them. */
  get nodes(): number {
    return Math.max(1, this.#options.limits.node.nodes);
  }

  /** Once it is known whether Redis answers. */
  whenKnown(): Promise<void> {
    if (this.#state !== "starting") return Promise.resolve();
    // Not before: to compile a large snapshot takes longer, and nothing is heard meanwhile.
    this.#timer ??= setTimeout(() => this.#lost("no connection"), START_LIMIT_MS).unref();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** One answer for each question; null: a later question was answered before. Rejects when Redis does not answer. */
  async ask(questions: readonly LeaseQuestion[]): Promise<(LeaseAnswer | null)[]> {
    const keys = this.#keys();
    const values: (string | number)[] = [this.#node, ALIVE_MS, this.nodes];
    for (const { counter, kind, whole, amount, windowMs, claim, need } of questions) {
      const { op, used, held, windowEndMs } = claim;
      const key = `${this.#prefix}limit:${counter}`;
      if (kind === "bucket") keys.push(key, key);
      else keys.push(`${key}:${windowEndMs}`, `${key}:${windowEndMs - windowMs}`);
      values.push(op, kind, whole ? 1 : 0, amount, windowMs, windowEndMs, used, held, need);
      values.push(counter);
    }
    try {
      const answers = await this.#evaluate(LEASE, keys, values);
      return (answers as string[]).map(answerOf);
    } catch (error) {
      this.#lost(reasonOf(error));
      throw error;
    }
  }

  /** What this node holds, of whatever process it was: those that have died left it. */
  async leases(): Promise<KnownLease[]> {
    const found = await this.#options.redis.hgetall(this.#keys()[2] as string);
    return Object.entries(found).flatMap(([counter, text]) => knownLeaseOf(counter, text) ?? []);
  }

  /** Windows that are over. */
  forget(counters: readonly string[]): void {
    if (counters.length === 0 || this.#state !== "connected") return;
    this.#options.redis.hdel(this.#keys()[2] as string, ...counters).catch(() => {});
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.redis.disconnect();
  }

  #keys(): string[] {
    const prefix = this.#prefix;
    return [`${prefix}nodes`, `${prefix}limits`, `${prefix}leases:${this.#node}`];
  }

  async #beat(): Promise<void> {
    const { redis, limits } = this.#options;
    if (this.#beating || this.#closed) return;
    if (redis.status !== "ready") {
      this.#lost("no connection");
      return;
    }
    this.#beating = true;
    try {
      this.#run ??= redisRun(await answerInTime(redis.info("server").catch(() => "")));
      const { nodes, hasForgotten } = await this.#register(this.#run);
      if (this.#closed) return;
      limits.noteCluster(this.#run, nodes);
      this.#schedule(HEARTBEAT_MS);
      this.#become("connected");
      if (hasForgotten) this.#options.onForgotten();
    } catch (error) {
      this.#lost(reasonOf(error));
    } finally {
      this.#beating = false;
    }
  }

  /** How many nodes there are, and whether Redis may not know any more what this one holds. */
  async #register(run: string): Promise<{ nodes: number; hasForgotten: boolean }> {
    const { limits, logger } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const { id, redisRun: known } = limits.node;
      this.#node = id;
      const values = [id, this.#token, run, known === NO_NUMBER ? "" : known, ALIVE_MS, RECOVERY_MS];
      const answer = (await this.#evaluate(HEARTBEAT, this.#keys(), values)) as [string, number, number, number];
      const [verdict, alive, isNew, waits] = answer;
      // While Redis waits for all to come back, those that were there before count.
      const nodes = waits === 1 ? Math.max(alive, limits.node.nodes) : alive;
      if (verdict === "ok") return { nodes, hasForgotten: isNew === 1 };
      if (attempt > 2) throw new Error("this node's name is taken by another machine");
      logger.error(
        { node: id },
        "another machine has this node's name: was the data directory copied? Taking a new one",
      );
      limits.claimNodeId(id, randomNodeId());
    }
  }

  async #evaluate(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    return answerInTime(this.#send(script, keys, values));
  }

  async #send(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    const { redis } = this.#options;
    let sha = this.#shas.get(script);
    if (sha === undefined) {
      sha = createHash("sha1").update(script).digest("hex");
      this.#shas.set(script, sha);
    }
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...values);
    } catch (error) {
      if (!reasonOf(error).startsWith("NOSCRIPT")) throw error;
      return redis.eval(script, keys.length, ...keys, ...values);
    }
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#schedule(RETRY_MS);
    if (this.#state === "away") return;
    const { logger } = this.#options;
    logger.warn(
      { reason, nodes: this.nodes },
      "limits are not shared with other nodes: this one goes on with its share",
    );
    this.#become("away");
  }

  #become(state: LinkState): void {
    const before = this.#state;
    this.#state = state;
    if (before === state) return;
    if (before === "away") this.#options.logger.info({ nodes: this.nodes }, "limits are shared with other nodes again");
    for (const resolve of this.#settled.splice(0)) resolve();
    if (state === "connected") this.#options.onConnected();
    else this.#options.onAway();
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), delayMs);
    this.#timer.unref();
  }
}

/**
 * Rejects when nothing has come in time. What has come while this process was busy with something else counts: a busy process must
 * not take Redis for away, and its share for granted.
 */
function answerInTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`));
    // Sockets are read between timers and immediates.
    const timer = setTimeout(() => setImmediate(() => setImmediate(late)), ANSWER_LIMIT_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function answerOf(text: string): LeaseAnswer | null {
  if (text === "stale") return null;
  const [granted = 0, unleased = 0, others = 0] = text.split(" ").map(Number);
  return { granted, unleased, others };
}

function knownLeaseOf(counter: string, text: string): KnownLease | null {
  const [kind, whole, amount, windowMs, windowEndMs] = text.split(" ");
  if (kind !== "bucket" && kind !== "window" && kind !== "sliding") return null;
  return {
    counter,
    kind,
    whole: whole === "1",
    amount: Number(amount),
    windowMs: Number(windowMs),
    windowEndMs: Number(windowEndMs),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
