import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readUsage, type UsageDialect } from "../../../native-bindings/scan.ts";
import { tryParseJson } from "../../../src/dialects/json.ts";
import { runs } from "../../helpers/property-runs.ts";
import { anthropicUsage, mutatedJson, openaiUsage, passthroughs } from "./usage-scan.arbitraries.ts";

function expected(dialect: UsageDialect, text: string) {
  return passthroughs[dialect].readUsage({ usage: tryParseJson(text) }).usage;
}

describe.each([
  { dialect: "openai" as const, usage: openaiUsage },
  { dialect: "anthropic" as const, usage: anthropicUsage },
])("usage of $dialect", ({ dialect, usage }) => {
  it("has JavaScript's figures, or none for what is unusual", () => {
    fc.assert(
      fc.property(usage, ({ json, isUsual }) => {
        const found = readUsage(dialect, Buffer.from(json));
        if (isUsual || found !== null) expect(found).toEqual(expected(dialect, json));
      }),
      { numRuns: runs(4000) },
    );
  });

  it("is never another one than JavaScript's, whatever is broken", () => {
    fc.assert(
      fc.property(
        usage.chain(({ json }) => mutatedJson(json)),
        (json) => {
          const found = readUsage(dialect, Buffer.from(json));
          if (found !== null) expect(found).toEqual(expected(dialect, json));
        },
      ),
      { numRuns: runs(5000) },
    );
  });
});

it.each<[string, UsageDialect, string]>([
  ["a name with escapes", "openai", '{"prompt_tokens":3,"completion_tok\\u0065ns":2}'],
  ["a name that comes twice", "openai", '{"prompt_tokens":3,"prompt_tokens":4}'],
  [
    "a name within that comes twice",
    "openai",
    '{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1,"cached_tokens":2}}',
  ],
  ["a negative count", "openai", '{"prompt_tokens":-3}'],
  ["a count with a fraction", "anthropic", '{"input_tokens":3.5}'],
  ["a count with an exponent", "anthropic", '{"output_tokens":1e3}'],
  ["a count too long to be exact", "anthropic", '{"output_tokens":12345678901234567}'],
  ["no object", "openai", "[1]"],
  ["no JSON", "anthropic", '{"input_tokens":3,}'],
  ["text behind", "anthropic", '{"input_tokens":3}}'],
  ["no counts", "openai", '{"total_tokens":5}'],
  ["too deep a value", "openai", `{"prompt_tokens":3,"x":${"[".repeat(600)}${"]".repeat(600)}}`],
])("leaves %s to JavaScript", (_what, dialect, json) => {
  expect(readUsage(dialect, Buffer.from(json))).toBeNull();
});

it("counts nothing in Anthropic's empty object, as JavaScript does", () => {
  expect(readUsage("anthropic", Buffer.from(" { } "))).toEqual({ inputTokens: 0, outputTokens: 0 });
});
