import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LimitSnapshot } from "../../../src/contracts/snapshot.ts";
import { WorkerLimitStore } from "../../helpers/worker-limit-store.ts";

const START_MS = 1_700_000_000_000;

const amount = fc.integer({ min: 1, max: 20 });
const windowMs = fc.constantFrom(1000, 7000, 60_000);
/** Steps of time, some of them long enough for the store to sweep. */
const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 900 }), fc.constantFrom(0, 0, 1000, 45_000)), {
  minLength: 1,
  maxLength: 150,
});

function limitOf(
  algorithm: LimitSnapshot["algorithm"],
  unit: LimitSnapshot["unit"],
  most: number,
  ms: number,
): LimitSnapshot {
  return { per: "application", algorithm, unit, amount: most, windowMs: ms };
}

describe("requests in a window", () => {
  it("are exactly as many as allowed in each window", () => {
    fc.assert(
      fc.property(amount, windowMs, steps, (most, ms, waits) => {
        const store = new WorkerLimitStore();
        const limit = limitOf("window", "requests", most, ms);
        const taken = new Map<number, number>();
        let nowMs = START_MS;
        for (const wait of waits) {
          nowMs += wait;
          const window = Math.floor(nowMs / ms);
          const before = taken.get(window) ?? 0;
          const decision = store.reserve(limit, "k", 1, nowMs);
          expect(decision.allowed).toBe(before < most);
          if (decision.allowed) taken.set(window, before + 1);
          expect(decision.remaining).toBe(most - (taken.get(window) ?? 0));
          expect(decision.resetMs).toBe((window + 1) * ms - nowMs);
          expect(decision.retryAfterMs).toBe(decision.allowed ? 0 : decision.resetMs);
        }
      }),
    );
  });
});

describe("a token bucket of requests", () => {
  it("never lets more through than its size and what it gained, over any stretch of time", () => {
    fc.assert(
      fc.property(amount, windowMs, steps, (most, ms, waits) => {
        const store = new WorkerLimitStore();
        const limit = limitOf("token-bucket", "requests", most, ms);
        const admitted: number[] = [];
        let nowMs = START_MS;
        for (const wait of waits) {
          nowMs += wait;
          const decision = store.reserve(limit, "k", 1, nowMs);
          if (decision.allowed) admitted.push(nowMs);
          else {
            // What it says is true: a little before it is too early.
            expect(decision.retryAfterMs).toBeGreaterThan(0);
            expect(decision.retryAfterMs).toBeLessThanOrEqual(Math.ceil(ms / most));
          }
        }
        admitted.forEach((from, i) => {
          for (let j = i; j < admitted.length; j++) {
            const gained = (((admitted[j] as number) - from) * most) / ms;
            expect(j - i + 1).toBeLessThanOrEqual(most + gained + 1e-6);
          }
        });
      }),
    );
  });

  it("lets the next one through when it says so", () => {
    fc.assert(
      fc.property(amount, windowMs, (most, ms) => {
        const store = new WorkerLimitStore();
        const limit = limitOf("token-bucket", "requests", most, ms);
        for (let i = 0; i < most; i++) expect(store.reserve(limit, "k", 1, START_MS).allowed).toBe(true);
        const refused = store.reserve(limit, "k", 1, START_MS);
        expect(refused.allowed).toBe(false);
        expect(store.reserve(limit, "k", 1, START_MS + refused.retryAfterMs - 1).allowed).toBe(false);
        expect(store.reserve(limit, "k", 1, START_MS + refused.retryAfterMs).allowed).toBe(true);
      }),
    );
  });
});

/** Calls that overlap: each is reserved with an estimate and settled later with the truth. */
const calls = fc.array(
  fc.record({
    waitMs: fc.integer({ min: 0, max: 2000 }),
    lastsMs: fc.integer({ min: 0, max: 5000 }),
    estimate: fc.integer({ min: 0, max: 50 }),
    used: fc.integer({ min: 0, max: 80 }),
  }),
  { maxLength: 60 },
);

describe("tokens in a window", () => {
  it("are counted as used, in the window in which the call began", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), calls, (most, list) => {
        const ms = 3000;
        const store = new WorkerLimitStore();
        const limit = limitOf("window", "tokens", most, ms);
        const windowOf = (at: number) => Math.floor(at / ms);
        const used = new Map<number, number>();
        const add = (window: number, tokens: number) => used.set(window, (used.get(window) ?? 0) + tokens);
        let open: { endsAt: number; beganAt: number; estimate: number; used: number }[] = [];
        let nowMs = START_MS;
        for (const call of list) {
          nowMs += call.waitMs;
          for (const done of open.filter(({ endsAt }) => endsAt <= nowMs)) {
            store.settle(limit, "k", done.estimate, done.used, done.beganAt, done.endsAt);
            add(windowOf(done.beganAt), done.used - done.estimate);
          }
          open = open.filter(({ endsAt }) => endsAt > nowMs);
          const before = used.get(windowOf(nowMs)) ?? 0;
          const decision = store.reserve(limit, "k", call.estimate, nowMs);
          expect(decision.allowed).toBe(before < most);
          if (!decision.allowed) continue;
          add(windowOf(nowMs), call.estimate);
          expect(decision.remaining).toBe(Math.max(0, most - before - call.estimate));
          open.push({ endsAt: nowMs + call.lastsMs, beganAt: nowMs, estimate: call.estimate, used: call.used });
        }
      }),
    );
  });
});

describe("tokens in a bucket", () => {
  it("may go into debt by calls under way, and are paid back at the pace of the bucket", () => {
    const store = new WorkerLimitStore();
    const limit = limitOf("token-bucket", "tokens", 100, 10_000);
    expect(store.reserve(limit, "k", 10, START_MS).allowed).toBe(true);
    store.settle(limit, "k", 10, 150, START_MS, START_MS);
    const refused = store.reserve(limit, "k", 1, START_MS);
    expect([refused.allowed, refused.remaining, refused.retryAfterMs]).toEqual([false, 0, 5100]);
    expect(store.reserve(limit, "k", 1, START_MS + 4900).allowed).toBe(false);
    expect(store.reserve(limit, "k", 1, START_MS + 5100).allowed).toBe(true);
  });

  it("never hold more than their size", () => {
    fc.assert(
      fc.property(calls, (list) => {
        const store = new WorkerLimitStore();
        const limit = limitOf("token-bucket", "tokens", 100, 10_000);
        let nowMs = START_MS;
        for (const { waitMs, estimate, used } of list) {
          nowMs += waitMs;
          const decision = store.reserve(limit, "k", estimate, nowMs);
          expect(decision.remaining).toBeLessThanOrEqual(100);
          if (decision.allowed) store.settle(limit, "k", estimate, used, nowMs, nowMs);
        }
      }),
    );
  });
});

describe("counters", () => {
  it("do not touch one another, and go when they say nothing any more", () => {
    const store = new WorkerLimitStore();
    const window = limitOf("window", "requests", 1, 1000);
    const bucket = limitOf("token-bucket", "requests", 1, 1000);
    for (let i = 0; i < 500; i++) {
      expect(store.reserve(window, `w${i}`, 1, START_MS).allowed).toBe(true);
      expect(store.reserve(bucket, `b${i}`, 1, START_MS).allowed).toBe(true);
    }
    expect(store.size).toBe(1000);
    store.reserve(window, "again", 1, START_MS + 31_000);
    expect(store.size).toBe(1);
  });
});
