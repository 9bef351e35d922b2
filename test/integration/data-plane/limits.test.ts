import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    // For the provider; ordinary services don't care.
    const usage = { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 };
    const message = { role: "assistant", content: "hi" };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "gpt-4o-mini",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage,
      }),
    );
  });
});
afterAll(() => upstream.close());
beforeEach(() => {
  upstream.requests.length = 0;
});
afterEach(() => gateway.close());

interface Limits {
  a?: string;
  ai?: string;
  /** Of application `one`. */
  one?: string;
}

/** Services `a` (with limits) and `b` (without) and the unified API; applications `one` and `two`. */
function configuration({ a = "", ai = "", one = "" }: Limits): string {
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  return `
version: 1
trusted_proxies: [127.0.0.1]
listeners: [{ address: "127.0.0.1:0" }]
providers:
  - { id: simulated, kind: simulated }
  - { id: openai, kind: openai, base_url: "${upstream.url}/v1", keys: [{ value: provider-key }] }
ai: { access: key, limits: [${ai}] }
services:
  - { id: a, access: key, routes: [{ path: /a }], ${to}, limits: [${a}] }
  - { id: b, access: key, routes: [{ path: /b }], ${to} }
applications:
  - { id: one, keys: [tg_key_one], limits: [${one}] }
  - { id: two, keys: [tg_key_two] }
`;
}

async function start(limits: Limits): Promise<void> {
  gateway = await startGateway(configuration(limits));
}

const get = (path: string, key = "tg_key_one", headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, { headers: { "x-api-key": key, ...headers } });

const chat = (content: string, model = "simulated/echo", key = "tg_key_one", path = "/v1/chat/completions") =>
  fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, max_tokens: 1000, messages: [{ role: "user", content }] }),
  });

async function statuses(count: number, call: () => Promise<Response>): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: count }, call));
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  return answers.map(({ status }) => status);
}

const count = (list: readonly number[], status: number) => list.filter((other) => other === status).length;

describe("requests in a window", () => {
  it("lets exactly as many through, however many come at once", async () => {
    await start({ a: "{ requests: 40, window: 30d }" });
    const answers = await statuses(100, () => get("/a"));
    expect([count(answers, 200), count(answers, 429)]).toEqual([40, 60]);
    expect(upstream.requests).toHaveLength(40);
    expect(gateway.records).toHaveLength(100);
    expect(gateway.records.filter(({ errorCode }) => errorCode === "rate_limited")).toHaveLength(60);
  });

  it("tells what is left, and when to come back", async () => {
    await start({ a: "{ requests: 2, window: 30d }" });
    const first = await get("/a");
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(Number(first.headers.get("x-ratelimit-reset-requests"))).toBeGreaterThan(0);
    expect((await get("/a")).headers.get("x-ratelimit-remaining-requests")).toBe("0");
    const refused = await get("/a");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(refused.headers.get("retry-after")).toBe(refused.headers.get("x-ratelimit-reset-requests"));
    expect(await refused.json()).toMatchObject({
      error: { code: "rate_limited", message: expect.stringContaining("the limit of 2 requests per 30d is used up") },
    });
    expect((await get("/b")).headers.get("x-ratelimit-limit-requests")).toBeNull();
  });

  it("begins anew with the next window", async () => {
    await start({ a: "{ requests: 1, window: 1s }" });
    // The window is aligned to the clock: the first two calls may fall into different ones.
    await waitFor(() => Date.now() % 1000 < 500, "the first half of a second");
    expect((await get("/a")).status).toBe(200);
    const refused = await get("/a");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    const second = Math.floor(Date.now() / 1000);
    await waitFor(() => Math.floor(Date.now() / 1000) > second, "the next second");
    expect((await get("/a")).status).toBe(200);
  });
});

describe("a sliding window", () => {
  it("counts what was let through at the end of the window before", async () => {
    await start({ a: "{ requests: 10, window: 2s, algorithm: sliding-window }" });
    await waitFor(() => Date.now() % 2000 > 1200, "the second half of a window");
    const begunIn = Math.floor(Date.now() / 2000);
    const before = count(await statuses(12, () => get("/a")), 200);
    await waitFor(() => Math.floor(Date.now() / 2000) > begunIn, "the next window");
    const after = count(await statuses(12, () => get("/a")), 200);
    // A tenth of the limit for each tenth of the window that has passed.
    expect(before + after).toBeLessThanOrEqual(10 + Math.ceil(((Date.now() % 2000) / 2000) * 10));
    expect(before).toBeGreaterThanOrEqual(10);
    const refused = await get("/a");
    if (refused.status === 429) expect(Number(refused.headers.get("retry-after"))).toBe(1);
  });
});

describe("a token bucket", () => {
  it("lets a burst through, then as many as it gains", async () => {
    await start({ a: "{ requests: 10, window: 2s, algorithm: token-bucket }" });
    const startedAt = Date.now();
    const burst = await statuses(30, () => get("/a"));
    const afterBurstMs = Date.now() - startedAt;
    expect(count(burst, 200)).toBeGreaterThanOrEqual(10);
    expect(count(burst, 200)).toBeLessThanOrEqual(10 + Math.ceil(afterBurstMs / 200));
    let served = count(burst, 200);
    while (served < 15) {
      const { status, headers } = await get("/a");
      if (status === 200) served++;
      else expect(headers.get("retry-after")).toBe("1");
    }
    // Never faster than five a second.
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual((served - 10) * 200 - 200);
  });
});

describe("whom a limit is for", () => {
  it("is each application", async () => {
    await start({ a: "{ per: application, requests: 3, window: 30d }" });
    expect(count(await statuses(5, () => get("/a")), 200)).toBe(3);
    expect(count(await statuses(5, () => get("/a", "tg_key_two")), 200)).toBe(3);
  });

  it("is the service as a whole", async () => {
    await start({ a: "{ per: service, requests: 3, window: 30d }" });
    expect(count(await statuses(2, () => get("/a")), 200)).toBe(2);
    expect(count(await statuses(5, () => get("/a", "tg_key_two")), 200)).toBe(1);
  });

  it("is each address", async () => {
    await start({ a: "{ per: address, requests: 3, window: 30d }" });
    const from = (address: string, key?: string) => () => get("/a", key, { "x-forwarded-for": address });
    expect(count(await statuses(5, from("203.0.113.1")), 200)).toBe(3);
    expect(count(await statuses(5, from("203.0.113.2", "tg_key_two")), 200)).toBe(3);
    expect(count(await statuses(2, from("203.0.113.1", "tg_key_two")), 200)).toBe(0);
  });

  it("is all that an application calls, or each service it calls apart", async () => {
    await start({ one: "{ requests: 4, window: 30d }" });
    expect(count(await statuses(3, () => get("/a")), 200)).toBe(3);
    expect(count(await statuses(3, () => get("/b")), 200)).toBe(1);
    expect((await chat("hi")).status).toBe(429);
    await gateway.close();
    await start({ one: "{ per: service, requests: 2, window: 30d }" });
    expect(count(await statuses(3, () => get("/a")), 200)).toBe(2);
    expect(count(await statuses(3, () => get("/b")), 200)).toBe(2);
    expect((await chat("hi")).status).toBe(200);
  });
});

describe("several limits", () => {
  it("charge nothing when one of them refuses", async () => {
    await start({ one: "{ requests: 4, window: 30d }", a: "{ requests: 1, window: 30d }" });
    expect(count(await statuses(20, () => get("/a")), 200)).toBe(1);
    const other = await get("/b");
    expect([other.status, other.headers.get("x-ratelimit-remaining-requests")]).toEqual([200, "2"]);
    // The other way round: what the service has counted is given back when the application's limit refuses.
    await gateway.close();
    await start({ one: "{ requests: 1, window: 30d }", a: "{ per: service, requests: 3, window: 30d }" });
    expect(count(await statuses(20, () => get("/a")), 200)).toBe(1);
    expect(count(await statuses(20, () => get("/a", "tg_key_two")), 200)).toBe(2);
  });

  it("show the tightest", async () => {
    await start({ one: "{ requests: 10, window: 1d }, { requests: 3, window: 30d }" });
    const { headers } = await get("/b");
    expect(headers.get("x-ratelimit-limit-requests")).toBe("3");
    expect(headers.get("x-ratelimit-remaining-requests")).toBe("2");
  });
});

describe("tokens", () => {
  it("are counted as used, input and output", async () => {
    await start({ one: "{ tokens: 200, window: 30d }" });
    const text = "word ".repeat(80).trim();
    const first = await chat(text);
    expect(first.status).toBe(200);
    expect(first.headers.get("x-ratelimit-limit-tokens")).toBe("200");
    await first.text();
    // 80 in and 80 out: 40 are left, and who has any left may call.
    const second = await chat("one");
    expect(Number(second.headers.get("x-ratelimit-remaining-tokens"))).toBeLessThanOrEqual(40);
    await chat(text);
    const refused = await chat("one");
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { code: "token_limit_exceeded" } });
    expect((await chat("one", "simulated/echo", "tg_key_two")).status).toBe(200);
  });

  it("are given back when a call comes to nothing", async () => {
    await start({ one: "{ tokens: 1000, window: 30d }" });
    for (let i = 0; i < 10; i++) {
      const failed = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "x-api-key": "tg_key_one", "x-simulated-status": "400" },
        body: JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "x ".repeat(1000) }] }),
      });
      expect(failed.status).toBe(400);
      await failed.text();
    }
    const answer = await chat("one");
    expect([answer.status, Number(answer.headers.get("x-ratelimit-remaining-tokens")) > 900]).toEqual([200, true]);
  });

  it("limit nothing but calls to models", async () => {
    await start({ one: "{ tokens: 1, window: 30d }" });
    await (await chat("one two three")).text();
    expect((await chat("one")).status).toBe(429);
    expect(count(await statuses(5, () => get("/b")), 200)).toBe(5);
  });
});

describe("cost", () => {
  it("is counted in US dollars", async () => {
    await start({ one: "{ cost_usd: 0.2, window: 30d }" });
    // A million input tokens of this model cost 15 cents.
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await chat("hi", "openai/gpt-4o-mini"));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(Number(answers[0]?.headers.get("x-tidegate-cost"))).toBeCloseTo(0.15);
    expect(await answers[2]?.json()).toMatchObject({ error: { code: "cost_limit_exceeded" } });
    expect(gateway.records.map(({ costUsd }) => costUsd)).toEqual([0.15, 0.15, null]);
  });
});

describe("the refusal", () => {
  it("is in the dialect of the caller", async () => {
    await start({ ai: "{ requests: 1, window: 30d }" });
    expect((await chat("hi")).status).toBe(200);
    const openai = await chat("hi");
    expect(openai.status).toBe(429);
    expect(openai.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await openai.json()).toMatchObject({ error: { code: "rate_limited", message: expect.any(String) } });
    const anthropic = await chat("hi", "simulated/echo", "tg_key_one", "/v1/messages");
    expect(anthropic.status).toBe(429);
    expect(await anthropic.json()).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
  });
});

describe("a reload", () => {
  it("keeps the counts", async () => {
    const limits = { a: "{ requests: 3, window: 30d }", one: "{ requests: 100, window: 30d }" };
    await start(limits);
    expect(count(await statuses(2, () => get("/a")), 200)).toBe(2);
    await gateway.reload(configuration({ ...limits, ai: "{ requests: 7, window: 1d }" }));
    expect(count(await statuses(5, () => get("/a")), 200)).toBe(1);
    expect((await get("/b")).headers.get("x-ratelimit-remaining-requests")).toBe("96");
  });

  it("lifts a limit that is gone, and sets one that is new", async () => {
    await start({ a: "{ requests: 1, window: 30d }" });
    await statuses(2, () => get("/a"));
    await gateway.reload(configuration({}));
    expect(count(await statuses(5, () => get("/a")), 200)).toBe(5);
    await gateway.reload(configuration({ a: "{ requests: 2, window: 30d }" }));
    expect(count(await statuses(5, () => get("/a")), 200)).toBe(2);
  });
});
