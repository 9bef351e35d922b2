import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TargetModel } from "../../../src/contracts/dialect.ts";
import { openaiInbound, openaiOutbound } from "../../../src/dialects/openai/index.ts";
import { runs } from "../../helpers/property-runs.ts";

/** A request of an openai caller to an openai provider, by way of the IR, loses nothing. */

const target: TargetModel = { model: "target", defaultMaxOutputTokens: 1000 };

const text = fc.string({ minLength: 1, maxLength: 20 });
const name = fc.stringMatching(/^[a-z][a-z_]{0,11}$/);
const url = name.map((path) => `https://example.org/${path}`);
const base64 = fc.base64String({ minLength: 4, maxLength: 16 });

/** Optional and unknown fields; a name no dialect knows, so that none is given a meaning. */
function object<T extends object>(required: T, optional: Record<string, fc.Arbitrary<unknown>>) {
  return fc
    .tuple(
      fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
      fc.dictionary(
        name.map((key) => `x_${key}`),
        fc.jsonValue({ maxDepth: 2 }),
        { maxKeys: 2 },
      ),
    )
    .map(([known, unknown]) => ({ ...known, ...unknown }));
}

const textPart = object({ type: fc.constant("text"), text }, {});
const imagePart = object(
  {
    type: fc.constant("image_url"),
    image_url: object(
      {
        url: fc.oneof(
          url,
          base64.map((data) => `data:image/png;base64,${data}`),
        ),
      },
      { detail: fc.constantFrom("auto", "low", "high", "original") },
    ),
  },
  {},
);
const audioPart = object(
  {
    type: fc.constant("input_audio"),
    input_audio: object({ data: base64, format: fc.constantFrom("wav", "mp3") }, {}),
  },
  {},
);
const filePart = object(
  {
    type: fc.constant("file"),
    file: fc.oneof(
      object({ file_id: name }, { filename: name }),
      object({ file_data: base64.map((data) => `data:application/pdf;base64,${data}`), filename: name }, {}),
    ),
  },
  {},
);
const unknownPart = object({ type: fc.constant("video_url"), video_url: fc.record({ url }) }, {});

/** A single text part without more is the same as a string, and written as one. */
function content(...parts: fc.Arbitrary<Record<string, unknown>>[]) {
  const list = fc.array(fc.oneof(...parts), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    text,
    list.filter((entries) => entries.length > 1 || entries[0]?.type !== "text" || Object.keys(entries[0]).length > 2),
  );
}

const toolCall = fc.oneof(
  object(
    {
      id: name,
      type: fc.constant("function"),
      function: object({ name, arguments: fc.json({ maxDepth: 1 }) }, {}),
    },
    { extra_content: fc.record({ google: fc.record({ thought_signature: base64 }) }) },
  ),
  object({ id: name, type: fc.constant("custom"), custom: fc.record({ name, input: text }) }, {}),
);

const message = fc.oneof(
  object({ role: fc.constantFrom("system", "developer"), content: content(textPart) }, { name }),
  object(
    { role: fc.constant("user"), content: content(textPart, imagePart, audioPart, filePart, unknownPart) },
    { name },
  ),
  object(
    { role: fc.constant("assistant"), content: content(textPart) },
    {
      name,
      tool_calls: fc.array(toolCall, { minLength: 1, maxLength: 3 }),
      reasoning_content: text,
      reasoning: text,
      audio: fc.record({ id: name }),
    },
  ),
  object({ role: fc.constant("assistant"), content: fc.constant(null), refusal: text }, {}),
  object(
    {
      role: fc.constant("assistant"),
      content: fc.constant(null),
      tool_calls: fc.array(toolCall, { minLength: 1, maxLength: 2 }),
    },
    {},
  ),
  object({ role: fc.constant("tool"), tool_call_id: name, content: content(textPart) }, { name }),
);

const tool = fc.oneof(
  object(
    {
      type: fc.constant("function"),
      function: object(
        { name },
        { description: text, parameters: fc.dictionary(name, fc.jsonValue({ maxDepth: 1 })), strict: fc.boolean() },
      ),
    },
    {},
  ),
  object({ type: fc.constant("custom"), custom: fc.record({ name }) }, {}),
);

const request = object(
  { model: name, messages: fc.array(message, { minLength: 1, maxLength: 4 }) },
  {
    tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
    tool_choice: fc.oneof(
      fc.constantFrom("auto", "none", "required"),
      fc.record({ type: fc.constant("function"), function: fc.record({ name }) }),
      fc.record({ type: fc.constant("allowed_tools"), allowed_tools: fc.record({ mode: fc.constant("auto") }) }),
    ),
    parallel_tool_calls: fc.boolean(),
    response_format: fc.oneof(
      fc.constantFrom({ type: "text" }, { type: "json_object" }, { type: "grammar", grammar: "x" }),
      fc.record({
        type: fc.constant("json_schema"),
        json_schema: fc.record(
          { name, schema: fc.dictionary(name, fc.jsonValue({ maxDepth: 1 })), description: text, strict: fc.boolean() },
          { requiredKeys: ["name", "schema"] },
        ),
      }),
    ),
    max_tokens: fc.integer({ min: 1, max: 9999 }),
    max_completion_tokens: fc.integer({ min: 1, max: 9999 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
    top_p: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
    top_k: fc.integer({ min: -1, max: 99 }),
    frequency_penalty: fc.integer({ min: -2, max: 2 }),
    presence_penalty: fc.integer({ min: -2, max: 2 }),
    seed: fc.integer(),
    stop: fc.array(text, { minLength: 1, maxLength: 4 }),
    n: fc.integer({ min: 1, max: 4 }),
    logprobs: fc.boolean(),
    top_logprobs: fc.integer({ min: 0, max: 20 }),
    reasoning_effort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    user: text,
    metadata: fc.dictionary(name, text),
    service_tier: fc.constantFrom("auto", "flex"),
    modalities: fc.constant(["text", "audio"]),
    audio: fc.record({ voice: name, format: fc.constant("mp3") }),
    logit_bias: fc.dictionary(fc.constantFrom("1", "2"), fc.integer({ min: -100, max: 100 })),
    web_search_options: fc.constant({}),
    prompt_cache_key: text,
    store: fc.boolean(),
    verbosity: fc.constantFrom("low", "high"),
  },
);

describe("openai to openai by way of the IR", () => {
  it("keeps everything but the model", () => {
    fc.assert(
      fc.property(request, fc.boolean(), (sent, stream) => {
        const call = openaiOutbound.buildChatCall(openaiInbound.parseChatRequest({ ...sent, stream }), target);
        const streaming = stream ? { stream: true, stream_options: { include_usage: true } } : {};
        // Through JSON, as it travels: -0 becomes 0 there.
        const expected: unknown = JSON.parse(JSON.stringify({ ...sent, model: "target", ...streaming }));
        expect(JSON.parse(call.body)).toEqual(expected);
      }),
      { numRuns: runs(500) },
    );
  });

  it("writes what has two forms in the one every server takes", () => {
    const call = openaiOutbound.buildChatCall(
      openaiInbound.parseChatRequest({
        model: "m",
        messages: [
          { role: "user", content: [{ type: "text", text: "a" }] },
          { role: "assistant", content: "", tool_calls: [{ id: "c", function: { name: "f", arguments: "" } }] },
          { role: "tool", tool_call_id: "c", content: [] },
        ],
        functions: [{ name: "f" }],
        function_call: "auto",
        stop: "x",
        stream: true,
        stream_options: { include_usage: false, include_obfuscation: false },
      }),
      target,
    );
    expect(JSON.parse(call.body)).toEqual({
      model: "target",
      messages: [
        { role: "user", content: "a" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c", content: "" },
      ],
      tools: [{ type: "function", function: { name: "f" } }],
      tool_choice: "auto",
      stop: ["x"],
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    });
  });
});
