import { describe, expect, it } from "vitest";
import { useFaults } from "../../helpers/faults.ts";
import { ask, errorsOf, failWith, isWhole, SAID, textOf } from "../../helpers/model-route.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const CLAUDE = "{ provider: anthropic, model: claude-haiku-4-5 }";
const GPT = "{ provider: openai, model: gpt-4o-mini }";
const GEMINI = "{ provider: gemini, model: gemini-2.5-flash }";
const route = (name: string, targets: string, rest = "") => `
  - name: ${name}
    targets: [${targets}]
    timeouts: { idle: 250ms }
    retries: { attempts: 1, backoff: 1ms }
    circuit_breaker: { failures: 0 }
${rest}`;

const faults = useFaults(
  [
    route("plain", `${GPT}, ${CLAUDE}`),
    route("continued", `${GPT}, ${CLAUDE}`, "    on_broken_stream: continue"),
    route("continued-here", CLAUDE, "    on_broken_stream: continue"),
    route("restarted", `${GPT}, ${GEMINI}`, "    on_broken_stream: restart"),
    route("restarted-here", CLAUDE, "    on_broken_stream: restart"),
    route(
      "refused",
      `${GPT}, { provider: gemini, model: gemini-2.5-flash, prefill: true }`,
      "    on_broken_stream: continue",
    ),
  ].join(""),
);

const BROKEN: [string, Behaviour][] = [
  ["cut in the middle", { kind: "cut-stream", afterEvents: 5 }],
  ["a stall in the middle", { kind: "stall-stream", afterEvents: 5 }],
  ["a malformed event", { kind: "malformed-event", afterEvents: 5 }],
  ["no end marker", { kind: "end-stream", afterEvents: 5 }],
  ["an error event", { kind: "error-event", afterEvents: 5 }],
];

describe.each(["openai", "anthropic"] as const)("a stream to a caller of %s", (inbound) => {
  const stream = { inbound, stream: true };

  it.each(BROKEN)("%s: another target goes on from there", async (_, behaviour) => {
    faults.providers.openai.behave(behaviour);
    const { text, record, status } = await ask(faults.at, { ...stream, fields: { model: "continued" } });
    expect(status).toBe(200);
    expect(textOf(text, inbound)).toBe(SAID);
    expect(isWhole(text, inbound)).toBe(true);
    expect(errorsOf(text, inbound)).toHaveLength(0);
    expect(faults.providers.openai.requests).toHaveLength(1);
    const turns = faults.providers.anthropic.last.body?.messages;
    expect(turns).toMatchObject([{ role: "user" }, { role: "assistant" }]);
    expect(JSON.stringify(turns)).toMatch(/"one[^"]*"/);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2, outcome: "ok", errorCode: null, status: 200 });
  });

  it.each(BROKEN)("%s: the same target goes on from there", async (_, behaviour) => {
    faults.providers.anthropic.behave(behaviour);
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "continued-here" } });
    expect(textOf(text, inbound)).toBe(SAID);
    expect(isWhole(text, inbound)).toBe(true);
    expect(faults.providers.anthropic.requests).toHaveLength(2);
    expect(record).toMatchObject({ attempts: 2, outcome: "ok", errorCode: null });
  });

  it.each(BROKEN)("%s: another target answers anew, and what was sent is skipped", async (_, behaviour) => {
    faults.providers.openai.behave(behaviour);
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "restarted" } });
    expect(textOf(text, inbound)).toBe(SAID);
    expect(isWhole(text, inbound)).toBe(true);
    expect(faults.providers.gemini.requests).toHaveLength(1);
    expect(record).toMatchObject({ provider: "gemini", attempts: 2, outcome: "ok" });
  });

  it.each(BROKEN)("%s: nothing is said of it, and the stream ends with an error", async (_, behaviour) => {
    faults.providers.anthropic.behave(behaviour);
    const other = { ...stream, inbound: inbound === "openai" ? "anthropic" : "openai" } as const;
    faults.providers.openai.behave(behaviour);
    const { text, record } = await ask(faults.at, { ...other, fields: { model: "plain" } });
    const isRead = other.inbound === "anthropic" || behaviour.kind !== "malformed-event";
    expect(isWhole(text, other.inbound)).toBe(!isRead);
    if (!isRead) return;
    expect(errorsOf(text, other.inbound)).toHaveLength(1);
    expect(record).toMatchObject({ provider: "openai", attempts: 1, outcome: "upstream_cut" });
    expect(faults.providers.anthropic.requests).toHaveLength(0);
  });

  it("is not sent again where another target answers something else", async () => {
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 5 });
    faults.providers.gemini.behave(answerOf("one twenty"));
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "restarted" } });
    expect(SAID.startsWith(textOf(text, inbound))).toBe(true);
    expect(isWhole(text, inbound)).toBe(false);
    expect(errorsOf(text, inbound)).toHaveLength(1);
    expect(record).toMatchObject({ attempts: 2, outcome: "upstream_cut", errorCode: "upstream_reset" });
  });

  it("is answered anew where the beginning is refused", async () => {
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 5 });
    faults.providers.gemini.behave(failWith(400, "the conversation must end with a user message"));
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "refused" } });
    expect(textOf(text, inbound)).toBe(SAID);
    expect(isWhole(text, inbound)).toBe(true);
    const [first, second] = faults.providers.gemini.requests;
    expect(first?.body?.contents).toHaveLength(2);
    expect(second?.body?.contents).toHaveLength(1);
    expect(record).toMatchObject({ provider: "gemini", attempts: 3, outcome: "ok" });
  });

  it("needs nobody else when it breaks off behind the last token", async () => {
    // The head, six tokens, and what says why the model stopped; the end marker is missing.
    faults.providers.anthropic.behave({ kind: "cut-stream", afterEvents: 11 });
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "continued-here" } });
    expect(textOf(text, inbound)).toBe(SAID);
    expect(isWhole(text, inbound)).toBe(true);
    expect(faults.providers.anthropic.requests).toHaveLength(1);
    expect(record).toMatchObject({ attempts: 1, outcome: "ok", outputTokens: 6 });
  });

  it("is not gone on with for a caller who has left", async () => {
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 5 });
    faults.providers.anthropic.pace(200);
    faults.at.records.length = 0;
    const controller = new AbortController();
    const call = ask(faults.at, { ...stream, fields: { model: "continued" }, signal: controller.signal }).catch(
      () => null,
    );
    await faults.providers.anthropic.arrived(1);
    controller.abort();
    await call;
    await expect.poll(() => faults.providers.anthropic.last.aborted).toBe(true);
    const record = await waitFor(() => faults.at.records[0], "the record of the call");
    expect(record).toMatchObject({ outcome: "client_aborted", attempts: 2 });
    expect(JSON.parse(record.otherAttempts ?? "[]")).toMatchObject([{ provider: "openai", outcome: "broken" }]);
    expect(record.inputTokens).toBeGreaterThan(0);
  });

  it("costs what both attempts have used, each at its own price", async () => {
    const before = await costs();
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 5 });
    const { text, record } = await ask(faults.at, { ...stream, fields: { model: "continued" } });
    expect(isWhole(text, inbound)).toBe(true);
    const attempts = JSON.parse(record.otherAttempts ?? "[]");
    expect(attempts).toMatchObject([
      { provider: "openai", model: "gpt-4o-mini", outcome: "broken", error: "upstream_reset" },
    ]);
    const [broken] = attempts;
    expect(broken.inputTokens).toBeGreaterThan(0);
    expect(broken.outputTokens).toBeGreaterThan(0);
    // Claude Haiku 4.5: 1 and 5 dollars for a million tokens, 10 cents for those that were cached.
    const input = (record.inputTokens ?? 0) - broken.inputTokens;
    const cached = record.cachedInputTokens ?? 0;
    const output = (record.outputTokens ?? 0) - broken.outputTokens;
    expect(input).toBeGreaterThan(0);
    expect(output).toBeGreaterThan(0);
    expect(record.costUsd).toBeCloseTo(broken.costUsd + (input - cached * 0.9 + output * 5) / 1e6, 9);
    const after = await costs();
    expect((after.openai ?? 0) - (before.openai ?? 0)).toBeCloseTo(broken.costUsd, 9);
    expect((after.anthropic ?? 0) - (before.anthropic ?? 0)).toBeCloseTo((record.costUsd ?? 0) - broken.costUsd, 9);
    expect(broken.costUsd).toBeCloseTo((broken.inputTokens * 0.15 + broken.outputTokens * 0.6) / 1e6, 12);
  });
});

interface Metric {
  name: string;
  values: { value: number; labels: Record<string, string> }[];
}

/** By provider, in US dollars. */
async function costs(): Promise<Record<string, number>> {
  const metrics = (await faults.at.gateway.collectMetrics()) as Metric[];
  const { values } = metrics.find(({ name }) => name === "tidegate_cost_usd_total") ?? { values: [] };
  const sums: Record<string, number> = {};
  for (const { value, labels } of values) sums[labels.provider ?? ""] = (sums[labels.provider ?? ""] ?? 0) + value;
  return sums;
}

/** A whole stream of Gemini that says this. */
function answerOf(text: string): Behaviour {
  const piece = { candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }] };
  return {
    kind: "status",
    status: 200,
    headers: { "content-type": "text/event-stream" },
    body: `data: ${JSON.stringify(piece)}\n\n`,
  };
}
