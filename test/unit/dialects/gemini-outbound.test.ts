import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import type { ChatRequest, EmbeddingRequest, Message } from "../../../src/contracts/ir.ts";
import { geminiOutbound } from "../../../src/dialects/gemini/index.ts";

const target = { model: "gemini-3-flash", defaultMaxOutputTokens: 4096 };
const hello: Message = { role: "user", content: [{ type: "text", text: "Hello" }] };

function request(more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: "m", messages: [hello], stream: false, includeUsage: false, ...more };
}

function errorOf(build: () => unknown): GatewayError {
  try {
    build();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

describe("a request to Gemini", () => {
  it.each<[string, string, Partial<ChatRequest>]>([
    ["unsupported_field", "parallel_tool_calls", { tools: [{ name: "f" }], parallelToolCalls: false }],
    ["unsupported_field", "service_tier", { serviceTier: "scale" }],
    ["unsupported_field", "tools[0]", { untranslatable: [{ dialect: "anthropic", param: "tools[0]" }] }],
    [
      "unsupported_field",
      "messages[0].content[0].image_url.file_id",
      { messages: [{ role: "user", content: [{ type: "image", source: { kind: "file_id", fileId: "file-abc" } }] }] },
    ],
    [
      "invalid_request",
      "messages[1].tool_call_id",
      { messages: [hello, { role: "tool", content: [{ type: "tool_result", toolCallId: "x", content: [] }] }] },
    ],
    [
      "invalid_request",
      "messages[0].tool_calls[0].function.arguments",
      { messages: [{ role: "assistant", content: [{ type: "tool_call", id: "a", name: "f", arguments: "{" }] }] },
    ],
    ["invalid_request", "messages", { messages: [{ role: "system", content: [{ type: "text", text: "x" }] }] }],
  ])("is refused (%s) naming the field: %s", (code, param, more) => {
    const error = errorOf(() => geminiOutbound.buildChatCall(request(more), target));
    expect(error.code).toBe(code);
    expect(error.param).toBe(param);
  });

  it.each([
    ["gemini-3-flash", "/models/gemini-3-flash:generateContent"],
    ["models/gemini-3-flash", "/models/gemini-3-flash:generateContent"],
    ["tunedModels/mine-1", "/tunedModels/mine-1:generateContent"],
    ["../files", "/models/..%2Ffiles:generateContent"],
    ["models/../x?key=1#", "/models/..%2Fx%3Fkey%3D1%23:generateContent"],
  ])("can't leave its path by the model's name: %s", (model, path) => {
    const call = geminiOutbound.buildChatCall(request(), { ...target, model });
    expect(call.path).toBe(path);
    expect(call.query).toBe("");
  });

  it("asks for server-sent events when streamed", () => {
    const call = geminiOutbound.buildChatCall(request({ stream: true }), target);
    expect(call.path).toBe("/models/gemini-3-flash:streamGenerateContent");
    expect(call.query).toBe("alt=sse");
  });
});

describe("an embedding request to Gemini", () => {
  const embeddings = geminiOutbound.embeddings;

  it("is refused for token ids", () => {
    const tokens: EmbeddingRequest = { model: "m", input: ["a", [1, 2]] };
    const error = errorOf(() => embeddings?.buildCall(tokens, target));
    expect(error.code).toBe("unsupported_field");
    expect(error.param).toBe("input[1]");
  });

  it.each([[null], [{}], [{ embeddings: [] }], [{ embedding: { values: ["x"] } }], [{ embeddings: [{}] }]])(
    "has no answer in %j",
    (body) => {
      expect(errorOf(() => embeddings?.parseResponse(body, target)).code).toBe("upstream_protocol_error");
    },
  );
});
