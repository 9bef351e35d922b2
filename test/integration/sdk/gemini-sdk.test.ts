import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { embed } from "../../helpers/providers/model.ts";
import {
  MODELS,
  NO_RETRIES,
  PICTURE_URLS,
  PROVIDER_NAMES,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import {
  FunctionCallingConfigMode,
  GeminiApiError,
  type GenerateContentResponse,
  GoogleGenAI,
} from "../../sdk-clients/index.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const PIXEL_BYTES = Buffer.from(PIXEL, "base64").length;

const WEATHER = {
  name: "get_weather",
  description: "Current weather of a city",
  parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const TIME = {
  name: "get_time",
  parametersJsonSchema: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
};
const TOOLS = [{ functionDeclarations: [WEATHER, TIME] }];

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi({
    providers: `${NO_RETRIES}\n    models: [first]`,
    rest: () => "models: [{ name: fast, targets: [{ provider: openai, model: gpt-4o-mini }] }]",
  });
});
afterAll(() => api.close());
beforeEach(() => api.reset());

function post(path: string, body: unknown, headers: Record<string, string> = { "x-goog-api-key": TEST_KEY }) {
  return fetch(api.gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function partsOf({ candidates }: GenerateContentResponse) {
  return candidates?.[0]?.content?.parts ?? [];
}

const hello = { contents: [{ role: "user", parts: [{ text: "one two" }] }] };

describe.each(PROVIDER_NAMES)("the Google Gen AI SDK to %s", (name) => {
  const model = MODELS[name];
  const served = model.slice(name.length + 1);

  it("answers, reports usage and cost, and logs one record", async () => {
    const answer = await api.gemini.models.generateContent({ model, contents: "hello big wide world" });
    expect(answer.text).toBe("hello big wide world");
    expect(answer.candidates?.[0]).toMatchObject({ finishReason: "STOP", index: 0 });
    expect(answer.modelVersion).toBe(served);
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: 4,
      cachedContentTokenCount: 2,
      candidatesTokenCount: 4,
      totalTokenCount: 8,
    });
    expect(answer.sdkHttpResponse?.headers?.["x-tidegate-provider"]).toBe(name);
    const record = await api.theRecord();
    expect(record).toMatchObject({
      status: 200,
      outcome: "ok",
      application: "web",
      service: "ai",
      route: "/v1beta/models/*",
      provider: name,
      modelAsked: model,
      streamed: false,
      inputTokens: 4,
      cachedInputTokens: 2,
      outputTokens: 4,
    });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("carries a conversation with instructions and sampling", async () => {
    const answer = await api.gemini.models.generateContent({
      model,
      contents: [
        { role: "user", parts: [{ text: "one" }] },
        { role: "model", parts: [{ text: "two" }] },
        { role: "user", parts: [{ text: "three END four" }] },
      ],
      config: { systemInstruction: "Be brief", temperature: 0.5, stopSequences: ["END"], maxOutputTokens: 100 },
    });
    expect(answer.text).toBe("three ");
    expect(answer.usageMetadata?.promptTokenCount).toBe(7);
  });

  it("carries images as data and by URL", async () => {
    const answer = await api.gemini.models.generateContent({
      model,
      contents: [
        "look",
        { inlineData: { mimeType: "image/png", data: PIXEL } },
        { fileData: { mimeType: "image/png", fileUri: PICTURE_URLS[name] } },
      ],
    });
    expect(answer.text).toBe(`look [image image/png ${PIXEL_BYTES} bytes] [image ${PICTURE_URLS[name]}]`);
  });

  it("streams text, and usage at the end", async () => {
    const stream = await api.gemini.models.generateContentStream({ model, contents: "one two three four" });
    const texts: string[] = [];
    let last: { finishReason: string | undefined; total: number | undefined } | null = null;
    for await (const chunk of stream) {
      if (chunk.text !== undefined && chunk.text !== "") texts.push(chunk.text);
      last = { finishReason: chunk.candidates?.[0]?.finishReason, total: chunk.usageMetadata?.totalTokenCount };
    }
    expect(texts).toEqual(["one", " two", " three", " four"]);
    expect(last).toEqual({ finishReason: "STOP", total: 8 });
    expect(await api.theRecord()).toMatchObject({ streamed: true, outcome: "ok", inputTokens: 4, outputTokens: 4 });
  });

  it.each(["whole", "streamed"])("goes through a round of parallel tool calls in a chat, %s", async (how) => {
    const chat = api.gemini.chats.create({ model, config: { tools: TOOLS } });
    const send = async (message: Parameters<typeof chat.sendMessage>[0]["message"]) => {
      const parts = [];
      if (how === "whole") parts.push(...partsOf(await chat.sendMessage({ message })));
      else for await (const chunk of await chat.sendMessageStream({ message })) parts.push(...partsOf(chunk));
      return {
        calls: parts.flatMap(({ functionCall }) => functionCall ?? []),
        text: parts.map(({ text }) => text ?? "").join(""),
      };
    };
    const asked = await send({ text: "Oslo" });
    expect(asked.calls.map((call) => [call.name, call.args])).toEqual([
      ["get_weather", { city: "Oslo" }],
      ["get_time", { zone: "Oslo" }],
    ]);
    const answered = await send(
      asked.calls.map((call) => ({
        functionResponse: {
          ...(call.id === undefined ? {} : { id: call.id }),
          name: call.name ?? "",
          response: { output: call.name === "get_weather" ? "rain" : "noon" },
        },
      })),
    );
    expect(answered.text).toBe("get_weather said rain; get_time said noon");
  });

  it("forces and forbids tools", async () => {
    const call = (functionCallingConfig: { mode: FunctionCallingConfigMode; allowedFunctionNames?: string[] }) =>
      api.gemini.models.generateContent({
        model,
        contents: "Oslo",
        config: { tools: TOOLS, toolConfig: { functionCallingConfig } },
      });
    const forced = await call({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_time"] });
    expect(forced.functionCalls?.map((one) => one.name)).toEqual(["get_time"]);
    expect((await call({ mode: FunctionCallingConfigMode.NONE })).text).toBe("Oslo");
  });

  it("gives structured output by either kind of schema", async () => {
    const properties = { answer: { type: "string" }, score: { type: "integer" } };
    const required = ["answer", "score"];
    for (const config of [
      { responseJsonSchema: { type: "object", properties, required } },
      { responseSchema: { type: "OBJECT", properties, required } as never },
    ]) {
      const answer = await api.gemini.models.generateContent({
        model,
        contents: "rate it",
        config: { responseMimeType: "application/json", ...config },
      });
      expect(JSON.parse(answer.text ?? "")).toEqual({ answer: "rate it", score: 1 });
    }
  });

  it("counts thoughts, and brings back in a round of tools what a thinking model needs", async () => {
    const thinking = THINKING_MODELS[name];
    const config = { thinkingConfig: { includeThoughts: true }, tools: [{ functionDeclarations: [WEATHER] }] };
    const chat = api.gemini.chats.create({ model: thinking, config });
    const asked = await chat.sendMessage({ message: "Oslo" });
    // Cohere does not count thoughts apart.
    if (name !== "cohere") expect(asked.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
    const [call] = asked.functionCalls ?? [];
    const functionResponse = { ...(call?.id === undefined ? {} : { id: call.id }), name: "get_weather" };
    const message = [{ functionResponse: { ...functionResponse, response: { output: "rain" } } }];
    expect((await chat.sendMessage({ message })).text).toBe("get_weather said rain");
  });

  it("gives errors of the provider as the SDK's own", async () => {
    const wrong = api.gemini.models.generateContent({ model: `${name}/no-such-model`, contents: "x" });
    const error = await wrong.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(GeminiApiError);
    expect((error as GeminiApiError).status).toBe(404);
    expect((error as GeminiApiError).message).toContain("NOT_FOUND");
  });

  it("ends a stream that breaks off with an error", async () => {
    api.providers[name].behave({ kind: "cut-stream", afterEvents: 4 });
    const stream = await api.gemini.models.generateContentStream({ model, contents: "one two three four five" });
    const read = async () => {
      for await (const _chunk of stream);
    };
    await expect(read()).rejects.toBeInstanceOf(GeminiApiError);
    expect(await api.theRecord()).toMatchObject({ outcome: "upstream_cut", errorCode: "upstream_reset" });
  });

  it("gives a stream as one array to who does not ask for events", async () => {
    const response = await post(`/v1beta/models/${model}:streamGenerateContent`, hello);
    expect(response.headers.get("content-type")).toBe("application/json");
    const pieces = (await response.json()) as { candidates: { content: { parts: { text: string }[] } }[] }[];
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.flatMap(({ candidates }) => candidates[0]?.content.parts.map(({ text }) => text)).join("")).toBe(
      "one two",
    );
    api.providers[name].behave({ kind: "cut-stream", afterEvents: 4 });
    const cut = await post(`/v1beta/models/${model}:streamGenerateContent`, {
      contents: [{ parts: [{ text: "one two three four five" }] }],
    });
    expect(((await cut.json()) as object[]).at(-1)).toMatchObject({ error: { code: 502, status: "UNAVAILABLE" } });
  });
});

describe("the same dialect on both sides", () => {
  it("goes through as it is: fields that are not known, Gemini's own tools, the bytes of the answer", async () => {
    const body = {
      ...hello,
      tools: [{ functionDeclarations: [{ name: "f" }] }],
      toolConfig: { functionCallingConfig: { mode: "NONE" } },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_LOW_AND_ABOVE" }],
      cachedContent: "cachedContents/abc",
    };
    const response = await post(`/v1beta/models/${MODELS.gemini}:generateContent`, body);
    expect(await response.json()).toMatchObject({ usageMetadata: { promptTokensDetails: [{ modality: "TEXT" }] } });
    expect(api.providers.gemini.last.body).toEqual(body);
    expect(api.providers.gemini.last.path).toBe("/v1beta/models/gemini-2.5-flash:generateContent");
  });

  it("always asks the provider for events", async () => {
    await post(`/v1beta/models/${MODELS.gemini}:streamGenerateContent?key=${TEST_KEY}`, hello, {});
    expect(String(api.providers.gemini.last.query)).toBe("alt=sse");
  });

  it("counts tokens, which models of Cohere can't", async () => {
    const { totalTokens } = await api.gemini.models.countTokens({ model: MODELS.gemini, contents: "one two three" });
    expect(totalTokens).toBe(3);
    const refused = await post(`/v1beta/models/${MODELS.cohere}:countTokens`, hello);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { status: "INVALID_ARGUMENT", details: [{ reason: "UNSUPPORTED_FIELD" }, {}, {}] },
    });
    expect(api.providers.cohere.requests).toHaveLength(0);
  });
});

describe("large bodies", () => {
  it.each(["openai", "gemini"] as const)("go to %s by way of the pool, streamed and not", async (name) => {
    const words = "word ".repeat(20_000).trim();
    const body = { contents: [{ parts: [{ text: words }] }], generationConfig: { maxOutputTokens: 3 } };
    const whole = await post(`/v1beta/models/${MODELS[name]}:generateContent`, body);
    expect(await whole.json()).toMatchObject({
      candidates: [{ content: { parts: [{ text: "word word word" }] }, finishReason: "MAX_TOKENS" }],
      usageMetadata: { promptTokenCount: 20_000 },
    });
    const streamed = await post(`/v1beta/models/${MODELS[name]}:streamGenerateContent?alt=sse`, body);
    expect(streamed.headers.get("content-type")).toContain("text/event-stream");
    expect(await streamed.text()).toContain('"finishReason":"MAX_TOKENS"');
  });
});

describe("models in the path", () => {
  it.each([
    ["with slashes", "/v1beta/models/openai/gpt-4o-mini:generateContent"],
    ["with slashes escaped", "/v1beta/models/openai%2Fgpt-4o-mini:generateContent"],
    ["under /v1", "/v1/models/openai/gpt-4o-mini:generateContent"],
    ["a route by its name", "/v1beta/models/fast:generateContent"],
  ])("are read %s", async (_how, path) => {
    const response = await post(path, hello);
    expect(await response.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: "one two" }] } }] });
    expect(api.providers.openai.last.body).toMatchObject({ model: "gpt-4o-mini" });
  });

  it.each([
    ["/v1beta/models/openai/gpt-4o-mini:predict", 404, "ROUTE_NOT_FOUND"],
    ["/v1beta/models/openai/gpt-4o-mini", 404, "ROUTE_NOT_FOUND"],
    ["/v1beta/models/nowhere:generateContent", 404, "MODEL_NOT_FOUND"],
    ["/v1beta/models/%E0%A4:generateContent", 400, "INVALID_REQUEST"],
    ["/v1beta/files", 404, "ROUTE_NOT_FOUND"],
  ])("are refused in Google's form: %s", async (path, status, reason) => {
    const response = await post(path, hello);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { code: status, details: expect.arrayContaining([expect.objectContaining({ reason })]) },
    });
  });

  it("are listed in Gemini's form", async () => {
    const names = [];
    for await (const model of await api.gemini.models.list()) names.push(model.name);
    expect(names).toEqual(["models/fast", ...PROVIDER_NAMES.map((id) => `models/${id}/first`)]);
    expect(await api.gemini.models.get({ model: "openai/first" })).toMatchObject({ name: "models/openai/first" });
    const v1 = new GoogleGenAI({ apiKey: TEST_KEY, httpOptions: { baseUrl: api.gateway.url, apiVersion: "v1" } });
    expect((await v1.models.list()).page[0]?.name).toBe("models/fast");
    expect(await v1.models.get({ model: "openai/first" })).toMatchObject({ name: "models/openai/first" });
  });
});

describe.each(["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "cohere/embed-v4.0"])(
  "embeddings of %s",
  (model) => {
    it("come for several texts", async () => {
      const config = { taskType: "RETRIEVAL_QUERY", outputDimensionality: 4 };
      const { embeddings } = await api.gemini.models.embedContent({ model, contents: ["a", "bcd"], config });
      expect(embeddings?.map(({ values }) => values)).toEqual([embed("a", 4), embed("bcd", 4)]);
    });

    it("come for one, whatever else the body calls the model", async () => {
      const body = { model: `models/${model}`, content: { parts: [{ text: "a" }] } };
      const response = await post(`/v1beta/models/${model}:embedContent`, body);
      expect(await response.json()).toMatchObject({ embedding: { values: embed("a", 8) } });
    });
  },
);

describe("credentials", () => {
  it("are taken from the query, and go nowhere from there", async () => {
    for (const model of [MODELS.openai, MODELS.gemini]) {
      api.reset();
      const response = await post(`/v1beta/models/${model}:generateContent?key=${TEST_KEY}`, hello, {});
      expect(response.status).toBe(200);
      expect(await api.theRecord()).toMatchObject({ application: "web" });
      expect(String(api.providers[model === MODELS.gemini ? "gemini" : "openai"].last.query)).toBe("");
      const seen = [api.gateway.records, api.gateway.log, api.providers.openai.requests, api.providers.gemini.requests];
      expect(JSON.stringify(seen)).not.toContain(TEST_KEY);
      expect(await response.text()).not.toContain(TEST_KEY);
    }
  });

  it("count in the query of this dialect's calls alone", async () => {
    const body = { model: MODELS.openai, messages: [{ role: "user", content: "x" }] };
    expect((await post(`/v1/chat/completions?key=${TEST_KEY}`, body, {})).status).toBe(401);
  });

  it("that are wrong are refused in Google's form", async () => {
    const wrong = new GoogleGenAI({ apiKey: "wrong", httpOptions: { baseUrl: api.gateway.url } });
    const error = await wrong.models
      .generateContent({ model: MODELS.openai, contents: "x" })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 401 });
    const response = await post(`/v1beta/models/${MODELS.openai}:generateContent?key=wrong`, hello, {});
    expect(await response.json()).toMatchObject({ error: { code: 401, status: "UNAUTHENTICATED" } });
  });
});
