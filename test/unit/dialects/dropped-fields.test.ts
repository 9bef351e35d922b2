import { describe, expect, it } from "vitest";
import type { ChatRequest } from "../../../src/contracts/ir.ts";
import { droppedHints, droppedValue } from "../../../src/dialects/dropped-fields.ts";
import { inboundDialects, outboundDialects } from "../../../src/dialects/index.ts";
import { TARGET } from "../../helpers/dialects.ts";

const HELLO = { role: "user" as const, content: [{ type: "text" as const, text: "hello" }] };
const PIXEL = { kind: "data" as const, data: "iVBORw0KGgo=", mediaType: "image/png" };

/** Each hint, a request that gives it, and what of it can be found in a call that carries it. */
const HINTS: [hint: string, fields: Partial<ChatRequest>, trace: RegExp][] = [
  ["seed", { seed: 987_654 }, /987654/],
  ["user", { user: "marked-user" }, /marked-user/],
  ["safety_identifier", { safetyIdentifier: "marked-person" }, /marked-person/],
  ["metadata", { metadata: { label: "marked-label" } }, /marked-label/],
  ["metadata", { metadata: { label: "marked{label}" } }, /marked\{label/],
  [
    "cache_control",
    { messages: [{ role: "user", content: [{ type: "text", text: "hello", cache: {} }] }] },
    /cache_control|cachePoint|prompt_cache/,
  ],
  ["detail", { messages: [{ role: "user", content: [{ type: "image", source: PIXEL, detail: "low" }] }] }, /"low"/],
  ["name", { messages: [{ ...HELLO, name: "marked_name" }] }, /marked_name/],
  [
    "strict",
    { tools: [{ name: "look", strict: true, parameters: { type: "object", properties: {} } }] },
    /"strict(?:_tools)?":true/,
  ],
  [
    "is_error",
    {
      tools: [{ name: "look", parameters: { type: "object", properties: {} } }],
      messages: [
        HELLO,
        { role: "assistant", content: [{ type: "tool_call", id: "c1", name: "look", arguments: "{}" }] },
        {
          role: "tool",
          content: [{ type: "tool_result", toolCallId: "c1", content: [{ type: "text", text: "no" }], isError: true }],
        },
      ],
    },
    /"is_error":true|"status":"error"|"response":\{"error"/,
  ],
];

describe.each(Object.values(outboundDialects))("providers that speak $name", (outbound) => {
  it.each(HINTS)("are told %s (%j), or the caller is told that they are not", (hint, fields, trace) => {
    // Of a dialect that is none of these: nothing is carried over because both sides speak one.
    const request: ChatRequest = {
      model: "m",
      messages: [HELLO],
      stream: false,
      includeUsage: true,
      extra: { dialect: outbound.name === "cohere" ? "gemini" : "cohere", fields: {} },
      ...fields,
    };
    const call = JSON.stringify(outbound.buildChatCall(request, TARGET)).replaceAll('\\"', '"');
    const left = outbound.leavesOut?.(request, TARGET) ?? [];
    expect(left.filter((one) => one !== hint)).toEqual([]);
    expect([trace.test(call), left.includes(hint)]).toEqual(left.includes(hint) ? [false, true] : [true, false]);
  });
});

describe("fields that nobody but the caller's API knows", () => {
  it("are named, but for those that say what others are told in their own way", () => {
    const body = {
      model: "m",
      messages: [{ role: "user", content: "hello" }],
      max_completion_tokens: 5,
      reasoning: { effort: "low" },
      prompt_cache_key: "k",
      some_future_field: true,
      nothing: null,
    };
    const request = inboundDialects.openai.parseChatRequest(body);
    const droppedAt = (name: "anthropic" | "openai-responses" | "openai") =>
      droppedHints(inboundDialects.openai, outboundDialects[name], request, TARGET);
    expect(droppedAt("anthropic")).toEqual(["prompt_cache_key", "some_future_field"]);
    expect(droppedAt("openai-responses")).toEqual(["some_future_field"]);
    expect(droppedAt("openai")).toBeUndefined();
  });

  it("come to a header that no name can break, and that does not grow without end", () => {
    expect(droppedValue(["seed", "a\r\nx-evil: 1", "é".repeat(100)])).toBe(`seed, a??x-evil??1, ${"?".repeat(64)}`);
    expect(droppedValue(Array.from({ length: 40 }, (_, index) => `f${index}`))).toMatch(/^f0, .*, f15, \.\.\.$/);
  });
});
