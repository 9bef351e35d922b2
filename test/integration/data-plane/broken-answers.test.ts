import { describe, expect, it } from "vitest";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { ask, errorsOf, isWhole, SAID, textOf, useModelRoute } from "../../helpers/model-route.ts";
import { triedHere } from "../../helpers/property-runs.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";
import { PROVIDER_NAMES, type ProviderName } from "../../helpers/unified-api.ts";

const route = useModelRoute();
const { startRoute } = route;

/** What a provider may do wrong before anything of its answer can have gone to the caller, and what that is called. */
const BROKEN_BEFORE: [Behaviour, code: string, status: number][] = [
  [{ kind: "reset" }, "upstream_reset", 502],
  [{ kind: "half-close" }, "upstream_reset", 502],
  [{ kind: "garbage" }, "upstream_protocol_error", 502],
  [{ kind: "not-json" }, "upstream_protocol_error", 502],
  [{ kind: "length-too-long" }, "upstream_reset", 502],
  [{ kind: "length-too-short" }, "upstream_protocol_error", 502],
  [{ kind: "stall" }, "upstream_first_byte_timeout", 504],
];

// To the native part they are all the same.
describe.each(triedHere(PROVIDER_NAMES))("a broken answer of %s", (name) => {
  const other = name === "gemini" ? "openai" : "gemini";
  /** Short ones only where a provider falls silent: elsewhere a busy machine must not be taken for a slow provider. */
  const timeoutsFor = ({ kind }: Behaviour) => (kind.startsWith("stall") ? "{ first_byte: 300ms, idle: 300ms }" : "{}");

  it.each(BROKEN_BEFORE)("fails over: $kind", async (behaviour) => {
    const at = await startRoute({ targets: [name, other], timeouts: timeoutsFor(behaviour) });
    route.providers[name].behave(behaviour);
    const { status, text, record } = await ask(at);
    expect(status).toBe(200);
    expect(JSON.parse(text).choices[0].message.content).toBe(SAID);
    expect(record).toMatchObject({ provider: other, attempts: 2, outcome: "ok", errorCode: null });
  });

  it.each(BROKEN_BEFORE)("is a clean error where there is no other target: $kind", async (behaviour, code, status) => {
    const at = await startRoute({ targets: [name], timeouts: timeoutsFor(behaviour) });
    for (const inbound of ["openai", "anthropic"] as const) {
      route.providers[name].behave(behaviour);
      const reply = await ask(at, { inbound });
      expect(reply.status).toBe(status);
      const body = JSON.parse(reply.text);
      expect(inbound === "openai" ? body.error.code : body.error.details.error_code).toBe(code);
      expect(body.error.message.length).toBeGreaterThan(10);
      expect(reply.record).toMatchObject({ status, errorCode: code, attempts: 1, outcome: "error" });
    }
    expect((await ask(at)).status).toBe(200);
  });

  it.each([
    { kind: "error-event", afterEvents: 0 },
    { kind: "stall-stream", afterEvents: 0 },
    { kind: "cut-stream", afterEvents: 0 },
    { kind: "end-stream", afterEvents: 0 },
    { kind: "reset" },
    { kind: "not-json" },
    { kind: "garbage" },
  ] as Behaviour[])("fails over before the first byte of a stream: $kind", async (behaviour) => {
    const at = await startRoute({ targets: [name, other], timeouts: timeoutsFor(behaviour) });
    for (const inbound of ["openai", "anthropic"] as const) {
      route.providers[name].behave(behaviour);
      const { status, text, record } = await ask(at, { stream: true, inbound });
      expect(status).toBe(200);
      expect(textOf(text, inbound)).toBe(SAID);
      expect(isWhole(text, inbound)).toBe(true);
      expect(record).toMatchObject({ provider: other, attempts: 2, outcome: "ok", streamed: true, outputTokens: 6 });
    }
  });

  it.each([
    [{ kind: "cut-stream", afterEvents: 5 }, "upstream_reset"],
    [{ kind: "end-stream", afterEvents: 5 }, null],
    [{ kind: "stall-stream", afterEvents: 5 }, "upstream_idle_timeout"],
    [{ kind: "error-event", afterEvents: 5 }, "provider_error"],
  ] as [Behaviour, string | null][])(
    "is an error within the stream after the first byte, and is not retried: $kind",
    async (behaviour, code) => {
      const at = await startRoute({
        targets: [name, other],
        timeouts: timeoutsFor(behaviour),
        retries: "{ attempts: 3, backoff: 1ms }",
      });
      for (const inbound of ["openai", "anthropic"] as const) {
        route.providers[name].reset();
        route.providers[name].behave(behaviour);
        const { status, text, record } = await ask(at, { stream: true, inbound });
        expect(status).toBe(200);
        expect(isWhole(text, inbound)).toBe(false);
        expect(SAID.startsWith(textOf(text, inbound))).toBe(true);
        expect(textOf(text, inbound)).not.toBe("");
        expect(errorsOf(text, inbound)).toHaveLength(1);
        expect(record).toMatchObject({
          outcome: "upstream_cut",
          status: 200,
          attempts: 1,
          streamed: true,
          provider: name,
        });
        expect(record.errorCode).not.toBeNull();
        if (code !== null) expect(record.errorCode).toBe(code);
        expect(route.providers[name].requests).toHaveLength(1);
        expect(route.providers[other].requests).toHaveLength(0);
      }
    },
  );

  it("is an error within the stream when an event of it is malformed", async () => {
    const inbound = name === "anthropic" ? "openai" : "anthropic";
    const at = await startRoute({ targets: [name, other] });
    route.providers[name].behave({ kind: "malformed-event", afterEvents: 5 });
    const { text, record } = await ask(at, { stream: true, inbound });
    expect(isWhole(text, inbound)).toBe(false);
    expect(errorsOf(text, inbound)).toHaveLength(1);
    expect(record).toMatchObject({ outcome: "upstream_cut", attempts: 1 });
    expect(route.providers[other].requests).toHaveLength(0);
  });
});

describe("bug: an answer that is compressed although nobody asked for it", () => {
  it.each(["gzip", "deflate", "br"] as const)("is read, whole and streamed: %s", async (coding) => {
    const at = await startRoute({ targets: ["openai"] });
    route.providers.openai.always({ kind: "compress", coding });
    for (const inbound of ["openai", "anthropic"] as const) {
      for (const stream of [false, true]) {
        // The first call of a kind takes the stages, the next ones the fast path.
        for (let call = 0; call < 2; call++) {
          const { status, text, record } = await ask(at, { inbound, stream });
          expect(status).toBe(200);
          expect(stream ? textOf(text, inbound) : text).toContain(SAID);
          expect(record).toMatchObject({ outcome: "ok", outputTokens: 6 });
        }
      }
    }
  });

  it("says what a provider refuses, and what can't be read", async () => {
    const at = await startRoute({ targets: ["openai"] });
    route.providers.openai.behave({ kind: "compress", coding: "gzip" });
    const refused = await ask(at, { fields: { temperature: 3 } });
    expect([refused.status, JSON.parse(refused.text).error.message]).toEqual([
      400,
      expect.stringMatching(/temperature/),
    ]);
    route.providers.openai.behave({ kind: "compress", coding: "zstd" });
    const { status, text } = await ask(at);
    expect([status, JSON.parse(text).error]).toEqual([
      502,
      expect.objectContaining({ code: "upstream_protocol_error", message: expect.stringContaining("zstd") }),
    ]);
  });
});

describe("bug: an error in a body whose status is 200", () => {
  const overloaded = { message: "Upstream is overloaded", type: "overloaded_error" };
  const BODIES: [ProviderName, body: object, status: number][] = [
    ["openai", { error: { code: 503, message: overloaded.message } }, 503],
    ["anthropic", { type: "error", error: overloaded }, 529],
    ["gemini", { error: { code: 503, message: overloaded.message, status: "UNAVAILABLE" } }, 503],
  ];

  it.each(BODIES)("fails over, whole and streamed, at %s", async (name, body) => {
    const other = name === "gemini" ? "openai" : "gemini";
    const at = await startRoute({ targets: [name, other], retries: "{ attempts: 0, on: [503, 529] }" });
    for (const inbound of ["openai", "anthropic"] as const) {
      for (const stream of [false, true]) {
        // Twice after a good answer: the fast path looks as well.
        await ask(at, { inbound, stream });
        for (let call = 0; call < 2; call++) {
          route.providers[name].behave({ kind: "status", status: 200, body });
          const { status, record } = await ask(at, { inbound, stream });
          expect([status, record.provider, record.attempts]).toEqual([200, other, 2]);
        }
      }
    }
  });

  it.each(BODIES)(
    "is the caller's error, with its reason, where there is no other target than %s",
    async (name, body, status) => {
      const at = await startRoute({ targets: [name] });
      for (const inbound of ["openai", "anthropic"] as const) {
        for (const stream of [false, true]) {
          route.providers[name].behave({ kind: "status", status: 200, body });
          const reply = await ask(at, { inbound, stream });
          expect(reply.status).toBe(status);
          expect(JSON.parse(reply.text).error.message).toBe(overloaded.message);
          expect(reply.record).toMatchObject({ status, outcome: "error", errorCode: "provider_error" });
        }
      }
    },
  );

  it("is one as well in a choice that failed, for callers of other dialects", async () => {
    const at = await startRoute({ targets: ["openai"] });
    const choice = { index: 0, message: { role: "assistant", content: "one" }, finish_reason: "error" };
    const body = { id: "c1", choices: [{ ...choice, error: { code: 502, message: "Provider disconnected" } }] };
    route.providers.openai.behave({ kind: "status", status: 200, body });
    const { status, text } = await ask(at, { inbound: "anthropic" });
    expect([status, JSON.parse(text).error.message]).toEqual([502, "Provider disconnected"]);
  });
});

describe("bug: JSON that is nested deeper than the stack goes", () => {
  const DEEP = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  const HEADERS = { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` };

  it("ends no more than the stream whose last event it is in", async () => {
    const at = await startRoute({ targets: ["openai"] });
    const call = { index: 0, id: "c1", type: "function", function: { name: "look", arguments: DEEP } };
    const chunk = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    // Without an end marker: what was gathered is written when the body ends.
    const events = [chunk({ role: "assistant", tool_calls: [call] }, null), chunk({}, "tool_calls")];
    route.providers.openai.behave({ kind: "events", events, intervalMs: 0 });
    const response = await fetch(`${at.url}/v1beta/models/route:streamGenerateContent?alt=sse`, {
      method: "POST",
      headers: HEADERS,
      body: JSON.stringify({ contents: [{ parts: [{ text: "Look." }] }] }),
    });
    expect(await response.text()).toContain("UPSTREAM_PROTOCOL_ERROR");
    expect(await at.record(response.headers.get("x-request-id"))).toMatchObject({
      errorCode: "upstream_protocol_error",
    });
    expect((await ask(at)).status).toBe(200);
  });

  it("is the provider's fault in an answer, and the caller's in a request", async () => {
    const at = await startRoute({ targets: ["openai"] });
    const call = { id: "c1", type: "function", function: { name: "look", arguments: DEEP } };
    const choice = { index: 0, message: { role: "assistant", content: null, tool_calls: [call] } };
    const body = { id: "c", choices: [{ ...choice, finish_reason: "tool_calls" }] };
    route.providers.openai.behave({ kind: "status", status: 200, body });
    const answered = await ask(at, { inbound: "anthropic" });
    expect(answered.record).toMatchObject({ status: 502, errorCode: "upstream_protocol_error" });
    const response = await fetch(`${at.url}/v1/messages`, {
      method: "POST",
      headers: HEADERS,
      body: `{"model":"route","max_tokens":9,"messages":[{"role":"user","content":"Look."}],"tools":[{"name":"look","input_schema":${DEEP}}]}`,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { details: { error_code: "invalid_request" } } });
    const options = await fetch(`${at.url}/v1/chat/completions`, {
      method: "POST",
      headers: HEADERS,
      body: `{"model":"route","stream":true,"stream_options":${DEEP},"messages":[{"role":"user","content":"Look."}]}`,
    });
    expect([options.status, await options.json()]).toEqual([
      400,
      { error: expect.objectContaining({ code: "invalid_request" }) },
    ]);
  });
});
