import fc from "fast-check";
import { expect, it } from "vitest";
import { scanTopLevel } from "../../../native-bindings/scan.ts";
import { scanTopLevel as oracle } from "../../../src/data-plane/pipeline/ai/top-level-fields.ts";
import { runs } from "../../helpers/property-runs.ts";

const NAMES = ["model", "stream", "usage", "max_tokens", ""];

function expectSame(bytes: Uint8Array, names: readonly string[] = NAMES): void {
  expect(scanTopLevel(bytes, names)).toEqual(oracle(Buffer.from(bytes).toString("latin1"), names));
}

const key = fc.oneof(
  fc.constantFrom(
    "model",
    "stream",
    "usage",
    "max_tokens",
    "mode",
    "Model",
    "USAGE",
    "max_tokenS",
    "modelx",
    "",
    'mo"del',
    "mod\\el",
    "é",
  ),
  fc.string({ maxLength: 6 }),
);
const text = fc.oneof(
  fc.string(),
  // Longer than the blocks that are looked at at once, with the quote and its backslashes at any place.
  fc
    .tuple(fc.nat({ max: 70 }), fc.constantFrom('"', "\\", '\\"', '\\\\"', "é", ","), fc.nat({ max: 40 }))
    .map(([before, what, behind]) => "x".repeat(before) + what + "y".repeat(behind)),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(key, tie("any"), { maxKeys: 4 }),
  ),
})).any;
const object = fc
  .tuple(fc.array(fc.tuple(key, value), { maxLength: 6 }), fc.constantFrom(undefined, 1, "\t"))
  .map(
    ([fields, indent]) =>
      `{${fields.map(([name, content]) => `${JSON.stringify(name)}:${JSON.stringify(content, null, indent)}`).join(", ")}}`,
  );

/** What may stand anywhere in a broken text. */
const piece = fc.constantFrom(
  ...["{", "}", "[", "]", '"', "\\", ":", ",", " ", "\n", "\0", "\u001f", "null", "false", "1", "-2.5e3"],
  ...['"model"', '"usage"', '\\"', "\\\\", '"mod\\u0065l"', "é", "x".repeat(40)],
);

it("finds what JavaScript's scan finds in JSON", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        object,
        value.map((any) => JSON.stringify(any)),
      ),
      (json) => expectSame(Buffer.from(json)),
    ),
    { numRuns: runs(3000) },
  );
});

it("gives JavaScript's verdict for JSON with pieces cut out, put in and left out at the end", () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.oneof(piece, fc.constant("")));
  fc.assert(
    fc.property(object, fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), (json, changes, cut) => {
      let broken = json;
      for (const [place, removed, inserted] of changes) {
        const at = place % (broken.length + 1);
        broken = broken.slice(0, at) + inserted + broken.slice(at + removed);
      }
      const bytes = Buffer.from(broken);
      expectSame(bytes);
      expectSame(bytes.subarray(0, cut % (bytes.length + 1)));
    }),
    { numRuns: runs(5000) },
  );
});

it("gives JavaScript's verdict for any mix of JSON's parts", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expectSame(Buffer.from(pieces.join("")));
      expectSame(Buffer.from(`{"model":${pieces.join("")}}`));
    }),
    { numRuns: runs(5000) },
  );
});

it("gives JavaScript's verdict for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expectSame(bytes);
      expectSame(Buffer.concat([Buffer.from('{"usage":"'), bytes, Buffer.from('"}')]));
    }),
    { numRuns: runs(3000) },
  );
});

it("sees the end of a string at every place, whatever number of backslashes is before it", () => {
  for (let before = 0; before < 50; before++) {
    for (let slashes = 0; slashes < 6; slashes++) {
      const content = "x".repeat(before) + "\\".repeat(slashes);
      expectSame(Buffer.from(`{"model":"${content}","stream":true}`));
      expectSame(Buffer.from(`{"model":["${content}"z"],"stream":true}`));
    }
  }
});

it("takes the first of two equal wanted names in its list, and none at all", () => {
  expectSame(Buffer.from('{"model":1}'), ["model", "model"]);
  expectSame(Buffer.from('{"model":1}'), []);
  expectSame(Buffer.from('{"mod\\u0065l":1}'), []);
  expectSame(Buffer.alloc(0));
});
