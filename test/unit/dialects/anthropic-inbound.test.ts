import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { anthropicInbound } from "../../../src/dialects/anthropic/index.ts";

const hello = { role: "user", content: "Hello" };
const valid = { model: "m", max_tokens: 10, messages: [hello] };

function withBlock(block: unknown, role = "user"): unknown {
  return { ...valid, messages: [hello, { role, content: [{ type: "text", text: "x" }, block] }] };
}

function errorOf(body: unknown): GatewayError {
  try {
    anthropicInbound.parseChatRequest(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the request was accepted");
}

it("bug: an empty list of MCP servers asks for nothing that others could not do", () => {
  expect(
    anthropicInbound.parseChatRequest({ ...valid, mcp_servers: [], container: null }).untranslatable,
  ).toBeUndefined();
});

const BAD_REQUESTS: [string, unknown, string | null][] = [
  ["no object", [], null],
  ["no model", { ...valid, model: undefined }, "model"],
  ["no max_tokens", { ...valid, max_tokens: undefined }, "max_tokens"],
  ["max_tokens as text", { ...valid, max_tokens: "10" }, "max_tokens"],
  ["no messages", { ...valid, messages: [] }, "messages"],
  ["messages as object", { ...valid, messages: {} }, "messages"],
  ["an unknown role", { ...valid, messages: [{ role: "tool", content: "x" }] }, "messages[0].role"],
  ["no content", { ...valid, messages: [{ role: "user" }] }, "messages[0].content"],
  ["a block without type", withBlock({ text: "x" }), "messages[1].content[1].type"],
  ["a text block without text", withBlock({ type: "text" }), "messages[1].content[1].text"],
  ["an image without source", withBlock({ type: "image" }), "messages[1].content[1].source"],
  [
    "an image source of an unknown type",
    withBlock({ type: "image", source: { type: "text", data: "x" } }),
    "messages[1].content[1].source.type",
  ],
  [
    "an image without data",
    withBlock({ type: "image", source: { type: "base64", media_type: "image/png" } }),
    "messages[1].content[1].source.data",
  ],
  [
    "a text document that is not plain",
    withBlock({ type: "document", source: { type: "text", media_type: "text/html", data: "x" } }),
    "messages[1].content[1].source.media_type",
  ],
  [
    "a tool_use in a user turn",
    withBlock({ type: "tool_use", id: "a", name: "f", input: {} }),
    "messages[1].content[1]",
  ],
  [
    "a tool_use whose input is text",
    withBlock({ type: "tool_use", id: "a", name: "f", input: "{}" }, "assistant"),
    "messages[1].content[1].input",
  ],
  ["a tool_result without id", withBlock({ type: "tool_result", content: "x" }), "messages[1].content[1].tool_use_id"],
  [
    "a bad block in a tool_result",
    withBlock({ type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: 1 }] }),
    "messages[1].content[1].content[0].text",
  ],
  [
    "thinking without signature",
    withBlock({ type: "thinking", thinking: "hm" }, "assistant"),
    "messages[1].content[1].signature",
  ],
  ["an image in a system message", withBlock({ type: "image", source: {} }, "system"), "messages[1].content[1]"],
  [
    "an unknown cache lifetime",
    withBlock({ type: "text", text: "x", cache_control: { type: "ephemeral", ttl: "2h" } }),
    "messages[1].content[1].cache_control.ttl",
  ],
  ["an image in the system prompt", { ...valid, system: [{ type: "image" }] }, "system[0].type"],
  ["a temperature above 1", { ...valid, temperature: 1.1 }, "temperature"],
  ["an empty stop sequence", { ...valid, stop_sequences: ["a", ""] }, "stop_sequences[1]"],
  ["a tool without schema", { ...valid, tools: [{ name: "f" }] }, "tools[0].input_schema"],
  ["an unknown tool choice", { ...valid, tool_choice: { type: "required" } }, "tool_choice.type"],
  ["a named tool choice without name", { ...valid, tool_choice: { type: "tool" } }, "tool_choice.name"],
  ["thinking without budget", { ...valid, thinking: { type: "enabled" } }, "thinking.budget_tokens"],
  [
    "an unknown output format",
    { ...valid, output_config: { format: { type: "json_object" } } },
    "output_config.format.type",
  ],
  ["stream as text", { ...valid, stream: "yes" }, "stream"],
];

describe("a Messages request that can't be read", () => {
  it.each(BAD_REQUESTS)("names the field at fault: %s", (_name, body, param) => {
    const error = errorOf(body);
    expect(error.code).toBe("invalid_request");
    expect(error.param).toBe(param);
    if (param !== null) expect(error.message).toContain(`\`${param}\``);
  });
});

describe("a Messages request", () => {
  it("takes null for absent, as the API does", () => {
    const request = anthropicInbound.parseChatRequest({ ...valid, system: null, temperature: null, tools: null });
    expect(request).toStrictEqual({
      model: "m",
      messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
      maxOutputTokens: 10,
      stream: false,
      includeUsage: true,
      extra: { dialect: "anthropic", fields: {} },
    });
  });

  it("lists what other providers can't be asked, in the caller's spelling", () => {
    const request = anthropicInbound.parseChatRequest({
      ...valid,
      system: "Be brief.",
      mcp_servers: [{ type: "url", url: "https://example.org" }],
      tools: [
        { name: "f", input_schema: {} },
        { type: "web_search_20260318", name: "web_search" },
      ],
      messages: [hello, { role: "user", content: [{ type: "container_upload", file_id: "f" }] }],
    });
    expect(request.untranslatable?.map((entry) => entry.param)).toStrictEqual([
      "messages[1].content[0]",
      "tools[1]",
      "mcp_servers",
    ]);
  });
});
