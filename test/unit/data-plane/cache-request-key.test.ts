import fc from "fast-check";
import { expect, it } from "vitest";
import { requestDigest } from "../../../src/data-plane/pipeline/cache/request-key.ts";
import { runs } from "../../helpers/property-runs.ts";

const digest = (text: string, maxParsedBytes = 10_000) => requestDigest(Buffer.from(text), maxParsedBytes);

/** The same value with the members of its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

it("is the same for equal JSON, and for nothing else", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      // Compared byte for byte: see below.
      fc.pre(!/\d{16}/.test(JSON.stringify([one, other])));
      expect(digest(JSON.stringify(reversed(one), null, 1))).toBe(digest(JSON.stringify(one, null, 1)));
      const same = JSON.stringify(one) === JSON.stringify(other);
      if (!same) expect(digest(JSON.stringify({ a: one, b: 1 }))).not.toBe(digest(JSON.stringify({ a: one, b: 2 })));
    }),
    { numRuns: runs(50) },
  );
});

it.each([
  ["numbers that JavaScript takes for one", "[9007199254740993]", "[9007199254740992]"],
  ["a list and a string", '["a,b"]', '["a","b"]'],
  ["a member called __proto__", '{"__proto__":1}', "{}"],
  ["order in lists", "[1,2]", "[2,1]"],
  ["a number beyond all and null", "[1e400]", "[null]"],
  // bug: with a wide scope, whoever sent the first chose what callers of the second got of an upstream that takes the first of two.
  ["a member that is there twice, and once", '{"a":{"b":1,"b":2}}', '{"a":{"b":2}}'],
])("tells apart %s", (_name, one, other) => {
  expect(digest(one)).not.toBe(digest(other));
});

it("compares longer bodies, and what is no JSON, byte for byte", () => {
  expect(digest("[1, 2]", 3)).not.toBe(digest("[1,2]", 3));
  expect(digest("[1, 2]")).toBe(digest("[1,2]"));
  expect(digest("[1")).toBe(digest("[1"));
  expect(digest("[".repeat(9_000))).toBe(digest("[".repeat(9_000)));
});
