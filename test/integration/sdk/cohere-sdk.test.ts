import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import {
  MODELS,
  PICTURE_URLS,
  PROVIDER_NAMES,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import { CohereClientV2, CohereError } from "../../sdk-clients/index.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const PIXEL_BYTES = Buffer.from(PIXEL, "base64").length;

const WEATHER = {
  type: "function" as const,
  function: {
    name: "get_weather",
    description: "Current weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const TIME = {
  type: "function" as const,
  function: {
    name: "get_time",
    parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
  },
};

/** Models that take a budget for thinking. */
const BUDGET_MODELS = { ...THINKING_MODELS, anthropic: "anthropic/claude-haiku-4-5" };

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi();
});
afterAll(() => api.close());
beforeEach(() => api.reset());

const user = (content: string) => ({ role: "user" as const, content });

type Chat = Parameters<CohereClientV2["chat"]>[0];

/** What a stream comes to, put together as Cohere documents it. */
async function gather(request: Chat) {
  const types: string[] = [];
  const calls: { id: string; name: string; arguments: string }[] = [];
  const said = { text: "", thinking: "", finishReason: "", inputTokens: 0, error: "" };
  for await (const event of await api.cohere.chatStream(request)) {
    types.push(event.type);
    if (event.type === "content-delta") {
      said.text += event.delta?.message?.content?.text ?? "";
      said.thinking += event.delta?.message?.content?.thinking ?? "";
    } else if (event.type === "tool-call-start") {
      const call = event.delta?.message?.toolCalls;
      calls.push({ id: call?.id ?? "", name: call?.function?.name ?? "", arguments: "" });
    } else if (event.type === "tool-call-delta") {
      const call = calls[event.index ?? 0];
      if (call !== undefined) call.arguments += event.delta?.message?.toolCalls?.function?.arguments ?? "";
    } else if (event.type === "message-end") {
      said.finishReason = event.delta?.finishReason ?? "";
      said.error = event.delta?.error ?? "";
      said.inputTokens = event.delta?.usage?.billedUnits?.inputTokens ?? 0;
    }
  }
  return { ...said, types, calls };
}

describe.each(PROVIDER_NAMES)("the Cohere SDK to %s", (name) => {
  const model = MODELS[name];

  it("answers, reports usage and cost, and logs one record", async () => {
    const answer = await api.cohere.chat({ model, messages: [user("hello big wide world")] });
    expect(answer).toMatchObject({
      finishReason: "COMPLETE",
      message: { role: "assistant", content: [{ type: "text", text: "hello big wide world" }] },
      usage: { billedUnits: { inputTokens: 4, outputTokens: 4 }, cachedTokens: 2 },
    });
    const record = await api.theRecord();
    expect(record).toMatchObject({
      status: 200,
      outcome: "ok",
      application: "web",
      route: "/v2/chat",
      provider: name,
      modelAsked: model,
      inputTokens: 4,
      cachedInputTokens: 2,
      outputTokens: 4,
    });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("carries a conversation with instructions, sampling and images", async () => {
    const answer = await api.cohere.chat({
      model,
      messages: [
        { role: "system", content: "Be brief" },
        user("one"),
        { role: "assistant", content: "two" },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image_url", imageUrl: { url: `data:image/png;base64,${PIXEL}` } },
            { type: "image_url", imageUrl: { url: PICTURE_URLS[name] } },
            { type: "text", text: "END" },
          ],
        },
      ],
      maxTokens: 100,
      temperature: 0.5,
      p: 0.9,
      stopSequences: ["END"],
    });
    const seen = `look [image image/png ${PIXEL_BYTES} bytes] [image ${PICTURE_URLS[name]}] `;
    expect(answer.message.content).toEqual([{ type: "text", text: seen }]);
  });

  it("streams text in the order of events that the API documents", async () => {
    const { types, ...said } = await gather({ model, messages: [user("one two")] });
    expect(types).toEqual([
      "message-start",
      "content-start",
      "content-delta",
      "content-delta",
      "content-end",
      "message-end",
    ]);
    expect(said).toMatchObject({ text: "one two", finishReason: "COMPLETE", inputTokens: 2 });
    expect(await api.theRecord()).toMatchObject({ streamed: true, outcome: "ok", inputTokens: 2, outputTokens: 2 });
  });

  it("goes through a round of parallel tool calls, streamed and not", async () => {
    const request = { model, tools: [WEATHER, TIME], messages: [user("Oslo")] };
    const whole = await api.cohere.chat(request);
    expect(whole.finishReason).toBe("TOOL_CALL");
    const streamed = await gather(request);
    expect(streamed.finishReason).toBe("TOOL_CALL");
    const ofWhole = (whole.message.toolCalls ?? []).map(({ id, function: fn }) => ({
      id,
      name: fn?.name ?? "",
      arguments: fn?.arguments ?? "",
    }));
    for (const calls of [ofWhole, streamed.calls]) {
      expect(calls.map((call) => [call.name, JSON.parse(call.arguments)])).toEqual([
        ["get_weather", { city: "Oslo" }],
        ["get_time", { zone: "Oslo" }],
      ]);
      const answered = await api.cohere.chat({
        ...request,
        messages: [
          user("Oslo"),
          {
            role: "assistant",
            toolCalls: calls.map((call) => ({
              id: call.id,
              type: "function",
              function: { name: call.name, arguments: call.arguments },
            })),
          },
          ...calls.map((call) => ({
            role: "tool" as const,
            toolCallId: call.id,
            content: call.name === "get_weather" ? "rain" : [{ type: "text" as const, text: "noon" }],
          })),
        ],
      });
      expect(answered.message.content).toEqual([{ type: "text", text: "get_weather said rain; get_time said noon" }]);
    }
  });

  it("forbids tools, and makes strict ones strict", async () => {
    const request = { model, tools: [WEATHER], messages: [user("Oslo")] };
    const forbidden = await api.cohere.chat({ ...request, toolChoice: "NONE" });
    expect(forbidden.message.content).toEqual([{ type: "text", text: "Oslo" }]);
    const strict = await api.cohere.chat({ ...request, toolChoice: "REQUIRED", strictTools: true });
    expect(strict.message.toolCalls).toHaveLength(1);
  });

  it("gives structured output", async () => {
    const properties = { answer: { type: "string" }, score: { type: "integer" } };
    const jsonSchema = { type: "object", properties, required: ["answer", "score"] };
    const answer = await api.cohere.chat({
      model,
      messages: [user("rate it")],
      responseFormat: { type: "json_object", jsonSchema },
    });
    const [item] = answer.message.content ?? [];
    expect(item?.type === "text" && JSON.parse(item.text)).toEqual({ answer: "rate it", score: 1 });
  });

  it("brings back in a round of tools what a thinking model needs", async () => {
    const request = { model: BUDGET_MODELS[name], maxTokens: 4000, tools: [WEATHER] };
    const thinking = { type: "enabled" as const, tokenBudget: 1024 };
    const asked = await api.cohere.chat({ ...request, thinking, messages: [user("Oslo")] });
    const { content, toolCalls = [] } = asked.message;
    const answered = await api.cohere.chat({
      ...request,
      thinking,
      messages: [
        user("Oslo"),
        { role: "assistant", toolCalls, ...(content === undefined ? {} : { content }) },
        { role: "tool", toolCallId: toolCalls[0]?.id ?? "", content: "rain" },
      ],
    });
    expect(answered.message.content?.at(-1)).toEqual({ type: "text", text: "get_weather said rain" });
  });

  it("gives errors of the provider as the SDK's own, before a stream and within it", async () => {
    const wrong = { model: `${name}/no-such-model`, messages: [user("x")] };
    const error = await api.cohere.chat(wrong).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CohereError);
    expect(error).toMatchObject({ statusCode: 404, body: { message: expect.any(String), id: expect.any(String) } });
    api.reset();
    api.providers[name].behave({ kind: "cut-stream", afterEvents: 4 });
    const cut = await gather({ model, messages: [user("one two three four five")] });
    expect(cut.finishReason).toBe("ERROR");
    expect(cut.error).toContain("closed the connection");
    expect(await api.theRecord()).toMatchObject({ outcome: "upstream_cut" });
  });
});

describe("the thoughts of providers that show them", () => {
  it.each(["anthropic", "gemini", "cohere"] as const)("arrive as thinking from %s, streamed and not", async (name) => {
    const thinking = { type: "enabled" as const, tokenBudget: 1024 };
    const request = { model: BUDGET_MODELS[name], maxTokens: 4000, thinking, messages: [user("why not")] };
    const whole = await api.cohere.chat(request);
    expect(whole.message.content?.[0]).toMatchObject({ type: "thinking", thinking: "They said: why not" });
    expect(await gather(request)).toMatchObject({ thinking: "They said: why not", text: "why not" });
  });
});

describe("documents and citations", () => {
  const documents = ["Penguins live on ice.", { id: "zoo", data: { title: "Zoo", snippet: "Closed." } }];
  const request = { model: MODELS.anthropic, messages: [user("where do they live")], documents };
  const cited = { start: 0, end: 18, text: "where do they live", sources: [{ type: "document", id: "doc:0" }] };

  it("go to Anthropic's models and come back", async () => {
    const { message } = await api.cohere.chat(request);
    expect(message.citations).toMatchObject([cited]);
    expect(api.providers.anthropic.last.body).toMatchObject({
      messages: [
        {
          content: [
            {
              type: "document",
              title: "doc:0",
              source: { data: "Penguins live on ice." },
              citations: { enabled: true },
            },
            { type: "document", title: "zoo", source: { data: "title: Zoo\nsnippet: Closed." } },
            { type: "text", text: "where do they live" },
          ],
        },
      ],
    });
    const citations = [];
    for await (const event of await api.cohere.chatStream(request)) {
      if (event.type === "citation-start") citations.push(event.delta?.message?.citations);
    }
    expect(citations).toMatchObject([cited]);
  });

  it("are not asked for where the caller wants none", async () => {
    const { message } = await api.cohere.chat({ ...request, citationOptions: { mode: "OFF" } });
    expect(message.citations).toBeUndefined();
    expect(message.content).toHaveLength(1);
  });
});

describe("what only Cohere does", () => {
  const request = { messages: [user("who?")], documents: ["a text", { id: "d", data: { title: "T" } }] };

  it("goes through to Cohere as it is", async () => {
    const citationOptions = { mode: "ACCURATE" as const };
    await api.cohere.chat({ model: MODELS.cohere, ...request, citationOptions, safetyMode: "STRICT", priority: 2 });
    expect(api.providers.cohere.last.body).toEqual({
      model: "command-a-03-2025",
      messages: [{ role: "user", content: "who?" }],
      documents: ["a text", { id: "d", data: { title: "T" } }],
      citation_options: { mode: "ACCURATE" },
      safety_mode: "STRICT",
      priority: 2,
      stream: false,
    });
  });

  it("is refused for other models by its name", async () => {
    const error = await api.cohere.chat({ model: MODELS.openai, ...request }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ statusCode: 400, body: { code: "unsupported_field", param: "documents" } });
    expect(api.providers.openai.requests).toHaveLength(0);
  });

  it("is told log probabilities", async () => {
    for (const model of [MODELS.openai, MODELS.cohere]) {
      const { logprobs } = await api.cohere.chat({ model, messages: [user("one two")], logprobs: true });
      expect(logprobs?.map(({ text, logprobs: of }) => [text, of])).toEqual([
        ["one", [-0.25]],
        [" two", [-0.25]],
      ]);
    }
  });

  it("refuses a wrong key in Cohere's form", async () => {
    const wrong = new CohereClientV2({ token: "wrong", baseUrl: api.gateway.url, maxRetries: 0 });
    const error = await wrong.chat({ model: MODELS.openai, ...request }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ statusCode: 401, body: { code: "invalid_credentials" } });
    expect(JSON.stringify(api.gateway.records)).not.toContain(TEST_KEY);
  });
});
