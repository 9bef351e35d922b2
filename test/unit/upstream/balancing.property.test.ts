import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BalancedTarget, createBalancer } from "../../../src/upstream/balancing/balancer.ts";
import { TargetState } from "../../../src/upstream/target-state.ts";
import { runs } from "../../helpers/property-runs.ts";

function targetsOf(weights: readonly number[], offset = 0): BalancedTarget[] {
  return weights.map((weight, i) => ({ url: `http://10.0.0.${i + offset}:80`, weight, state: new TargetState() }));
}

const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 6 });
const keys = Array.from({ length: 400 }, (_, i) => `key-${i}`);
const all = () => true;

describe("consistent hash", () => {
  it("moves only the keys of a target that goes", () => {
    fc.assert(
      fc.property(weights, fc.nat(), (list, gone) => {
        const balance = createBalancer("consistent-hash", targetsOf(list));
        const lost = gone % list.length;
        for (const key of keys) {
          const before = balance(all, key);
          const after = balance((index) => index !== lost, key);
          if (before !== lost) expect(after).toBe(before);
          else if (list.length === 1) expect(after).toBe(-1);
          else expect(after).not.toBe(lost);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("maps a key to the same target whatever the order of the list, and takes keys only for a target that is new", () => {
    fc.assert(
      fc.property(weights, fc.nat(), (list, turn) => {
        const targets = targetsOf(list);
        const turned = [...targets.slice(turn % list.length), ...targets.slice(0, turn % list.length)];
        const added = [...targets, ...targetsOf([3], 100)];
        const one = createBalancer("consistent-hash", targets);
        const other = createBalancer("consistent-hash", turned);
        const more = createBalancer("consistent-hash", added);
        for (const key of keys) {
          const url = targets[one(all, key)]?.url;
          expect(turned[other(all, key)]?.url).toBe(url);
          const now = added[more(all, key)]?.url;
          if (now !== "http://10.0.0.100:80") expect(now).toBe(url);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("spreads keys by weight", () => {
    const balance = createBalancer("consistent-hash", targetsOf([1, 2, 4]));
    const counts = [0, 0, 0];
    const total = 20_000;
    for (let i = 0; i < total; i++) {
      const index = balance(all, `user:${i}`);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    [1, 2, 4].forEach((weight, i) => {
      expect((counts[i] as number) / total).toBeGreaterThan((weight / 7) * 0.75);
      expect((counts[i] as number) / total).toBeLessThan((weight / 7) * 1.25);
    });
  });
});

describe("round-robin", () => {
  it("gives each target its share in every round, and never bunches", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 3 }), (list, rounds) => {
        const balance = createBalancer("round-robin", targetsOf(list));
        const total = list.reduce((sum, weight) => sum + weight, 0);
        for (let round = 0; round < rounds; round++) {
          const counts = list.map(() => 0);
          for (let i = 0; i < total; i++) {
            const index = balance(all, "");
            counts[index] = (counts[index] as number) + 1;
          }
          expect(counts).toEqual(list);
        }
      }),
    );
  });
});

describe("any balancer", () => {
  it("chooses a usable target with a weight when there is one, and says when there is none", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("round-robin" as const, "least-connections" as const, "consistent-hash" as const),
        fc.array(fc.record({ weight: fc.integer({ min: 0, max: 3 }), usable: fc.boolean(), inFlight: fc.nat(5) }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.string(), { minLength: 1, maxLength: 20 }),
        (balancing, list, hashKeys) => {
          const targets = targetsOf(list.map(({ weight }) => weight));
          list.forEach(({ inFlight }, i) => {
            for (let n = 0; n < inFlight; n++) (targets[i] as BalancedTarget).state.began();
          });
          const balance = createBalancer(balancing, targets);
          const possible = list.some(({ weight, usable }) => usable && weight > 0);
          for (const key of hashKeys) {
            const index = balance((i) => list[i]?.usable === true, key);
            if (possible)
              expect(list[index]).toMatchObject({ usable: true, weight: expect.toSatisfy((w: number) => w > 0) });
            else expect(index).toBe(-1);
          }
        },
      ),
    );
  });
});
