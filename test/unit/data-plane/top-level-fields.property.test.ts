import fc from "fast-check";
import { expect, it } from "vitest";
import { scanTopLevel } from "../../../src/data-plane/pipeline/ai/top-level-fields.ts";
import { runs } from "../../helpers/property-runs.ts";

/** Keys that JSON writes as they are; the wanted ones often among them, at any depth. */
const key = fc.oneof(
  fc.constantFrom("model", "stream", "usage", "modelx", "mode", ""),
  fc.string({ maxLength: 6 }).filter((text) => JSON.stringify(text) === `"${text}"`),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string(),
    fc.constantFrom('"model":1', "\\", '\\"', "{", "}]", ',"stream":true,', "é\u2028😀"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(key, tie("any"), { maxKeys: 4 }),
  ),
})).any;
const space = fc.constantFrom("", "", " ", "\n", "\t", "\r\n  ");

/** An object as text, its fields in the order given, the same name as often as it comes. */
const text = fc
  .array(fc.tuple(key, value, fc.array(space, { minLength: 4, maxLength: 4 })), { maxLength: 6 })
  .chain((fields) =>
    fc.record({ fields: fc.constant(fields), begin: space, indent: fc.constantFrom(undefined, 1, "\t") }),
  )
  .map(({ fields, begin, indent }) => ({
    fields,
    json: `${begin}{${begin}${fields
      .map(([name, content, gaps]) => {
        const [a = "", b = "", c = "", d = ""] = gaps;
        return `${a}${JSON.stringify(name)}${b}:${c}${JSON.stringify(content, null, indent)}${d}`;
      })
      .join(",")}}${begin}`,
  }));

it("finds each field of the outermost object, and its value", () => {
  fc.assert(
    fc.property(text, ({ json, fields }) => {
      const bytes = Buffer.from(json);
      expect(() => JSON.parse(json)).not.toThrow();
      const names = [...new Set(["model", "stream", ...fields.map(([name]) => name)])].filter((name) => isAscii(name));
      const repeated = names.some((name) => fields.filter(([other]) => other === name).length > 1);
      const spans = scanTopLevel(bytes.toString("latin1"), names);
      if (repeated) {
        expect(spans).toBeNull();
        return;
      }
      names.forEach((name, index) => {
        const span = spans?.[index];
        const expected = fields.find(([other]) => other === name);
        if (expected === undefined) {
          expect(span).toBeNull();
          return;
        }
        if (span == null) throw new Error(`${name} was not found`);
        const part = bytes.subarray(span.start, span.end).toString();
        expect(JSON.parse(part)).toEqual(JSON.parse(JSON.stringify(expected[1])));
        // Nothing of what surrounds the value.
        expect(part).toBe(part.trim());
      });
    }),
    { numRuns: runs(1000) },
  );
});

it("tells a text that was cut at any byte", () => {
  fc.assert(
    fc.property(text, ({ json }) => {
      const whole = Buffer.from(json.trim()).toString("latin1");
      for (let end = 0; end < whole.length; end++) expect(scanTopLevel(whole.slice(0, end), ["usage"])).toBeNull();
    }),
    { numRuns: runs(200) },
  );
});

it.each([
  ["an array", '[{"model":1}]'],
  ["two objects", '{"model":1}{"model":2}'],
  ["text behind", '{"model":1} x'],
  ["a field without a value", '{"model":}'],
  ["a field without a colon", '{"model" 1}'],
  ["no key", "{1:2}"],
  ["a name in other letters", '{"model":1,"modeL":2}'],
  ["a name written with escapes", '{"mod\\u0065l":1}'],
  ["nothing", ""],
])("leaves %s to a parser", (_what, json) => {
  expect(scanTopLevel(json, ["model"])).toBeNull();
});

function isAscii(name: string): boolean {
  return Buffer.byteLength(name) === name.length;
}
