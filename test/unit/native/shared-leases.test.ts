import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { counterKey, type LeaseClaim, type SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";

const START_MS = 1_700_000_000_000;
const HOUR: SharedLimit = { algorithm: "window", unit: "requests", amount: 100, windowMs: 3_600_000 };
const TOKENS: SharedLimit = { ...HOUR, unit: "tokens", amount: 1000 };
const BUCKET: SharedLimit = { ...HOUR, algorithm: "token-bucket", windowMs: 100_000 };
const COUNTER = counterKey("k");
const ALL = Number.MAX_VALUE;

let directory: string;
let limits: SharedLimits;
/** Another process of the same machine. */
let other: SharedLimits;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-leases-"));
  const path = join(directory, "limits.shm");
  limits = SharedLimits.open(path, { slots: 64 });
  other = SharedLimits.open(path, { slots: 64 });
  for (const each of [limits, other]) each.setLeasing(true, true);
});
afterEach(() => {
  limits.close();
  other.close();
  rmSync(directory, { recursive: true, force: true });
});

function claim(limit: SharedLimit, options: { keep?: number; isWanted?: boolean; nowMs?: number } = {}, by = limits) {
  const { keep = ALL, isWanted = true, nowMs = START_MS } = options;
  return by.beginLease(limit, COUNTER, { keep, isWanted, nowMs, answerByMs: nowMs + 1000 });
}

function lease(limit: SharedLimit, granted: number, unleased = 0, nowMs = START_MS): LeaseClaim {
  const claimed = claim(limit, { nowMs }) as LeaseClaim;
  expect(claimed).toMatchObject({ op: expect.any(Number) });
  expect(limits.endLease(limit, COUNTER, claimed, granted, unleased, nowMs, 0)).toBe(true);
  return claimed;
}

function reserve(limit: SharedLimit, amount = 1, nowMs = START_MS, by = limits): string {
  const verdict = by.reserve(limit, "k", amount, nowMs);
  return verdict === "allowed" ? by.lease : `refused, ${by.lease}`;
}

describe("a leased window", () => {
  it("admits what was leased, says when it runs low, and then that it is empty", () => {
    expect(reserve(HOUR)).toBe("refused, empty");
    lease(HOUR, 6, 7.9);
    expect([1, 2, 3, 4, 5, 6].map(() => reserve(HOUR))).toEqual(["enough", "enough", "enough", "low", "low", "low"]);
    // What the node may surely have of the rest.
    expect(limits.remaining).toBe(7);
    expect(reserve(HOUR, 1, START_MS, other)).toBe("refused, empty");
    lease(HOUR, 3);
    expect([1, 2, 3].map(() => reserve(HOUR, 1, START_MS, other))).toEqual(["enough", "enough", "enough"]);
    expect(reserve(HOUR)).toBe("refused, empty");
  });

  it("is asked for by one process at a time, and by another one when that one does not come back", () => {
    const first = claim(HOUR) as LeaseClaim;
    expect(first).toMatchObject({ used: 0, held: 0 });
    expect(claim(HOUR, {}, other)).toBe("under way");
    const second = claim(HOUR, { nowMs: START_MS + 1001 }, other) as LeaseClaim;
    expect(second.op).toBeGreaterThan(first.op);
    // The first answer comes after all: what it grants is not counted here, and the next question says so.
    expect(limits.endLease(HOUR, COUNTER, first, 50, 0, START_MS + 1002, 0)).toBe(false);
    expect(other.endLease(HOUR, COUNTER, second, 5, 0, START_MS + 1003, 0)).toBe(true);
    expect(limits.look(HOUR, COUNTER, START_MS + 1004)).toMatchObject({ used: 0, held: 5 });
  });

  it("is not asked for again for as long as the answer was no, but told about", () => {
    const claimed = claim(HOUR) as LeaseClaim;
    limits.endLease(HOUR, COUNTER, claimed, 0, 0, START_MS, 100);
    expect(reserve(HOUR, 1, START_MS + 99)).toBe("refused, enough");
    expect(claim(HOUR, { nowMs: START_MS + 99 })).toBe("too early");
    expect(claim(HOUR, { nowMs: START_MS + 99, isWanted: false })).toMatchObject({ used: 0 });
    expect(claim(HOUR, { nowMs: START_MS + 3000 })).toMatchObject({ used: 0 });
  });

  it("gives up what it does not keep before anybody is told", () => {
    lease(HOUR, 10);
    for (let i = 0; i < 3; i++) reserve(HOUR);
    expect(claim(HOUR, { keep: 2 })).toMatchObject({ used: 3, held: 2 });
    expect([1, 2, 3].map(() => reserve(HOUR).startsWith("refused"))).toEqual([false, false, true]);
  });

  it("is over with the window, and so is an answer for it", () => {
    lease(HOUR, 10);
    const claimed = claim(HOUR) as LeaseClaim;
    const nextMs = claimed.windowEndMs + 1;
    expect(reserve(HOUR, 1, nextMs)).toBe("refused, empty");
    expect(limits.endLease(HOUR, COUNTER, claimed, 10, 0, nextMs, 0)).toBe(false);
    expect(limits.look(HOUR, COUNTER, nextMs)).toMatchObject({ used: 0, held: 0 });
  });

  it("counts on what was counted before there was a cluster", () => {
    limits.setLeasing(false, true);
    for (let i = 0; i < 5; i++) limits.reserve(HOUR, "k", 1, START_MS);
    limits.setLeasing(true, true);
    expect(claim(HOUR)).toMatchObject({ used: 5, held: 0 });
  });

  it("says what tokens were used beyond it, and has nothing in hand until that is paid", () => {
    lease(TOKENS, 100);
    expect(limits.reserve(TOKENS, "k", 60, START_MS)).toBe("allowed");
    limits.settle(TOKENS, "k", 60, 250, START_MS, START_MS);
    expect(limits.look(TOKENS, COUNTER, START_MS)).toMatchObject({ used: 250, held: -150 });
    expect(reserve(TOKENS, 1)).toBe("refused, empty");
    expect(lease(TOKENS, 40)).toMatchObject({ used: 250, held: 0 });
    expect(limits.look(TOKENS, COUNTER, START_MS)).toMatchObject({ used: 250, held: 40 });
  });

  it("gets back what a dead process had reserved", () => {
    lease(TOKENS, 100);
    expect(other.reserve(TOKENS, "k", 60, START_MS)).toBe("allowed");
    const { worker } = other;
    other.close();
    expect(limits.reclaim(worker)).toBe(1);
    expect(limits.look(TOKENS, COUNTER, START_MS)).toMatchObject({ used: 0, held: 100 });
  });

  it("is at least the node's share when nobody answers", () => {
    lease(HOUR, 10);
    for (let i = 0; i < 10; i++) reserve(HOUR);
    limits.takeShare(HOUR, COUNTER, 3, START_MS, 100);
    expect(limits.look(HOUR, COUNTER, START_MS)).toMatchObject({ used: 10, held: 23 });
    limits.takeShare(HOUR, COUNTER, 200, START_MS, 100);
    expect(limits.look(HOUR, COUNTER, START_MS)).toMatchObject({ used: 10, held: 23 });
  });

  it("is each node's own where the limit says so", () => {
    const own: SharedLimit = { ...HOUR, cluster: "per_node" };
    expect(reserve(own)).toBe("enough");
    limits.setLeasing(true, false);
    expect(limits.reserve(HOUR, "other", 1, START_MS)).toBe("allowed");
    expect(limits.reserve({ ...HOUR, cluster: "shared" }, "third", 1, START_MS)).toBe("refused");
  });
});

describe("a leased sliding window", () => {
  const SLIDING: SharedLimit = { ...HOUR, algorithm: "sliding-window" };
  const endMs = (Math.floor(START_MS / HOUR.windowMs) + 1) * HOUR.windowMs;

  it("admits what was leased, and says when something slides out", () => {
    lease(SLIDING, 2);
    expect([1, 2].map(() => reserve(SLIDING))).toEqual(["enough", "enough"]);
    expect(limits.resetMs).toBe(endMs + HOUR.windowMs - START_MS);
    expect(reserve(SLIDING)).toBe("refused, empty");
    expect(limits.retryAfterMs).toBe(endMs - START_MS);
    lease(SLIDING, 0, -90_000, START_MS + 1_000);
    expect(reserve(SLIDING, 1, START_MS + 2_000)).toBe("refused, empty");
    expect([limits.retryAfterMs, limits.remaining]).toEqual([89_000, 0]);
    // By then it is more.
    lease(SLIDING, 1, 0, START_MS + 91_000);
    expect(reserve(SLIDING, 1, START_MS + 91_000)).toBe("enough");
  });

  it("gains its share over the window when nobody answers: the one before may have been full", () => {
    const share = (atMs: number) => {
      limits.takeShare(SLIDING, COUNTER, 4, atMs, 0);
      return limits.look(SLIDING, COUNTER, atMs)?.held;
    };
    const beganMs = endMs - HOUR.windowMs;
    expect([0.01, 0.5, 0.999].map((part) => share(beganMs + part * HOUR.windowMs))).toEqual([1, 13, 25]);
  });

  it("bug: a node's own sliding windows were told to the cluster as leases", () => {
    const own: SharedLimit = { ...SLIDING, cluster: "per_node" };
    for (let i = 0; i < 3; i++) limits.reserve(own, "k", 1, START_MS - HOUR.windowMs);
    expect(reserve(own)).toBe("enough");
    expect(limits.claimWindows(0, 64, START_MS, START_MS + 1000).windows).toEqual([]);
    lease(SLIDING, 5);
    expect(limits.claimWindows(0, 64, START_MS, START_MS + 1000).windows).toMatchObject([
      { counter: COUNTER, claim: { used: 0, held: 5 } },
    ]);
  });
});

describe("a leased bucket", () => {
  it("says what was used since the last answer", () => {
    lease(BUCKET, 10);
    for (let i = 0; i < 4; i++) reserve(BUCKET);
    expect(lease(BUCKET, 5)).toMatchObject({ used: 4, held: 6, windowEndMs: 0 });
    expect(limits.look(BUCKET, COUNTER, START_MS)).toMatchObject({ used: 0, held: 11 });
    // In between, calls went on: they are in the next question.
    const claimed = claim(BUCKET) as LeaseClaim;
    reserve(BUCKET);
    limits.endLease(BUCKET, COUNTER, claimed, 0, 0, START_MS, 0);
    expect(limits.look(BUCKET, COUNTER, START_MS)).toMatchObject({ used: 1, held: 10 });
  });

  it("gains its share of the rate when nobody answers, up to its share of the whole", () => {
    lease(BUCKET, 2);
    for (let i = 0; i < 2; i++) reserve(BUCKET);
    const share = (nowMs: number) => {
      limits.takeShare(BUCKET, COUNTER, 2, nowMs, 100);
      return limits.look(BUCKET, COUNTER, nowMs)?.held;
    };
    // 50 per 100 s.
    expect(share(START_MS + 10_000)).toBe(5);
    expect(share(START_MS + 20_000)).toBe(10);
    expect(share(START_MS + 900_000)).toBe(50);
  });
});

it("a node's name is the same for all processes of a machine, and kept", () => {
  const none = "0".repeat(16);
  expect(limits.node).toEqual({ id: none, redisRun: none, nodes: 0 });
  expect(limits.claimNodeId(none, "00000000000000ab")).toBe("00000000000000ab");
  expect(other.claimNodeId(none, "00000000000000cd")).toBe("00000000000000ab");
  other.noteCluster("00000000000000ef", 3);
  expect(limits.node).toEqual({ id: "00000000000000ab", redisRun: "00000000000000ef", nodes: 3 });
});
