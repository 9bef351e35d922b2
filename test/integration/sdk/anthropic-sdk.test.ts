import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  MODELS,
  PICTURE_URLS,
  PROVIDER_NAMES,
  type ProviderName,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import { jsonSchemaOutputFormat } from "../../sdk-clients/index.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PIXEL_BYTES = Buffer.from(PIXEL, "base64").length;

const WEATHER = {
  name: "get_weather",
  description: "Current weather of a city",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] },
};
const TIME = {
  name: "get_time",
  input_schema: { type: "object" as const, properties: { zone: { type: "string" } }, required: ["zone"] },
};

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi();
});
afterAll(() => api.close());
beforeEach(() => api.reset());

const CONVERSATION: Record<ProviderName, object> = {
  openai: {
    max_tokens: 100,
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  anthropic: {
    system: "Be brief",
    max_tokens: 100,
    messages: [
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  gemini: {
    systemInstruction: { parts: [{ text: "Be brief" }] },
    generationConfig: { maxOutputTokens: 100 },
    contents: [
      { role: "user", parts: [{ text: "one" }] },
      { role: "model", parts: [{ text: "two" }] },
      { role: "user", parts: [{ text: "three four" }] },
    ],
  },
  cohere: {
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  bedrock: {
    system: [{ text: "Be brief" }],
    inferenceConfig: { maxTokens: 100 },
    messages: [
      { role: "user", content: [{ text: "one" }] },
      { role: "assistant", content: [{ text: "two" }] },
      { role: "user", content: [{ text: "three four" }] },
    ],
  },
};

describe.each(PROVIDER_NAMES)("the Anthropic SDK to %s", (name) => {
  const model = MODELS[name];
  const served = model.slice(name.length + 1);

  it("answers, reports usage and cost, and logs one record", async () => {
    const { data, response } = await api.anthropic.messages
      .create({ model, max_tokens: 100, messages: [{ role: "user", content: "hello big wide world" }] })
      .withResponse();
    expect(data).toMatchObject({
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "hello big wide world" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 2, cache_read_input_tokens: 2, cache_creation_input_tokens: 0, output_tokens: 4 },
    });
    expect(response.headers.get("x-tidegate-provider")).toBe(name);
    expect(response.headers.get("x-tidegate-model")).toBe(served);
    const record = await api.theRecord();
    expect(record).toMatchObject({
      id: response.headers.get("x-request-id"),
      status: 200,
      outcome: "ok",
      errorCode: null,
      application: "web",
      service: "ai",
      route: "/v1/messages",
      provider: name,
      modelAsked: model,
      attempts: 1,
      streamed: false,
      inputTokens: 4,
      cachedInputTokens: 2,
      outputTokens: 4,
    });
    expect(record.costUsd).toBeGreaterThan(0);
    expect(Number(response.headers.get("x-tidegate-cost"))).toBeCloseTo(record.costUsd ?? 0, 8);
  });

  it("carries a conversation with a system prompt", async () => {
    const message = await api.anthropic.messages.create({
      model,
      max_tokens: 100,
      system: "Be brief",
      messages: [
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        { role: "user", content: "three four" },
      ],
    });
    expect(message.content).toMatchObject([{ type: "text", text: "three four" }]);
    expect(api.providers[name].last.body).toMatchObject(CONVERSATION[name]);
  });

  it("carries images as data and by URL", async () => {
    const message = await api.anthropic.messages.create({
      model,
      max_tokens: 100,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
            { type: "image", source: { type: "url", url: PICTURE_URLS[name] } },
          ],
        },
      ],
    });
    const expected = `look [image image/png ${PIXEL_BYTES} bytes] [image ${PICTURE_URLS[name]}]`;
    expect(message.content).toMatchObject([{ type: "text", text: expected }]);
  });

  it("goes through a round of parallel tool calls", async () => {
    const question = { role: "user", content: "Oslo" } as const;
    const request = { model, max_tokens: 100, tools: [WEATHER, TIME] };
    const asked = await api.anthropic.messages.create({ ...request, messages: [question] });
    expect(asked.stop_reason).toBe("tool_use");
    const calls = asked.content.filter((block) => block.type === "tool_use");
    expect(calls.map((call) => [call.name, call.input])).toEqual([
      ["get_weather", { city: "Oslo" }],
      ["get_time", { zone: "Oslo" }],
    ]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    const answered = await api.anthropic.messages.create({
      ...request,
      messages: [
        question,
        { role: "assistant", content: asked.content },
        {
          role: "user",
          content: calls.map((call) => ({
            type: "tool_result" as const,
            tool_use_id: call.id,
            content: call.name === "get_weather" ? "rain" : [{ type: "text" as const, text: "noon" }],
          })),
        },
      ],
    });
    expect(answered.content).toMatchObject([{ type: "text", text: "get_weather said rain; get_time said noon" }]);
    expect(answered.stop_reason).toBe("end_turn");
  });

  it("streams text into the SDK's accumulator", async () => {
    const stream = api.anthropic.messages.stream({
      model,
      max_tokens: 100,
      messages: [{ role: "user", content: "one two three four" }],
    });
    const texts: string[] = [];
    stream.on("text", (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts).toEqual(["one", " two", " three", " four"]);
    expect(message).toMatchObject({
      content: [{ type: "text", text: "one two three four" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 2, cache_read_input_tokens: 2, output_tokens: 4 },
    });
    const record = await api.theRecord();
    expect(record).toMatchObject({
      streamed: true,
      outcome: "ok",
      inputTokens: 4,
      outputTokens: 4,
      cachedInputTokens: 2,
    });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("streams in the order of events that the API documents", async () => {
    const stream = await api.anthropic.messages.create({
      model,
      max_tokens: 100,
      stream: true,
      messages: [{ role: "user", content: "one two" }],
    });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  it("streams parallel tool calls into the SDK's accumulator", async () => {
    const stream = api.anthropic.messages.stream({
      model,
      max_tokens: 100,
      tools: [WEATHER, TIME],
      messages: [{ role: "user", content: "a rather long city name" }],
    });
    const pieces: string[] = [];
    stream.on("inputJson", (piece) => pieces.push(piece));
    const message = await stream.finalMessage();
    const calls = message.content.filter((block) => block.type === "tool_use");
    expect(calls.map((call) => [call.name, call.input])).toEqual([
      ["get_weather", { city: "a rather long city name" }],
      ["get_time", { zone: "a rather long city name" }],
    ]);
    expect(message.stop_reason).toBe("tool_use");
    expect(pieces.join("")).toBe(calls.map((call) => JSON.stringify(call.input)).join(""));
  });

  it("forces and forbids tools", async () => {
    const request = {
      model,
      max_tokens: 100,
      tools: [WEATHER, TIME],
      messages: [{ role: "user" as const, content: "Oslo" }],
    };
    const forced = await api.anthropic.messages.create({ ...request, tool_choice: { type: "tool", name: "get_time" } });
    expect(forced.content.map((block) => block.type === "tool_use" && block.name)).toEqual(["get_time"]);
    const forbidden = await api.anthropic.messages.create({ ...request, tool_choice: { type: "none" } });
    expect(forbidden.content).toMatchObject([{ type: "text", text: "Oslo" }]);
  });

  it("parses structured output", async () => {
    const message = await api.anthropic.messages.parse({
      model,
      max_tokens: 100,
      messages: [{ role: "user", content: "rate it" }],
      output_config: {
        format: jsonSchemaOutputFormat({
          type: "object",
          properties: { answer: { type: "string" }, score: { type: "integer" } },
          required: ["answer", "score"],
          additionalProperties: false,
        }),
      },
    });
    expect(message.parsed_output).toEqual({ answer: "rate it", score: 1 });
  });

  it("counts thinking, and stops where it should", async () => {
    const request = {
      model: THINKING_MODELS[name],
      max_tokens: 100,
      messages: [{ role: "user" as const, content: "why not" }],
    };
    const message = await api.anthropic.messages.create({ ...request, thinking: { type: "adaptive" } });
    expect(message.content.at(-1)).toMatchObject({ type: "text", text: "why not" });
    expect(message.usage.output_tokens).toBe(6);
    // Cohere does not count thoughts apart.
    const thoughts = name === "cohere" ? null : 4;
    expect(message.usage.output_tokens_details?.thinking_tokens ?? null).toBe(thoughts);
    expect(await api.theRecord()).toMatchObject({ reasoningTokens: thoughts, outputTokens: 6 });
  });

  it("keeps what a thinking model needs back within a round of tools, streamed and not", async () => {
    const question = { role: "user", content: "Oslo" } as const;
    const request = {
      model: THINKING_MODELS[name],
      max_tokens: 4000,
      thinking: { type: "adaptive" as const },
      tools: [WEATHER],
    };
    const whole = await api.anthropic.messages.create({ ...request, messages: [question] });
    const streamed = await api.anthropic.messages.stream({ ...request, messages: [question] }).finalMessage();
    for (const asked of [whole, streamed]) {
      const id = asked.content.find((block) => block.type === "tool_use")?.id ?? "";
      const answered = await api.anthropic.messages.create({
        ...request,
        messages: [
          question,
          { role: "assistant", content: asked.content },
          { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "rain" }] },
        ],
      });
      expect(answered.content.at(-1)).toMatchObject({ type: "text", text: "get_weather said rain" });
    }
  });

  it("stops at a stop sequence and at the limit of tokens", async () => {
    const messages = [{ role: "user" as const, content: "one two END three" }];
    const stopped = await api.anthropic.messages.create({ model, messages, max_tokens: 100, stop_sequences: ["END"] });
    expect(stopped.content).toMatchObject([{ type: "text", text: "one two " }]);
    // Only Claude tells which sequence it was, at Anthropic and at Bedrock, and Cohere that it was one.
    const tells = name === "anthropic" || name === "bedrock";
    const reason = tells || name === "cohere" ? "stop_sequence" : "end_turn";
    expect(stopped).toMatchObject({ stop_reason: reason, stop_sequence: tells ? "END" : null });
    const limited = await api.anthropic.messages.create({ model, messages, max_tokens: 2 });
    expect(limited).toMatchObject({ stop_reason: "max_tokens", content: [{ type: "text", text: "one two" }] });
  });
});

describe("the thoughts of providers that show them", () => {
  it.each(["anthropic", "gemini", "bedrock"] as const)(
    "arrive as thinking blocks from %s, streamed and not",
    async (name) => {
      const request = {
        model: THINKING_MODELS[name],
        max_tokens: 100,
        thinking: { type: "adaptive" as const },
        messages: [{ role: "user" as const, content: "why not" }],
      };
      const whole = await api.anthropic.messages.create(request);
      const streamed = await api.anthropic.messages.stream(request).finalMessage();
      for (const message of [whole, streamed]) {
        expect(message.content).toMatchObject([
          { type: "thinking", thinking: "They said: why not" },
          { type: "text", text: "why not" },
        ]);
      }
    },
  );
});
