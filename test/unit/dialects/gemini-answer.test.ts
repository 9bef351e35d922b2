import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/contracts/ir.ts";
import { geminiOutbound } from "../../../src/dialects/gemini/index.ts";

const target = { model: "gemini-3-flash", defaultMaxOutputTokens: 4096 };

function stream(...chunks: unknown[]): ChatEvent[] {
  const parser = geminiOutbound.createStreamParser(target);
  const events = chunks.flatMap((chunk) => {
    const data = typeof chunk === "string" ? chunk : JSON.stringify(chunk);
    return parser.push({ event: "", data });
  });
  return [...events, ...parser.finish()];
}

const call = (name: string, args: object = {}) => ({ functionCall: { name, args } });
const candidate = (parts: object[], more: object = {}) => ({
  candidates: [{ content: { role: "model", parts }, ...more }],
});

describe("an answer of Gemini", () => {
  it.each([[null], ["text"], [{}], [{ candidates: [] }], [{ candidates: "x" }]])("is none: %j", (body) => {
    expect(() => geminiOutbound.parseChatResponse(body, target)).toThrowError(
      expect.objectContaining({ code: "upstream_protocol_error" }),
    );
  });

  it("gives calls without an id one each, the same whenever it is read, streamed or not", () => {
    const body = {
      responseId: "r1",
      ...candidate([call("f"), call("f"), call("g", { x: 1 })], { finishReason: "STOP" }),
    };
    const read = () =>
      geminiOutbound
        .parseChatResponse(body, target)
        .choices.flatMap((choice) => choice.content.map((part) => (part.type === "tool_call" ? part.id : "")));
    expect(new Set(read()).size).toBe(3);
    expect(read()).toStrictEqual(read());
    const streamed = stream(body).flatMap((event) => (event.type === "tool_call_start" ? [event.id] : []));
    expect(streamed).toStrictEqual(read());
    const other = geminiOutbound.parseChatResponse({ ...body, responseId: "r2" }, target).choices[0]?.content[0];
    expect(other).not.toMatchObject({ id: read()[0] });
  });

  it.each([
    ["STOP", "stop"],
    ["MAX_TOKENS", "length"],
    ["SAFETY", "content_filter"],
    ["RECITATION", "content_filter"],
    ["BLOCKLIST", "content_filter"],
    ["PROHIBITED_CONTENT", "content_filter"],
    ["SPII", "content_filter"],
    ["MALFORMED_FUNCTION_CALL", "error"],
    ["OTHER", "other"],
    ["A_LATER_REASON", "other"],
  ])("ends for the reason %s", (finishReason, reason) => {
    const response = geminiOutbound.parseChatResponse(candidate([{ text: "x" }], { finishReason }), target);
    expect(response.choices[0]?.finishReason).toBe(reason);
  });
});

describe("an answer with nothing in it but a function call that Gemini could not read", () => {
  const body = candidate([], { finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: "print(x)" });

  it("is a failure of the provider, streamed or not", () => {
    const failure = { status: 502, type: "MALFORMED_FUNCTION_CALL", message: expect.stringContaining("print(x)") };
    expect(() => geminiOutbound.parseChatResponse(body, target)).toThrowError(
      expect.objectContaining({ code: "provider_error", status: 502, provider: expect.objectContaining(failure) }),
    );
    expect(stream(body).at(-1)).toMatchObject({ type: "error", failure });
  });

  it("bug: is one for a reason that is not known yet as well, and none where Gemini gives no reason", () => {
    const later = candidate([], { finishReason: "A_LATER_REASON" });
    expect(() => geminiOutbound.parseChatResponse(later, target)).toThrowError(/A_LATER_REASON/);
    expect(stream(later).at(-1)).toMatchObject({ type: "error", failure: { type: "A_LATER_REASON" } });
    for (const finishReason of ["STOP", "OTHER", "MAX_TOKENS"]) {
      const { choices } = geminiOutbound.parseChatResponse(candidate([], { finishReason }), target);
      expect(choices[0]?.content).toEqual([]);
    }
  });
});

describe("a stream of Gemini", () => {
  it("is complete only when every candidate has given its finish reason", () => {
    const two = {
      candidates: [
        { index: 0, finishReason: "STOP" },
        { index: 1, content: { parts: [{ text: "x" }] } },
      ],
    };
    expect(stream(two).at(-1)).toMatchObject({ type: "error", failure: { status: 502 } });
    expect(stream(two, { candidates: [{ index: 1, finishReason: "STOP" }] }).at(-1)).toStrictEqual({ type: "end" });
    expect(stream()).toMatchObject([{ type: "error" }]);
  });

  it("may call functions after it gave its finish reason", () => {
    const events = stream(candidate([{ text: "x" }], { finishReason: "STOP" }), candidate([call("f")]));
    expect(events.filter((event) => event.type === "finish")).toStrictEqual([
      { type: "finish", choice: 0, reason: "tool_calls" },
    ]);
  });

  it.each(["{", "null", "3"])("is an error when an event is no JSON object: %s", (data) => {
    expect(stream(data, candidate([], { finishReason: "STOP" }))).toMatchObject([
      { type: "error", failure: { status: 502 } },
    ]);
  });

  it("is over after an error, which may come in an array", () => {
    const error = { error: { code: 429, message: "Quota", status: "RESOURCE_EXHAUSTED" } };
    expect(stream([error], candidate([{ text: "x" }]))).toMatchObject([
      { type: "error", failure: { status: 429, type: "RESOURCE_EXHAUSTED", message: "Quota" } },
    ]);
  });
});

describe("an error of Gemini", () => {
  const noHeader = () => undefined;

  it("tells how long to wait in its details rather than its headers", () => {
    const body = {
      error: {
        code: 429,
        message: "Quota",
        status: "RESOURCE_EXHAUSTED",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.25s" }],
      },
    };
    expect(geminiOutbound.parseError(429, () => "9", body).retryAfterMs).toBe(250);
    expect(
      geminiOutbound.parseError(429, (name) => (name === "retry-after" ? "9" : undefined), { error: {} }),
    ).toMatchObject({
      status: 429,
      message: "The provider gave no reason.",
      retryAfterMs: 9000,
    });
  });

  it("is readable when it is not in Google's form", () => {
    expect(geminiOutbound.parseError(404, noHeader, "<!DOCTYPE html>…").message).toBe(
      "The provider answered with status 404 and no readable reason.",
    );
  });
});
