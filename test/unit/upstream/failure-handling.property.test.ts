import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../../src/upstream/circuit-breaker.ts";
import { backoffMs, readRetryAfter } from "../../../src/upstream/retry.ts";
import { TargetState } from "../../../src/upstream/target-state.ts";

describe("back-off", () => {
  it("is never longer than it doubles to, nor than its limit, and uses the whole range", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (firstMs, maxBackoffMs, attempt, random) => {
          const retries = { attempts: 3, on: [], backoffMs: firstMs, maxBackoffMs };
          const wait = backoffMs(retries, attempt, random);
          const ceiling = Math.min(maxBackoffMs, firstMs * 2 ** (attempt - 1));
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(Math.ceil(ceiling));
          expect(Math.abs(wait - ceiling * random)).toBeLessThanOrEqual(0.5);
        },
      ),
    );
  });
});

describe("Retry-After", () => {
  const NOW_MS = Date.UTC(2026, 10, 23);
  it.each([
    ["7", 7000],
    ["0", 0],
    ["Mon, 23 Nov 2026 00:00:05 GMT", 5000],
    ["Sun, 22 Nov 2026 00:00:05 GMT", 0],
    ["soon", null],
    ["", null],
    [undefined, null],
  ])("%s", (value, expected) => {
    expect(readRetryAfter(value, NOW_MS)).toBe(expected);
  });
});

describe("the circuit breaker", () => {
  const SETTINGS = { failures: 3, openMs: 1000 };
  const step = fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1500 })),
    outcome: fc.constantFrom("failed" as const, "failed" as const, "succeeded" as const, "released" as const),
  });

  it("does what its states say, for any calls one after the other", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = new CircuitBreaker();
        let nowMs = 1;
        let failures = 0;
        let openUntilMs = 0;
        for (const { waitMs, outcome } of steps) {
          nowMs += waitMs;
          const expected = openUntilMs === 0 ? "closed" : nowMs < openUntilMs ? "open" : "half-open";
          expect(breaker.state(nowMs)).toBe(expected);
          expect(breaker.acquire(nowMs)).toBe(expected !== "open");
          if (expected === "open") continue;
          // One probe at a time.
          if (expected === "half-open") expect(breaker.acquire(nowMs)).toBe(false);
          if (outcome === "released") breaker.released();
          else if (outcome === "succeeded") {
            breaker.succeeded();
            failures = 0;
            openUntilMs = 0;
          } else {
            breaker.failed(nowMs, SETTINGS);
            failures++;
            if (expected === "half-open" || failures >= SETTINGS.failures) openUntilMs = nowMs + SETTINGS.openMs;
          }
        }
      }),
    );
  });

  it("stays closed when it is turned off", () => {
    const breaker = new CircuitBreaker();
    for (let i = 0; i < 100; i++) breaker.failed(i, { failures: 0, openMs: 1000 });
    expect(breaker.acquire(100)).toBe(true);
  });

  it("holds off as long as it was asked to, and never shorter", () => {
    const breaker = new CircuitBreaker();
    breaker.holdOff(5000);
    breaker.holdOff(3000);
    expect([breaker.permits(4999), breaker.permits(5000)]).toEqual([false, true]);
  });
});

describe("passive health", () => {
  it("takes a target out after so many failures in a row, for so long", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 400 })), { maxLength: 60 }), (events) => {
        const state = new TargetState();
        let nowMs = 1;
        let row = 0;
        let outUntilMs = 0;
        for (const [good, waitMs] of events) {
          nowMs += waitMs;
          expect(state.isHealthy(nowMs)).toBe(nowMs >= outUntilMs);
          if (good) {
            state.succeeded();
            row = 0;
            outUntilMs = 0;
          } else {
            row++;
            expect(state.failed(nowMs, 3, 500)).toBe(row >= 3);
            if (row >= 3) outUntilMs = nowMs + 500;
          }
        }
      }),
    );
  });
});
