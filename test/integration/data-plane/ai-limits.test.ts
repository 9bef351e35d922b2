import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { MODELS, NO_RETRIES, type ProviderName, providersYaml, startProviders } from "../../helpers/unified-api.ts";

let providers: Record<ProviderName, SimulatedProvider>;
let gateway: TestGateway;
beforeAll(async () => {
  providers = await startProviders();
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
${providersYaml(providers, NO_RETRIES)}
ai: { max_response_size: 4KiB }
applications:
  - { id: plain, keys: [tg_plain_key_1234567890], subscriptions: [ai] }
  - { id: tokens, keys: [tg_tokens_key_1234567890], subscriptions: [ai], limits: [{ tokens: 2000, window: 1h }] }
  - { id: leaver, keys: [tg_leaver_key_1234567890], subscriptions: [ai], limits: [{ cost_usd: 0.0001, window: 1h }] }
  - { id: cost, keys: [tg_cost_key_1234567890], subscriptions: [ai], limits: [{ cost_usd: 0.000001, window: 1h }] }
`);
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
});

async function ask(
  application: string,
  content: string,
  options: { stream?: boolean; path?: string; method?: string } = {},
) {
  const { stream = false, path = "/v1/chat/completions", method = "POST" } = options;
  const response = await fetch(gateway.url + path, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer tg_${application}_key_1234567890` },
    ...(method === "GET"
      ? {}
      : { body: JSON.stringify({ model: MODELS.openai, stream, messages: [{ role: "user", content }] }) }),
  });
  const text = await response.text();
  const record = await gateway.record(response.headers.get("x-request-id"));
  return { status: response.status, headers: response.headers, text, record };
}

it.each([false, true])("tokens are counted as they were really used (streamed: %s)", async (stream) => {
  const first = await ask("tokens", "word ".repeat(300), { stream });
  expect(first.status).toBe(200);
  expect(first.record).toMatchObject({ inputTokens: 300, outputTokens: 300 });
  expect(first.headers.get("x-ratelimit-limit-tokens")).toBe("2000");
});

it("a budget of tokens that is used up refuses the next call", async () => {
  await ask("tokens", "word ".repeat(500));
  const refused = await ask("tokens", "hi");
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: "token_limit_exceeded", type: "rate_limit_error" } });
  expect(refused.headers.get("x-ratelimit-remaining-tokens")).toBe("0");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.record).toMatchObject({ errorCode: "token_limit_exceeded", attempts: 0, provider: null });
});

it("a budget of dollars that is used up refuses the next call", async () => {
  expect((await ask("cost", "word ".repeat(50))).record.costUsd).toBeGreaterThan(0.000001);
  const refused = await ask("cost", "hi");
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.text)).toMatchObject({
    error: { code: "cost_limit_exceeded", type: "insufficient_quota" },
  });
});

/** Reads a stream until `until` was seen, and leaves. */
async function leave(application: string, model: string, until: string, parts: object[] = []) {
  const controller = new AbortController();
  const response = await fetch(`${gateway.url}/v1/${model.startsWith("anthropic") ? "messages" : "chat/completions"}`, {
    method: "POST",
    signal: controller.signal,
    headers: { "content-type": "application/json", authorization: `Bearer tg_${application}_key_1234567890` },
    body: JSON.stringify({
      model,
      stream: true,
      max_tokens: 500,
      messages: [{ role: "user", content: [{ type: "text", text: `${"word ".repeat(60)}${until}` }, ...parts] }],
    }),
  });
  let seen = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    seen += decoder.decode(chunk);
    if (seen.includes(until)) break;
  }
  controller.abort();
  return { status: response.status, record: await gateway.record(response.headers.get("x-request-id")) };
}

it("of a stream that its caller leaves, pictures of the request are not counted by their length", async () => {
  const url = `data:image/png;base64,${Buffer.alloc(300_000, 7).toString("base64")}`;
  for (let call = 0; call < 2; call++) {
    providers.openai.behave({ kind: "stall-stream", afterEvents: 62 });
    const { record } = await leave("plain", MODELS.openai, "word", [{ type: "image_url", image_url: { url } }]);
    expect(record).toMatchObject({ outcome: "client_aborted", provider: "openai" });
    expect(record.inputTokens).toBeGreaterThan(75);
    expect(record.inputTokens).toBeLessThan(500);
  }
  providers.openai.reset();
});

it("bug: a stream that its caller leaves before it has told its usage costs what came of it", async () => {
  for (const name of ["openai", "anthropic"] as const) {
    // The first call of a kind takes the stages, the next one the fast path.
    for (let call = 0; call < 2; call++) {
      providers[name].behave({ kind: "stall-stream", afterEvents: 62 });
      const { record } = await leave("leaver", MODELS[name], "word");
      expect(record).toMatchObject({ outcome: "client_aborted", provider: name });
      expect(record.inputTokens).toBeGreaterThan(50);
      expect(record.outputTokens).toBeGreaterThan(0);
      expect(record.costUsd).toBeGreaterThan(0);
    }
  }
  // All of the text, and not the end: the budget ends after some calls all the same.
  for (let call = 0; call < 10; call++) {
    providers.openai.behave({ kind: "stall-stream", afterEvents: 62 });
    const { status, record } = await leave("leaver", MODELS.openai, "last-word");
    if (status === 429) {
      providers.openai.reset();
      expect(record).toMatchObject({ errorCode: "cost_limit_exceeded" });
      return;
    }
    expect(record.outputTokens).toBeGreaterThan(55);
    expect(record.outputTokens).toBeLessThan(100);
  }
  expect.fail("callers that leave are never refused");
});

it("an answer that is too long to be held is refused, and a stream of that length is not", async () => {
  const words = "word ".repeat(2000);
  const whole = await ask("plain", words);
  expect(whole.status).toBe(502);
  expect(JSON.parse(whole.text)).toMatchObject({ error: { code: "upstream_response_too_large" } });
  expect((await ask("plain", words, { stream: true })).record).toMatchObject({ outcome: "ok", outputTokens: 2000 });
});

it("a path or a method of the unified API that does not exist is refused in the caller's dialect", async () => {
  const nowhere = await ask("plain", "hi", { path: "/v1/nothing" });
  expect(nowhere.status).toBe(404);
  expect(JSON.parse(nowhere.text)).toMatchObject({ error: { code: "route_not_found" } });
  const wrong = await ask("plain", "", { method: "GET" });
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get("allow")).toBe("POST");
  expect(JSON.parse(wrong.text)).toMatchObject({ error: { code: "method_not_allowed" } });
});
