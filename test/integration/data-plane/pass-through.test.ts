import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { OpenAI, toFile } from "../../sdk-clients/index.ts";

/** Providers' own APIs as they are, below `/providers/{id}`. */

const KEYS = ["sk-first-key-of-the-provider", "sk-second-key-of-the-provider"];
const USAGE = { prompt_tokens: 30, completion_tokens: 20, total_tokens: 50 };

let upstream: TestUpstream;
let gateway: TestGateway;
let refusedKey = "";

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (refusedKey !== "" && request.headers.authorization === `Bearer ${refusedKey}`) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `wrong: ${refusedKey}`, code: "invalid_api_key" } }));
      return;
    }
    const { stream, user } = jsonOf(request);
    if (stream === true) {
      response.writeHead(200, { "content-type": "text/event-stream", "set-cookie": "who=1", "x-of-provider": "yes" });
      const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o-2024-08-06" };
      response.write(`data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta: { content: "Hi" } }] })}\n\n`);
      const usage = user === "untold" ? "" : `data: ${JSON.stringify({ ...chunk, choices: [], usage: USAGE })}\n\n`;
      response.end(`${usage}data: [DONE]\n\n`);
      return;
    }
    response.writeHead(200, { "content-type": "application/json", "set-cookie": "who=1", "x-of-provider": "yes" });
    if (request.method === "HEAD") response.end();
    else if (request.url.includes("/chat/completions"))
      response.end(JSON.stringify({ id: "c", model: "gpt-4o-2024-08-06", choices: [], usage: USAGE, odd: [1] }));
    else response.end(JSON.stringify({ id: "file-1", object: "file", data: [], has_more: false }));
  });
  const at = { base_url: `${upstream.url}/v1`, retries: { attempts: 0 } };
  const keys = KEYS.map((value) => ({ value }));
  const providers = [
    {
      id: "oai",
      kind: "openai",
      ...at,
      keys,
      pass_through: [{ path: "/" }],
      headers: { "openai-organization": "org-1" },
    },
    { id: "some", kind: "openai", ...at, keys, pass_through: [{ path: "/files", methods: ["GET"] }] },
    { id: "none", kind: "openai", ...at, keys },
    {
      id: "google",
      kind: "gemini",
      base_url: `${upstream.url}/v1beta`,
      keys: [{ value: "AIza-key-of-the-provider" }],
      pass_through: [{ path: "/" }],
    },
    {
      id: "aws",
      kind: "bedrock",
      settings: { region: "us-east-1" },
      base_url: upstream.url,
      keys: [{ aws: { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret-of-the-provider" } }],
      pass_through: [{ path: "/" }],
    },
    { id: "sim", kind: "simulated", pass_through: [{ path: "/" }] },
  ];
  gateway = await startGateway(baseYaml(`providers: ${JSON.stringify(providers)}`));
});

beforeEach(() => {
  refusedKey = "";
  upstream.requests.length = 0;
});

afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

function jsonOf({ body }: SeenRequest): { stream?: boolean; user?: string } {
  try {
    return JSON.parse(body.toString()) as { stream?: boolean; user?: string };
  } catch {
    return {};
  }
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${TEST_KEY}`, ...(init.headers as Record<string, string>) },
  });
}

const client = (id: string) =>
  new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/providers/${id}/v1`, maxRetries: 0 });

describe("a provider's own API", () => {
  it("is called with the provider's key and headers; nothing tells it who the caller is", async () => {
    const answer = await call("/providers/oai/v1/models?limit=3", {
      headers: { cookie: "session=1", "x-tidegate-tag": "1", "api-key": "of the caller", "x-own": "stays" },
    });
    expect([answer.status, answer.headers.get("x-of-provider"), answer.headers.get("set-cookie")]).toEqual([
      200,
      "yes",
      null,
    ]);
    const [seen] = upstream.requests as [SeenRequest];
    expect([seen.method, seen.url, seen.headers.host]).toEqual(["GET", "/v1/models?limit=3", upstream.host]);
    expect(KEYS.map((key) => `Bearer ${key}`)).toContain(seen.headers.authorization);
    expect(seen.headers).toMatchObject({ "openai-organization": "org-1", "x-own": "stays" });
    expect(JSON.stringify(seen.rawHeaders)).not.toMatch(
      new RegExp(`${TEST_KEY}|session=|of the caller|x-tidegate|x-forwarded`),
    );
    const record = await gateway.record(answer.headers.get("x-request-id"));
    expect(record).toMatchObject({ service: "ai", provider: "oai", upstream: upstream.host, status: 200, attempts: 1 });
    expect(record).toMatchObject({ path: "/providers/oai/v1/models", costUsd: null, inputTokens: null });
  });

  it("needs no version in front", async () => {
    await call("/providers/oai/models");
    await call("/providers/oai");
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/v1/models", "/v1"]);
  });

  it("takes uploads as they come, and is usable with an SDK by its base URL alone", async () => {
    const bytes = Buffer.alloc(300_000, "x");
    const file = await client("oai").files.create({ file: await toFile(bytes, "a.jsonl"), purpose: "batch" });
    expect(file.id).toBe("file-1");
    const [seen] = upstream.requests as [SeenRequest];
    expect([seen.method, seen.url]).toEqual(["POST", "/v1/files"]);
    expect(seen.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(seen.body.includes(bytes)).toBe(true);
  });

  it("is counted: usage and cost of whole answers and of streams, as far as they tell", async () => {
    const body = { model: "gpt-4o", messages: [{ role: "user" as const, content: "Hi" }] };
    const whole = await call("/providers/oai/v1/chat/completions", { method: "POST", body: JSON.stringify(body) });
    expect(await whole.json()).toMatchObject({ odd: [1] });
    const stream = await client("oai")
      .chat.completions.create({ ...body, stream: true })
      .withResponse();
    const chunks: unknown[] = [];
    for await (const chunk of stream.data) chunks.push(chunk);
    expect(chunks).toHaveLength(2);
    for (const id of [whole.headers.get("x-request-id"), stream.response.headers.get("x-request-id")]) {
      const record = await gateway.record(id);
      expect(record).toMatchObject({
        modelAsked: "gpt-4o",
        modelServed: "gpt-4o-2024-08-06",
        inputTokens: 30,
        outputTokens: 20,
        outcome: "ok",
      });
      expect(record.costUsd).toBeCloseTo((30 * 2.5 + 20 * 10) / 1e6, 8);
    }
  });

  it("bug: a stream that does not tell its usage is counted by an estimate", async () => {
    const body = JSON.stringify({ model: "gpt-4o", stream: true, user: "untold", messages: [] });
    const headers = { "content-type": "application/json" };
    const answer = await call("/providers/oai/v1/chat/completions", { method: "POST", body, headers });
    expect(await answer.text()).toContain("[DONE]");
    const record = await gateway.record(answer.headers.get("x-request-id"));
    expect(record).toMatchObject({ inputTokens: Math.ceil(body.length / 4), outputTokens: 1, outcome: "ok" });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("works with a key that another one stands in for, and shows no key", async () => {
    refusedKey = KEYS[0] as string;
    for (let i = 0; i < 2; i++) expect((await call("/providers/oai/files")).status).toBe(200);
    const used = upstream.requests.map(({ headers }) => headers.authorization);
    expect(used.filter((key) => key === `Bearer ${KEYS[0]}`)).toHaveLength(1);
    refusedKey = KEYS[1] as string;
    const refused = await call("/providers/oai/files");
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain("wrong: [redacted]");
  });

  it("is there only where the configuration says so", async () => {
    expect((await call("/providers/some/v1/files/file-1/content")).status).toBe(200);
    const deleted = await call("/providers/some/files/file-1", { method: "DELETE" });
    expect([deleted.status, deleted.headers.get("allow")]).toEqual([405, "GET"]);
    for (const path of ["/providers/some/v1/models", "/providers/none/v1/files", "/providers/nobody/files"]) {
      const answer = await call(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).toContain("what its `pass_through` names");
    }
    expect(upstream.requests).toHaveLength(1);
  });

  it("is explained", async () => {
    const explained = compileExplain(gateway.snapshot())({
      method: "GET",
      scheme: "http",
      host: "127.0.0.1",
      path: "/providers/some/v1/files",
      query: "",
      headers: [["authorization", `Bearer ${TEST_KEY}`]],
      clientAddress: "127.0.0.1",
      bodyBytes: 0,
      maxBodyBytes: 1_000,
      atMs: Date.now(),
      model: null,
    });
    expect(explained).toMatchObject({ verdict: "forwarded", service: { id: "ai" }, cache: null });
    expect(explained.upstream).toMatchObject({ path: "/v1/files", targets: [{ name: "some", keys: [{}, {}] }] });
  });

  it("is for callers with a key; others are told in the provider's dialect", async () => {
    const answer = await call("/providers/google/models", { headers: { authorization: "Bearer wrong" } });
    expect([answer.status, await answer.json()]).toMatchObject([
      401,
      { error: { code: 401, status: "UNAUTHENTICATED" } },
    ]);
    expect(upstream.requests).toHaveLength(0);
  });

  it("is called by the same path however what leads to it is spelled", async () => {
    for (const path of ["/providers/o%61i/v1/models", "/%70rov%69ders/oai/models", "/providers/some/files"]) {
      await call(path.replace("some", "som%65"));
    }
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/v1/models", "/v1/models", "/v1/files"]);
  });

  it("is not left by its path", async () => {
    for (const path of [
      "/providers/oai/v1/../../other",
      "/providers/oai/%2e%2e/other",
      "/providers/oai/..%2f..%2fother",
    ]) {
      const answer = await rawRequest(
        gateway.port,
        `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TEST_KEY}\r\nConnection: close\r\n\r\n`,
      );
      expect([path, answer.status]).toEqual([path, 400]);
    }
    expect(upstream.requests).toHaveLength(0);
  });
});

describe("other dialects", () => {
  it("Gemini's clients may have their key in the query: the provider gets its own", async () => {
    const response = await fetch(`${gateway.url}/providers/google/v1beta/files?key=${TEST_KEY}&pageSize=2`);
    expect(response.status).toBe(200);
    const [seen] = upstream.requests as [SeenRequest];
    expect(seen.url).toBe("/v1beta/files?pageSize=2");
    expect(seen.headers["x-goog-api-key"]).toBe("AIza-key-of-the-provider");
  });

  it("calls that are signed are signed with their whole body", async () => {
    const body = "y".repeat(200_000);
    expect((await call("/providers/aws/guardrail/g/apply", { method: "POST", body })).status).toBe(200);
    const [seen] = upstream.requests as [SeenRequest];
    expect(seen.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//);
    expect(seen.body.toString()).toBe(body);
  });

  it("the simulated provider has one, too", async () => {
    const body = JSON.stringify({ model: "echo", messages: [{ role: "user", content: "Hello" }] });
    const answer = await call("/providers/sim/chat/completions", { method: "POST", body });
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: "Hello" } }] });
  });
});
