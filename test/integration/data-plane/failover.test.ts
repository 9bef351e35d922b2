import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { ask, failWith, SAID, useModelRoute } from "../../helpers/model-route.ts";

const route = useModelRoute();
const { startRoute } = route;

describe("the choice of a target", () => {
  it("failover: the first one, as long as it answers", async () => {
    const at = await startRoute({ targets: ["openai", "anthropic"] });
    for (let call = 0; call < 5; call++) {
      const { headers, record } = await ask(at);
      expect(headers.get("x-tidegate-provider")).toBe("openai");
      expect(record).toMatchObject({ modelAsked: "route", provider: "openai", attempts: 1 });
      expect(record.modelServed).toContain("gpt-4o-mini");
    }
    expect(route.providers.anthropic.requests).toHaveLength(0);
  });

  it("weighted: in proportion to the weights", async () => {
    const at = await startRoute({
      targets: [
        ["openai", 3],
        ["gemini", 1],
        ["anthropic", 0],
      ],
      strategy: "weighted",
    });
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, () => ask(at)));
    // Of 400 draws with a chance of 3 in 4; five standard deviations are 43.
    expect(Math.abs(route.providers.openai.requests.length - 300)).toBeLessThan(43);
    expect(route.providers.openai.requests.length + route.providers.gemini.requests.length).toBe(400);
    expect(route.providers.anthropic.requests).toHaveLength(0);
  });

  it("weighted: a weight of 0 is for failover only", async () => {
    const at = await startRoute({
      targets: [
        ["anthropic", 0],
        ["openai", 1],
      ],
      strategy: "weighted",
    });
    route.providers.openai.behave(failWith(503));
    const { status, record } = await ask(at);
    expect(status).toBe(200);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
  });

  it("latency: the fastest of late, after each was tried", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], strategy: "latency" });
    route.providers.openai.always({ kind: "delay", ms: 400 });
    for (let call = 0; call < 8; call++) await ask(at);
    expect(route.providers.openai.requests).toHaveLength(1);
    expect(route.providers.gemini.requests).toHaveLength(7);
  });

  it("least-busy: the one with fewer open calls", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], strategy: "least-busy" });
    route.providers.openai.behave({ kind: "delay", ms: 800 });
    const slow = ask(at);
    await route.providers.openai.arrived(1);
    for (let call = 0; call < 3; call++) expect((await ask(at)).record.provider).toBe("gemini");
    expect((await slow).record.provider).toBe("openai");
  });

  it("cost: the cheapest, then the next one", async () => {
    const at = await startRoute({ targets: ["anthropic", "gemini", "openai"], strategy: "cost" });
    expect((await ask(at)).record.provider).toBe("openai");
    route.providers.openai.behave(failWith(503));
    expect((await ask(at)).record).toMatchObject({ provider: "gemini", attempts: 2 });
  });

  it("sticky: the same for the same user, another while that one fails", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], strategy: "sticky", stickTo: "{ type: user }" });
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    const providerOf = async (user: string) => (await ask(at, { fields: { user } })).record.provider;
    const first: (string | null)[] = [];
    for (const user of users) first.push(await providerOf(user));
    expect(new Set(first)).toEqual(new Set(["openai", "gemini"]));
    for (const [index, user] of users.entries()) expect(await providerOf(user)).toBe(first[index]);
    const metadata = { user_id: users[0] };
    expect((await ask(at, { inbound: "anthropic", fields: { metadata } })).record.provider).toBe(first[0]);
    const ofOpenai = users[first.indexOf("openai")] ?? "";
    route.providers.openai.behave(failWith(503));
    expect(await providerOf(ofOpenai)).toBe("gemini");
    expect(await providerOf(ofOpenai)).toBe("openai");
    // Nobody is named: all are the application's.
    const unnamed = new Set<string | null>();
    for (let call = 0; call < 6; call++) unnamed.add((await ask(at)).record.provider);
    expect(unnamed.size).toBe(1);
  });

  it("passes over a target that can't do what the request asks", async () => {
    const at = await startRoute({ targets: ["anthropic", "openai"] });
    const { status, text, record } = await ask(at, { fields: { n: 2 } });
    expect(status).toBe(200);
    expect(JSON.parse(text).choices).toHaveLength(2);
    expect(record).toMatchObject({ provider: "openai", attempts: 1 });
    expect(route.providers.anthropic.requests).toHaveLength(0);
  });

  it("is a 400 when none can", async () => {
    const at = await startRoute({ targets: ["anthropic"] });
    const { status, text, record } = await ask(at, { fields: { n: 2 } });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "unsupported_field", param: "n" } });
    expect(record).toMatchObject({ attempts: 0, errorCode: "unsupported_field" });
  });
});

describe("retries", () => {
  it("repeat a failed attempt as often as configured", async () => {
    const at = await startRoute({ targets: ["openai"], retries: "{ attempts: 2, backoff: 10ms }" });
    route.providers.openai.behave(failWith(500), failWith(503));
    const { status, headers, record } = await ask(at);
    expect(status).toBe(200);
    expect(headers.get("x-tidegate-attempts")).toBe("3");
    expect(record).toMatchObject({ attempts: 3, status: 200, outcome: "ok", errorCode: null });
    expect(new Set(route.providers.openai.requests.map((request) => request.text)).size).toBe(1);
  });

  it("end with the last error", async () => {
    const at = await startRoute({ targets: ["openai"], retries: "{ attempts: 1, backoff: 10ms }" });
    route.providers.openai.behave(failWith(500, "first"), failWith(503, "second"), failWith(500, "third"));
    const { status, headers, text, record } = await ask(at);
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ error: { message: "second" } });
    expect(headers.get("x-tidegate-attempts")).toBe("2");
    expect(record).toMatchObject({ attempts: 2, status: 503, errorCode: "provider_error", outcome: "error" });
    expect(route.providers.openai.requests).toHaveLength(2);
  });

  it.each([
    ["retry-after", "1", 1000],
    ["retry-after-ms", "250", 250],
  ])("wait as long as %s says", async (header, value, waitMs) => {
    const at = await startRoute({ targets: ["openai"], retries: "{ attempts: 1, backoff: 1ms }" });
    route.providers.openai.behave(failWith(429, "slow down", { [header]: value }));
    expect((await ask(at)).status).toBe(200);
    const [first, second] = route.providers.openai.requests.map((request) => request.arrivedAtMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(waitMs);
  });

  it("wait as long as Gemini's RetryInfo says", async () => {
    const at = await startRoute({ targets: ["gemini"], retries: "{ attempts: 1, backoff: 1ms }" });
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.3s" }];
    const error = { code: 429, message: "Resource exhausted", status: "RESOURCE_EXHAUSTED", details };
    route.providers.gemini.behave({ kind: "status", status: 429, body: { error } });
    expect((await ask(at)).status).toBe(200);
    const [first, second] = route.providers.gemini.requests.map((request) => request.arrivedAtMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(300);
  });

  it("don't wait longer than the longest back-off: the caller is told how long instead", async () => {
    const at = await startRoute({ targets: ["openai"], retries: "{ attempts: 2, max_backoff: 1s }" });
    route.providers.openai.behave(failWith(429, "slow down", { "retry-after": "20" }));
    const { status, headers, record } = await ask(at);
    expect(status).toBe(429);
    expect(headers.get("retry-after")).toBe("20");
    expect(record.attempts).toBe(1);
    expect(route.providers.openai.requests).toHaveLength(1);
  });

  it.each([400, 401, 403, 404, 413, 422])("leave a %i alone", async (failure) => {
    const at = await startRoute({ targets: ["openai", "gemini"], retries: "{ attempts: 3, backoff: 1ms }" });
    route.providers.openai.behave(failWith(failure, "your mistake"));
    const { status, text, record } = await ask(at);
    expect(status).toBe(failure);
    expect(JSON.parse(text)).toMatchObject({ error: { message: "your mistake" } });
    expect(record.attempts).toBe(1);
    expect(route.providers.openai.requests).toHaveLength(1);
    expect(route.providers.gemini.requests).toHaveLength(0);
  });

  it("retry nothing but what is configured", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], retries: "{ attempts: 2, on: [502] }" });
    route.providers.openai.behave(failWith(500));
    expect((await ask(at)).status).toBe(500);
    expect(route.providers.gemini.requests).toHaveLength(0);
  });
});

describe("failover", () => {
  it.each([429, 500, 502, 503, 504, 529])("goes to the next target at once after a %i", async (failure) => {
    const at = await startRoute({ targets: ["openai", "anthropic"], retries: "{ attempts: 1 }" });
    route.providers.openai.behave(failWith(failure, "busy", { "retry-after": "30" }));
    const { status, headers, text, record } = await ask(at);
    expect(status).toBe(200);
    expect(JSON.parse(text).choices[0].message.content).toBe(SAID);
    expect(headers.get("x-tidegate-provider")).toBe("anthropic");
    expect(headers.get("x-tidegate-model")).toBe("claude-haiku-4-5");
    expect(headers.get("x-tidegate-attempts")).toBe("2");
    expect(record).toMatchObject({
      provider: "anthropic",
      modelServed: "claude-haiku-4-5",
      attempts: 2,
      outcome: "ok",
    });
    expect(route.providers.openai.requests).toHaveLength(1);
  });

  it("leaves a target alone for as long as it asked", async () => {
    const at = await startRoute({ targets: ["openai", "anthropic"], breaker: "{ failures: 5 }" });
    route.providers.openai.behave(failWith(429, "busy", { "retry-after": "30" }));
    await ask(at);
    const { record } = await ask(at);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 1 });
    expect(route.providers.openai.requests).toHaveLength(1);
  });

  it("tries every target even without retries, and ends with the last error in the caller's dialect", async () => {
    const at = await startRoute({ targets: ["openai", "anthropic", "gemini"] });
    const failures = () => {
      route.providers.openai.behave(failWith(500, "first"));
      route.providers.anthropic.behave(failWith(503, "second"));
      const error = { code: 503, message: "third", status: "UNAVAILABLE" };
      route.providers.gemini.behave({ kind: "status", status: 503, body: { error } });
    };
    failures();
    const openai = await ask(at);
    expect(openai.status).toBe(503);
    expect(JSON.parse(openai.text)).toMatchObject({ error: { message: "third", type: "UNAVAILABLE" } });
    expect(openai.record).toMatchObject({ attempts: 3, provider: "gemini", outcome: "error" });
    failures();
    const anthropic = await ask(at, { inbound: "anthropic", stream: true });
    expect(anthropic.status).toBe(503);
    expect(anthropic.headers.get("content-type")).toContain("application/json");
    expect(JSON.parse(anthropic.text)).toMatchObject({
      type: "error",
      error: { type: "overloaded_error", message: "third" },
    });
  });

  it("leaves a provider that can't be reached", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const models = (targets: string) => `
  - { name: "${targets.includes("openai") ? "route" : "alone"}", retries: { attempts: 0 }, circuit_breaker: { failures: 0 }, targets: [${targets}] }`;
    const gone = "{ provider: gone, model: any }";
    const at = await route.startWith(`
  - { id: gone, kind: vllm, base_url: "http://127.0.0.1:${port}/v1" }
models: ${models(`${gone}, { provider: openai, model: gpt-4o-mini }`)}${models(gone)}
`);
    expect((await ask(at)).record).toMatchObject({ provider: "openai", attempts: 2, outcome: "ok" });
    const alone = await ask(at, { fields: { model: "alone" } });
    expect(alone.status).toBe(502);
    expect(alone.record).toMatchObject({
      errorCode: "upstream_unreachable",
      attempts: 1,
      upstream: `127.0.0.1:${port}`,
    });
  });
});
