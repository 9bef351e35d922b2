import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AiServiceSnapshot } from "../../../src/contracts/snapshot.ts";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import { type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { startOpenaiProvider } from "../../helpers/providers/openai-provider.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { Anthropic, OpenAI } from "../../sdk-clients/index.ts";

/** Services of kind `ai`: the unified API below their paths, with models, limits and subscriptions of their own. */

const key = (application: string): string => `key-of-${application}-0123456789`;

let upstream: SimulatedProvider;
let gateway: FastGateway;

beforeAll(async () => {
  upstream = await startOpenaiProvider("sk-provider");
  gateway = await startFastGateway(yaml());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  gateway.records.length = 0;
});
afterEach(() => gateway.relearn(yaml()));

/** `support`: what that service says besides. */
function yaml(support = "policies: { models: { allow: [fast] } }"): string {
  return `
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
providers:
  - id: lab
    kind: openai
    base_url: ${upstream.baseUrl}
    models: [gpt-5-mini, gpt-4o-mini]
    keys: [{ value: sk-provider }]
    pass_through: [{ path: / }]
models: [{ name: fast, targets: [{ provider: lab, model: gpt-4o-mini }] }]
ai: { max_body_size: 3MiB }
teams: [{ id: default }, { id: care }]
services:
  - { id: support, kind: ai, team: care, routes: [{ path: /support }, { path: "/help%20desk/models" }], ${support} }
  - { id: research, kind: ai, access: key, routes: [{ path: /, host: models.test }, { path: /research, policies: { limits: [{ requests: 1000, window: 1m }] } }], max_body_size: 200B }
  - { id: shop, routes: [{ path: /support/v1/orders, methods: [GET] }], access: open, upstream: { targets: [{ url: "${upstream.baseUrl}" }] } }
applications:
  - { id: both, team: default, keys: ["${key("both")}"], subscriptions: [ai, support] }
  - { id: plain, team: default, keys: ["${key("plain")}"], subscriptions: [ai] }
  - id: picky
    team: default
    keys: ["${key("picky")}"]
    subscriptions: [ai, { service: support, policies: { models: { deny: [fast] } }, limits: [{ tokens: 1000, window: 1h }] }]
`;
}

interface Asked {
  application?: string;
  model?: string;
  host?: string;
  content?: string;
}

async function call(path: string, { application = "both", model = "fast", content = "hi" }: Asked = {}) {
  const answer = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key(application)}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content }] }),
  });
  const body = (await answer.json()) as { error?: { code: string; message: string } };
  return { status: answer.status, code: body.error?.code, message: body.error?.message, headers: answer.headers };
}

const openai = (base: string, application = "both") =>
  new OpenAI({ baseURL: `${gateway.url}${base}`, apiKey: key(application), maxRetries: 0 });

/** `support` in two releases; the second is for who asks for it. */
const withReleases = (edit: (canary: AiServiceSnapshot) => void) =>
  gateway.change((snapshot) => {
    const found = snapshot.services.find(({ id }) => id === "support") as AiServiceSnapshot;
    const current = { ...found, release: 1, selection: { isDefault: true, version: null, canary: null } };
    const canary: AiServiceSnapshot = {
      ...structuredClone(current),
      release: 2,
      selection: {
        isDefault: false,
        version: null,
        canary: { percent: 0, header: { name: "x-canary", value: "yes" }, sticky: false },
      },
    };
    edit(canary);
    snapshot.services = [...snapshot.services.filter(({ id }) => id !== "support"), current, canary];
  });

describe("a service of kind ai", () => {
  it("answers SDKs below each of its paths, in all dialects, streamed or not", async () => {
    for (const base of ["/support/v1", "/help%20desk/models/v1", "/support/openai"]) {
      const client = openai(base);
      const messages = [{ role: "user" as const, content: "hi" }];
      const whole = await client.chat.completions.create({ model: "fast", messages });
      expect(whole.choices[0]?.message.content).not.toBe("");
      let text = "";
      for await (const chunk of await client.chat.completions.create({ model: "fast", messages, stream: true })) {
        text += chunk.choices[0]?.delta.content ?? "";
      }
      expect(text).not.toBe("");
    }
    const anthropic = new Anthropic({ baseURL: `${gateway.url}/support`, apiKey: key("both"), maxRetries: 0 });
    const message = await anthropic.messages.create({
      model: "fast",
      max_tokens: 50,
      messages: [{ role: "user", content: "hi" }],
    });
    expect(message.content[0]?.type).toBe("text");
    const gemini = await fetch(`${gateway.url}/help%20desk/models/v1beta/models/fast:generateContent`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": key("both") },
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "hi" }] }] }),
    });
    expect([gemini.status, await gemini.text()]).toEqual([200, expect.stringContaining("candidates")]);
    const record = await gateway.record(gemini.headers.get("x-request-id"));
    expect(record).toMatchObject({
      service: "support",
      route: "/help%20desk/models/v1beta/models/*",
      modelAsked: "fast",
      modelServed: expect.stringContaining("gpt-4o-mini"),
      outcome: "ok",
    });
    expect(record.outputTokens).toBeGreaterThan(0);
  });

  it("lists its own models alone, and has no others", async () => {
    const listed = async (base: string, application?: string) =>
      (await openai(base, application).models.list()).data.map(({ id }) => id).sort();
    expect(await listed("/support/v1")).toEqual(["fast"]);
    expect(await listed("/v1")).toEqual(["fast", "lab/gpt-4o-mini", "lab/gpt-5-mini"]);
    expect(await listed("/research/v1", "plain")).toEqual(await listed("/v1"));
    expect(await listed("/support/v1", "picky")).toEqual([]);
    expect(await openai("/support/v1").models.retrieve("fast")).toMatchObject({ id: "fast" });
    const refused = await call("/support/v1/chat/completions", { model: "lab/gpt-5-mini" });
    expect(refused).toMatchObject({
      status: 403,
      code: "model_not_allowed",
      message: expect.stringContaining("by the service's list of models"),
    });
    const denied = await call("/support/v1/chat/completions", { application: "picky" });
    expect(denied.message).toContain("by the subscription's list of models");
    expect((await call("/v1/chat/completions", { application: "picky" })).status).toBe(200);
  });

  it("asks for a subscription to itself, in the dialect of the caller", async () => {
    expect(await call("/support/v1/chat/completions", { application: "plain" })).toMatchObject({
      status: 403,
      code: "subscription_required",
    });
    const answer = await fetch(`${gateway.url}/support/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key("plain") },
      body: "{}",
    });
    expect([answer.status, await answer.json()]).toMatchObject([403, { type: "error" }]);
    expect((await call("/research/v1/chat/completions", { application: "plain" })).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });

  it("has limits and sizes of its own, tokens and cost among them", async () => {
    await gateway.relearn(yaml("limits: [{ tokens: 30, window: 1h }]"));
    const answers: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++)
      answers.push((await call("/support/v1/chat/completions", { content: "word ".repeat(10) })).code);
    expect(answers[0]).toBeUndefined();
    expect(answers.at(-1)).toBe("token_limit_exceeded");
    expect((await call("/v1/chat/completions")).status).toBe(200);
    const limited = await call("/research/v1/chat/completions", { content: "x".repeat(200) });
    expect([limited.status, limited.code]).toEqual([413, "body_too_large"]);
    expect((await call("/research/v1/chat/completions")).headers.get("x-ratelimit-limit-requests")).toBe("1000");
  });

  it("leaves to others what lies below its path, and says of the rest that it is not there", async () => {
    expect((await fetch(`${gateway.url}/support/v1/orders`)).status).toBe(404);
    expect(upstream.requests.map(({ path }) => path)).toEqual(["/v1/support/v1/orders"]);
    for (const path of ["/support", "/support/", "/support/v1/nothing", "/support/health/liveness"]) {
      const answer = await fetch(gateway.url + path);
      expect([path, answer.status, await answer.text()]).toEqual([
        path,
        404,
        expect.stringContaining("route_not_found"),
      ]);
    }
    const wrong = await fetch(`${gateway.url}/support/v1/chat/completions`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("has a provider's own API where its models are all of the provider's", async () => {
    const passed = async (path: string) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${key("both")}` };
      const body = JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: "hi" }] });
      return (await fetch(gateway.url + path, { method: "POST", headers, body })).status;
    };
    expect(await passed("/support/providers/lab/v1/chat/completions")).toBe(403);
    expect(await passed("/research/providers/lab/v1/chat/completions")).toBe(200);
    expect(upstream.requests.map(({ path }) => path)).toEqual(["/v1/chat/completions"]);
  });

  it("is all there is at a host of its own", async () => {
    const body = JSON.stringify({ model: "lab/gpt-5-mini", messages: [{ role: "user", content: "hi" }] });
    const ask = async (host: string, path: string) => {
      const head = [`POST ${path} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${key("plain")}`];
      head.push("Content-Type: application/json", `Content-Length: ${body.length}`, "Connection: close");
      const answer = await rawRequest(gateway.port, `${head.join("\r\n")}\r\n\r\n${body}`);
      return [answer.status, (await gateway.record(answer.header("x-request-id"))).service];
    };
    expect(await ask("models.test", "/v1/chat/completions")).toEqual([200, "research"]);
    expect(await ask("other.test", "/v1/chat/completions")).toEqual([200, "ai"]);
    expect(await ask("models.test", "/openai/v1/chat/completions")).toEqual([200, "research"]);
  });

  it("goes the fast path, apart from other services and from callers with other models", async () => {
    const settled = async (path: string, asked: Asked) => {
      const ways: string[] = [];
      for (let i = 0; i < 3; i++) ways.push(await gateway.way(() => call(path, asked)));
      return ways.at(-1);
    };
    const research = "/research/v1/chat/completions";
    expect(await settled(research, { model: "lab/gpt-5-mini" })).toBe("native");
    expect(await settled("/support/v1/chat/completions", {})).toBe("native");
    expect(
      (await gateway.record((await call("/support/v1/chat/completions")).headers.get("x-request-id"))).service,
    ).toBe("support");
    expect(await settled("/support/v1/chat/completions", { model: "lab/gpt-5-mini" })).toBe("stages");
    expect((await call("/support/v1/chat/completions", { application: "picky" })).status).toBe(403);
    expect((await call(research, { application: "picky" })).status).toBe(200);
    expect(await settled(research, { application: "picky" })).toBe("native");
    expect((await call("/support/v1/chat/completions", { application: "picky" })).status).toBe(403);
    expect((await call("/support/v1/chat/completions", { application: "plain" })).code).toBe("subscription_required");
  });

  it("has the policies of the organisation and of its team for all calls", async () => {
    await gateway.relearn(`${yaml()}policies: { models: { deny: [fast] } }\n`);
    expect((await call("/support/v1/chat/completions")).message).toContain("by the organisation's list of models");
    await gateway.relearn(
      yaml().replace("id: care }]", "id: care, policies: { addresses: { deny: [127.0.0.0/8] } } }]"),
    );
    expect((await call("/support/v1/chat/completions")).code).toBe("address_denied");
    expect((await call("/v1/chat/completions")).status).toBe(200);
  });

  it("is served in several releases, says which, and that it is to go", async () => {
    withReleases((canary) => {
      canary.policies = { models: { allow: ["lab/gpt-5-mini"], deny: [] } };
      canary.deprecation = { atMs: 1_700_000_000_000, sunsetAtMs: null, link: null };
    });
    const ask = async (model: string, headers: Record<string, string>) => {
      const answer = await fetch(`${gateway.url}/support/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key("both")}`, ...headers },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
      });
      await answer.arrayBuffer();
      const record = await gateway.record(answer.headers.get("x-request-id"));
      const { headers: got, status } = answer;
      return [status, got.get("x-tidegate-release"), got.get("deprecation"), record.release];
    };
    const canary = { "x-canary": "yes" };
    for (let i = 0; i < 3; i++) {
      expect(await ask("fast", {})).toEqual([200, "1", null, 1]);
      expect(await ask("lab/gpt-5-mini", {})).toEqual([403, "1", null, 1]);
      expect(await ask("lab/gpt-5-mini", canary)).toEqual([200, "2", "@1700000000", 2]);
      expect(await ask("fast", canary)).toEqual([403, "2", "@1700000000", 2]);
    }
    const models = await fetch(`${gateway.url}/support/v1/models`, {
      headers: { authorization: `Bearer ${key("both")}`, ...canary },
    });
    expect([models.headers.get("x-tidegate-release"), await models.json()]).toMatchObject([
      "2",
      { data: [{ id: "lab/gpt-5-mini" }] },
    ]);
  });

  it("says on the fast path, too, that it is to go, and when it is gone", async () => {
    const deprecation = "deprecation: { at: 2024-01-01T00:00:00Z, link: https://example.org/next }";
    await gateway.relearn(yaml(deprecation));
    let headers = new Headers();
    const settled = async () => {
      headers = (await call("/support/v1/chat/completions")).headers;
    };
    for (let i = 0; i < 3; i++) await settled();
    expect(await gateway.way(settled)).toBe("native");
    expect(headers.get("deprecation")).toBe("@1704067200");
    expect(headers.get("link")).toBe('<https://example.org/next>; rel="deprecation"');
    await gateway.relearn(yaml(`${deprecation}, retired: true`));
    const gone = await call("/support/v1/chat/completions", { application: "plain" });
    expect([gone.status, gone.code, gone.headers.get("link")]).toEqual([
      410,
      "service_retired",
      '<https://example.org/next>; rel="deprecation"',
    ]);
  });

  const explained = () => {
    const explain = compileExplain(gateway.snapshot());
    return (path: string, headers: [string, string][] = [["authorization", `Bearer ${key("both")}`]], host = "a") =>
      explain({
        method: "POST",
        scheme: "http",
        host,
        path,
        query: "",
        headers,
        clientAddress: "127.0.0.1",
        bodyBytes: 2,
        maxBodyBytes: 1_000_000,
        atMs: Date.now(),
        model: "fast",
      });
  };

  it("bug: routes of another release were explained as if a narrower one had come before them", () => {
    withReleases(() => {});
    const misses = (headers?: [string, string][]) =>
      explained()("/support/v1/chat/completions", headers).nearMisses.map(({ release, because }) => [release, because]);
    expect(misses()).toEqual([[2, ["release"]]]);
    // Refused before a release was chosen.
    expect(misses([])).toEqual([
      [1, ["undecided"]],
      [2, ["undecided"]],
    ]);
  });

  it("bug: the route of a service at a host of its own was explained as one for any host", () => {
    const { route, nearMisses } = explained()("/v1/chat/completions", undefined, "models.test");
    expect(route).toMatchObject({ service: "research", host: "models.test", methods: ["POST"] });
    expect(nearMisses).toMatchObject([{ service: "ai", host: null, because: ["precedence"] }]);
  });

  it("is explained", () => {
    const asked = explained();
    expect(asked("/support/v1/chat/completions")).toMatchObject({
      verdict: "forwarded",
      route: { service: "support", path: "/support/v1/chat/completions" },
      service: { id: "support", team: "care", access: "subscription" },
      subscription: { state: "approved" },
      policies: [{ kind: "models", source: "service", says: "allow fast" }],
      upstream: { targets: [{ name: "lab/gpt-4o-mini" }] },
    });
    expect(asked("/support/v1beta/models/fast:generateContent")).toMatchObject({
      verdict: "forwarded",
      route: { path: "/support/v1beta/models/*" },
    });
    expect(asked("/support/v1/models").nearMisses).toMatchObject([{ service: "support", because: ["method"] }]);
  });
});
