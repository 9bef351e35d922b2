import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { embed } from "../../helpers/providers/model.ts";
import { MODELS, NO_RETRIES, PROVIDER_NAMES, startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";
import { Anthropic, OpenAI } from "../../sdk-clients/index.ts";

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi({
    providers: `${NO_RETRIES}\n    models: [first, second]`,
    rest: () => `models:
  - { name: known, targets: [{ provider: openai, model: gpt-4o-mini }] }
  - { name: either, targets: [{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }] }
  - { name: own-price, targets: [{ provider: openai, model: gpt-4o-mini, price: { input_mtok: 7 } }] }`,
  });
});
afterAll(() => api.close());
beforeEach(() => api.reset());

const EMBEDDING_MODELS = ["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "cohere/embed-v4.0"];

describe.each(EMBEDDING_MODELS)("embeddings of %s", (model) => {
  const [provider] = model.split("/");

  it("come for one text and for several, as floats and as the SDK's base64", async () => {
    const one = await api.openai.embeddings.create({ model, input: "hello world" });
    expect(one.object).toBe("list");
    expect(one.data.map(({ object, index }) => ({ object, index }))).toEqual([{ object: "embedding", index: 0 }]);
    expect(one.data[0]?.embedding).toEqual(embed("hello world", 8));
    expect(await api.theRecord()).toMatchObject({ route: "/v1/embeddings", provider, status: 200, outcome: "ok" });
    const several = await api.openai.embeddings.create({ model, input: ["a", "bcd"], encoding_format: "float" });
    expect(several.data.map(({ embedding }) => embedding)).toEqual([embed("a", 8), embed("bcd", 8)]);
    expect(several.data.map(({ index }) => index)).toEqual([0, 1]);
  });

  it("have the length asked for", async () => {
    const { data } = await api.openai.embeddings.create({ model, input: "hello", dimensions: 3 });
    expect(data[0]?.embedding).toEqual(embed("hello", 3));
  });

  it("fail with the provider's reason", async () => {
    const wrong = api.openai.embeddings.create({ model: `${provider}/no-such-model`, input: "hello" });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("embeddings elsewhere", () => {
  it("report usage where the provider does", async () => {
    const { usage } = await api.openai.embeddings.create({
      model: "openai/text-embedding-3-small",
      input: "one two three",
    });
    expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    const record = await api.theRecord();
    expect(record).toMatchObject({ inputTokens: 3, outputTokens: 0 });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("are refused by Anthropic's models", async () => {
    const refused = api.openai.embeddings.create({ model: MODELS.anthropic, input: "hello" });
    await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_field", param: "model" });
    expect(api.providers.anthropic.requests).toHaveLength(0);
  });

  it("take token ids to OpenAI and refuse them to Gemini", async () => {
    const { data } = await api.openai.embeddings.create({
      model: "openai/text-embedding-3-small",
      input: [[1, 2], [3]],
    });
    expect(data).toHaveLength(2);
    const refused = api.openai.embeddings.create({ model: "gemini/gemini-embedding-001", input: [1, 2] });
    await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_field", param: "input[0]" });
  });
});

describe("models", () => {
  const ids = ["known", "either", "own-price", ...PROVIDER_NAMES.flatMap((id) => [`${id}/first`, `${id}/second`])];

  it("are listed to the openai SDK", async () => {
    const listed = [];
    for await (const model of api.openai.models.list()) listed.push(model);
    expect(listed.map((model) => model.id)).toEqual(ids);
    expect(listed[3]).toMatchObject({ object: "model", owned_by: "openai" });
    expect(await api.openai.models.retrieve("gemini/second")).toMatchObject({ id: "gemini/second", object: "model" });
    await expect(api.openai.models.retrieve("gemini/third")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it("are listed to the Anthropic SDK", async () => {
    const listed = [];
    for await (const model of api.anthropic.models.list()) listed.push(model);
    expect(listed.map((model) => model.id)).toEqual(ids);
    expect(await api.anthropic.models.retrieve("openai/first")).toMatchObject({ id: "openai/first", type: "model" });
    await expect(api.anthropic.models.retrieve("gemini/third")).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it("say what is known of them: window, capabilities and price, as the caller's dialect has it", async () => {
    const id = "known";
    const openai = await api.openai.models.retrieve(id);
    expect(openai).toMatchObject({
      type: "chat",
      context_window: 128_000,
      max_output_tokens: 16_384,
      capabilities: expect.arrayContaining(["tools", "vision"]),
      price: { input_mtok: 0.15, output_mtok: 0.6, cache_read_mtok: 0.075 },
    });
    expect(await api.anthropic.models.retrieve(id)).toMatchObject({ max_input_tokens: 128_000, max_tokens: 16_384 });
    const gemini = await api.gemini.models.get({ model: id });
    expect(gemini).toMatchObject({ inputTokenLimit: 128_000, outputTokenLimit: 16_384 });
    // Of several targets, what holds whichever answers; and no price, which differs.
    const either = await api.openai.models.retrieve("either");
    expect(either).toMatchObject({
      context_window: 128_000,
      max_output_tokens: 16_384,
      capabilities: expect.not.arrayContaining(["reasoning"]),
    });
    expect(either).not.toHaveProperty("price");
    expect(await api.openai.models.retrieve("own-price")).toMatchObject({ price: { input_mtok: 7, output_mtok: 0 } });
  });

  it("are logged as calls without a provider", async () => {
    await api.openai.models.list();
    expect(await api.theRecord()).toMatchObject({ route: "/v1/models", provider: null, attempts: 0, status: 200 });
  });
});

describe("credentials", () => {
  it.each([
    ["authorization", `Bearer ${TEST_KEY}`],
    ["authorization", `bearer ${TEST_KEY}`],
    ["x-api-key", TEST_KEY],
    ["x-goog-api-key", TEST_KEY],
    ["api-key", TEST_KEY],
  ])("are taken from %s: %s", async (header, value) => {
    for (const model of Object.values(MODELS)) {
      api.reset();
      const response = await fetch(`${api.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", [header]: value },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
      });
      expect(response.status).toBe(200);
      expect(await api.theRecord()).toMatchObject({ application: "web" });
    }
  });

  it("are demanded", async () => {
    const response = await fetch(`${api.gateway.url}/v1/models`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await response.json()).toMatchObject({ error: { code: "missing_credentials" } });
    expect(await api.theRecord()).toMatchObject({ status: 401, application: null, errorCode: "missing_credentials" });
  });
});
