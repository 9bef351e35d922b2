import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import { type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { startOpenaiProvider } from "../../helpers/providers/openai-provider.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

/** Which models callers may use, by policies of the organisation, teams, applications and subscriptions. */

const key = (application: string): string => `key-of-${application}-0123456789`;

let upstream: SimulatedProvider;
let gateway: FastGateway;

beforeAll(async () => {
  upstream = await startOpenaiProvider("sk-provider");
  gateway = await startFastGateway(yaml("{ models: { deny: ['*secret*'] } }"));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
});

/** `other`: what the application of that name has besides. */
function yaml(organisation: string, other = ""): string {
  return `
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
policies: ${organisation}
providers:
  - id: lab
    kind: openai
    base_url: ${upstream.baseUrl}
    models: [gpt-5-mini, gpt-4o-mini, gpt-secret]
    keys: [{ value: sk-provider }]
    pass_through: [{ path: / }]
  - { id: spare, kind: openai, base_url: ${upstream.baseUrl}, models: [gpt-5-mini], keys: [{ value: sk-provider }] }
models:
  - { name: fast, aliases: [quick, "quick-*"], targets: [{ provider: lab, model: gpt-4o-mini }] }
  - { name: plain, client_hints: [], targets: [{ provider: lab, model: gpt-4o-mini }] }
  - { name: top-secret, targets: [{ provider: lab, model: gpt-5-mini }] }
ai: { client_hints: [fallbacks] }
teams: [{ id: plain }, { id: small, policies: { models: { allow: [fast] } } }]
applications:
  - { id: any, team: plain, keys: ["${key("any")}"], subscriptions: [ai] }
  - { id: other, team: plain, keys: ["${key("other")}"], subscriptions: [ai]${other} }
  - { id: few, team: plain, keys: ["${key("few")}"], policies: { models: { allow: ["lab/*"], deny: [lab/gpt-5-mini] } }, subscriptions: [ai] }
  - id: trial
    team: plain
    keys: ["${key("trial")}"]
    subscriptions: [{ service: ai, policies: { models: { allow: [quick] } } }]
  - { id: little, team: small, keys: ["${key("little")}"], subscriptions: [ai] }
`;
}

async function call(application: string, model: string, more: object = {}): Promise<{ status: number; error: string }> {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key(application)}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...more }),
  });
  const body = (await answer.json()) as { error?: { code: string; message: string } };
  return { status: answer.status, error: body.error === undefined ? "" : `${body.error.code}: ${body.error.message}` };
}

async function statuses(application: string, ...models: string[]): Promise<number[]> {
  const answers: number[] = [];
  for (const model of models) answers.push((await call(application, model)).status);
  return answers;
}

const client = (application: string) =>
  new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key(application), maxRetries: 0 });
const listed = async (application: string) => (await client(application).models.list()).data.map(({ id }) => id).sort();

describe("models that callers may use", () => {
  it("are those that every level allows, by the name that is asked for or that of its route", async () => {
    expect(await statuses("any", "fast", "quick", "quick-2", "lab/gpt-5-mini", "spare/gpt-5-mini")).toEqual(
      Array(5).fill(200),
    );
    expect(await statuses("any", "top-secret", "lab/gpt-secret")).toEqual([403, 403]);
    expect(await statuses("few", "lab/gpt-4o-mini", "lab/gpt-5-mini", "spare/gpt-5-mini", "fast")).toEqual([
      200, 403, 403, 403,
    ]);
    expect(await statuses("trial", "quick", "fast", "lab/gpt-4o-mini")).toEqual([200, 403, 403]);
    expect(await statuses("little", "fast", "quick", "quick-3", "lab/gpt-4o-mini")).toEqual([200, 200, 200, 403]);
  });

  it("are refused by name, saying whose rule it is, and nothing goes to a provider", async () => {
    expect(await call("few", "lab/gpt-5-mini")).toEqual({
      status: 403,
      error:
        "model_not_allowed: application few may not use model `lab/gpt-5-mini`, by the application's list of models: GET /v1/models has those that may be used",
    });
    expect((await call("little", "lab/gpt-5-mini")).error).toContain("by the team's list of models");
    expect((await call("any", "top-secret")).error).toContain("by the organisation's list of models");
    expect((await call("few", "nothing")).error).toBe(
      "model_not_found: model `nothing` is not known: GET /v1/models has those that you may use",
    );
    expect(upstream.requests).toEqual([]);
    const records = gateway.records.filter(({ errorCode }) => errorCode === "model_not_allowed");
    expect(records.at(-1)).toMatchObject({ application: "any", modelAsked: "top-secret", attempts: 0, status: 403 });
  });

  it("are all that is listed", async () => {
    expect(await listed("any")).toEqual([
      "fast",
      "lab/gpt-4o-mini",
      "lab/gpt-5-mini",
      "plain",
      "quick",
      "spare/gpt-5-mini",
    ]);
    expect(await listed("few")).toEqual(["lab/gpt-4o-mini"]);
    expect(await listed("trial")).toEqual(["quick"]);
    expect(await listed("little")).toEqual(["fast", "quick"]);
    expect(await client("few").models.retrieve("lab/gpt-4o-mini")).toMatchObject({ id: "lab/gpt-4o-mini" });
    await expect(client("few").models.retrieve("lab/gpt-5-mini")).rejects.toMatchObject({ status: 404 });
  });

  it("are not got by a fallback either, nor through the provider's own API", async () => {
    const refused = await call("few", "lab/gpt-4o-mini", { fallbacks: ["spare/gpt-5-mini"] });
    expect([refused.status, refused.error]).toEqual([403, expect.stringContaining("`fallbacks[0]`: application few")]);
    const passed = async (application: string) => {
      const authorization = `Bearer ${key(application)}`;
      return (await fetch(`${gateway.url}/providers/lab/models`, { headers: { authorization } })).status;
    };
    // Its models are not all that provider's.
    expect(await passed("few")).toBe(403);
    expect(await passed("any")).toBe(403);
    await gateway.reload(yaml("{ models: { deny: [top-secret, spare/*] } }"));
    expect(await passed("any")).toBe(404);
    expect(await passed("little")).toBe(403);
  });

  it.each([
    "/v1/chat/completions",
    "/openai/chat/completions",
    "/v1/responses",
    "/v1/responses/input_tokens",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v2/chat",
    "/v1/completions",
    "/v1/rerank",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/audio/speech",
    "/v1/embeddings",
    "/v1beta/models/lab/gpt-5-mini:generateContent",
    "/v1beta/models/lab%2Fgpt%2D5-mini:streamGenerateContent",
    "/v1/models/lab/gpt-5-mini:embedContent",
    "/gemini/v1beta/models/lab/gpt-5-mini:countTokens",
    "/model/lab%2Fgpt-5-mini/converse",
    "/model/lab/gpt-5-mini/converse-stream",
  ])("are the same by POST %s", async (path) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${key("few")}` };
    const asked = {
      model: "lab/gpt-5-mini",
      input: "hi",
      query: "hi",
      documents: ["hi"],
      prompt: "hi",
      max_tokens: 10,
    };
    const body = JSON.stringify({ ...asked, messages: [{ role: "user", content: "hi" }], contents: [] });
    const answer = await fetch(`${gateway.url}${path}`, { method: "POST", headers, body });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("may not use model `lab/gpt-5-mini`"),
    ]);
    expect(upstream.requests).toEqual([]);
  });

  it.each(["transcriptions", "translations"])("are the same by forms of /v1/audio/%s", async (endpoint) => {
    const body = new FormData();
    body.append("model", "lab/gpt-5-mini");
    body.append("file", new File(["sound"], "a.wav"));
    const headers = { authorization: `Bearer ${key("few")}` };
    const answer = await fetch(`${gateway.url}/v1/audio/${endpoint}`, { method: "POST", headers, body });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("model_not_allowed")]);
    expect(upstream.requests).toEqual([]);
  });

  it("are not named to the provider by a field that it has for them either", async () => {
    await gateway.reload(yaml("{ models: { allow: [plain, lab/gpt-4o-mini] } }"));
    // This provider has no such field, and says so: it was asked.
    await call("any", "plain", { models: ["gpt-4o-mini"] });
    expect(upstream.requests).toHaveLength(1);
    upstream.requests.length = 0;
    for (const more of [
      { models: ["gpt-4o-mini", "gpt-secret"] },
      { fallbacks: [{ model: "gpt-secret" }] },
      { fallbacks: "gpt-secret" },
      { models: { any: true } },
    ]) {
      expect([more, await call("any", "plain", more)]).toMatchObject([more, { status: 403 }]);
    }
    expect((await call("any", "plain", { models: ["gpt-secret"] })).error).toContain(
      "model_not_allowed: application any may not use model `lab/gpt-secret`",
    );
    expect(upstream.requests).toEqual([]);
    await gateway.reload(yaml("{}"));
    await call("any", "plain", { models: ["gpt-secret"] });
    expect(upstream.requests).toHaveLength(1);
  });

  it("are not named a second time in other letters, on the fast path either", async () => {
    await gateway.reload(yaml("{ models: { deny: ['*secret*'] } }"));
    for (let i = 0; i < 3; i++) await call("any", "lab/gpt-5-mini");
    expect(await gateway.way(() => call("any", "lab/gpt-5-mini"))).toBe("native");
    upstream.requests.length = 0;
    expect(await call("any", "lab/gpt-5-mini", { Model: "gpt-secret" })).toEqual({
      status: 400,
      error: "invalid_request: `Model` is `model` in other letters: send `model` alone",
    });
    expect(upstream.requests).toEqual([]);
  });

  it("are those of realtime sessions as well", async () => {
    const head = [
      "GET /v1/realtime?model=lab/gpt-5-mini HTTP/1.1",
      "Host: a",
      `Authorization: Bearer ${key("few")}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    const answer = await rawRequest(gateway.port, `${head.join("\r\n")}\r\n\r\n`);
    expect([answer.status, answer.body.toString()]).toEqual([403, expect.stringContaining("model_not_allowed")]);
  });

  it("stay apart on the fast path, whoever called a model first", async () => {
    await gateway.relearn(yaml("{ models: { deny: ['*secret*'] } }"));
    const ways = async (application: string, model: string) => {
      const all: string[] = [];
      for (let i = 0; i < 3; i++) all.push(await gateway.way(() => call(application, model)));
      return all.at(-1);
    };
    expect(await ways("any", "lab/gpt-5-mini")).toBe("native");
    expect(await ways("few", "lab/gpt-4o-mini")).toBe("native");
    expect(await ways("trial", "quick")).toBe("native");
    expect(await ways("few", "lab/gpt-5-mini")).toBe("stages");
    expect(await ways("trial", "lab/gpt-5-mini")).toBe("stages");
    expect(await statuses("few", "lab/gpt-5-mini", "lab/gpt-4o-mini")).toEqual([403, 200]);
    // Callers without rules of their own share what was learned.
    await call("other", "lab/gpt-4o-mini");
    expect(await gateway.way(() => call("other", "lab/gpt-5-mini"))).toBe("native");
  });

  it("change with the configuration, also for callers whose calls are native", async () => {
    await gateway.relearn(yaml("{}"));
    expect(await statuses("other", "lab/gpt-5-mini", "lab/gpt-5-mini", "top-secret")).toEqual([200, 200, 200]);
    await gateway.reload(yaml("{ models: { allow: [fast] } }"));
    expect(await statuses("other", "lab/gpt-5-mini", "fast")).toEqual([403, 200]);
    await gateway.reload(yaml("{ models: { deny: ['*secret*'] } }"));
  });

  it("change with one application alone, whose calls are native, and nothing else is compiled anew", async () => {
    await gateway.reload(yaml("{}"));
    for (let i = 0; i < 3; i++) await call("other", "lab/gpt-5-mini");
    expect(await gateway.way(() => call("other", "lab/gpt-5-mini"))).toBe("native");
    const { pipelines } = gateway.gateway.compiled;
    await gateway.reload(yaml("{}", ", policies: { models: { deny: ['*5-mini'] } }"));
    expect(await statuses("other", "lab/gpt-5-mini", "lab/gpt-4o-mini", "lab/gpt-5-mini")).toEqual([403, 200, 403]);
    // Those who stand beside it may have to be told again, once.
    await call("any", "lab/gpt-5-mini");
    expect(await gateway.way(() => call("any", "lab/gpt-5-mini"))).toBe("native");
    await gateway.reload(yaml("{}"));
    expect(await statuses("other", "lab/gpt-5-mini")).toEqual([200]);
    expect(gateway.gateway.compiled.pipelines).toBe(pipelines);
  });

  it("are explained", async () => {
    await gateway.reload(yaml("{ models: { deny: ['*secret*'] } }"));
    const explain = compileExplain(gateway.snapshot());
    const explained = explain({
      method: "POST",
      scheme: "http",
      host: "a",
      path: "/v1/chat/completions",
      query: "",
      headers: [["authorization", `Bearer ${key("few")}`]],
      clientAddress: "127.0.0.1",
      bodyBytes: 2,
      maxBodyBytes: 1_000_000,
      atMs: Date.now(),
      model: "lab/gpt-5-mini",
    });
    expect(explained).toMatchObject({
      policies: [
        { kind: "models", source: "organisation", says: "deny *secret*", holds: true },
        { kind: "models", source: "application", says: "allow lab/*; deny lab/gpt-5-mini", holds: true },
      ],
      verdict: "refused",
      error: { code: "model_not_allowed" },
    });
  });
});
