import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import type { ChatResponse, Part } from "../../../src/contracts/ir.ts";
import { anthropicInbound, anthropicOutbound } from "../../../src/dialects/anthropic/index.ts";

const target = { model: "claude-opus-4-8", defaultMaxOutputTokens: 4096 };
const noHeader = () => undefined;

describe("an error for a caller of the Messages API", () => {
  it.each([
    ["invalid_request", 400, "invalid_request_error"],
    ["missing_credentials", 401, "authentication_error"],
    ["subscription_required", 403, "permission_error"],
    ["model_not_found", 404, "not_found_error"],
    ["body_too_large", 413, "request_too_large"],
    ["rate_limited", 429, "rate_limit_error"],
    ["internal_error", 500, "api_error"],
    ["upstream_reset", 502, "api_error"],
    ["not_ready", 503, "overloaded_error"],
    ["upstream_total_timeout", 504, "timeout_error"],
  ] as const)("has the API's type and our code: %s", (code, status, type) => {
    const error = new GatewayError(code, "Why.");
    expect(error.status).toBe(status);
    expect(JSON.parse(anthropicInbound.formatError(error, "req_9"))).toStrictEqual({
      type: "error",
      error: { type, message: "Why.", details: { error_code: code } },
      request_id: "req_9",
    });
    expect(anthropicInbound.formatStreamError(error, "req_9")).toBe(
      `event: error\ndata: ${anthropicInbound.formatError(error, "req_9")}\n\n`,
    );
  });
});

describe("an error of Anthropic", () => {
  it("is told apart from a proxy's page or an empty body", () => {
    for (const body of ["<html><h1>502 Bad Gateway</h1></html>", "", null, { message: "?" }]) {
      const failure = anthropicOutbound.parseError(502, noHeader, body);
      expect(failure).toMatchObject({ status: 502, type: null });
      expect(failure.message).toBe("The provider answered with status 502 and no readable reason.");
    }
    expect(anthropicOutbound.parseError(500, noHeader, "  upstream\nfailed ").message).toBe("upstream failed");
  });

  it("tells how long to wait, in seconds or as a date", () => {
    const body = { type: "error", error: { type: "rate_limit_error", message: "Slow down" } };
    const header = (value: string) => (name: string) => (name === "retry-after" ? value : undefined);
    expect(anthropicOutbound.parseError(429, header("7"), body).retryAfterMs).toBe(7000);
    const date = new Date(Date.now() + 60_000).toUTCString();
    const wait = anthropicOutbound.parseError(429, header(date), body).retryAfterMs;
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThanOrEqual(60_000);
    expect(anthropicOutbound.parseError(429, header("soon"), body).retryAfterMs).toBeNull();
  });
});

describe("an answer that is none", () => {
  it.each([[null], ["text"], [{}], [{ type: "message" }], [{ type: "message", content: ["x"] }]])(
    "is an upstream error: %j",
    (body) => {
      expect(() => anthropicOutbound.parseChatResponse(body, target)).toThrowError(
        expect.objectContaining({ code: "upstream_protocol_error" }),
      );
    },
  );
});

describe("tool arguments of another provider's model that are no JSON object", () => {
  const context = { model: "m", requestId: "req_1", includeUsage: true };
  const part: Part = { type: "tool_call", id: "a", name: "f", arguments: '{"x":' };
  const response = (finishReason: "tool_calls" | "length"): ChatResponse => ({
    id: "1",
    model: "m",
    choices: [{ index: 0, content: [part], finishReason }],
  });

  it("are an upstream error, since they can't be written", () => {
    expect(() => anthropicInbound.formatChatResponse(response("tool_calls"), context)).toThrowError(
      expect.objectContaining({ code: "upstream_protocol_error" }),
    );
  });

  it("are empty when the output limit cut them", () => {
    const message = JSON.parse(anthropicInbound.formatChatResponse(response("length"), context));
    expect(message.content).toStrictEqual([{ type: "tool_use", id: "a", name: "f", input: {} }]);
    expect(message.stop_reason).toBe("max_tokens");
  });
});
