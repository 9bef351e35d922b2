import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";
import type { LimitDecision } from "../../../src/contracts/limits.ts";
import type { LimitSnapshot } from "../../../src/contracts/snapshot.ts";
import { WorkerLimitStore } from "../../helpers/worker-limit-store.ts";

const START_MS = 1_700_000_000_123;

let directory: string;
let shared: SharedLimits;
let names = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-limits-"));
  shared = SharedLimits.open(join(directory, "limits.shm"), { slots: 16_384 });
});
afterAll(() => {
  shared.close();
  rmSync(directory, { recursive: true, force: true });
});

function reserve(limit: SharedLimit, key: string, amount: number, nowMs: number): LimitDecision {
  const verdict = shared.reserve(limit, key, amount, nowMs);
  expect(["allowed", "refused"]).toContain(verdict);
  const { remaining, resetMs, retryAfterMs } = shared;
  return { allowed: verdict === "allowed", remaining, resetMs, retryAfterMs };
}

const unit = fc.constantFrom("requests", "tokens", "cost_usd");
const windowMs = fc.constantFrom(1000, 7000, 60_000);

interface Step {
  waitMs: number;
  key: number;
  amount: number;
  /** Settles the oldest reservation with this much, before the call. */
  used: number | null;
}

function stepsOf(waitMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      waitMs,
      key: fc.integer({ min: 0, max: 1 }),
      amount: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 30 })),
      used: fc.option(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.double({ min: 0, max: 3, noNaN: true }))),
    }),
    { minLength: 1, maxLength: 120 },
  );
}

/** Both stores get the same calls. */
function compare(limit: LimitSnapshot, steps: readonly Step[], withLedger: boolean): void {
  const oracle = new WorkerLimitStore();
  const prefix = `${names++}|`;
  const open: { key: string; amount: number; atMs: number; ledger: number }[] = [];
  let nowMs = START_MS;
  for (const step of steps) {
    nowMs += step.waitMs;
    const settled = step.used === null ? undefined : open.shift();
    if (settled !== undefined) {
      const { key, amount, atMs, ledger } = settled;
      oracle.settle(limit, key, amount, step.used ?? 0, atMs, nowMs);
      shared.settle(limit, key, amount, step.used ?? 0, atMs, nowMs, ...(withLedger ? [ledger] : []));
    }
    const key = prefix + step.key;
    const expected = oracle.reserve(limit, key, step.amount, nowMs);
    expect(reserve(limit, key, step.amount, nowMs)).toEqual(expected);
    if (expected.allowed) open.push({ key, amount: step.amount, atMs: nowMs, ledger: shared.ledger });
  }
  for (const { key, amount, atMs } of open) shared.settle(limit, key, amount, 0, atMs, nowMs);
}

describe("shared counters decide like those of one worker", () => {
  const amount = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(0.25, 12.5));

  it("in windows", () => {
    const waitMs = fc.oneof(fc.integer({ min: 0, max: 900 }), fc.constantFrom(0, 0, 1000, 45_000));
    fc.assert(
      fc.property(unit, amount, windowMs, stepsOf(waitMs), fc.boolean(), (of, most, ms, steps, withLedger) => {
        const limit: LimitSnapshot = { per: "application", algorithm: "window", unit: of, amount: most, windowMs: ms };
        compare(limit, steps, withLedger);
      }),
    );
  });

  it("in token buckets", () => {
    // Under 30 s in all: after that the worker's store drops full buckets and what is still to be settled with them.
    const waitMs = fc.oneof(fc.integer({ min: 0, max: 240 }), fc.constant(0));
    fc.assert(
      fc.property(unit, amount, windowMs, stepsOf(waitMs), fc.boolean(), (of, most, ms, steps, withLedger) => {
        const limit = { per: "application", algorithm: "token-bucket", unit: of, amount: most, windowMs: ms } as const;
        compare(limit, steps, withLedger);
      }),
    );
  });
});

/** The definition, over the list of all calls. */
class SlidingWindowOracle {
  readonly #limit: SharedLimit;
  readonly #calls: { atMs: number; amount: number }[] = [];

  constructor(limit: SharedLimit) {
    this.#limit = limit;
  }

  usedAt(nowMs: number): number {
    const ms = this.#limit.windowMs;
    const window = Math.floor(nowMs / ms);
    const sumOf = (wanted: number) =>
      this.#calls.reduce((sum, call) => (Math.floor(call.atMs / ms) === wanted ? sum + call.amount : sum), 0);
    return sumOf(window) + sumOf(window - 1) * (((window + 1) * ms - nowMs) / ms);
  }

  allows(amount: number, nowMs: number): boolean {
    const left = this.#limit.amount - this.usedAt(nowMs);
    return this.#limit.unit === "requests" ? left >= amount : left > 0;
  }

  add(amount: number, atMs: number): { settle(used: number): void } {
    const call = { atMs, amount };
    this.#calls.push(call);
    return {
      settle: (used) => {
        call.amount = used;
      },
    };
  }
}

describe("a sliding window", () => {
  const waitMs = fc.oneof(fc.integer({ min: 0, max: 900 }), fc.constantFrom(0, 0, 1000, 9000));
  const whole = fc.integer({ min: 1, max: 40 });

  it("counts this window and the share of the one before that the last windowMs still cover", () => {
    fc.assert(
      fc.property(unit, whole, windowMs, stepsOf(waitMs), (of, most, ms, steps) => {
        const limit: SharedLimit = { algorithm: "sliding-window", unit: of, amount: most, windowMs: ms };
        const oracle = new SlidingWindowOracle(limit);
        const key = `${names++}|`;
        const open: { amount: number; atMs: number; settle(used: number): void }[] = [];
        let nowMs = START_MS;
        for (const step of steps) {
          nowMs += step.waitMs;
          const settled = step.used === null ? undefined : open.shift();
          if (settled !== undefined) {
            const used = Math.floor(step.used ?? 0);
            settled.settle(used);
            shared.settle(limit, key, settled.amount, used, settled.atMs, nowMs);
          }
          const expected = oracle.allows(step.amount, nowMs);
          const decision = reserve(limit, key, step.amount, nowMs);
          expect(decision.allowed).toBe(expected);
          if (expected) {
            open.push({ amount: step.amount, atMs: nowMs, ...oracle.add(step.amount, nowMs) });
            expect(decision.retryAfterMs).toBe(0);
          } else if (of !== "requests" || step.amount <= most) {
            // The first millisecond at which the same call would pass.
            expect(oracle.allows(step.amount, nowMs + decision.retryAfterMs)).toBe(true);
            expect(decision.retryAfterMs === 1 || !oracle.allows(step.amount, nowMs + decision.retryAfterMs - 1)).toBe(
              true,
            );
          }
          expect(decision.remaining).toBeCloseTo(Math.max(0, most - oracle.usedAt(nowMs)), 9);
          expect(oracle.usedAt(nowMs + decision.resetMs)).toBe(0);
        }
        for (const { amount, atMs } of open) shared.settle(limit, key, amount, 0, atMs, nowMs);
      }),
    );
  });

  it("has no burst of two limits around the end of a window", () => {
    const limit: SharedLimit = { algorithm: "sliding-window", unit: "requests", amount: 10, windowMs: 1000 };
    const endMs = Math.ceil(START_MS / 1000) * 1000;
    for (let i = 0; i < 10; i++) expect(reserve(limit, "burst", 1, endMs - 1).allowed).toBe(true);
    const refused = reserve(limit, "burst", 1, endMs);
    expect(refused).toEqual({ allowed: false, remaining: 0, resetMs: 1000, retryAfterMs: 100 });
    expect(reserve(limit, "burst", 1, endMs + 99).allowed).toBe(false);
    expect(reserve(limit, "burst", 1, endMs + 100).allowed).toBe(true);
  });
});
