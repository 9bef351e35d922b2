import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../../src/providers/catalogue.ts";
import { type AllHosts, answerAnyModel, startAllHosts } from "../../../helpers/all-hosts.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../../helpers/gateway.ts";
import type { SeenRequest } from "../../../helpers/upstream.ts";
import { CHAT, EMBEDDINGS, EXPECTATIONS, type Expectation, KEY } from "./expectations.ts";

/** What is sent for each kind of provider, as a server sees it. */

const KINDS = CATALOGUE.filter(({ transport }) => transport === "http").map(({ kind }) => kind);

let hosts: AllHosts;
let gateway: TestGateway;

beforeAll(async () => {
  hosts = await startAllHosts(answerAnyModel);
  const providers = Object.entries(EXPECTATIONS).map(([kind, expectation]) => provider(kind, kind, expectation));
  gateway = await startGateway(baseYaml(`providers: ${JSON.stringify(providers)}`));
});

beforeEach(() => {
  hosts.requests.length = 0;
});

afterAll(async () => {
  await gateway?.close();
  await hosts?.close();
});

function provider(id: string, kind: string, { settings, key, baseUrl }: Partial<Expectation>): object {
  return {
    id,
    kind,
    ...(settings === undefined ? {} : { settings }),
    ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
    keys: [{ id: "main", ...(key ?? { value: KEY }) }],
    retries: { attempts: 0 },
    circuit_breaker: { failures: 0 },
  };
}

async function call(model: string, operation: Expectation["operation"], fields: object = {}): Promise<Response> {
  const body = operation === "embeddings" ? EMBEDDINGS : CHAT;
  return fetch(`${gateway.url}/v1/${operation ?? "chat/completions"}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({ model, ...body, ...fields }),
  });
}

/** The one request that went out. */
async function sent(model: string, operation?: Expectation["operation"], fields?: object): Promise<SeenRequest> {
  const answer = await call(model, operation, fields);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  expect(hosts.requests).toHaveLength(1);
  return hosts.requests[0] as SeenRequest;
}

function bodyOf({ body }: SeenRequest): unknown {
  return JSON.parse(body.toString());
}

describe("the request that goes out", () => {
  test("is known of every kind", () => {
    expect(Object.keys(EXPECTATIONS).sort()).toEqual([...KINDS].sort());
    expect(KINDS.length).toBeGreaterThanOrEqual(45);
  });

  test.each(Object.entries(EXPECTATIONS))("%s", async (kind, { operation, url, headers, body }) => {
    const request = await sent(`${kind}/model-1`, operation);
    expect(request.method).toBe("POST");
    expect(hosts.urlOf(request)).toBe(url);
    expect(request.headers["content-type"]).toBe("application/json");
    expect(request.headers).toMatchObject(headers);
    expect(bodyOf(request)).toEqual(body);
    // The key is nowhere else, and the caller's own key is not passed on.
    expect(JSON.stringify(request.rawHeaders).split(KEY)).toHaveLength(2);
    expect(request.url + request.body.toString()).not.toContain(KEY);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(TEST_KEY);
  });
});

describe("quirks", () => {
  test("a field that a provider does not take is a 400 that names it, and nothing is sent", async () => {
    const answer = await call("groq/model-1", undefined, { logit_bias: { "1": 5 } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: "unsupported_field", param: "logit_bias" } });
    expect(hosts.requests).toHaveLength(0);
  });

  test("a value that means what holds without the field is left out", async () => {
    expect(bodyOf(await sent("groq/model-1", undefined, { n: 1, logprobs: false, logit_bias: null }))).toEqual({
      model: "model-1",
      ...CHAT,
    });
  });

  test("an operation that a provider does not have is a 400", async () => {
    for (const [model, operation] of [
      ["deepseek/model-1", "embeddings"],
      ["vertex-ai/model-1", "embeddings"],
      ["voyage/model-1", undefined],
    ] as const) {
      const answer = await call(model, operation);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: "unsupported_field", param: "model" } });
    }
    expect(hosts.requests).toHaveLength(0);
  });

  test("usage is asked for in streams, but of providers that tell it unasked and don't take the question", async () => {
    const stream = { stream: true };
    expect((await call("openai/model-1", undefined, stream)).status).toBe(502);
    expect(
      (await call("mistral/model-1", undefined, { ...stream, stream_options: { include_usage: true } })).status,
    ).toBe(502);
    const bodies = hosts.requests.map(bodyOf) as Record<string, unknown>[];
    expect(bodies[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(bodies[1]).toMatchObject({ stream: true });
    expect(bodies[1]).not.toHaveProperty("stream_options");
  });

  test("hold for bodies that are translated in the pool as well", async () => {
    const content = "long ".repeat(20_000);
    const fields = { messages: [{ role: "developer", content }], seed: 7 };
    expect(bodyOf(await sent("mistral/model-1", undefined, fields))).toEqual({
      model: "model-1",
      messages: [{ role: "system", content }],
      max_tokens: 50,
      random_seed: 7,
    });
  });

  test("bug: ids of other providers' calls are replaced where a provider takes its own kind alone", async () => {
    const calls = ["call_PTLP8xhu3uwZk4l3nlnrrJha", "D681PevKs"].map((id) => ({
      id,
      type: "function",
      function: { name: "look", arguments: "{}" },
    }));
    const messages = [
      { role: "user", content: "Look." },
      { role: "assistant", content: null, tool_calls: calls },
      ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "seen" })),
    ];
    const body = bodyOf(await sent("mistral/model-1", undefined, { messages })) as { messages: typeof messages };
    const [, turn, ...results] = body.messages as { tool_calls?: { id: string }[]; tool_call_id?: string }[];
    const ids = turn?.tool_calls?.map(({ id }) => id) ?? [];
    expect(ids).toEqual([expect.stringMatching(/^[A-Za-z0-9]{9}$/), "D681PevKs"]);
    expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(ids);
    hosts.requests.length = 0;
    expect(bodyOf(await sent("openai/model-1", undefined, { messages }))).toMatchObject({ messages });
  });

  test("hold for callers of another dialect as well", async () => {
    const answer = await fetch(`${gateway.url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": TEST_KEY },
      body: JSON.stringify({
        model: "mistral/model-1",
        max_tokens: 50,
        metadata: { user_id: "user-1" },
        messages: [{ role: "user", content: "Hello" }],
      }),
    });
    expect(answer.status).toBe(200);
    expect(hosts.urlOf(hosts.requests[0] as SeenRequest)).toBe("https://api.mistral.ai/v1/chat/completions");
    const body = bodyOf(hosts.requests[0] as SeenRequest) as Record<string, unknown>;
    expect(body).toMatchObject({ model: "model-1", max_tokens: 50 });
    expect(body).not.toHaveProperty("user");
  });
});
