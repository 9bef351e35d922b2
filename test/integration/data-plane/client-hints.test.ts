import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { failWith } from "../../helpers/model-route.ts";
import { MODELS, startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";

/** What callers say of how their calls are made: fallbacks, attempts, timeouts, providers, tags. */

const RETRIES =
  "retries: { attempts: 2, on: [500, timeout], backoff: 1ms, max_backoff: 2ms }, circuit_breaker: { failures: 0 }";

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi({
    providers: "    retries: { attempts: 0, on: [500, timeout] }\n    circuit_breaker: { failures: 0 }",
    rest: () => `
ai: { offload_size: 4KiB, policies: { cache: { default_ttl: 1h } } }
models:
  - { name: two, ${RETRIES}, targets: [{ provider: openai, model: gpt-4o-mini }, { provider: cohere, model: command-a-03-2025 }] }
  - { name: mute, ${RETRIES}, client_hints: [tags], targets: [{ provider: openai, model: gpt-4o-mini }] }
  - name: ruled
    rules: [{ name: tools, when: { content: [tools] }, model: ${MODELS.cohere} }]
    targets: [{ provider: anthropic, model: claude-haiku-4-5 }]
`,
  });
});
afterAll(() => api.close());
beforeEach(() => api.reset());

interface Reply {
  status: number;
  text: string;
  headers: Headers;
  record: CallRecord;
}

const NO_CACHE = { "cache-control": "no-store" };

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await api.post(path, body, { ...NO_CACHE, ...headers });
  const text = await response.text();
  const record = await api.gateway.record(response.headers.get("x-request-id"));
  return { status: response.status, text, headers: response.headers, record };
}

const messages = [{ role: "user", content: "one two three" }];
const chat = (fields: object, headers?: Record<string, string>) =>
  post("/v1/chat/completions", { model: MODELS.openai, messages, ...fields }, headers);

const failing = () => api.providers.openai.always(failWith(500));

describe("fallbacks", () => {
  it.each([
    ["OpenRouter's models", { models: [MODELS.openai, MODELS.cohere] }, {}],
    ["OpenRouter's models without a model", { model: undefined, models: [MODELS.openai, MODELS.cohere] }, {}],
    ["LiteLLM's fallbacks", { fallbacks: [MODELS.cohere] }, {}],
    ["objects that name a model", { fallbacks: [{ model: MODELS.cohere }] }, {}],
    ["a header", {}, { "x-tidegate-fallbacks": ` ${MODELS.cohere} ` }],
    ["a stream", { stream: true, fallbacks: [MODELS.cohere] }, {}],
    ["a long body", { fallbacks: [MODELS.cohere], messages: [{ role: "user", content: "w ".repeat(4_000) }] }, {}],
  ])("come after the model, by %s, and no provider sees them", async (_name, fields, headers) => {
    failing();
    const { status, record } = await chat(fields, headers as Record<string, string>);
    expect(status).toBe(200);
    expect(record).toMatchObject({ provider: "cohere", attempts: 2, modelAsked: MODELS.openai, routedBy: "hints" });
    expect(api.providers.openai.last.body).not.toHaveProperty("models");
    expect(api.providers.openai.last.body).not.toHaveProperty("fallbacks");
    expect(api.providers.openai.last.body).toMatchObject({ model: "gpt-4o-mini" });
  });

  it("leave all else of a body as it came, wherever they stand in it", async () => {
    const said = `"messages":[{"role":"user","content":"\\u00e4 ä"}], "seed": 1.0`;
    for (const body of [
      `{"model":"two",${said},"fallbacks":[ ]}`,
      `{"fallbacks" : [],"models":[], "model":"two",${said}}`,
      `{"model":"two","models":["two"] ,${said}\n,"fallbacks":["two"]}`,
    ]) {
      expect((await post("/v1/chat/completions", body)).status).toBe(200);
      expect(api.providers.openai.last.text).toContain(
        `"messages":[{"role":"user","content":"\\u00e4 ä"}], "seed": 1.0`,
      );
      expect(JSON.parse(api.providers.openai.last.text)).toEqual({
        model: "gpt-4o-mini",
        messages: [{ role: "user", content: "ä ä" }],
        seed: 1,
      });
    }
    // A name with escapes: the body has to be parsed to know.
    const escaped = await post(
      "/v1/chat/completions",
      `{"model":"two","f\\u0061llbacks":["${MODELS.cohere}"],${said}}`,
    );
    expect(escaped.status).toBe(200);
    expect(api.providers.openai.last.body).not.toHaveProperty("fallbacks");
    const long = await post(
      "/v1/chat/completions",
      `{"model":"two","f\\u0061llbacks":["x/y"],${said}${" ".repeat(5000)}}`,
    );
    expect(long).toMatchObject({ status: 404 });
  });

  it.each([
    ["/v1/messages", { max_tokens: 20, messages }],
    ["/v1/responses", { input: "hello" }],
    ["/v2/chat", { messages }],
    [`/v1beta/models/${MODELS.openai}:generateContent`, { contents: [{ role: "user", parts: [{ text: "hello" }] }] }],
    [`/model/${MODELS.openai}/converse`, { messages: [{ role: "user", content: [{ text: "hello" }] }] }],
  ])("are taken from callers of %s", async (path, fields) => {
    failing();
    const model = path.startsWith("/v1/") || path === "/v2/chat" ? { model: MODELS.openai } : {};
    const { status, record } = await post(path, { ...model, ...fields, fallbacks: [{ model: MODELS.gemini }] });
    expect(status).toBe(200);
    expect(record).toMatchObject({ provider: "gemini", attempts: 2 });
  });

  it("take no fields where callers have no say, nor Anthropic's own", async () => {
    const mute = await chat({ model: "mute", fallbacks: [MODELS.cohere] });
    expect(JSON.parse(mute.text)).toMatchObject({ error: { message: expect.stringMatching(/fallbacks/) } });
    expect(api.providers.openai.last.body).toMatchObject({ fallbacks: [MODELS.cohere] });
    const own = { model: MODELS.anthropic, max_tokens: 20, messages, fallbacks: [{ model: "claude-opus-4-8" }] };
    await post("/v1/messages", own, { "anthropic-beta": "server-side-fallback-2026-07-01" });
    expect(api.providers.anthropic.last.body).toMatchObject({ fallbacks: [{ model: "claude-opus-4-8" }] });
  });

  it("follow the rules of the models they name, and can be turned off", async () => {
    failing();
    const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
    expect((await chat({ tools, fallbacks: ["ruled"] })).record).toMatchObject({ provider: "cohere" });
    expect((await chat({ fallbacks: ["ruled"] })).record).toMatchObject({ provider: "anthropic" });
    const alone = await chat({ model: "two", fallbacks: ["ruled"] }, { "x-tidegate-no-fallback": "true" });
    expect(alone.record).toMatchObject({ provider: "openai", status: 500, attempts: 3 });
  });
});

describe("attempts, timeouts and providers", () => {
  it("are as many, as long and in the order that the caller wants", async () => {
    failing();
    expect((await chat({ model: "two" }, { "x-tidegate-max-attempts": "1" })).record).toMatchObject({
      attempts: 1,
      status: 500,
      routedBy: null,
    });
    expect((await chat({ model: "two" }, { "x-tidegate-max-attempts": "2" })).record).toMatchObject({
      attempts: 2,
      provider: "cohere",
    });
    const ordered = await chat({ model: "two" }, { "x-tidegate-provider-order": "cohere" });
    expect(ordered.record).toMatchObject({ attempts: 1, provider: "cohere" });
    const only = await chat({ model: "two" }, { "x-tidegate-provider-only": "openai", "x-tidegate-max-attempts": "2" });
    expect(only.record).toMatchObject({ attempts: 2, provider: "openai", status: 500 });
    api.providers.openai.always({ kind: "delay", ms: 5_000 });
    const late = await chat({ model: "two" }, { "x-tidegate-first-byte-timeout": "50ms" });
    expect(late.record).toMatchObject({ attempts: 2, provider: "cohere", status: 200 });
  });

  it("end a call when its time is up", async () => {
    api.providers.openai.always({ kind: "delay", ms: 5_000 });
    const { status, record } = await chat({}, { "x-tidegate-timeout": "150ms" });
    expect(status).toBe(504);
    expect(record.errorCode).toBe("upstream_total_timeout");
    expect(record.totalMs).toBeLessThan(3_000);
  });
});

describe("tags", () => {
  it("are in the record, and go to nobody", async () => {
    const { record } = await chat({ model: "mute" }, { "x-tidegate-tags": "team=search, run=7" });
    expect(record.tags).toBe('{"team":"search","run":"7"}');
    expect(Object.keys(api.providers.openai.last.headers).filter((name) => name.startsWith("x-tidegate"))).toEqual([]);
    expect((await chat({ model: "mute" })).record.tags).toBeNull();
  });
});

describe("hints that are wrong", () => {
  it.each([
    [{ "x-tidegate-max-attempts": "0" }, {}, "x-tidegate-max-attempts"],
    [{ "x-tidegate-max-attempts": "many" }, {}, "x-tidegate-max-attempts"],
    [{ "x-tidegate-timeout": "30" }, {}, "x-tidegate-timeout"],
    [{ "x-tidegate-first-byte-timeout": "-1s" }, {}, "x-tidegate-first-byte-timeout"],
    [{ "x-tidegate-no-fallback": "yes" }, {}, "x-tidegate-no-fallback"],
    [{ "x-tidegate-fallbacks": "a,,b" }, {}, "x-tidegate-fallbacks"],
    [{ "x-tidegate-provider-only": "bedrock" }, {}, "x-tidegate-provider-only"],
    [{ "x-tidegate-unsupported-fields": "ignore" }, {}, "x-tidegate-unsupported-fields"],
    [{ "x-tidegate-tags": "a" }, {}, "x-tidegate-tags"],
    [{}, { models: MODELS.cohere }, "models"],
    [{}, { fallbacks: [7] }, "fallbacks[0]"],
    [{}, { fallbacks: [{ model: MODELS.cohere, max_tokens: 5 }] }, "fallbacks[0].max_tokens"],
    [{}, { fallbacks: Array.from({ length: 9 }, (_, index) => `openai/m${index}`) }, "fallbacks"],
  ] as const)("are refused by name: %j %j", async (headers, fields, param) => {
    const { status, text } = await chat(fields, headers as Record<string, string>);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "invalid_request", param } });
    expect(api.providers.openai.requests).toHaveLength(0);
  });

  it("name a model that is not there, or that callers have no say in", async () => {
    const unknown = await chat({ fallbacks: ["nowhere/model"] });
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.text)).toMatchObject({ error: { code: "model_not_found", param: "fallbacks[0]" } });
    const mute = await chat({ model: "mute" }, { "x-tidegate-timeout": "1s" });
    expect(mute.status).toBe(400);
    expect(JSON.parse(mute.text)).toMatchObject({
      error: { param: "x-tidegate-timeout", message: expect.stringContaining("mute") },
    });
    const nameless = await chat({ model: undefined, models: ["mute"] });
    expect(nameless.status).toBe(400);
  });
});

describe("what a provider is not told", () => {
  const anthropic = (fields: object, headers: Record<string, string> = {}) =>
    chat({ model: MODELS.anthropic, ...fields }, headers);
  const dropped = ({ headers }: Reply) => headers.get("x-tidegate-dropped");

  it.each([false, true])("is named in the answer, hints too (stream: %s)", async (stream) => {
    expect(dropped(await anthropic({ stream }))).toBeNull();
    expect(dropped(await anthropic({ stream, seed: 7, metadata: { a: "b" }, prompt_cache_key: "k" }))).toBe(
      "seed, metadata, prompt_cache_key",
    );
    // The same dialect on both sides loses nothing.
    expect(dropped(await chat({ stream, seed: 7 }))).toBeNull();
  });

  it("is named in the caller's words", async () => {
    const gemini = await post(`/v1beta/models/${MODELS.anthropic}:generateContent`, {
      contents: [{ role: "user", parts: [{ text: "hello" }] }],
      generationConfig: { seed: 7 },
      labels: { a: "b" },
    });
    expect(dropped(gemini)).toBe("generationConfig.seed, labels");
    const claude = await post("/v1/messages", {
      model: MODELS.gemini,
      max_tokens: 20,
      metadata: { user_id: "u" },
      messages: [{ role: "user", content: [{ type: "text", text: "hello", cache_control: { type: "ephemeral" } }] }],
    });
    expect(dropped(claude)).toBe("metadata.user_id, cache_control");
  });

  it("can be what it can't do, if the caller wants that, and never what would make it another question", async () => {
    const fields = {
      n: 2,
      logit_bias: { "1": 2 },
      logprobs: true,
      top_logprobs: 3,
      frequency_penalty: 0.5,
      temperature: 1.5,
      parallel_tool_calls: false,
    };
    const refused = await anthropic(fields);
    expect(refused.status).toBe(400);
    const drop = { "x-tidegate-unsupported-fields": "drop" };
    for (const stream of [false, true]) {
      const taken = await anthropic({ ...fields, stream, seed: 1 }, drop);
      expect(taken.status).toBe(200);
      expect(dropped(taken)).toBe("logit_bias, n, logprobs, frequency_penalty, temperature, seed");
    }
    const fatal = await anthropic({ response_format: { type: "json_object" } }, drop);
    expect(fatal.status).toBe(400);
    expect(JSON.parse(fatal.text)).toMatchObject({ error: { code: "unsupported_field", param: "response_format" } });
    const responses = await post(
      "/v1/responses",
      { model: MODELS.anthropic, input: "hello", text: { verbosity: "low" }, truncation: "auto" },
      drop,
    );
    expect(responses.status).toBe(200);
    expect(dropped(responses)).toBe("truncation, text.verbosity");
  });

  it("is named by a stored answer as well, which is not given to those who want to be refused", async () => {
    const body = { model: MODELS.anthropic, messages: [{ role: "user", content: "store this" }], n: 2, seed: 3 };
    const ask = (headers: Record<string, string>) => api.post("/v1/chat/completions", body, headers);
    const drop = { "x-tidegate-unsupported-fields": "drop" };
    await (await ask(drop)).text();
    const again = await ask(drop);
    expect(again.headers.get("x-tidegate-cache")).toBe("hit");
    expect(again.headers.get("x-tidegate-dropped")).toBe("n, seed");
    expect((await ask({})).status).toBe(400);
  });
});
