import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TargetModel } from "../../../src/contracts/dialect.ts";
import { GatewayError } from "../../../src/contracts/errors.ts";
import type { ChatRequest, Message } from "../../../src/contracts/ir.ts";
import { anthropicInbound, anthropicOutbound } from "../../../src/dialects/anthropic/index.ts";
import { modelAbilities } from "../../../src/dialects/anthropic/models.ts";
import { bedrockOutbound } from "../../../src/dialects/bedrock/index.ts";
import { runs } from "../../helpers/property-runs.ts";

const target: TargetModel = { model: "claude-opus-4-8", defaultMaxOutputTokens: 4096 };

function request(more: Partial<ChatRequest> = {}): ChatRequest {
  const hello: Message = { role: "user", content: [{ type: "text", text: "Hello" }] };
  return { model: "m", messages: [hello], stream: false, includeUsage: false, ...more };
}

function call(more: Partial<ChatRequest>, model = target): Record<string, unknown> {
  return JSON.parse(anthropicOutbound.buildChatCall(request(more), model).body);
}

function errorOf(more: Partial<ChatRequest>, model = target): GatewayError {
  try {
    anthropicOutbound.buildChatCall(request(more), model);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

it("bug: a choice among no tools is not sent, which the API refuses", () => {
  expect(call({ toolChoice: { type: "auto" } })).not.toHaveProperty("tool_choice");
  expect(call({ toolChoice: { type: "none" }, tools: [] })).not.toHaveProperty("tool_choice");
  expect(call({ toolChoice: { type: "auto" }, tools: [{ name: "look" }] })).toMatchObject({
    tool_choice: { type: "auto" },
  });
});

describe("bug: thinking and a forced call of a tool, which the API refuses together", () => {
  const forced: Partial<ChatRequest> = { tools: [{ name: "look" }], toolChoice: { type: "required" } };
  const old: TargetModel = { ...target, model: "claude-sonnet-4-5" };

  it("is an effort alone, where the model knows efforts", () => {
    const body = call({ ...forced, reasoning: { effort: "high", includeThoughts: true } });
    expect(body).toMatchObject({ tool_choice: { type: "any" }, output_config: { effort: "high" } });
    expect(body).not.toHaveProperty("thinking");
  });

  it("is refused where there is nothing but thinking to be asked for", () => {
    expect(errorOf({ ...forced, reasoning: { effort: "high" } }, old)).toMatchObject({
      code: "unsupported_field",
      param: "reasoning_effort",
    });
    expect(errorOf({ ...forced, reasoning: { budgetTokens: 2000 } })).toMatchObject({ param: "reasoning.max_tokens" });
  });

  it("stays off, and is no wish of callers who only want to see it", () => {
    expect(call({ ...forced, reasoning: { effort: "none" } })).toMatchObject({ thinking: { type: "disabled" } });
    expect(call({ ...forced, reasoning: { includeThoughts: true } }, old)).not.toHaveProperty("thinking");
    expect(call({ ...forced, reasoning: { includeThoughts: true } })).not.toHaveProperty("thinking");
  });

  it("is the same on Bedrock", () => {
    const bedrock = (reasoning: ChatRequest["reasoning"], model: string) =>
      JSON.parse(
        bedrockOutbound.buildChatCall(request({ ...forced, ...(reasoning === undefined ? {} : { reasoning }) }), {
          ...target,
          model,
        }).body,
      );
    const body = bedrock({ effort: "high" }, "us.anthropic.claude-opus-4-8");
    expect(body).toMatchObject({ outputConfig: { effort: "high" } });
    expect(JSON.stringify(body)).not.toContain('"thinking"');
    expect(() => bedrock({ effort: "high" }, "anthropic.claude-sonnet-4-5-20250929-v1:0")).toThrow(/does not think/);
  });
});

const UNSUPPORTED: [string, Partial<ChatRequest>][] = [
  ["n", { n: 2 }],
  ["logprobs", { logprobs: true }],
  ["top_logprobs", { topLogprobs: 3 }],
  ["frequency_penalty", { frequencyPenalty: 0.1 }],
  ["presence_penalty", { presencePenalty: -1 }],
  ["temperature", { temperature: 1.5 }],
  ["response_format", { responseFormat: { type: "json_object" } }],
  ["service_tier", { serviceTier: "flex" }],
  ["tools[3]", { untranslatable: [{ dialect: "openai", param: "tools[3]" }] }],
  [
    "messages[0].content[0].input_audio",
    {
      messages: [
        {
          role: "user",
          content: [{ type: "audio", format: "wav", source: { kind: "data", data: "", mediaType: "a/b" } }],
        },
      ],
    },
  ],
  [
    "messages[0].content[0].file",
    {
      messages: [
        {
          role: "user",
          content: [{ type: "file", source: { kind: "data", data: "UEs=", mediaType: "application/zip" } }],
        },
      ],
    },
  ],
];

describe("a request to Anthropic", () => {
  it.each(UNSUPPORTED)("is refused for what Anthropic can't do: %s", (param, more) => {
    const error = errorOf(more);
    expect(error.code).toBe("unsupported_field");
    expect(error.param).toBe(param);
  });

  it("is sent without hints that have no counterpart", () => {
    const body = call({
      seed: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      n: 1,
      logprobs: false,
      metadata: { a: "b" },
    });
    expect(body).toStrictEqual({
      model: "claude-opus-4-8",
      max_tokens: 4096,
      messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
    });
  });

  it.each(["{", "[1]", '"x"', "null"])("is refused for tool arguments that are no object: %s", (text) => {
    const error = errorOf({
      messages: [
        {
          role: "assistant",
          content: [
            { type: "tool_call", id: "a", name: "f", arguments: "{}" },
            { type: "tool_call", id: "b", name: "g", arguments: text },
          ],
        },
      ],
    });
    expect(error.code).toBe("invalid_request");
    expect(error.param).toBe("messages[0].tool_calls[1].function.arguments");
  });

  it("is refused when nothing is left to send", () => {
    const error = errorOf({ messages: [{ role: "system", content: [{ type: "text", text: "Be brief." }] }] });
    expect(error.code).toBe("invalid_request");
    expect(error.param).toBe("messages");
  });

  it("is refused when the output limit leaves no room for the effort on a model that knows budgets only", () => {
    const haiku = { model: "claude-haiku-4-5", defaultMaxOutputTokens: 4096 };
    expect(errorOf({ reasoning: { effort: "high" }, maxOutputTokens: 1024 }, haiku).param).toBe("reasoning_effort");
    expect(call({ reasoning: { effort: "high" } }, haiku).thinking).toStrictEqual({
      type: "enabled",
      budget_tokens: 3276,
    });
  });
});

describe("a Claude model's name", () => {
  const older = { midConversationSystem: false, adaptiveThinking: false, effort: false };
  const current = { midConversationSystem: true, adaptiveThinking: true, effort: true };
  it.each([
    ["claude-3-5-sonnet-20241022", older],
    ["claude-opus-4-20250514", older],
    ["claude-sonnet-4-5-20250929", older],
    ["claude-haiku-4-5", older],
    ["claude-opus-4-5-20251101", { ...older, effort: true }],
    ["anthropic.claude-opus-4-6-v1:0", { ...older, adaptiveThinking: true, effort: true }],
    ["claude-opus-4-7", { ...older, adaptiveThinking: true, effort: true }],
    ["claude-opus-4-8", current],
    ["claude-sonnet-5", current],
    ["claude-haiku-5-5", current],
    ["claude-mythos-preview", current],
    ["kimi-k3", older],
  ])("tells what it accepts: %s", (model, abilities) => {
    expect(modelAbilities(model)).toStrictEqual(abilities);
  });
});

/** What the API takes for the same: a string is one text block, and turns of one role in a row are one turn. */
function normalized(body: Record<string, unknown>): unknown {
  const { model: _model, ...rest } = body;
  if (typeof rest.system === "string") rest.system = [{ type: "text", text: rest.system }];
  return JSON.parse(JSON.stringify(rest));
}

const text = fc.string({ minLength: 1, maxLength: 12 });
const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const cache = fc.constantFrom(
  {},
  { cache_control: { type: "ephemeral" } },
  { cache_control: { type: "ephemeral", ttl: "1h" } },
);
const unknownFields = fc.constantFrom({}, { x_unknown: { deep: [1, null] } });
const object = fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }).map((value) => ({ ...value }));
const mix = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((values) => Object.assign({}, ...values));

const textBlock = mix(fc.record({ type: fc.constant("text"), text }), cache, unknownFields);
const imageSource = fc.oneof(
  fc.record({ type: fc.constant("base64"), media_type: fc.constant("image/png"), data: fc.constant("iVBORw0KGgo=") }),
  fc.record({ type: fc.constant("url"), url: fc.webUrl() }),
  fc.record({ type: fc.constant("file"), file_id: name }),
);
const imageBlock = mix(fc.record({ type: fc.constant("image"), source: imageSource }), cache, unknownFields);
const documentSource = fc.oneof(
  fc.record({ type: fc.constant("base64"), media_type: fc.constant("application/pdf"), data: fc.constant("JVBERi0=") }),
  fc.record({
    type: fc.constant("text"),
    media_type: fc.constant("text/plain"),
    data: fc.string({ unit: "grapheme" }),
  }),
  fc.record({ type: fc.constant("content"), content: text }),
);
const documentBlock = mix(
  fc.record({ type: fc.constant("document"), source: documentSource }),
  fc.constantFrom({}, { title: "a.pdf" }, { citations: { enabled: true } }),
  cache,
);
const serverBlock = fc.record({ type: fc.constant("server_tool_use"), id: name, name, input: object });
const resultBlock = mix(
  fc.record({ type: fc.constant("tool_result"), tool_use_id: name }),
  fc.oneof(
    fc.constant({}),
    fc
      .array(fc.oneof(textBlock, imageBlock, documentBlock), { minLength: 1, maxLength: 2 })
      .map((content) => ({ content })),
  ),
  fc.constantFrom({}, { is_error: true }, { is_error: false }),
  cache,
);
const userTurn = fc
  .tuple(
    fc.array(resultBlock, { maxLength: 2 }),
    fc.array(fc.oneof(textBlock, imageBlock, documentBlock), { maxLength: 3 }),
    unknownFields,
  )
  .map(([results, blocks, extra]) => ({ role: "user", content: [...results, ...blocks], ...extra }))
  .filter((turn) => turn.content.length > 0);
const assistantTurn = fc
  .tuple(
    fc.array(
      fc.oneof(
        textBlock,
        serverBlock,
        mix(fc.record({ type: fc.constant("tool_use"), id: name, name, input: object }), cache, unknownFields),
        fc.record({ type: fc.constant("thinking"), thinking: fc.string(), signature: name }),
        fc.record({ type: fc.constant("redacted_thinking"), data: name }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    unknownFields,
  )
  .map(([content, extra]) => ({ role: "assistant", content, ...extra }));
const systemTurn = fc.array(textBlock, { minLength: 1, maxLength: 2 }).map((content) => ({ role: "system", content }));
const turns = fc
  .array(fc.tuple(userTurn, fc.option(systemTurn, { nil: null }), assistantTurn), { maxLength: 2 })
  .chain((pairs) =>
    userTurn.map((last) => [
      ...pairs.flatMap(([user, system, assistant]) =>
        system === null ? [user, assistant] : [user, system, assistant],
      ),
      last,
    ]),
  );
const tool = fc.oneof(
  mix(
    fc.record({ name, input_schema: object }),
    fc.constantFrom({}, { description: "Does it." }, { strict: true }, { input_examples: [{}] }),
    cache,
  ),
  fc.record({ type: fc.constant("web_search_20260318"), name: fc.constant("web_search"), max_uses: fc.nat() }),
);
const messagesBody = mix(
  fc.record({ model: name, max_tokens: fc.nat(100_000), messages: turns }),
  fc.record(
    {
      system: fc.oneof(text, fc.array(textBlock, { minLength: 1, maxLength: 2 })),
      temperature: fc.constantFrom(0, 0.5, 1),
      top_p: fc.constantFrom(0.1, 1),
      top_k: fc.nat(100),
      stop_sequences: fc.array(text, { maxLength: 2 }),
      stream: fc.constant(true),
      tools: fc.array(tool, { maxLength: 2 }),
      tool_choice: fc.constantFrom(
        { type: "auto" },
        { type: "any", disable_parallel_tool_use: true },
        { type: "tool", name: "f", disable_parallel_tool_use: false },
        { type: "none" },
      ),
      metadata: fc.constantFrom({ user_id: "u" }, { user_id: "u", other: "x" }),
      service_tier: fc.constantFrom("auto", "standard_only"),
      thinking: fc.constantFrom(
        { type: "disabled" },
        { type: "enabled", budget_tokens: 2048 },
        { type: "adaptive", display: "omitted" },
        { type: "between_tools" },
      ),
      output_config: fc.constantFrom(
        { effort: "max" },
        { effort: "low", format: { type: "json_schema", schema: { type: "object" } } },
        { effort: "later-than-us", task_budget: { total: 1 } },
      ),
      cache_control: fc.constant({ type: "ephemeral" }),
      x_unknown: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  ),
);

const fieldNamedConstructor = {
  model: "m",
  max_tokens: 1,
  messages: [{ role: "user", content: [{ type: "text", text: "x" }] }],
  tools: [{ name: "f", input_schema: { constructor: {} } }],
} as unknown as typeof messagesBody extends fc.Arbitrary<infer Body> ? Body : never;

describe("an Anthropic request through the IR to Anthropic", () => {
  it("keeps everything but the model's name", () => {
    fc.assert(
      fc.property(messagesBody, (body) => {
        const wire: Record<string, unknown> = JSON.parse(JSON.stringify(body));
        const ir = anthropicInbound.parseChatRequest(wire);
        const sent = JSON.parse(anthropicOutbound.buildChatCall(ir, target).body);
        expect(sent.model).toBe(target.model);
        // Not toStrictEqual: it takes a field named `constructor` for the object's class, and finds two of them different.
        deepStrictEqual(normalized(sent), normalized(wire));
      }),
      { numRuns: runs(300), examples: [[fieldNamedConstructor]] },
    );
  });
});
