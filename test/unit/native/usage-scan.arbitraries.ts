import fc from "fast-check";
import type { Passthrough } from "../../../src/contracts/passthrough.ts";
import { anthropicPassthrough } from "../../../src/dialects/anthropic/passthrough.ts";
import { openaiPassthrough } from "../../../src/dialects/openai/passthrough.ts";

/** What JavaScript makes of the same answers. */
export const passthroughs: Record<"openai" | "anthropic", Passthrough> = {
  openai: openaiPassthrough,
  anthropic: anthropicPassthrough,
};

/** A value as text, and whether nothing in it is so unusual that only a parser can judge it. */
export interface Written {
  json: string;
  isUsual: boolean;
}

const usual = (json: string): Written => ({ json, isUsual: true });
const unusual = (json: string): Written => ({ json, isUsual: false });

const count = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.oneof(fc.nat({ max: 30 }), fc.nat(), fc.constant(999_999_999_999_999)).map((n) => usual(String(n))),
  },
  { weight: 8, arbitrary: fc.constantFrom("null", "null", '"12"', "true", "{}", "[]", '""').map(usual) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("-1", "-0", "1.5", "1e3", "1E400", "12345678901234567890", "9007199254740991", "0.0")
      .map(unusual),
  },
);

export const space = fc.constantFrom("", "", "", " ", "\n", "\t ");

const others = fc.constantFrom(
  ...['"x":1', '"queue_time":0.031', '"é":"\\u00e9\\n"', '"tier":"standard"', '"":{"usage":{}}', '"__proto__":{}'],
);

/** An object of most of these fields, in any order; now and then with one of them twice, or its name with an escape. */
export function objectOf(fields: Record<string, fc.Arbitrary<Written>>): fc.Arbitrary<Written> {
  const names = Object.keys(fields);
  const parts = fc.record({
    values: fc.record(fields),
    repeated: fc.record(fields),
    order: fc.shuffledSubarray(names, { minLength: names.length >> 1 }),
    extra: fc.option(others),
    gaps: fc.tuple(space, space, space),
    quirk: fc.oneof(
      { weight: 30, arbitrary: fc.constant("none") },
      { weight: 1, arbitrary: fc.constantFrom("twice", "escaped") },
    ),
  });
  return parts.map(({ values, repeated, order, extra, gaps: [a, b, c], quirk }) => {
    const field = (name: string, value: Written) => `${a}"${name}"${b}:${c}${value.json}${a}`;
    const list = order.map((name) => field(name, values[name] as Written));
    const first = order[0];
    if (extra !== null) list.splice(list.length >> 1, 0, extra);
    if (first !== undefined && quirk === "twice") list.push(field(first, repeated[first] as Written));
    if (first !== undefined && quirk === "escaped") {
      const escaped = `\\u00${first.charCodeAt(0).toString(16)}${first.slice(1)}`;
      list[0] = field(escaped, values[first] as Written);
    }
    const isUsual = (quirk === "none" || first === undefined) && order.every((name) => values[name]?.isUsual);
    return { json: `{${a}${list.join(",")}${b}}`, isUsual };
  });
}

const notAnObject = fc.constantFrom("null", "7", '"x"', "[]", '[{"cached_tokens":1}]').map(usual);

/** Now and then something else than the object that is expected. */
export function mostly(object: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc.oneof({ weight: 6, arbitrary: object }, { weight: 1, arbitrary: notAnObject });
}

/** Small counts that often add up to the total, as xAI's do. */
const xai = fc
  .tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }))
  .map(([prompt, completion, reasoning]) =>
    usual(
      `{"prompt_tokens":${prompt},"completion_tokens":${completion},"total_tokens":${prompt + completion + reasoning},"completion_tokens_details":{"reasoning_tokens":${reasoning}}}`,
    ),
  );

/** What has a price of its own is left to JavaScript, where there is any of it. */
const priced = count.map(({ json, isUsual }) => ({ json, isUsual: isUsual && !(Number(json) > 0) }));

export const openaiUsage = mostly(
  fc.oneof(
    {
      weight: 6,
      arbitrary: objectOf({
        prompt_tokens: count,
        completion_tokens: count,
        total_tokens: count,
        prompt_cache_hit_tokens: count,
        prompt_tokens_details: mostly(
          objectOf({ cached_tokens: count, cache_write_tokens: count, audio_tokens: priced }),
        ),
        completion_tokens_details: mostly(objectOf({ reasoning_tokens: count, audio_tokens: priced })),
      }),
    },
    { weight: 1, arbitrary: xai },
  ),
);

export const anthropicUsage = mostly(
  objectOf({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
    cache_creation: mostly(objectOf({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: priced })),
    output_tokens_details: mostly(objectOf({ thinking_tokens: count, other_tokens: count })),
  }),
);

const piece = fc.constantFrom(
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ":",
    ",",
    "",
    "",
    "0",
    "1",
    ".",
    "e",
    "-",
    "null",
    "nul",
    "\u0001",
    "\\u12",
    "\\x",
  ],
);

/** The text with pieces put in, cut out and left out at the end. */
export function mutatedJson(json: string): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 2 }), piece);
  return fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) => {
    let broken = json;
    for (const [place, removed, inserted] of changes) {
      const at = place % (broken.length + 1);
      broken = broken.slice(0, at) + inserted + broken.slice(at + removed);
    }
    return broken;
  });
}
