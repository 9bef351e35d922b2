import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duplicateMember } from "../../../src/data-plane/pipeline/policies/duplicate-member.ts";
import { runs } from "../../helpers/property-runs.ts";

describe("a member that is there twice", () => {
  it.each([
    ['{"a":1,"a":1}', "/a"],
    ['{"a":1,"\\u0061":2}', "/a"],
    ['{"a":{"b":1},"c":[0,{"d":"}","d":"{"}]}', "/c/1/d"],
    ['{"a/b":{"~":1,"~":2}}', "/a~1b/~0"],
    ['{"":1, "x":"\\"", "":2}', "/"],
    ['[[],[{"__proto__":1,"__proto__":2}]]', "/1/0/__proto__"],
    ['{ "a" : { "a" : 1 } , "b" : [ 1 , 2 ] , "b" : 3 }', "/b"],
  ])("is found in %s", (text, pointer) => {
    expect(duplicateMember(text)).toBe(pointer);
  });

  it.each(['{"a":{"a":1},"b":{"a":2}}', '[{"a":1},{"a":1}]', '["a","a"]', '{"a":"a","b":"b","c":"\\\\"}', '"a"', "1"])(
    "is none in %s",
    (text) => {
      expect(duplicateMember(text)).toBeNull();
    },
  );

  it("is found wherever it is, and nowhere else", () => {
    const name = fc.oneof(fc.constantFrom("a", "b", '"', "\\", "{", "é"), fc.string({ maxLength: 3 }));
    // Objects as lists of members, so that names may repeat.
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.record({ text: fc.json({ maxDepth: 0 }), repeats: fc.constant(false) }),
        tie("list"),
        tie("object"),
      ),
      list: fc.array(tie("value") as fc.Arbitrary<Made>, { maxLength: 4 }).map((items) => ({
        text: `[${items.map(({ text }) => text).join(" , ")}]`,
        repeats: items.some(({ repeats }) => repeats),
      })),
      object: fc.array(fc.tuple(name, tie("value") as fc.Arbitrary<Made>), { maxLength: 4 }).map((members) => ({
        text: `{${members.map(([key, { text }]) => `${JSON.stringify(key)}: ${text}`).join(",")}}`,
        repeats:
          new Set(members.map(([key]) => key)).size < members.length || members.some(([, { repeats }]) => repeats),
      })),
    }));
    fc.assert(
      fc.property(value as fc.Arbitrary<Made>, ({ text, repeats }) => {
        JSON.parse(text);
        expect(duplicateMember(text) !== null).toBe(repeats);
      }),
      { numRuns: runs(500) },
    );
  });
});

interface Made {
  text: string;
  repeats: boolean;
}
