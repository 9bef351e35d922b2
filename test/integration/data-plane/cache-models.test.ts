import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { MODELS, NO_RETRIES, type ProviderName, providersYaml, startProviders } from "../../helpers/unified-api.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Answers of models, stored for equal requests. */

let providers: Record<ProviderName, SimulatedProvider>;
let gateway: TestGateway;
beforeAll(async () => {
  providers = await startProviders();
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
policies: { cache: { scope: route, default_ttl: 1h } }
${providersYaml(providers, NO_RETRIES)}
applications:
  - { id: web, team: shop, keys: [tg_web_key_1234567890], policies: { cache: { default_ttl: 1h } }, subscriptions: [ai] }
  - { id: app, team: shop, keys: [tg_app_key_1234567890], policies: { cache: { default_ttl: 1h } }, subscriptions: [ai] }
  - { id: one, team: shop, keys: [tg_one_key_1234567890], policies: { cache: { default_ttl: 1h, scope: team } }, subscriptions: [ai] }
  - { id: two, team: shop, keys: [tg_two_key_1234567890], policies: { cache: { default_ttl: 1h, scope: team } }, subscriptions: [ai] }
  - { id: plain, team: shop, keys: [tg_plain_key_1234567890], subscriptions: [ai] }
  - id: budget
    keys: [tg_budget_key_1234567890]
    policies: { cache: { override_ttl: 1h } }
    subscriptions: [ai]
    limits: [{ tokens: 150, window: 1h }, { requests: 4, window: 1h }]
`);
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
});
beforeEach(() => {
  for (const provider of Object.values(providers)) provider.requests.length = 0;
});

interface Call {
  as?: string;
  path?: string;
  headers?: Record<string, string>;
}

async function post(body: string | object, { as = "web", path = "/v1/chat/completions", headers = {} }: Call = {}) {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": `tg_${as}_key_1234567890`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const record = await gateway.record(response.headers.get("x-request-id"));
  return {
    status: response.status,
    headers: response.headers,
    text,
    record,
    cache: response.headers.get("x-tidegate-cache"),
  };
}

let turns = 0;
const chat = (more: object = {}) => ({
  model: MODELS.openai,
  messages: [{ role: "user", content: `turn ${++turns}` }],
  ...more,
});
const asked = () => Object.values(providers).reduce((sum, { requests }) => sum + requests.length, 0);

describe("an answer is given again", () => {
  it.each([
    ["chat of OpenAI, passed through", "/v1/chat/completions", MODELS.openai, { temperature: 1 }],
    ["chat of OpenAI, streamed", "/v1/chat/completions", MODELS.openai, { stream: true }],
    ["chat of Anthropic, passed through", "/v1/messages", MODELS.anthropic, { max_tokens: 50 }],
    ["chat of Anthropic, streamed", "/v1/messages", MODELS.anthropic, { max_tokens: 50, stream: true }],
    ["chat, translated", "/v1/chat/completions", MODELS.gemini, {}],
    ["chat, translated and streamed", "/v1/messages", MODELS.openai, { max_tokens: 50, stream: true }],
  ])("%s, at no cost", async (_name, path, model, more) => {
    const body = chat({ model, ...more });
    const first = await post(body, { path });
    const again = await post(body, { path });
    expect([first.status, first.cache, again.status, again.cache, asked()]).toEqual([200, "miss", 200, "hit", 1]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
    expect([again.headers.get("x-tidegate-cost"), again.headers.get("x-tidegate-attempts")]).toEqual([
      "0.00000000",
      "0",
    ]);
    const { inputTokens, outputTokens, provider, modelServed, streamed } = first.record;
    expect(inputTokens).toBeGreaterThan(0);
    expect(first.record).toMatchObject({ cache: "miss", attempts: 1 });
    const same = { inputTokens, outputTokens, provider, modelServed, streamed };
    expect(again.record).toMatchObject({ ...same, cache: "hit", costUsd: 0, attempts: 0, upstream: null });
  });

  it.each([MODELS.bedrock, MODELS.openai])(
    "a stream of frames from %s, and not of another model or way to ask",
    async (model) => {
      const body = { messages: [{ role: "user", content: [{ text: `turn ${++turns}` }] }] };
      const pathOf = (name: string, method: string) => `/model/${encodeURIComponent(name)}/${method}`;
      const first = await post(body, { path: pathOf(model, "converse-stream") });
      const again = await post(body, { path: pathOf(model, "converse-stream") });
      expect([first.status, first.cache, again.cache, asked()]).toEqual([200, "miss", "hit", 1]);
      expect(again.headers.get("content-type")).toBe("application/vnd.amazon.eventstream");
      expect(again.text).toBe(first.text);
      expect((await post(body, { path: pathOf(model, "converse") })).cache).toBe("miss");
      expect((await post(body, { path: pathOf(MODELS.anthropic, "converse-stream") })).cache).toBe("miss");
    },
  );

  it("embeddings", async () => {
    const body = { model: MODELS.openai, input: `text ${++turns}` };
    const path = "/v1/embeddings";
    expect([(await post(body, { path })).cache, (await post(body, { path })).cache, asked()]).toEqual([
      "miss",
      "hit",
      1,
    ]);
  });

  it("whatever the order of fields and the blanks between them, and to nothing else", async () => {
    const content = `turn ${++turns}`;
    await post(`{"model":"${MODELS.openai}","messages":[{"role":"user","content":"${content}"}],"temperature":0}`);
    const spaced = `{ "temperature": 0.0, "messages": [ {"content": "${content}", "role": "user"} ], "model": "${MODELS.openai}" }`;
    expect((await post(spaced)).cache).toBe("hit");
    for (const other of [
      spaced.replace("0.0", "0.1"),
      spaced.replace(content, `${content}.`),
      spaced.replace("{ ", '{ "user": "me", '),
      spaced.replace("0.0", '0, "stream": true'),
    ]) {
      expect((await post(other)).cache).toBe("miss");
    }
  });

  it("of one application, or of the team's; not where only the organisation has such a policy", async () => {
    const body = chat();
    const as = async (...names: string[]) => {
      const got: (string | null)[] = [];
      for (const name of names) got.push((await post(body, { as: name })).cache);
      return got;
    };
    expect(await as("web", "app", "web", "app")).toEqual(["miss", "miss", "hit", "hit"]);
    expect(await as("one", "two")).toEqual(["miss", "hit"]);
    expect(await as("plain", "plain")).toEqual([null, null]);
  });

  it("not after a purge, and not when the model leads elsewhere", async () => {
    const body = chat();
    await post(body);
    gateway.change((snapshot) => {
      snapshot.drainTimeoutMs += 1;
    });
    expect((await post(body)).cache).toBe("hit");
    gateway.change((snapshot) => {
      snapshot.cachePurges = { ai: 1 };
    });
    expect((await post(body)).cache).toBe("miss");
    gateway.change((snapshot) => {
      for (const provider of snapshot.providers) provider.headers["x-new"] = "1";
    });
    expect((await post(body)).cache).toBe("miss");
  });
});

describe("what callers ask for", () => {
  it("no-store is neither looked up nor stored; no-cache is stored", async () => {
    const body = chat();
    const asking = async (control: string) => (await post(body, { headers: { "cache-control": control } })).cache;
    expect(await asking("no-store")).toBe("bypass");
    expect(await asking("no-cache")).toBe("miss");
    expect(await asking("max-age=100")).toBe("hit");
    expect(await asking("no-store")).toBe("bypass");
    expect(await asking("no-cache")).toBe("miss");
    expect(await asking("max-age=0")).toBe("miss");
    expect(asked()).toBe(5);
  });

  it("only-if-cached is an error in the caller's dialect where nothing is stored", async () => {
    const refused = await post(chat({ max_tokens: 9 }), {
      path: "/v1/messages",
      headers: { "cache-control": "only-if-cached" },
    });
    expect([refused.status, JSON.parse(refused.text).type, asked()]).toEqual([504, "error", 0]);
    expect(refused.record.errorCode).toBe("not_stored");
  });
});

describe("limits", () => {
  it("of tokens and cost are not charged with what was stored; those of requests are", async () => {
    const body = chat({ messages: [{ role: "user", content: "word ".repeat(60) }] });
    const outcomes: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      const { status, cache } = await post(body, { as: "budget" });
      outcomes.push([status, cache]);
    }
    expect(outcomes).toEqual([
      [200, "miss"],
      [200, "hit"],
      [200, "hit"],
      [200, "hit"],
      [429, null],
    ]);
  });
});

describe("what is not stored", () => {
  it.each([false, true])("answers that failed or broke off (streamed: %s)", async (stream) => {
    const body = chat({ stream });
    providers.openai.behave(stream ? { kind: "cut-stream", afterEvents: 2 } : { kind: "status", status: 500 });
    const failed = await post(body);
    expect(failed.record.outcome).toBe(stream ? "upstream_cut" : "error");
    expect((await post(body)).cache).toBe("miss");
  });
});

it("equal calls of one moment are one call to the provider", async () => {
  const body = chat();
  const got = await Promise.all(Array.from({ length: 6 }, () => post(body)));
  expect(got.map(({ cache }) => cache).sort()).toEqual(["hit", "hit", "hit", "hit", "hit", "miss"]);
  expect(asked()).toBe(1);
  await waitFor(() => gateway.gateway.openExchanges === 0, "all to be over");
  const metrics = (await gateway.gateway.collectMetrics()) as { name: string; values: { value: number }[] }[];
  expect(metrics.find(({ name }) => name === "tidegate_cache_tokens_total")?.values.length).toBeGreaterThan(0);
});

describe("a call whose path says what is asked", () => {
  it("gets the stored answer of the same way of asking alone, in the form it asked for", async () => {
    const body = { contents: [{ parts: [{ text: `turn ${++turns}` }] }] };
    const ways = [
      `/v1beta/models/${MODELS.openai}:generateContent`,
      `/v1beta/models/${MODELS.openai}:streamGenerateContent`,
      `/v1beta/models/${MODELS.openai}:streamGenerateContent?alt=sse`,
      `/v1beta/models/${MODELS.gemini}:generateContent`,
    ];
    for (const path of ways) {
      const first = await post(body, { path });
      const second = await post(body, { path });
      expect([first.cache, second.cache]).toEqual(["miss", "hit"]);
      expect(second.text).toBe(first.text);
      expect(second.headers.get("content-type")).toBe(first.headers.get("content-type"));
    }
    expect(asked()).toBe(ways.length);
  });
});
