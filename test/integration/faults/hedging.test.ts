import { describe, expect, it } from "vitest";
import { useFaults } from "../../helpers/faults.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { ask, failWith, isWhole, SAID, textOf } from "../../helpers/model-route.ts";

import { waitFor } from "../../helpers/wait-for.ts";

const TARGETS = "[{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }]";
const route = (name: string, hedging: string) => `
  - name: ${name}
    targets: ${TARGETS}
    retries: { attempts: 0 }
    circuit_breaker: { failures: 0 }
    hedging: ${hedging}`;

const faults = useFaults(
  [
    route("hedged", "{ after: 100ms, max_share: 100% }"),
    route("rarely", "{ after: 10ms, max_share: 20% }"),
    route("by-percentile", "{ after: p95, min_delay: 60ms, max_share: 100% }"),
  ].join(""),
);

const slow = { kind: "delay", ms: 4000 } as const;

describe.each([
  ["a stream", true],
  ["a whole answer", false],
] as const)("%s", (_, stream) => {
  const said = (text: string) => (stream ? textOf(text, "openai") : JSON.parse(text).choices[0].message.content);

  it("is the second target's, when the first one is slow", async () => {
    faults.providers.openai.behave(slow);
    const { text, record, headers } = await ask(faults.at, { stream, fields: { model: "hedged" } });
    expect(said(text)).toBe(SAID);
    if (stream) expect(isWhole(text, "openai")).toBe(true);
    expect(headers.get("x-tidegate-hedge")).toBe("won");
    expect(headers.get("x-tidegate-provider")).toBe("anthropic");
    expect(headers.get("x-tidegate-attempts")).toBe("2");
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2, outcome: "ok", errorCode: null });
    expect(record.modelServed).toContain("claude-haiku-4-5");
    expect(record.totalMs).toBeLessThan(3000);
    // The loser is cancelled, and paid for: what it was asked is an estimate.
    const [loser] = JSON.parse(record.otherAttempts ?? "[]");
    expect(loser).toMatchObject({ provider: "openai", model: "gpt-4o-mini", outcome: "lost", outputTokens: 0 });
    expect(loser.inputTokens).toBeGreaterThan(0);
    expect(loser.costUsd).toBeCloseTo((loser.inputTokens * 0.15) / 1e6, 12);
    expect(record.inputTokens).toBeGreaterThan(loser.inputTokens);
    expect(record.costUsd).toBeGreaterThan(loser.costUsd);
    await expect.poll(() => faults.providers.openai.last.aborted).toBe(true);
  });

  it("is the first target's, when the second one is slower still", async () => {
    faults.providers.openai.behave({ kind: "delay", ms: 500 });
    faults.providers.anthropic.behave(slow);
    const { text, record, headers } = await ask(faults.at, { stream, fields: { model: "hedged" } });
    expect(said(text)).toBe(SAID);
    expect(headers.get("x-tidegate-hedge")).toBe("lost");
    expect(record).toMatchObject({ provider: "openai", attempts: 2, outcome: "ok" });
    expect(JSON.parse(record.otherAttempts ?? "[]")).toMatchObject([{ provider: "anthropic", outcome: "lost" }]);
    await expect.poll(() => faults.providers.anthropic.last.aborted).toBe(true);
  });

  it("is asked once where the first target is in time", async () => {
    const { headers, record } = await ask(faults.at, { stream, fields: { model: "hedged" } });
    expect(headers.get("x-tidegate-hedge")).toBeNull();
    expect(record).toMatchObject({ provider: "openai", attempts: 1, otherAttempts: null });
    expect(faults.providers.anthropic.requests).toHaveLength(0);
  });

  it("goes on with the target that is left, when the other one fails", async () => {
    faults.providers.openai.behave({ kind: "delay", ms: 600 });
    faults.providers.anthropic.behave(failWith(500));
    const { text, record } = await ask(faults.at, { stream, fields: { model: "hedged" } });
    expect(said(text)).toBe(SAID);
    expect(record).toMatchObject({ provider: "openai", attempts: 2, outcome: "ok", errorCode: null });
    expect(JSON.parse(record.otherAttempts ?? "[]")).toMatchObject([{ provider: "anthropic", outcome: "failed" }]);
    expect(faults.providers.openai.requests).toHaveLength(1);
  });
});

describe("hedging", () => {
  it("asks a second target for a share of the calls at most", async () => {
    faults.providers.openai.always({ kind: "delay", ms: 60 });
    for (let call = 0; call < 20; call++) await ask(faults.at, { fields: { model: "rarely" } });
    expect(faults.providers.openai.requests).toHaveLength(20);
    // A fifth; rounding may cost one.
    expect(faults.providers.anthropic.requests.length).toBeGreaterThanOrEqual(3);
    expect(faults.providers.anthropic.requests.length).toBeLessThanOrEqual(4);
  });

  it("goes by a percentile of what the target itself took, once enough is known", async () => {
    faults.providers.openai.behave({ kind: "delay", ms: 400 });
    // Nothing is known yet: nothing is hedged, however long it takes.
    await ask(faults.at, { fields: { model: "by-percentile" } });
    expect(faults.providers.anthropic.requests).toHaveLength(0);
    for (let call = 0; call < 40; call++) await ask(faults.at, { fields: { model: "by-percentile" } });
    faults.providers.openai.behave(slow);
    const { record } = await ask(faults.at, { fields: { model: "by-percentile" } });
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
    expect(record.totalMs).toBeLessThan(3000);
  });

  it.each([
    ["tools that the provider runs", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["answers that are kept", { store: true }],
  ])("never sends twice what has effects: %s", async (_, fields) => {
    faults.providers.openai.behave({ kind: "delay", ms: 400 });
    faults.providers.anthropic.behave({ kind: "delay", ms: 400 });
    await ask(faults.at, {
      inbound: "store" in fields ? "openai" : "anthropic",
      fields: { model: "hedged", ...fields },
    });
    const asked = faults.providers.openai.requests.length + faults.providers.anthropic.requests.length;
    expect(asked).toBe(1);
  });

  it("ends both attempts when the caller leaves", async () => {
    faults.providers.openai.behave(slow);
    faults.providers.anthropic.behave(slow);
    const controller = new AbortController();
    const call = fetch(`${faults.at.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
      body: JSON.stringify({ model: "hedged", messages: [{ role: "user", content: "hello" }] }),
      signal: controller.signal,
    }).catch(() => null);
    await faults.providers.anthropic.arrived(1);
    faults.at.records.length = 0;
    controller.abort();
    await call;
    await expect.poll(() => faults.providers.openai.last.aborted && faults.providers.anthropic.last.aborted).toBe(true);
    const record = await waitFor(() => faults.at.records[0], "the record of the call");
    expect(record).toMatchObject({ outcome: "client_aborted", attempts: 2 });
  });

  it("is counted", async () => {
    const page = JSON.stringify(await faults.at.gateway.collectMetrics());
    expect(page).toContain("tidegate_hedged_calls_total");
    for (const outcome of ["won", "lost", "over_share"]) expect(page).toContain(`"outcome":"${outcome}"`);
  });
});
