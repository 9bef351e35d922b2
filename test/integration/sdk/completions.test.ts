import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { accept, type EndpointServer, startEndpointServer } from "../../helpers/providers/endpoint-server.ts";
import { MODELS, PROVIDER_NAMES, startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

const FIELDS = ["stream", "stream_options", "max_tokens", "suffix", "logprobs", "best_of", "echo", "n", "temperature"];
const HEAD = { id: "cmpl-1", object: "text_completion", created: 1, model: "base" };
const USAGE = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };
const event = (data: object) => `data: ${JSON.stringify({ ...HEAD, ...data })}\n\n`;

let api: UnifiedApi;
/** A server of one's own whose models go on with a text. */
let base: EndpointServer;
beforeAll(async () => {
  base = await startEndpointServer({
    "POST /v1/completions": ({ body }) => {
      accept(body, ["model", "prompt"], FIELDS);
      const choice = { text: " goes on", index: 0, logprobs: { tokens: ["x"] }, finish_reason: "stop" };
      if (body.stream !== true) return { json: { ...HEAD, choices: [choice], usage: USAGE } };
      return (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const usage = body.stream_options === undefined ? "" : event({ choices: [], usage: USAGE });
        response.end(`${event({ choices: [choice] })}${usage}data: [DONE]\n\n`);
      };
    },
  });
  api = await startUnifiedApi({
    rest: () => `
  - { id: base, kind: vllm, base_url: "${base.url}/v1" }
  - { id: embedder, kind: voyage, base_url: "${base.url}/v1", keys: [{ value: k }] }
  - { id: simulated, kind: simulated }
models:
  - { name: either, targets: [{ provider: embedder, model: m }, { provider: base, model: base }] }`,
  });
});
afterAll(async () => {
  await api.close();
  await base.close();
});
beforeEach(() => {
  api.reset();
  base.requests.length = 0;
});

async function textOf(stream: AsyncIterable<OpenAI.Completion>) {
  let text = "";
  let usage: OpenAI.Completion["usage"];
  const reasons: string[] = [];
  for await (const { choices, object, usage: counted } of stream) {
    expect(object).toBe("text_completion");
    text += choices[0]?.text ?? "";
    if (choices[0]?.finish_reason != null) reasons.push(choices[0].finish_reason);
    usage = counted ?? usage;
  }
  return { text, reasons, usage };
}

describe.each(PROVIDER_NAMES)("text completions of a chat model of %s", (provider) => {
  const model = MODELS[provider];

  it("are what it answers to the prompt", async () => {
    const answer = await api.openai.completions.create({
      model,
      prompt: "one two three",
      max_tokens: 2,
      temperature: 0,
    });
    expect(answer).toMatchObject({
      object: "text_completion",
      choices: [{ text: "one two", index: 0, logprobs: null, finish_reason: "length" }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
    expect(await api.theRecord()).toMatchObject({
      route: "/v1/completions",
      provider,
      inputTokens: 3,
      outputTokens: 2,
    });
  });

  it("are streamed in the form of text completions", async () => {
    const options = { model, prompt: ["one two"], max_tokens: 9, echo: true, stream_options: { include_usage: true } };
    const streamed = await textOf(await api.openai.completions.create({ ...options, stream: true }));
    expect(streamed).toMatchObject({ text: "one twoone two", reasons: ["stop"], usage: { completion_tokens: 2 } });
    expect(await api.theRecord()).toMatchObject({ streamed: true, inputTokens: 2, outputTokens: 2, outcome: "ok" });
  });
});

describe("text completions of a chat model", () => {
  const ask = (body: object) =>
    api.openai.completions.create({
      model: MODELS.openai,
      prompt: "x",
      ...body,
    } as OpenAI.CompletionCreateParamsNonStreaming);

  it.each([
    ["suffix", { suffix: "end" }],
    ["logprobs", { logprobs: 0 }],
    ["best_of", { best_of: 2 }],
    ["prompt", { prompt: ["a", "b"] }],
    ["prompt", { prompt: [1, 2] }],
  ])("refuse %s by name", async (param, body) => {
    await expect(ask(body)).rejects.toMatchObject({ status: 400, code: "unsupported_field", param });
    expect(api.providers.openai.requests).toHaveLength(0);
  });

  it("take what asks for nothing, and end after 16 tokens unless more are asked for", async () => {
    const prompt = "word ".repeat(20);
    const { choices } = await ask({ prompt, suffix: null, logprobs: null, best_of: 1, n: 1 });
    expect(choices[0]).toMatchObject({ finish_reason: "length" });
    expect(choices[0]?.text.trim().split(/\s+/)).toHaveLength(16);
  });

  it("say what is missing", async () => {
    await expect(ask({ prompt: undefined })).rejects.toMatchObject({ status: 400, param: "prompt" });
  });
});

describe("text completions of a model that has them", () => {
  it("go on as they came, and come back as they are", async () => {
    const options = { prompt: "It", suffix: ".", logprobs: 1, best_of: 2, echo: true };
    const answer = await api.openai.completions.create({ model: "base/base", ...options });
    expect(base.last.body).toEqual({ model: "base", ...options });
    expect(answer.choices[0]).toMatchObject({ text: " goes on", logprobs: { tokens: ["x"] } });
    expect(await api.theRecord()).toMatchObject({ provider: "base", inputTokens: 2, outputTokens: 3 });
  });

  it("are streamed, their usage counted though the caller did not ask for it", async () => {
    const stream = await api.openai.completions.create({ model: "either", prompt: "It", stream: true });
    expect(await textOf(stream)).toMatchObject({ text: " goes on", usage: undefined });
    expect(await api.theRecord()).toMatchObject({ provider: "base", streamed: true, outputTokens: 3, attempts: 1 });
  });

  it("are refused where a model has neither those nor chats", async () => {
    const refused = api.openai.completions.create({ model: "embedder/m", prompt: "x" });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("`embedder`") });
  });

  it.each(["", "/openai", "/openai/v1"])("are found with the base URL %j", async (path) => {
    const openai = new OpenAI({ apiKey: TEST_KEY, baseURL: api.gateway.url + path, maxRetries: 0 });
    const options = { model: "simulated/echo", prompt: "one two" };
    expect((await openai.completions.create(options)).choices[0]?.text).toBe("one two");
    expect(await textOf(await openai.completions.create({ ...options, stream: true }))).toMatchObject({
      text: "one two",
    });
  });
});
