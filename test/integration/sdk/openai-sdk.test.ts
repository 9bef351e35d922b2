import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  MODELS,
  PICTURE_URLS,
  PROVIDER_NAMES,
  type ProviderName,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import { zodResponseFormat } from "../../sdk-clients/index.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PIXEL_BYTES = Buffer.from(PIXEL, "base64").length;

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Current weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
} as const;
const TIME = {
  type: "function",
  function: {
    name: "get_time",
    parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
  },
} as const;

const RUNNABLE_WEATHER = {
  type: "function" as const,
  function: {
    name: "get_weather",
    description: "Current weather of a city",
    parameters: { ...WEATHER.function.parameters, required: ["city"] },
    parse: (text: string) => z.object({ city: z.string() }).parse(JSON.parse(text)),
    function: ({ city }: { city: string }) => `rain in ${city}`,
  },
};

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi();
});
afterAll(() => api.close());
beforeEach(() => api.reset());

/** Where each dialect puts the system prompt and the earlier turns. */
const CONVERSATION: Record<ProviderName, object> = {
  openai: {
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  anthropic: {
    system: [{ type: "text", text: "Be brief" }],
    max_tokens: 8192,
    messages: [
      { role: "user", content: [{ type: "text", text: "one" }] },
      { role: "assistant", content: [{ type: "text", text: "two" }] },
      { role: "user", content: [{ type: "text", text: "three four" }] },
    ],
  },
  gemini: {
    systemInstruction: { parts: [{ text: "Be brief" }] },
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
    messages: [
      { role: "user", content: [{ text: "one" }] },
      { role: "assistant", content: [{ text: "two" }] },
      { role: "user", content: [{ text: "three four" }] },
    ],
  },
};

describe.each(PROVIDER_NAMES)("the openai SDK to %s", (name) => {
  const model = MODELS[name];
  const served = model.slice(name.length + 1);

  it("completes, reports usage and cost, and logs one record", async () => {
    const { data, response } = await api.openai.chat.completions
      .create({ model, messages: [{ role: "user", content: "hello big wide world" }] })
      .withResponse();
    expect(data.object).toBe("chat.completion");
    expect(data.choices).toHaveLength(1);
    expect(data.choices[0]).toMatchObject({
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: "hello big wide world", refusal: null },
    });
    expect(data.usage).toMatchObject({
      prompt_tokens: 4,
      completion_tokens: 4,
      total_tokens: 8,
      prompt_tokens_details: { cached_tokens: 2 },
    });
    expect(response.headers.get("x-tidegate-provider")).toBe(name);
    expect(response.headers.get("x-tidegate-model")).toBe(served);
    expect(response.headers.get("x-tidegate-attempts")).toBe("1");
    const record = await api.theRecord();
    expect(record).toMatchObject({
      id: response.headers.get("x-request-id"),
      status: 200,
      outcome: "ok",
      errorCode: null,
      application: "web",
      team: "default",
      service: "ai",
      route: "/v1/chat/completions",
      provider: name,
      modelAsked: model,
      attempts: 1,
      streamed: false,
      inputTokens: 4,
      outputTokens: 4,
      cachedInputTokens: 2,
    });
    expect(record.modelServed).toContain(served);
    expect(record.costUsd).toBeGreaterThan(0);
    expect(Number(response.headers.get("x-tidegate-cost"))).toBeCloseTo(record.costUsd ?? 0, 8);
    expect(record.upstream).toBe(new URL(api.providers[name].baseUrl).host);
  });

  it("carries a conversation with a system prompt", async () => {
    const completion = await api.openai.chat.completions.create({
      model,
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        { role: "user", content: "three four" },
      ],
    });
    expect(completion.choices[0]?.message.content).toBe("three four");
    expect(completion.usage?.prompt_tokens).toBe(6);
    expect(api.providers[name].last.body).toMatchObject(CONVERSATION[name]);
  });

  it("carries images as data and by URL", async () => {
    const completion = await api.openai.chat.completions.create({
      model,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
            { type: "image_url", image_url: { url: PICTURE_URLS[name], detail: "low" } },
          ],
        },
      ],
    });
    expect(completion.choices[0]?.message.content).toBe(
      `look [image image/png ${PIXEL_BYTES} bytes] [image ${PICTURE_URLS[name]}]`,
    );
  });

  it("goes through a round of parallel tool calls", async () => {
    const question = { role: "user", content: "Oslo" } as const;
    const tools = [WEATHER, TIME];
    const asked = await api.openai.chat.completions.create({ model, tools, messages: [question] });
    const [choice] = asked.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    const calls = (choice?.message.tool_calls ?? []).filter((call) => call.type === "function");
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([
      ["get_weather", { city: "Oslo" }],
      ["get_time", { zone: "Oslo" }],
    ]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    const answered = await api.openai.chat.completions.create({
      model,
      tools,
      messages: [
        question,
        choice?.message ?? question,
        ...calls.map((call) => ({
          role: "tool" as const,
          tool_call_id: call.id,
          content: call.function.name === "get_weather" ? "rain" : "noon",
        })),
      ],
    });
    expect(answered.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: "get_weather said rain; get_time said noon" },
    });
  });

  it("runs tools by itself", async () => {
    const runner = api.openai.chat.completions.runTools({
      model,
      messages: [{ role: "user", content: "Oslo" }],
      tools: [RUNNABLE_WEATHER],
    });
    expect(await runner.finalContent()).toBe("get_weather said rain in Oslo");
    expect(api.gateway.records).toHaveLength(2);
  });

  it("streams text, with usage when asked for it", async () => {
    const stream = await api.openai.chat.completions.create({
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "one two three four" }],
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("one two three four");
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content === " two")).toHaveLength(1);
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(chunks.flatMap((chunk) => chunk.choices).at(-1)?.finish_reason).toBe("stop");
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    const [last, ...others] = chunks.toReversed();
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({
      prompt_tokens: 4,
      completion_tokens: 4,
      total_tokens: 8,
      prompt_tokens_details: { cached_tokens: 2 },
    });
    expect(others.every((chunk) => (chunk.usage ?? null) === null)).toBe(true);
    const record = await api.theRecord();
    expect(record).toMatchObject({
      streamed: true,
      outcome: "ok",
      inputTokens: 4,
      outputTokens: 4,
      cachedInputTokens: 2,
    });
    expect(record.costUsd).toBeGreaterThan(0);
    expect(record.firstByteMs).toBeLessThanOrEqual(record.totalMs);
  });

  it("streams without usage when not asked for it, and logs usage all the same", async () => {
    const stream = await api.openai.chat.completions.create({
      model,
      stream: true,
      messages: [{ role: "user", content: "one two" }],
    });
    for await (const chunk of stream) {
      expect(chunk.usage ?? null).toBeNull();
      expect(chunk.choices).not.toEqual([]);
    }
    expect(await api.theRecord()).toMatchObject({ inputTokens: 2, outputTokens: 2, outcome: "ok" });
  });

  it("streams parallel tool calls into the SDK's accumulator", async () => {
    const stream = api.openai.chat.completions.stream({
      model,
      tools: [WEATHER, TIME],
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "a rather long city name" }],
    });
    const completion = await stream.finalChatCompletion();
    const calls = completion.choices[0]?.message.tool_calls ?? [];
    expect(completion.choices[0]?.finish_reason).toBe("tool_calls");
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([
      ["get_weather", { city: "a rather long city name" }],
      ["get_time", { zone: "a rather long city name" }],
    ]);
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(0);
  });

  it("runs tools over streams", async () => {
    const runner = api.openai.chat.completions.runTools({
      model,
      stream: true,
      messages: [{ role: "user", content: "Oslo" }],
      tools: [RUNNABLE_WEATHER],
    });
    expect(await runner.finalContent()).toBe("get_weather said rain in Oslo");
  });

  it("forces and forbids tools", async () => {
    const messages = [{ role: "user", content: "Oslo" }] as const;
    const forced = await api.openai.chat.completions.create({
      model,
      messages: [...messages],
      tools: [WEATHER, TIME],
      tool_choice: { type: "function", function: { name: "get_time" } },
    });
    const names = forced.choices[0]?.message.tool_calls?.map((call) => call.type === "function" && call.function.name);
    expect(names).toEqual(["get_time"]);
    const forbidden = await api.openai.chat.completions.create({
      model,
      messages: [...messages],
      tools: [WEATHER],
      tool_choice: "none",
    });
    expect(forbidden.choices[0]?.message.content).toBe("Oslo");
  });

  it("parses structured output", async () => {
    const schema = z.object({ answer: z.string(), score: z.number(), tags: z.array(z.enum(["red", "blue"])) });
    const completion = await api.openai.chat.completions.parse({
      model,
      messages: [{ role: "user", content: "rate it" }],
      response_format: zodResponseFormat(schema, "rating"),
    });
    expect(completion.choices[0]?.message.parsed).toEqual({ answer: "rate it", score: 1, tags: ["red"] });
  });

  it("thinks when asked, and counts it", async () => {
    const completion = await api.openai.chat.completions.create({
      model: THINKING_MODELS[name],
      reasoning_effort: "low",
      messages: [{ role: "user", content: "why not" }],
    });
    expect(completion.choices[0]?.message.content).toBe("why not");
    // Cohere does not count thoughts apart.
    const thoughts = name === "cohere" ? null : 4;
    expect(completion.usage?.completion_tokens_details?.reasoning_tokens ?? null).toBe(thoughts);
    expect(completion.usage?.completion_tokens).toBe(6);
    expect(await api.theRecord()).toMatchObject({ reasoningTokens: thoughts, outputTokens: 6 });
  });

  it("keeps what a thinking model needs back within a round of tools", async () => {
    const question = { role: "user", content: "Oslo" } as const;
    const request = { model: THINKING_MODELS[name], reasoning_effort: "medium" as const, tools: [WEATHER] };
    const asked = await api.openai.chat.completions.create({ ...request, messages: [question] });
    const message = asked.choices[0]?.message ?? question;
    const id = asked.choices[0]?.message.tool_calls?.[0]?.id ?? "";
    const answered = await api.openai.chat.completions.create({
      ...request,
      messages: [question, message, { role: "tool", tool_call_id: id, content: "rain" }],
    });
    expect(answered.choices[0]?.message.content).toBe("get_weather said rain");
  });

  it("stops at a stop sequence and at the limit of tokens", async () => {
    const messages = [{ role: "user" as const, content: "one two END three" }];
    const stopped = await api.openai.chat.completions.create({ model, messages, stop: ["END"] });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "one two " } });
    const limited = await api.openai.chat.completions.create({ model, messages, max_tokens: 2 });
    expect(limited.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "one two" } });
  });

  it("passes on sampling and the end user's id", async () => {
    await api.openai.chat.completions.create({
      model,
      messages: [{ role: "user", content: "hi" }],
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      user: "user-1",
    });
    const { body } = api.providers[name].last;
    const expected: Record<ProviderName, object> = {
      openai: { temperature: 0.5, top_p: 0.9, seed: 7, user: "user-1" },
      anthropic: { temperature: 0.5, top_p: 0.9, metadata: { user_id: "user-1" } },
      gemini: { generationConfig: { temperature: 0.5, topP: 0.9, seed: 7 } },
      cohere: { temperature: 0.5, p: 0.9, seed: 7 },
      bedrock: { inferenceConfig: { temperature: 0.5, topP: 0.9 } },
    };
    expect(body).toMatchObject(expected[name]);
  });
});

describe("the thoughts of providers that show them", () => {
  it.each(["anthropic", "cohere", "bedrock"] as const)(
    "arrive as reasoning_content from %s, streamed and not",
    async (name) => {
      const request = {
        model: THINKING_MODELS[name],
        reasoning_effort: "low" as const,
        messages: [{ role: "user" as const, content: "why not" }],
      };
      const whole = await api.openai.chat.completions.create(request);
      expect(whole.choices[0]?.message).toMatchObject({ reasoning_content: "They said: why not" });
      let thoughts = "";
      for await (const chunk of await api.openai.chat.completions.create({ ...request, stream: true })) {
        const delta = z.object({ reasoning_content: z.string().optional() }).parse(chunk.choices[0]?.delta ?? {});
        thoughts += delta.reasoning_content ?? "";
      }
      expect(thoughts).toBe("They said: why not");
    },
  );
});

describe("several choices", () => {
  it.each(["openai", "gemini"] as const)("come from %s, streamed and not", async (name) => {
    const request = { model: MODELS[name], n: 2, messages: [{ role: "user" as const, content: "one two" }] };
    const whole = await api.openai.chat.completions.create(request);
    expect(whole.choices.map((choice) => [choice.index, choice.message.content])).toEqual([
      [0, "one two"],
      [1, "one two"],
    ]);
    const streamed = await api.openai.chat.completions.stream(request).finalChatCompletion();
    expect(streamed.choices.map((choice) => choice.message.content)).toEqual(["one two", "one two"]);
  });
});
