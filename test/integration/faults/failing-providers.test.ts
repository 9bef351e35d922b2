import { describe, expect, it } from "vitest";
import { useFaults } from "../../helpers/faults.ts";
import { ask, failWith, SAID } from "../../helpers/model-route.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const GPT = "{ provider: openai, model: gpt-4o-mini }";
const CLAUDE = "{ provider: anthropic, model: claude-haiku-4-5 }";
const route = (name: string, targets: string, rest: string) => `
  - name: ${name}
    targets: [${targets}]
${rest}`;

const OPEN_MS = 300;
const faults = useFaults(
  [
    route(
      "alone",
      GPT,
      "    retries: { attempts: 2, backoff: 1ms, max_backoff: 2s }\n    circuit_breaker: { failures: 0 }",
    ),
    route(
      "impatient",
      GPT,
      "    retries: { attempts: 2, backoff: 1ms, max_backoff: 500ms }\n    circuit_breaker: { failures: 0 }",
    ),
    route("failover", `${GPT}, ${CLAUDE}`, "    timeouts: { first_byte: 300ms }\n    circuit_breaker: { failures: 0 }"),
    route(
      "filtered",
      `${GPT}, ${CLAUDE}`,
      "    retries: { on: [content_filter] }\n    circuit_breaker: { failures: 0 }",
    ),
    route(
      "same-model",
      "{ provider: openai, model: gpt-4o }, { provider: openai, model: gpt-4o, weight: 2 }",
      "    circuit_breaker: { failures: 0 }",
    ),
    route(
      "recovering",
      "{ provider: openai, model: gpt-5-mini }, { provider: gemini, model: gemini-2.5-flash }",
      `    retries: { attempts: 0 }\n    circuit_breaker: { failures: 2, open: ${OPEN_MS}ms }`,
    ),
  ].join("\n"),
);

const textIn = (text: string) => JSON.parse(text).choices[0].message.content;
const others = (notes: string | null) => JSON.parse(notes ?? "[]");

describe("with no other target", () => {
  it("500 once: the answer comes after a second request", async () => {
    faults.providers.openai.behave(failWith(500));
    const { text, record } = await ask(faults.at, { fields: { model: "alone" } });
    expect(textIn(text)).toBe(SAID);
    expect(faults.providers.openai.requests).toHaveLength(2);
    expect(record).toMatchObject({ provider: "openai", attempts: 2, outcome: "ok", outputTokens: 6 });
    expect(others(record.otherAttempts)).toEqual([
      {
        provider: "openai",
        model: "gpt-4o-mini",
        outcome: "failed",
        error: "provider_error",
        inputTokens: null,
        outputTokens: null,
        costUsd: null,
      },
    ]);
  });

  it("503 for good: its own error, after as many requests as are allowed", async () => {
    faults.providers.openai.always(failWith(503, "come back later"));
    const { status, text, record } = await ask(faults.at, { fields: { model: "alone" } });
    expect(status).toBe(503);
    expect(JSON.parse(text).error.message).toContain("come back later");
    expect(faults.providers.openai.requests).toHaveLength(3);
    expect(record).toMatchObject({ attempts: 3, outcome: "error", errorCode: "provider_error", costUsd: null });
  });

  it("429 with retry-after: the next request is not made before", async () => {
    faults.providers.openai.behave(failWith(429, "slow down", { "retry-after": "1" }));
    const { status, record } = await ask(faults.at, { fields: { model: "alone" } });
    expect(status).toBe(200);
    const [first, second] = faults.providers.openai.requests;
    expect((second?.arrivedAtMs ?? 0) - (first?.arrivedAtMs ?? 0)).toBeGreaterThanOrEqual(1000);
    expect(record).toMatchObject({ attempts: 2, outcome: "ok" });
  });

  it("429 with a retry-after beyond what is waited for: its own answer, at once", async () => {
    faults.providers.openai.behave(failWith(429, "slow down", { "retry-after": "30" }));
    const { status, headers, record } = await ask(faults.at, { fields: { model: "impatient" } });
    expect(status).toBe(429);
    expect(headers.get("retry-after")).toBe("30");
    expect(faults.providers.openai.requests).toHaveLength(1);
    expect(record).toMatchObject({ attempts: 1, outcome: "error" });
  });

  it("429 without retry-after: after a back-off", async () => {
    faults.providers.openai.behave(failWith(429), failWith(429));
    const { status, record } = await ask(faults.at, { fields: { model: "alone" } });
    expect(status).toBe(200);
    expect(faults.providers.openai.requests).toHaveLength(3);
    expect(record).toMatchObject({ attempts: 3, outcome: "ok" });
  });

  it("too long a request: one request, though another target has the same model", async () => {
    const tooLong = failWith(400, "This model's maximum context length is 128000 tokens.");
    faults.providers.openai.always(tooLong);
    const { status, record } = await ask(faults.at, { fields: { model: "same-model" } });
    expect(status).toBe(400);
    expect(faults.providers.openai.requests).toHaveLength(1);
    expect(record).toMatchObject({ attempts: 1, errorCode: "provider_error" });
  });
});

describe("with another target", () => {
  it.each([
    ["429 with retry-after", failWith(429, "slow down", { "retry-after": "30" })],
    ["429 without retry-after", failWith(429)],
    ["500", failWith(500)],
    ["503", failWith(503)],
    ["a reset before the head", { kind: "reset" }],
    ["no answer", { kind: "stall" }],
  ] as [string, Behaviour][])("%s: it answers at once", async (_, behaviour) => {
    for (const stream of [false, true]) {
      faults.providers.openai.reset();
      faults.providers.openai.behave(behaviour);
      const { status, record } = await ask(faults.at, { stream, fields: { model: "failover" } });
      expect(status).toBe(200);
      expect(record).toMatchObject({ provider: "anthropic", attempts: 2, outcome: "ok", errorCode: null });
      expect(record.modelServed).toContain("claude-haiku-4-5");
      expect(record.totalMs).toBeLessThan(5000);
      expect(faults.providers.openai.requests).toHaveLength(1);
      expect(others(record.otherAttempts)).toMatchObject([{ provider: "openai", outcome: "failed", costUsd: null }]);
      // Nothing is known to have been charged for the first one.
      const { inputTokens, cachedInputTokens, outputTokens } = record;
      const costUsd = ((inputTokens ?? 0) - (cachedInputTokens ?? 0) * 0.9 + (outputTokens ?? 0) * 5) / 1e6;
      expect(record.costUsd).toBeCloseTo(costUsd, 9);
    }
  });

  it("a filter: it is asked where the route says so", async () => {
    faults.providers.openai.behave({
      kind: "status",
      status: 400,
      body: { error: { message: "filtered", type: null, param: "prompt", code: "content_filter" } },
    });
    const { text, record } = await ask(faults.at, { fields: { model: "filtered" } });
    expect(textIn(text)).toBe(SAID);
    expect(faults.providers.openai.requests).toHaveLength(1);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
  });
});

describe("a first target that goes down and comes back", () => {
  it("is left alone meanwhile, and gets its calls again afterwards", async () => {
    const call = () => ask(faults.at, { fields: { model: "recovering" } });
    expect((await call()).record).toMatchObject({ provider: "openai" });
    faults.providers.openai.reset();
    faults.providers.openai.always(failWith(503));
    const downAtMs = Date.now();
    let calls = 0;
    while (Date.now() - downAtMs < 3 * OPEN_MS) {
      const { status, record } = await call();
      expect(status).toBe(200);
      expect(record).toMatchObject({ provider: "gemini", outcome: "ok" });
      calls++;
    }
    // Two failures, then one probe whenever the circuit was open for its time.
    const asked = faults.providers.openai.requests.length;
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(asked).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - downAtMs) / OPEN_MS));
    expect(calls).toBeGreaterThan(asked);
    const page = JSON.stringify(await faults.at.gateway.collectMetrics());
    expect(page).toMatch(
      /"value":1,"labels":\{"provider":"openai","model":"gpt-5-mini","state":"(?:open|half-open)"\}/,
    );
    faults.providers.openai.always(null);
    await waitFor(async () => (await call()).record.provider === "openai", "the first target to be back");
    expect((await call()).record).toMatchObject({ provider: "openai", attempts: 1 });
  });
});
