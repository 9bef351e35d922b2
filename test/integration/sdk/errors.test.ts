import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  MODELS,
  PROVIDER_NAMES,
  type ProviderName,
  startUnifiedApi,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import { Anthropic, OpenAI } from "../../sdk-clients/index.ts";

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi();
});
afterAll(() => api.close());
beforeEach(() => api.reset());

/** An error answer as each provider words it. */
const FAILURES: Record<ProviderName, (status: number) => { type: string; body: unknown }> = {
  openai: (status) => {
    const type = status === 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error";
    return { type, body: { error: { message: `openai says ${status}`, type, param: null, code: "their_code" } } };
  },
  anthropic: (status) => {
    const type =
      new Map([
        [400, "invalid_request_error"],
        [401, "authentication_error"],
        [403, "permission_error"],
        [404, "not_found_error"],
        [413, "request_too_large"],
        [429, "rate_limit_error"],
        [529, "overloaded_error"],
      ]).get(status) ?? "api_error";
    const error = { type, message: `anthropic says ${status}` };
    return { type, body: { type: "error", error, request_id: "req_1" } };
  },
  gemini: (status) => {
    const type = status === 429 ? "RESOURCE_EXHAUSTED" : status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION";
    return { type, body: { error: { code: status, message: `gemini says ${status}`, status: type } } };
  },
  // Cohere has no types: the caller's dialect has one for the status.
  cohere: (status) => {
    const types = new Map([
      [403, "permission_error"],
      [429, "rate_limit_error"],
    ]);
    const type = types.get(status) ?? (status >= 500 ? "server_error" : "invalid_request_error");
    return { type, body: { id: "1", message: `cohere says ${status}` } };
  },
  bedrock: (status) => {
    const type =
      status === 429 ? "ThrottlingException" : status >= 500 ? "InternalServerException" : "ValidationException";
    return { type, body: { __type: type, message: `bedrock says ${status}` } };
  },
};

const OPENAI_CLASSES = [
  [400, OpenAI.BadRequestError],
  [401, OpenAI.AuthenticationError],
  [403, OpenAI.PermissionDeniedError],
  [404, OpenAI.NotFoundError],
  [413, OpenAI.APIError],
  [422, OpenAI.UnprocessableEntityError],
  [429, OpenAI.RateLimitError],
  [500, OpenAI.InternalServerError],
  [503, OpenAI.InternalServerError],
] as const;

/** The type the SDK shows goes by the status: Anthropic's clients know no other words. */
const ANTHROPIC_CLASSES = [
  [400, Anthropic.BadRequestError, "invalid_request_error"],
  [401, Anthropic.AuthenticationError, "authentication_error"],
  [403, Anthropic.PermissionDeniedError, "permission_error"],
  [404, Anthropic.NotFoundError, "not_found_error"],
  [413, Anthropic.APIError, "request_too_large"],
  [429, Anthropic.RateLimitError, "rate_limit_error"],
  [500, Anthropic.InternalServerError, "api_error"],
  [529, Anthropic.InternalServerError, "overloaded_error"],
] as const;

/** What a promise rejects with; fails when it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => error,
  );
}

describe.each(PROVIDER_NAMES)("errors of %s", (name) => {
  const model = MODELS[name];
  const messages = [{ role: "user" as const, content: "hi" }];

  it.each(OPENAI_CLASSES)("%i is the openai SDK's own error", async (status, errorClass) => {
    const { type, body } = FAILURES[name](status);
    for (const stream of [false, true]) {
      api.reset();
      api.providers[name].behave({ kind: "status", status, body });
      const error = await rejection(api.openai.chat.completions.create({ model, messages, stream }));
      expect(error).toBeInstanceOf(errorClass);
      expect(error).toMatchObject({ status, type });
      expect(String(error)).toContain(`${name} says ${status}`);
      if (name === "openai") expect(error).toMatchObject({ code: "their_code" });
      expect(await api.theRecord()).toMatchObject({
        status,
        outcome: "error",
        errorCode: "provider_error",
        provider: name,
        attempts: 1,
        streamed: false,
      });
      expect(api.providers[name].requests).toHaveLength(1);
    }
  });

  it.each(ANTHROPIC_CLASSES)("%i is the Anthropic SDK's own error", async (status, errorClass, type) => {
    const { body } = FAILURES[name](status);
    for (const stream of [false, true]) {
      api.reset();
      api.providers[name].behave({ kind: "status", status, body });
      const error = await rejection(api.anthropic.messages.create({ model, max_tokens: 10, messages, stream }));
      expect(error).toBeInstanceOf(errorClass);
      expect(error).toMatchObject({ status, type, apiMessage: `${name} says ${status}` });
      expect(await api.theRecord()).toMatchObject({ status, errorCode: "provider_error", attempts: 1 });
    }
  });

  it("within a stream surface as errors of both SDKs", async () => {
    for (const afterEvents of [4, 5]) {
      api.reset();
      api.providers[name].behave({ kind: "error-event", afterEvents }, { kind: "error-event", afterEvents });
      const words = { role: "user" as const, content: "one two three four five six" };
      const overOpenai = await api.openai.chat.completions.create({ model, messages: [words], stream: true });
      const openaiError = await rejection(drain(overOpenai));
      expect(openaiError).toBeInstanceOf(OpenAI.APIError);
      expect(String(openaiError)).toMatch(/overloaded|had an error/i);
      const overAnthropic = api.anthropic.messages.stream({ model, max_tokens: 50, messages: [words] });
      const anthropicError = await rejection(overAnthropic.finalMessage());
      expect(anthropicError).toBeInstanceOf(Anthropic.APIError);
      expect(String(anthropicError)).toMatch(/overloaded|had an error/i);
      expect(api.gateway.records).toHaveLength(2);
      for (const record of api.gateway.records) {
        expect(record).toMatchObject({
          status: 200,
          outcome: "upstream_cut",
          errorCode: "provider_error",
          attempts: 1,
        });
      }
      expect(api.providers[name].requests).toHaveLength(2);
    }
  });

  it("that name a field of the request keep naming it", async () => {
    const body = { model, messages, max_tokens: 5, temperature: 0.1 };
    api.providers[name].behave({ kind: "status", status: 400, body: FAILURES[name](400).body });
    const response = await api.post("/v1/chat/completions", body);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toMatchObject({ error: { message: `${name} says 400` } });
  });

  it("of an unknown model are the provider's 404", async () => {
    const error = await rejection(api.openai.chat.completions.create({ model: `${name}/no-such-model`, messages }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(String(error)).toContain("no-such-model");
    expect(await api.theRecord()).toMatchObject({
      status: 404,
      errorCode: "provider_error",
      modelServed: "no-such-model",
    });
  });

  it("say how long to wait", async () => {
    const { body } = FAILURES[name](429);
    api.providers[name].behave({ kind: "status", status: 429, headers: { "retry-after": "7" }, body });
    const response = await api.post("/v1/chat/completions", { model, messages });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("7");
  });
});

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

describe("what a provider can't do", () => {
  const messages = [{ role: "user" as const, content: "hi" }];

  it.each([
    ["anthropic", "n", { n: 2 }],
    ["anthropic", "logprobs", { logprobs: true }],
    ["anthropic", "frequency_penalty", { frequency_penalty: 1 }],
    ["anthropic", "temperature", { temperature: 1.5 }],
    ["anthropic", "response_format", { response_format: { type: "json_object" as const } }],
    ["gemini", "service_tier", { service_tier: "scale" as const }],
  ] as const)("to %s: `%s` is a 400 that names the field", async (name, param, fields) => {
    const error = await rejection(api.openai.chat.completions.create({ model: MODELS[name], messages, ...fields }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: "unsupported_field", param });
    expect(api.providers[name].requests).toHaveLength(0);
    expect(await api.theRecord()).toMatchObject({ status: 400, errorCode: "unsupported_field", attempts: 0 });
  });

  it("of the Anthropic dialect is named, too", async () => {
    const error = await rejection(
      api.anthropic.messages.create({
        model: MODELS.openai,
        max_tokens: 10,
        messages,
        tools: [{ type: "web_search_20250305", name: "web_search" }],
      }),
    );
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({ type: "invalid_request_error", errorCode: "unsupported_field" });
    expect(String(error)).toContain("tools[0]");
  });
});

describe("the gateway's own refusals", () => {
  const messages = [{ role: "user" as const, content: "hi" }];
  let strict: TestGateway;
  beforeAll(async () => {
    strict = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
providers: [{ id: simulated, kind: simulated }]
ai: { max_body_size: 4KiB }
applications:
  - { id: web, keys: ["${TEST_KEY}"], subscriptions: [ai] }
  - { id: outsider, keys: ["tg_outsider_key_1234567890"], subscriptions: [] }
  - { id: limited, keys: ["tg_limited_key_12345678901"], subscriptions: [ai], limits: [{ requests: 1, window: 1h }] }
`);
  });
  afterAll(() => strict.close());

  function clients(apiKey: string) {
    return {
      openai: new OpenAI({ apiKey, baseURL: `${strict.url}/v1`, maxRetries: 0 }),
      anthropic: new Anthropic({ apiKey, baseURL: strict.url, maxRetries: 0 }),
    };
  }

  /** The errors of both SDKs for the same call. */
  async function refusals(apiKey: string, content = "hi", model = "simulated/echo"): Promise<unknown[]> {
    const { openai, anthropic } = clients(apiKey);
    const turn = [{ role: "user" as const, content }];
    return [
      await rejection(openai.chat.completions.create({ model, messages: turn })),
      await rejection(anthropic.messages.create({ model, max_tokens: 10, messages: turn })),
    ];
  }

  it("a wrong key is an AuthenticationError", async () => {
    const [openai, anthropic] = await refusals("tg_wrong");
    expect(openai).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(openai).toMatchObject({ code: "invalid_credentials" });
    expect(anthropic).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(anthropic).toMatchObject({ type: "authentication_error", errorCode: "invalid_credentials" });
  });

  it("no subscription is a PermissionDeniedError", async () => {
    const [openai, anthropic] = await refusals("tg_outsider_key_1234567890");
    expect(openai).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(openai).toMatchObject({ code: "subscription_required" });
    expect(anthropic).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(anthropic).toMatchObject({ type: "permission_error", errorCode: "subscription_required" });
  });

  it("an unknown model is a NotFoundError that says which there are", async () => {
    const [openai, anthropic] = await refusals(TEST_KEY, "hi", "nowhere/gpt");
    expect(openai).toBeInstanceOf(OpenAI.NotFoundError);
    expect(openai).toMatchObject({ code: "model_not_found", param: "model" });
    expect(String(openai)).toContain("simulated/echo");
    expect(anthropic).toBeInstanceOf(Anthropic.NotFoundError);
    expect(anthropic).toMatchObject({ type: "not_found_error" });
  });

  it("a body that is too long is a 413", async () => {
    const [openai, anthropic] = await refusals(TEST_KEY, "x".repeat(5000));
    expect(openai).toMatchObject({ status: 413, code: "body_too_large" });
    expect(anthropic).toMatchObject({ status: 413, type: "request_too_large" });
  });

  it("a used-up limit is a RateLimitError with retry-after", async () => {
    const { openai, anthropic } = clients("tg_limited_key_12345678901");
    await openai.chat.completions.create({ model: "simulated/echo", messages });
    const first = await rejection(openai.chat.completions.create({ model: "simulated/echo", messages }));
    expect(first).toBeInstanceOf(OpenAI.RateLimitError);
    expect(first).toMatchObject({ code: "rate_limited", type: "rate_limit_error" });
    const second = await rejection(anthropic.messages.create({ model: "simulated/echo", max_tokens: 9, messages }));
    expect(second).toBeInstanceOf(Anthropic.RateLimitError);
    const { headers } = second as InstanceType<typeof Anthropic.RateLimitError>;
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("a malformed request names the field in the caller's words", async () => {
    const cases = [
      ["/v1/chat/completions", { model: MODELS.anthropic, messages: [{ role: "user" }] }, "messages[0].content"],
      ["/v1/chat/completions", { model: MODELS.gemini, messages: [], n: 0 }, "messages"],
      ["/v1/chat/completions", { model: 7, messages }, "model"],
      ["/v1/messages", { model: MODELS.openai, messages }, "max_tokens"],
      ["/v1/embeddings", { model: "gemini/gemini-embedding-001" }, "input"],
    ] as const;
    for (const [path, body, param] of cases) {
      const response = await api.post(path, body);
      expect(response.status).toBe(400);
      expect(JSON.stringify(await response.json())).toContain(param);
    }
    const broken = await api.post("/v1/chat/completions", '{"model": ');
    expect(await broken.json()).toMatchObject({ error: { code: "invalid_json" } });
  });
});
