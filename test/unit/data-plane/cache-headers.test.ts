import fc from "fast-check";
import { expect, it } from "vitest";
import { forEachDirective } from "../../../src/data-plane/pipeline/cache/directives.ts";
import { parseHttpDate } from "../../../src/data-plane/pipeline/cache/http-date.ts";
import { runs } from "../../helpers/property-runs.ts";

const NOW = Date.UTC(2026, 10, 29);

it.each([
  ["Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
  ["Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 37)],
  ["Sun Nov  6 08:49:37 1994", Date.UTC(1994, 10, 6, 8, 49, 37)],
  ["Saturday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1)],
  ["Saturday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
  ["Fri, 30 Feb 2029 00:00:00 GMT", null],
  ["Sun, 06 Nov 1994 24:00:00 GMT", null],
  ["Sun, 06 Nov 1994 08:49:37 UTC", null],
  ["Sun, 6 Nov 1994 08:49:37 GMT", null],
  ["1994-11-06T08:49:37Z", null],
  ["0", null],
  ["", null],
])("HTTP-date %j (RFC 9110 §5.6.7)", (text, expected) => {
  expect(parseHttpDate(text, NOW)).toBe(expected);
});

it("reads the dates that a server writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      expect(parseHttpDate(new Date(seconds * 1000).toUTCString(), NOW)).toBe(seconds * 1000);
    }),
    { numRuns: runs(50) },
  );
});

it.each<[string, [string, string | null][]]>([
  [
    "max-age=60, no-cache",
    [
      ["max-age", "60"],
      ["no-cache", null],
    ],
  ],
  [
    ' , NO-CACHE = "a, \\"b\\", max-age=0" ,,x',
    [
      ["no-cache", 'a, "b", max-age=0'],
      ["x", null],
    ],
  ],
  ['a="open, b', [["a", '"open, b']]],
  ["", []],
])("directives of %j (RFC 9111 §5.2)", (text, expected) => {
  const found: [string, string | null][] = [];
  forEachDirective(text, (name, argument) => found.push([name, argument]));
  expect(found).toEqual(expected);
});
