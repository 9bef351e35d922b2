import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ensureBuilt } from "../../helpers/build.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { MODELS, PROVIDER_NAMES, startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** The same calls through a gateway that translates everything in its threads, and one that translates nothing there. */
let offloading: UnifiedApi;
let inPlace: UnifiedApi;
beforeAll(async () => {
  await ensureBuilt();
  [offloading, inPlace] = await Promise.all([
    startUnifiedApi({ rest: () => "ai: { offload_size: 1 }" }),
    startUnifiedApi({ rest: () => "ai: { offload_size: 10MiB }" }),
  ]);
});
afterAll(() => Promise.all([offloading.close(), inPlace.close()]));
beforeEach(() => {
  offloading.reset();
  inPlace.reset();
});

const LONG = Array.from({ length: 20_000 }, (_, index) => `word${index}`).join(" ");
const TOOLS = [
  {
    type: "function",
    function: { name: "look_up", parameters: { type: "object", properties: { what: { type: "string" } } } },
  },
];
const CONVERSE = "/model/{model}/converse";
const CHAT = "/v1/chat/completions";
const user = (content: string) => [{ role: "user", content }];

const CALLS: [string, path: string, fields: object][] = [
  ["a chat", CHAT, { messages: user("hello") }],
  ["a long chat", CHAT, { messages: user(LONG), max_tokens: 50_000 }],
  ["tools", CHAT, { messages: user("hello"), tools: TOOLS }],
  ["a stream", CHAT, { messages: user("one two three"), stream: true, stream_options: { include_usage: true } }],
  ["a message", "/v1/messages", { messages: user(LONG), max_tokens: 50_000 }],
  ["a stream of a message", "/v1/messages", { messages: user("one two three"), max_tokens: 50, stream: true }],
  ["a response", "/v1/responses", { input: LONG, max_output_tokens: 50_000, metadata: { a: "b" } }],
  ["a stream of a response", "/v1/responses", { input: "one two three", stream: true, metadata: { a: "b" } }],
  ["a field that can't be", CHAT, { messages: user("hello"), n: "two" }],
  ["a missing field", "/v1/messages", { messages: user("hello") }],
  ["a field only some have", CHAT, { messages: user("hello"), n: 2 }],
  ["Converse, translated or passed through", CONVERSE, { messages: [{ role: "user", content: [{ text: "hello" }] }] }],
  ["a field of Converse only Bedrock has", CONVERSE, { messages: [], guardrailConfig: {} }],
  ["embeddings", "/v1/embeddings", { input: ["a", "bc"], encoding_format: "base64" }],
];

/** What differs from call to call by nature. */
function comparable(text: string): string {
  return text
    .replaceAll(/"(?:created|created_at)":\d+/g, '"created":0')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "uuid")
    .replaceAll(/"(?:id|item_id|request_id)":"[^"]*"/g, '"id":""')
    .replaceAll(/127\.0\.0\.1:\d+/g, "address");
}

it.each(CALLS)("%s gives the same with and without threads", async (_, path, fields) => {
  for (const name of PROVIDER_NAMES) {
    const embeddings = {
      openai: "openai/text-embedding-3-small",
      gemini: "gemini/gemini-embedding-001",
      anthropic: "",
      cohere: "cohere/embed-v4.0",
      bedrock: "",
    };
    const model = path === "/v1/embeddings" ? embeddings[name] || MODELS[name] : MODELS[name];
    const outcomes = [];
    for (const api of [offloading, inPlace]) {
      api.reset();
      const response =
        path === CONVERSE
          ? await api.post(path.replace("{model}", encodeURIComponent(model)), fields)
          : await api.post(path, { model, ...fields });
      const answer = comparable(await response.text());
      const { status, errorCode, inputTokens, outputTokens, cachedInputTokens, costUsd, attempts } =
        await api.theRecord();
      const record = { status, errorCode, inputTokens, outputTokens, cachedInputTokens, costUsd, attempts };
      outcomes.push({ answer, status: response.status, record, sent: api.providers[name].requests[0]?.text });
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  }
});

it("a caller that leaves during a translation does not keep the circuit of its target half open", async () => {
  const options = "    retries: { attempts: 0 }\n    circuit_breaker: { failures: 1, open: 20ms }";
  const api = await startUnifiedApi({ providers: options, rest: () => "ai: { offload_size: 1 }" });
  try {
    const ask = (signal?: AbortSignal) =>
      fetch(`${api.gateway.url}${CHAT}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
        body: JSON.stringify({ model: MODELS.gemini, messages: user(LONG), max_tokens: 50_000 }),
        ...(signal === undefined ? {} : { signal }),
      }).then(async (response) => ({ status: response.status, text: await response.text() }));
    for (let afterMs = 0; afterMs < 40; afterMs += 10) {
      const before = api.providers.gemini.requests.length;
      api.providers.gemini.behave({ kind: "status", status: 500, body: "" });
      await ask();
      const controller = new AbortController();
      // Until the circuit lets the probe pass, calls are refused.
      while (api.providers.gemini.requests.length < before + 2) {
        const call = ask(controller.signal).catch(() => null);
        await Promise.race([call, api.providers.gemini.arrived(before + 2)]);
      }
      setTimeout(() => controller.abort(), afterMs);
      await waitFor(() => api.gateway.gateway.openExchanges === 0, "the end of the probe");
      let status = 503;
      for (let call = 0; call < 100 && status === 503; call++) status = (await ask()).status;
      expect(status).toBe(200);
    }
  } finally {
    await api.close();
  }
});

it("broken JSON is refused in threads, too", async () => {
  const response = await offloading.post(CHAT, `{"model": "openai/gpt-4o-mini", "messages": [}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: "invalid_json" } });
});

it("an answer that is no answer is refused in threads, too", async () => {
  for (const name of PROVIDER_NAMES) {
    offloading.reset();
    offloading.providers[name].behave({ kind: "not-json" });
    const response = await offloading.post(CHAT, { model: MODELS[name], messages: user("hello") });
    expect(response.status).toBe(502);
    expect(await offloading.theRecord()).toMatchObject({ errorCode: "upstream_protocol_error", attempts: 1 });
  }
});
