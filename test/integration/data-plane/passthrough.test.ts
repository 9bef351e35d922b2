import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi({ rest: () => "call_log: { bodies: all }" });
});
afterAll(() => api.close());
beforeEach(() => api.reset());

/** Odd but valid JSON that a parse and a print would change: numbers, spaces, escapes, order, unknown fields. */
const ODD_FIELDS =
  '"temperature" : 1.0,\r\n "seed":  12345678901234567890, "metadata":{"b":"\\u00e9\\/","a":"é"}, "zz_unknown": [1e2, -0.0, {"model":"inner"}]';

describe("openai to openai", () => {
  it("goes on byte for byte but for the model", async () => {
    const body = (model: string) =>
      `{ "messages":[{"role":"user","content":"hi"}], ${ODD_FIELDS} ,"model":"${model}" }`;
    const answer = '{"id":"x","object":"chat.completion","choices":[],"zz":1.0, "usage":null}\n';
    api.providers.openai.behave({
      kind: "status",
      status: 200,
      headers: { "content-type": "application/json" },
      body: answer,
    });
    const response = await api.post("/v1/chat/completions", body("openai/any.model:tag"));
    expect(api.providers.openai.last.text).toBe(body("any.model:tag"));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(answer);
  });

  it("does so for embeddings", async () => {
    const body = (model: string) => `{"model":"${model}","input":"hi","zz_unknown":1.50}`;
    await api.post("/v1/embeddings", body("openai/text-embedding-3-small"));
    expect(api.providers.openai.last.text).toBe(body("text-embedding-3-small"));
  });

  it("asks for usage in a stream and hides it from a caller that did not", async () => {
    const request = { model: "openai/gpt-4o-mini", stream: true, messages: [{ role: "user", content: "one two" }] };
    const hidden = await (await api.post("/v1/chat/completions", request)).text();
    expect(api.providers.openai.last.body).toMatchObject({ stream_options: { include_usage: true } });
    expect(hidden).not.toContain('"usage":{');
    expect(hidden).not.toContain('"choices":[]');
    expect(hidden.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(await api.theRecord()).toMatchObject({ inputTokens: 2, outputTokens: 2 });
    const asked = { ...request, stream_options: { include_usage: true, include_obfuscation: true } };
    const shown = await (await api.post("/v1/chat/completions", asked)).text();
    expect(api.providers.openai.last.body).toMatchObject({ stream_options: asked.stream_options });
    expect(shown).toContain('"choices":[],"usage":{');
    const refused = { ...request, stream_options: { include_usage: false } };
    expect(await (await api.post("/v1/chat/completions", refused)).text()).not.toContain('"usage":{');
  });

  it("brings the stream as the provider wrote it", async () => {
    const request = {
      model: "openai/gpt-4o-mini",
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "one two" }],
    };
    const through = await (await api.post("/v1/chat/completions", request)).text();
    const direct = await fetch(`${api.providers.openai.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${api.providers.openai.key}` },
      body: JSON.stringify({ ...request, model: "gpt-4o-mini" }),
    });
    expect(through).toBe(await direct.text());
  });
});

describe("anthropic to anthropic", () => {
  it("goes on byte for byte but for the model", async () => {
    const body = (model: string) =>
      `{"max_tokens" : 1e2, "messages":[{"role":"user","content":[{"type":"zz_block","x":1.0}]}], ${ODD_FIELDS}, "model":"${model}"}`;
    const answer =
      '{"id":"m","type":"message","content":[{"type":"zz","y":2.0}], "usage":{"input_tokens":1,"output_tokens":1}}';
    api.providers.anthropic.behave({
      kind: "status",
      status: 200,
      headers: { "content-type": "application/json" },
      body: answer,
    });
    const response = await api.post("/v1/messages", body("anthropic/claude-any"));
    expect(api.providers.anthropic.last.text).toBe(body("claude-any"));
    expect(await response.text()).toBe(answer);
    expect(await api.theRecord()).toMatchObject({ inputTokens: 1, outputTokens: 1 });
  });

  it("forwards the headers of the dialect, and sends a version where the caller has none", async () => {
    const request = { model: "anthropic/claude-opus-4-8", max_tokens: 9, messages: [{ role: "user", content: "hi" }] };
    await api.post("/v1/messages", request, { "anthropic-beta": "one,two", "anthropic-version": "2026-10-21" });
    expect(api.providers.anthropic.last.headers).toMatchObject({
      "anthropic-beta": "one,two",
      "anthropic-version": "2026-10-21",
    });
    await api.post("/v1/messages", request);
    expect(api.providers.anthropic.last.headers["anthropic-version"]).toBe("2023-06-01");
    expect(api.providers.anthropic.last.headers["anthropic-beta"]).toBeUndefined();
  });

  it("brings the stream as the provider wrote it, pings included", async () => {
    const request = {
      model: "anthropic/claude-opus-4-8",
      max_tokens: 99,
      stream: true,
      thinking: { type: "adaptive" },
      messages: [{ role: "user", content: "one two" }],
    };
    const through = await (await api.post("/v1/messages", request)).text();
    const direct = await fetch(`${api.providers.anthropic.baseUrl}/messages`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-api-key": api.providers.anthropic.key,
        "anthropic-version": "2023-06-01",
      },
      body: JSON.stringify({ ...request, model: "claude-opus-4-8" }),
    });
    const expected = await direct.text();
    expect(expected).toContain("event: ping");
    expect(through).toBe(expected);
  });
});

describe("between dialects", () => {
  it("nothing of the caller's dialect goes along in headers", async () => {
    const request = { model: "openai/gpt-4o-mini", max_tokens: 9, messages: [{ role: "user", content: "hi" }] };
    await api.post("/v1/messages", request, { "anthropic-beta": "one", "anthropic-version": "2026-10-21" });
    const names = Object.keys(api.providers.openai.last.headers);
    expect(names.filter((name) => name.startsWith("anthropic"))).toEqual([]);
  });
});

function sse(error: object): string {
  return `event: error\ndata: ${JSON.stringify(error)}\n\n`;
}

describe("secrets", () => {
  const ENDPOINTS = [
    ["/v1/chat/completions", { messages: [{ role: "user", content: "hi there you three" }] }],
    ["/v1/messages", { max_tokens: 9, messages: [{ role: "user", content: "hi there you three" }] }],
  ] as const;
  const MODELS = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash"];

  it("the gateway's key never reaches a provider", async () => {
    for (const [path, fields] of ENDPOINTS) {
      for (const model of MODELS) {
        for (const header of ["authorization", "x-api-key", "x-goog-api-key", "api-key"]) {
          const headers: Record<string, string> = { "content-type": "application/json" };
          headers[header] = header === "authorization" ? `Bearer ${TEST_KEY}` : TEST_KEY;
          const response = await fetch(api.gateway.url + path, {
            method: "POST",
            headers: { ...headers, cookie: "session=of-the-caller" },
            body: JSON.stringify({ model, ...fields }),
          });
          expect(response.status).toBe(200);
        }
      }
    }
    const seen = Object.values(api.providers).flatMap((provider) => provider.requests);
    expect(seen).toHaveLength(24);
    for (const { headers, text, path, query } of seen) {
      const everything = JSON.stringify([headers, text, path, [...query]]);
      expect(everything).not.toContain(TEST_KEY);
      expect(everything).not.toContain("of-the-caller");
    }
  });

  it("a provider's key never appears in an answer, an error, a record or the log", async () => {
    const keys = Object.values(api.providers).map((provider) => provider.key);
    const heard: string[] = [];
    for (const [path, fields] of ENDPOINTS) {
      for (const model of MODELS) {
        const provider = api.providers[model.split("/")[0] as keyof typeof api.providers];
        const leak = `the key ${provider.key} is wrong`;
        const error = { type: "error", error: { code: 401, message: leak, type: "authentication_error", status: "X" } };
        provider.behave(
          { kind: "ok" },
          { kind: "status", status: 401, body: error },
          { kind: "status", status: 500, body: `<p>${leak}</p>` },
          { kind: "status", status: 403, body: { error: leak } },
          { kind: "reset" },
          { kind: "garbage" },
          { kind: "not-json" },
          { kind: "error-event", afterEvents: 0, event: sse(error) },
          { kind: "error-event", afterEvents: 6, event: sse(error) },
        );
        for (const stream of [false, false, false, true, false, true, false, true, true]) {
          const response = await api.post(path, { model, stream, ...fields });
          heard.push(JSON.stringify([...response.headers]), await response.text());
        }
      }
    }
    const said = [...heard, JSON.stringify(api.gateway.records), JSON.stringify(api.gateway.log)].join("\n");
    expect(said.includes("the key [redacted] is wrong")).toBe(true);
    expect(keys.filter((key) => said.includes(key))).toEqual([]);
  });
});
