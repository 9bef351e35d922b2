import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { FIRST_REST_MS } from "../../../src/data-plane/provider-keys/key-state.ts";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Several keys of one provider: whose turn it is, and what happens to one that the provider refuses. */

const GOOD = { status: 200, body: completion(), headers: {} as Record<string, string> };
const INVALID = { status: 401, body: error("invalid_api_key"), headers: {} };

type Answer = typeof GOOD | { status: number; body: unknown; headers: Record<string, string> };

let upstream: TestUpstream;
let gateway: FastGateway;
/** What the provider answers to a key: by key, or by key and model. */
let answers: Record<string, Answer>;
let round = 0;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    const { status, body, headers } =
      answers[`${keyOf(request)} ${modelOf(request)}`] ?? answers[keyOf(request)] ?? GOOD;
    if (status === 200 && (JSON.parse(request.body.toString()) as { stream?: boolean }).stream) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(streamed())}\n\ndata: [DONE]\n\n`);
      return;
    }
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  });
  gateway = await startFastGateway(configuration([{ id: "none", value: "none" }]));
});

beforeEach(() => {
  answers = {};
  round++;
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

/** Keys of an earlier test have other values, so that nothing is known of them. */
async function pool(...keys: object[]): Promise<void> {
  await gateway.relearn(configuration(keys.map((key, index) => ({ id: name(index), value: name(index), ...key }))));
  upstream.requests.length = 0;
  gateway.log.length = 0;
}

const name = (index: number) => `${"abc"[index]}-${round}`;

function configuration(keys: object[]): string {
  const at = { kind: "openai-compatible", base_url: `${upstream.url}/v1`, retries: { attempts: 0 } };
  const providers = [
    { id: "pool", ...at, keys, circuit_breaker: { failures: 2 } },
    { id: "other", ...at, keys: [{ id: "other", value: "other" }] },
  ];
  const targets = [
    { provider: "pool", model: "m" },
    { provider: "other", model: "m" },
  ];
  const models = [{ name: "either", targets, retries: { attempts: 0 } }];
  return nativeYaml(`providers: ${JSON.stringify(providers)}\nmodels: ${JSON.stringify(models)}`);
}

function completion(): object {
  const choices = [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
  const usage = { prompt_tokens: 30, completion_tokens: 20, total_tokens: 50 };
  return { id: "c1", object: "chat.completion", created: 1, model: "m", choices, usage };
}

function streamed(): object {
  const choices = [{ index: 0, delta: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
  return { ...completion(), object: "chat.completion.chunk", choices };
}

function error(code: string): object {
  return { error: { message: `no: ${code}`, type: "error", param: null, code } };
}

function keyOf({ headers }: SeenRequest): string {
  return (headers.authorization ?? "").replace(/^Bearer (.)-.*$/, "$1");
}

function modelOf({ body }: SeenRequest): string {
  return (JSON.parse(body.toString()) as { model: string }).model;
}

/** The keys that the provider has seen since the last look. */
function seen(): string {
  const keys = upstream.requests.map(keyOf).join("");
  upstream.requests.length = 0;
  return keys;
}

async function call(model = "pool/m", fields: object = {}): Promise<Response> {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...fields }),
  });
  return new Response(await answer.text(), answer);
}

async function statuses(calls: number, model?: string): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < calls; i++) all.push((await call(model)).status);
  return all;
}

async function metric(metricName: string): Promise<Record<string, number>> {
  const all = (await gateway.gateway.collectMetrics()) as {
    name: string;
    values: { value: number; labels: Record<string, string> }[];
  }[];
  const found = all.find((one) => one.name === metricName)?.values ?? [];
  return Object.fromEntries(
    found
      .filter(({ value, labels }) => value > 0 && labels.provider === "pool")
      .map(({ value, labels }) => [`${labels.key?.[0]} ${labels.state ?? labels.status}`, value]),
  );
}

function pass(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

describe("plain keys", () => {
  test("take turns by weight, on the fast path", async () => {
    await pool({ weight: 2 }, { weight: 1 });
    await call();
    seen();
    const ways: string[] = [];
    for (let i = 0; i < 6; i++) ways.push(await gateway.way(() => call()));
    expect(new Set(ways)).toEqual(new Set(["native"]));
    expect([...seen()].sort().join("")).toBe("aaaabb");
  });

  test("one that is refused on the fast path is taken out, tried again, and comes back to the fast path", async () => {
    await pool({}, {});
    await call();
    seen();
    expect(await statuses(4)).toEqual([200, 200, 200, 200]);
    expect([...seen()].sort().join("")).toBe("aabb");

    answers.b = INVALID;
    // The two keys have a turn each: the call with the bad one goes on with the other.
    const ways = [await gateway.way(() => call()), await gateway.way(() => call())];
    expect(ways.sort()).toEqual(["handed over", "native"]);
    expect([...seen()].sort().join("")).toBe("aab");
    expect(await statuses(3)).toEqual([200, 200, 200]);
    expect(seen()).toBe("aaa");
    expect(await metric("tidegate_provider_keys")).toEqual({ "a ready": 1, "b out": 1 });
    expect(await metric("tidegate_provider_key_refusals_total")).toEqual({ "b 401": 1 });
    const out = gateway.log.filter(({ message }) => message.includes("refuses a key"));
    expect(out).toHaveLength(1);
    expect(out[0]).toMatchObject({ level: "warn", fields: { provider: "pool", key: name(1), status: 401 } });

    pass(FIRST_REST_MS);
    expect(await statuses(2)).toEqual([200, 200]);
    expect([...seen()].sort().join("")).toBe("aab");

    answers = {};
    pass(2 * FIRST_REST_MS);
    expect(await statuses(2)).toEqual([200, 200]);
    expect([...seen()].sort().join("")).toBe("ab");
    expect(await metric("tidegate_provider_keys")).toEqual({ "a ready": 1, "b ready": 1 });
    expect(gateway.log.at(-1)?.message).toBe("a provider takes a key again");
    expect(await gateway.way(() => call())).toBe("native");
  });

  test("a key that is refused is no failure of its target, and costs none of the call's retries", async () => {
    await pool({}, {}, {});
    answers = { a: INVALID, b: { ...INVALID, status: 429, headers: { "retry-after": "60" } } };
    const answer = await call();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-tidegate-attempts")).toBe("3");
    expect(seen()).toBe("abc");
    // With `circuit_breaker: { failures: 2 }`, two failures would have opened the circuit.
    expect(await statuses(2)).toEqual([200, 200]);
  });

  test("the answer is the provider's own when it takes none of them", async () => {
    await pool({}, {});
    answers = { a: INVALID, b: INVALID };
    const answer = await call();
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain("no: invalid_api_key");
    expect(seen()).toBe("ab");
    // One request for each further call.
    expect(await statuses(2)).toEqual([401, 401]);
    expect(seen()).toHaveLength(2);
  });

  test("a target without a key that is good is passed over", async () => {
    await pool({}, {});
    answers = { a: INVALID, b: INVALID };
    await call("either");
    seen();
    const answer = await call("either");
    expect(answer.headers.get("x-tidegate-provider")).toBe("other");
    expect(answer.headers.get("x-tidegate-attempts")).toBe("1");
  });

  test("what a key may not do with one model says nothing of others", async () => {
    await pool({}, {});
    answers = { "a forbidden": { ...INVALID, status: 403 }, "b forbidden": { ...INVALID, status: 403 } };
    expect(await statuses(4, "pool/forbidden")).toEqual([403, 403, 403, 403]);
    seen();
    expect(await statuses(4)).toEqual([200, 200, 200, 200]);
    expect([...seen()].sort().join("")).toBe("aabb");
  });

  test("a spent quota takes a key out for all models", async () => {
    await pool({}, {});
    answers = { "a first": { status: 429, body: error("insufficient_quota"), headers: {} } };
    expect(await statuses(2, "pool/first")).toEqual([200, 200]);
    seen();
    await statuses(3, "pool/second");
    expect(seen()).toBe("bbb");
  });
});

describe("keys with terms", () => {
  test("limits: requests go to another key, then there is none", async () => {
    await pool({ limits: [{ requests: 2, window: "1h" }] }, { priority: 1, limits: [{ requests: 1, window: "1h" }] });
    expect(await statuses(3)).toEqual([200, 200, 200]);
    expect(seen()).toBe("aab");
    const answer = await call();
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(60);
    expect(await answer.json()).toMatchObject({
      error: {
        code: "upstream_unavailable",
        message: "no key of provider pool may be used at the moment: 2 at a limit",
      },
    });
    expect(seen()).toBe("");
    expect(await metric("tidegate_provider_keys")).toEqual({ "a limited": 1, "b limited": 1 });
    expect((await call("either")).headers.get("x-tidegate-provider")).toBe("other");
  });

  test("limits: tokens are those that were used, not those that were guessed", async () => {
    // Each call uses 50.
    await pool({ limits: [{ tokens: 90, window: "1h" }] }, { priority: 1 });
    expect(await statuses(4)).toEqual([200, 200, 200, 200]);
    expect(seen()).toBe("aabb");
  });

  test("limits: tokens of streams count as well", async () => {
    await pool({ limits: [{ tokens: 90, window: "1h" }] }, { priority: 1 });
    for (let i = 0; i < 4; i++) expect(await (await call("pool/m", { stream: true })).text()).toContain("[DONE]");
    expect(seen()).toBe("aabb");
  });

  test("limits: a call that fails uses no tokens", async () => {
    await pool({ limits: [{ tokens: 40, window: "1h" }] }, { priority: 1 });
    answers.a = { status: 500, body: error("down"), headers: {} };
    await statuses(1);
    answers = {};
    await statuses(2);
    expect(seen()).toBe("aab");
  });

  test("priority, and expiry", async () => {
    const expires_at = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z$/, "Z");
    await pool({ priority: 1 }, { expires_at });
    await statuses(2);
    expect(seen()).toBe("bb");
    pass(120_000);
    await statuses(2);
    expect(seen()).toBe("aa");
    expect(await metric("tidegate_provider_keys")).toEqual({ "a ready": 1, "b expired": 1 });
  });

  test("are decided about by the stages", async () => {
    await pool({ limits: [{ requests: 100, window: "1h" }] });
    await call();
    expect(await gateway.way(() => call())).toBe("stages");
  });
});
