import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import { baseYaml, TEST_KEY } from "../../helpers/gateway.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import {
  MODELS,
  NO_RETRIES,
  PROVIDER_NAMES,
  type ProviderName,
  providersYaml,
  startProviders,
} from "../../helpers/unified-api.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { Anthropic, CohereClientV2, GoogleGenAI, OpenAI } from "../../sdk-clients/index.ts";

/** SDKs that know a base URL and nothing else of the gateway. */

let providers: Record<ProviderName, SimulatedProvider>;
let gateway: FastGateway;
let upstream: TestUpstream;

const yaml = (services = "") =>
  baseYaml(`${providersYaml(providers, `${NO_RETRIES}\n    models: [first]`)}\n${services}`);

beforeAll(async () => {
  providers = await startProviders();
  upstream = await startUpstream();
  gateway = await startFastGateway(yaml());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
});
beforeEach(() => {
  gateway.records.length = 0;
});

const chatBody = { model: MODELS.openai, messages: [{ role: "user", content: "hello" }] };

function post(path: string, body: object = chatBody, headers: Record<string, string> = {}) {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
    body: JSON.stringify(body),
  });
}

describe("base URLs", () => {
  it.each(["", "/", "/v1", "/v1/", "/openai", "/openai/", "/openai/v1"])("of the OpenAI SDK: %j", async (base) => {
    const openai = new OpenAI({ apiKey: TEST_KEY, baseURL: gateway.url + base, maxRetries: 0 });
    const answer = await openai.chat.completions.create({
      model: MODELS.anthropic,
      messages: [{ role: "user", content: "hello" }],
    });
    expect(answer.choices[0]?.message.content).toBe("hello");
    const listed = [];
    for await (const { id } of openai.models.list()) listed.push(id);
    expect(listed).toContain("gemini/first");
    expect(await openai.models.retrieve("gemini/first")).toMatchObject({ id: "gemini/first", object: "model" });
    const embedded = await openai.embeddings.create({ model: "openai/text-embedding-3-small", input: "x" });
    expect(embedded.data).toHaveLength(1);
    expect(gateway.records.map(({ route }) => route)).toEqual([
      "/v1/chat/completions",
      "/v1/models",
      "/v1/models/*",
      "/v1/embeddings",
    ]);
  });

  it.each(["", "/anthropic", "/anthropic/"])("of the Anthropic SDK: %j", async (base) => {
    const anthropic = new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url + base, maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "hello" }];
    const answer = await anthropic.messages.create({ model: MODELS.gemini, max_tokens: 10, messages });
    expect(answer.content).toMatchObject([{ type: "text", text: "hello" }]);
    for await (const model of anthropic.models.list()) expect(model.type).toBe("model");
  });

  it.each(["", "/gemini", "/gemini/"])("of the Google Gen AI SDK: %j", async (base) => {
    for (const apiVersion of ["v1beta", "v1"]) {
      const httpOptions = { baseUrl: gateway.url + base, apiVersion };
      const gemini = new GoogleGenAI({ apiKey: TEST_KEY, httpOptions });
      const answer = await gemini.models.generateContent({ model: MODELS.openai, contents: "hello" });
      expect(answer.text).toBe("hello");
      const texts = [];
      const stream = await gemini.models.generateContentStream({ model: MODELS.openai, contents: "hello you" });
      for await (const { text } of stream) texts.push(text);
      expect(texts.join("")).toBe("hello you");
    }
  });
});

it.each(["", "/cohere", "/cohere/"])("base URL of the Cohere SDK: %j", async (base) => {
  const cohere = new CohereClientV2({ token: TEST_KEY, baseUrl: gateway.url + base, maxRetries: 0 });
  const answer = await cohere.chat({ model: MODELS.openai, messages: [{ role: "user", content: "hello" }] });
  expect(answer.message.content).toEqual([{ type: "text", text: "hello" }]);
});

describe("spellings", () => {
  it.each([
    ["/v1/chat/completions/", chatBody],
    ["/chat/completions", chatBody],
    ["/openai/responses", { model: MODELS.openai, input: "x" }],
    ["/openai/v1/responses", { model: MODELS.openai, input: "x" }],
    ["/responses/", { model: MODELS.openai, input: "x" }],
    ["/messages", { ...chatBody, max_tokens: 5 }],
    ["/v1/messages/", { ...chatBody, max_tokens: 5 }],
    [`/models/${MODELS.openai}:generateContent`, { contents: [{ parts: [{ text: "x" }] }] }],
    [`/gemini/models/${MODELS.openai}:generateContent`, { contents: [{ parts: [{ text: "x" }] }] }],
  ])("%s is no error", async (path, body) => {
    expect((await post(path, body)).status).toBe(200);
  });

  it.each([
    ["/v1/models/", "data", { id: "openai/first", object: "model" }],
    ["/openai/models", "data", { id: "openai/first", object: "model" }],
    ["/anthropic/v1/models", "data", { id: "openai/first", type: "model" }],
    ["/gemini/v1/models", "models", { name: "models/openai/first" }],
    ["/v1beta/models/", "models", { name: "models/openai/first" }],
  ])("%s lists models as the dialect does", async (path, field, model) => {
    const response = await fetch(gateway.url + path, { headers: { "x-api-key": TEST_KEY } });
    expect(await response.json()).toMatchObject({ [field]: [model, ...PROVIDER_NAMES.slice(1).map(() => ({}))] });
  });

  it("errors are those of the mount's dialect, where nothing is found as well", async () => {
    const unknown = { ...chatBody, model: "nowhere", max_tokens: 5 };
    expect(await (await post("/anthropic/v1/messages", unknown)).json()).toMatchObject({
      type: "error",
      error: { type: "not_found_error" },
    });
    expect(await (await post("/anthropic/v1/nothing")).json()).toMatchObject({ type: "error" });
    expect(await (await post("/gemini/v1beta/nothing")).json()).toMatchObject({ error: { status: "NOT_FOUND" } });
    expect(await (await post("/openai/v1/nothing")).json()).toMatchObject({ error: { code: "route_not_found" } });
    const wrongMethod = await fetch(`${gateway.url}/openai/v1/chat/completions`, {
      headers: { "x-api-key": TEST_KEY },
    });
    expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("cost calls of a known kind no JavaScript", async () => {
    const call = () => post("/openai/v1/chat/completions").then((response) => response.text());
    await call();
    await call();
    expect(await gateway.way(call)).toBe("native");
  });
});

describe("services", () => {
  const service = (route: string) => `
services:
  - id: own
    kind: rest
    access: open
    routes: [${route}]
    upstream: { targets: [{ url: "${upstream.url}" }] }
`;
  const seenBy = async (path: string) => {
    upstream.requests.length = 0;
    const { status } = await post(path);
    expect(status).toBe(200);
    return upstream.requests.length === 1 ? "service" : "model";
  };

  it.each([
    ["{ path: /openai }", "/openai/v1/chat/completions", "service"],
    ["{ path: /openai }", "/chat/completions", "model"],
    ["{ path: /chat/completions, match: exact }", "/chat/completions", "service"],
    ['{ path: "/:any/completions", match: pattern }', "/chat/completions", "service"],
    ["{ path: / }", "/openai/v1/chat/completions", "service"],
    ["{ path: / }", "/v1/chat/completions", "model"],
    ["{ path: /openai, host: other.example }", "/openai/v1/chat/completions", "model"],
    ["{ path: /openai, host: 127.0.0.1 }", "/openai/v1/chat/completions", "service"],
  ])("keep what they have: %s, %s goes to the %s", async (route, path, expected) => {
    await gateway.reload(yaml(service(route)));
    // The second and third call may go by what was learned from the first.
    for (let call = 0; call < 3; call++) expect(await seenBy(path)).toBe(expected);
  });
});
