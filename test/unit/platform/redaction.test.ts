import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "../../../src/platform/call-log/redaction.ts";
import { runs } from "../../helpers/property-runs.ts";

const redact = createRedactor({ fields: ["password", "Card"], patterns: ["sk-[a-z0-9]+"] });

describe("redaction", () => {
  it.each([
    ['{"password":"x"}', '{"password":"[redacted]"}'],
    ['{"PASSWORD" : "x", "b": 1}', '{"PASSWORD" : "[redacted]", "b": 1}'],
    ['{"password":12.5e3,"b":1}', '{"password":"[redacted]","b":1}'],
    ['{"password":null}', '{"password":"[redacted]"}'],
    ['{"password":["a",{"b":"]"}],"c":1}', '{"password":"[redacted]","c":1}'],
    ['{"a":{"card":{"number":"4111","x":"}"}},"c":1}', '{"a":{"card":"[redacted]"},"c":1}'],
    ['{"password":"a\\"b","c":"d"}', '{"password":"[redacted]","c":"d"}'],
    ['{"password":"a\\\\","c":"d"}', '{"password":"[redacted]","c":"d"}'],
    ['{"passwords":"x"}', '{"passwords":"x"}'],
    ['{"note":"my password is x"}', '{"note":"my password is x"}'],
    ["key sk-abc, sk-def", "key [redacted], [redacted]"],
    // Cut off within the value, as bodies are.
    ['{"password":"hun', '{"password":"[redacted]"'],
    ['{"password":{"a":"b', '{"password":"[redacted]"'],
    // Server-sent events.
    ['data: {"password":"x"}\n\ndata: {"a":1}\n\n', 'data: {"password":"[redacted]"}\n\ndata: {"a":1}\n\n'],
    // JSON within a JSON string: the arguments of tool calls.
    [
      '{"arguments":"{\\"password\\":\\"x\\",\\"b\\":1}"}',
      '{"arguments":"{\\"password\\":\\"[redacted]\\",\\"b\\":1}"}',
    ],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("changes nothing but the values, at every depth of values and of strings in strings", () => {
    const secret = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.jsonValue());
    fc.assert(
      fc.property(secret, fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, other, depth) => {
        const wrap = (content: unknown) => {
          let text = JSON.stringify({ before: 1, password: content, after: "end" });
          for (let level = 0; level < depth; level++) text = JSON.stringify({ arguments: text });
          return text;
        };
        // What stands beside the secret must be free of the field name itself.
        fc.pre(!/password|card/i.test(JSON.stringify(other)));
        const redactAll = createRedactor({ fields: ["password"], patterns: [] });
        expect(redactAll(wrap(value))).toBe(wrap("[redacted]"));
        expect(redactAll(JSON.stringify({ other }))).toBe(JSON.stringify({ other }));
      }),
      { numRuns: runs(500) },
    );
  });
});
