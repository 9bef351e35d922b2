import { loadAddon } from "./load.ts";

export interface SharedLimit {
  /**
   * `window`: fixed windows, aligned to the clock. `sliding-window`: the window before counts, too, weighted by how much of it the
   * last `windowMs` still cover. `token-bucket`: refills evenly over the window, at most `amount` at once.
   */
  algorithm: "window" | "sliding-window" | "token-bucket";
  /** Requests are exact. For tokens and cost, a counter below its limit admits a call whatever its amount. */
  unit: "requests" | "tokens" | "cost_usd";
  /** Above 0. */
  amount: number;
  /** Above 0. */
  windowMs: number;
  /** Whether it holds over all nodes of a cluster, or on each by itself. Absent: as `setLeasing` said. */
  cluster?: "shared" | "per_node";
}

/** `full`: the segment has no slot left. `busy`: a live process kept the counter for a second. Neither counted anything. */
export type Verdict = "refused" | "allowed" | "full" | "busy";

/**
 * How this node's part of a limit that the cluster shares is doing: `low`: it is time to lease more. `empty`: the call was refused
 * for want of a lease, and the cluster may have more.
 */
export type LeaseNeed = "enough" | "low" | "empty";

/**
 * `claimed`: ask the cluster, and tell the answer to `endLease`. `under way`: another process of the machine is asking. `too early`:
 * the last answer was no. `out of reach`: no slot, or busy.
 */
export type ClaimState = "claimed" | "under way" | "too early" | "out of reach";

/** What a question to the cluster says. */
export interface LeaseClaim {
  /** Counts on: a later question of the node has a higher one. */
  op: number;
  /** Windows: in this one. Buckets: since the last answer. */
  used: number;
  /** Leased and not used. */
  held: number;
  /** Unix time; 0: a bucket. */
  windowEndMs: number;
}

/** `held` below 0: used beyond what was leased. */
export type LeaseHolding = Omit<LeaseClaim, "op">;

/** Of this process. */
export interface SharedLimitsStats {
  /** Calls that found no slot. */
  full: number;
  /** Calls given up because a live process kept the counter. */
  busy: number;
  /** Reservations that are lost if this process dies before it settles them: it had too many of them. */
  untracked: number;
  /** Locks taken from dead processes. */
  takeovers: number;
}

interface Handle {
  reserve(kind: number, limit: number, windowMs: number, key: string, amount: number, nowMs: number): number;
  settle(
    kind: number,
    limit: number,
    windowMs: number,
    key: string,
    reserved: number,
    used: number,
    reservedAtMs: number,
    nowMs: number,
    ledger: number,
  ): boolean;
  reclaim(worker: number): number;
  slotsUsed(nowMs: number): number;
  stats(): SharedLimitsStats;
  setLeasing(isOn: boolean, byDefault: boolean): void;
  beginLease(
    ...question: [...LeaseArguments, keep: number, nowMs: number, answerByMs: number, isWanted: boolean]
  ): number;
  endLease(
    ...answer: [
      ...LeaseArguments,
      op: number,
      used: number,
      held: number,
      windowEndMs: number,
      granted: number,
      unleased: number,
      nowMs: number,
      askAgainMs: number,
    ]
  ): boolean;
  takeShare(...share: [...LeaseArguments, nodes: number, nowMs: number, askAgainMs: number]): boolean;
  claimWindows(cursor: number, most: number, nowMs: number, answerByMs: number): [number, ...(string | number)[]];
  look(...counter: [...LeaseArguments, nowMs: number]): boolean;
  node(): ClusterNode;
  noteCluster(redisRun: string, nodes: number): void;
  claimNodeId(current: string, wanted: string): string;
  close(): void;
  /** Of the last `reserve`: remaining, resetMs, retryAfterMs, ledger, lease; of the last claim: op, used, held, windowEndMs. */
  out: Float64Array;
  worker: number;
  slotCount: number;
}

type LeaseArguments = [kind: number, limit: number, windowMs: number, counterKey: string];

/** This machine as a node of a cluster, as all its processes know it. 16 hexadecimal digits, all 0: none yet. */
export interface ClusterNode {
  id: string;
  /** The life of Redis that knows what the node holds. */
  redisRun: string;
  /** Seen last; 0: none yet. */
  nodes: number;
}

interface LimitsAddon {
  openLimits(path: string, slots: number, worker: number): Handle;
  limitsCounterKey(name: string): string;
}

const addon = loadAddon() as LimitsAddon;

const ANY_WORKER = -1;
const NO_LEDGER = 0xffff_ffff;
const VERDICTS: readonly Verdict[] = ["refused", "allowed", "full", "busy"];

const LEASE_NEEDS: readonly LeaseNeed[] = ["enough", "low", "empty"];
const CLAIM_STATES: readonly ClaimState[] = ["claimed", "under way", "too early", "out of reach"];

// As the binding reads them: sharing * 16 + algorithm * 4 + unit.
const ALGORITHMS = { window: 0, "sliding-window": 4, "token-bucket": 8 } as const;
const UNITS = { requests: 0, tokens: 1, cost_usd: 2 } as const;

function kindOf({ algorithm, unit, cluster }: SharedLimit): number {
  const sharing = cluster === undefined ? 0 : cluster === "shared" ? 16 : 32;
  return sharing + ALGORITHMS[algorithm] + UNITS[unit];
}

/**
 * Counters of rate limits, quotas and budgets that all processes with the same file share. One instance per thread.
 * A process that dies loses nothing of the others': its reservations of tokens and cost go back when the next one opens
 * the file.
 */
export class SharedLimits {
  readonly #handle: Handle;
  readonly #out: Float64Array;

  private constructor(handle: Handle) {
    this.#handle = handle;
    this.#out = handle.out;
  }

  /**
   * `slots`: counters that fit, 64 to 16,777,216, rounded up to a power of two; the same for all that share the file.
   * `worker`: this process's number among them, 0 to 1023, else the lowest that is free. Throws with what to do.
   */
  static open(path: string, options: { slots: number; worker?: number }): SharedLimits {
    return new SharedLimits(addon.openLimits(path, options.slots, options.worker ?? ANY_WORKER));
  }

  /** As LimitStore.reserve. What goes with the verdict is in the getters below until the next call. */
  reserve(limit: SharedLimit, key: string, amount: number, nowMs: number): Verdict {
    const kind = kindOf(limit);
    return VERDICTS[this.#handle.reserve(kind, limit.amount, limit.windowMs, key, amount, nowMs)] as Verdict;
  }

  get remaining(): number {
    return this.#out[0] as number;
  }

  get resetMs(): number {
    return this.#out[1] as number;
  }

  get retryAfterMs(): number {
    return this.#out[2] as number;
  }

  /** For `settle`: where the reservation is written down for the case that this process dies. */
  get ledger(): number {
    return this.#out[3] as number;
  }

  get lease(): LeaseNeed {
    return LEASE_NEEDS[this.#out[4] as number] as LeaseNeed;
  }

  /**
   * As LimitStore.settle. `ledger` spares a look-up. False: the counter was out of reach (`full` or `busy`) and is not
   * corrected.
   */
  settle(
    limit: SharedLimit,
    key: string,
    reserved: number,
    used: number,
    reservedAtMs: number,
    nowMs: number,
    ledger = NO_LEDGER,
  ): boolean {
    return this.#handle.settle(
      kindOf(limit),
      limit.amount,
      limit.windowMs,
      key,
      reserved,
      used,
      reservedAtMs,
      nowMs,
      ledger,
    );
  }

  /** Gives back what a dead process had reserved and not settled. How many reservations that were: 0 when it lives. */
  reclaim(worker: number): number {
    return this.#handle.reclaim(worker);
  }

  /** Counters that still say something at `nowMs`. Reads the whole segment: for metrics. */
  slotsUsed(nowMs: number): number {
    return this.#handle.slotsUsed(nowMs);
  }

  /** From now on this process leases limits that are `shared`, and by default those that do not say. */
  setLeasing(isOn: boolean, byDefault: boolean): void {
    this.#handle.setLeasing(isOn, byDefault);
  }

  /**
   * Claims the right to ask the cluster, until `answerByMs`, and gives up what is held beyond `keep`. `isWanted`: more is asked for,
   * unless the last answer was no; else something is only told. `counter`: see `counterKey`; so below.
   */
  beginLease(
    limit: SharedLimit,
    counter: string,
    { keep, isWanted, nowMs, answerByMs }: { keep: number; isWanted: boolean; nowMs: number; answerByMs: number },
  ): LeaseClaim | Exclude<ClaimState, "claimed"> {
    const { amount, windowMs } = limit;
    const state = this.#handle.beginLease(kindOf(limit), amount, windowMs, counter, keep, nowMs, answerByMs, isWanted);
    const name = CLAIM_STATES[state] as ClaimState;
    return name === "claimed" ? { op: this.#out[5] as number, ...this.#holding() } : name;
  }

  /**
   * The answer: `granted` on top of what the claim held; `unleased`: this node's share of what nobody has leased, or, of a sliding window
   * that is used up, below 0: milliseconds until something slides out. Nobody asks again within `askAgainMs`. False: it came too late, or for a window that is over, and changes nothing.
   */
  endLease(
    limit: SharedLimit,
    counter: string,
    { op, used, held, windowEndMs }: LeaseClaim,
    granted: number,
    unleased: number,
    nowMs: number,
    askAgainMs: number,
  ): boolean {
    return this.#handle.endLease(
      kindOf(limit),
      limit.amount,
      limit.windowMs,
      counter,
      op,
      used,
      held,
      windowEndMs,
      granted,
      unleased,
      nowMs,
      askAgainMs,
    );
  }

  /** Nobody answers: this node may use its share of the limit, which is divided by the number of nodes. */
  takeShare(limit: SharedLimit, counter: string, nodes: number, nowMs: number, askAgainMs: number): boolean {
    const { amount, windowMs } = limit;
    return this.#handle.takeShare(kindOf(limit), amount, windowMs, counter, nodes, nowMs, askAgainMs);
  }

  /**
   * Claims what leased windows there are, to be told anew to a cluster that may have forgotten them, from `cursor` on: 0, then what
   * comes along; -1: that was all.
   */
  claimWindows(
    cursor: number,
    most: number,
    nowMs: number,
    answerByMs: number,
  ): { cursor: number; windows: { counter: string; claim: LeaseClaim }[] } {
    const [next, ...values] = this.#handle.claimWindows(cursor, most, nowMs, answerByMs);
    const windows: { counter: string; claim: LeaseClaim }[] = [];
    for (let i = 0; i < values.length; i += 5) {
      const [op, used, held, windowEndMs] = values.slice(i + 1, i + 5) as [number, number, number, number];
      windows.push({ counter: values[i] as string, claim: { op, used, held, windowEndMs } });
    }
    return { cursor: next < this.slotCount ? next : -1, windows };
  }

  /** null: there is no such counter. */
  look(limit: SharedLimit, counter: string, nowMs: number): LeaseHolding | null {
    return this.#handle.look(kindOf(limit), limit.amount, limit.windowMs, counter, nowMs) ? this.#holding() : null;
  }

  get node(): ClusterNode {
    return this.#handle.node();
  }

  noteCluster(redisRun: string, nodes: number): void {
    this.#handle.noteCluster(redisRun, nodes);
  }

  /** Sets the node's id where it is still `current`; gives what it is then. */
  claimNodeId(current: string, wanted: string): string {
    return this.#handle.claimNodeId(current, wanted);
  }

  #holding(): LeaseHolding {
    return {
      used: this.#out[6] as number,
      held: this.#out[7] as number,
      windowEndMs: this.#out[8] as number,
    };
  }

  /** For other native parts of Tidegate. Valid until `close`. */
  get native(): object {
    return this.#handle;
  }

  get slotCount(): number {
    return this.#handle.slotCount;
  }

  get worker(): number {
    return this.#handle.worker;
  }

  stats(): SharedLimitsStats {
    return this.#handle.stats();
  }

  /** Leaves: the other processes may give back what this one has not settled. Later calls throw. */
  close(): void {
    this.#handle.close();
  }
}

/** What a counter is found by: MurmurHash3 x64 128 of its name, 32 hexadecimal digits. */
export function counterKey(name: string): string {
  return addon.limitsCounterKey(name);
}
