import fc from "fast-check";
import { expect, it } from "vitest";
import { withoutHintFields, withoutHints } from "../../../src/data-plane/pipeline/ai/routing/hint-fields.ts";
import { runs } from "../../helpers/property-runs.ts";

const NAMES = ["models", "fallbacks", "model", "messages", "a,b", 'q"', "ä"];

/** An object as JSON, its members in any order, with blanks wherever they may be. */
const written = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      value: fc.oneof(
        fc.json({ maxDepth: 2 }),
        fc.constantFrom('"models"', '{"fallbacks":[1]}', "1.50", '"ä,"', "[ ]"),
      ),
      blanks: fc.array(fc.constantFrom("", " ", "\n", "\t\r"), { minLength: 4, maxLength: 4 }),
    }),
    { selector: ({ name }) => name, maxLength: NAMES.length },
  )
  .map((members) => {
    const texts = members.map(
      ({ name, value, blanks: [a, b, c, d] }) => `${a}${JSON.stringify(name)}${b}:${c}${value}${d}`,
    );
    return { text: ` {${texts.join(",")}} `, members };
  });

it("takes these fields out of a body, and leaves the bytes of all others", () => {
  fc.assert(
    fc.property(written, fc.option(fc.constantFrom("openai/gpt-5", 'a"b', "ü")), ({ text, members }, model) => {
      const isNamed = members.some(({ name }) => name === "model");
      const missing = isNamed ? null : model;
      const cut = withoutHintFields(Buffer.from(text), missing);
      // A name with escapes may be any.
      if (members.some(({ name }) => name === 'q"')) {
        expect(cut).toBeNull();
        return;
      }
      const left = cut?.toString() ?? "";
      expect(JSON.parse(left)).toEqual(withoutHints(JSON.parse(text), missing));
      for (const { name, value } of members) {
        if (name !== "models" && name !== "fallbacks") expect(left).toContain(value);
      }
    }),
    { numRuns: runs(200) },
  );
});
