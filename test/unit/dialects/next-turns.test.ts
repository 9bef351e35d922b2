import { describe, expect, it } from "vitest";
import type { ChatEvent, DialectName } from "../../../src/contracts/ir.ts";
import { inboundDialects, outboundDialects } from "../../../src/dialects/index.ts";
import { CONTEXT, TARGET } from "../../helpers/dialects.ts";

/** What a conversation that goes on comes to at a provider of another dialect. */
function sent(caller: DialectName, body: unknown, provider: DialectName, model: string): Record<string, unknown> {
  const request = inboundDialects[caller].parseChatRequest(body);
  return JSON.parse(outboundDialects[provider].buildChatCall(request, { ...TARGET, model }).body);
}

const PICTURE = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } };

/** Two calls at once, the first of which gives a picture, as Claude Code sends them. */
const WITH_PICTURE = {
  model: "m",
  max_tokens: 100,
  messages: [
    { role: "user", content: "Look at both." },
    {
      role: "assistant",
      content: ["t1", "t2"].map((id) => ({ type: "tool_use", id, name: "look", input: {} })),
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "one" }, PICTURE] },
        { type: "tool_result", tool_use_id: "t2", content: "two" },
        { type: "text", text: "Well?" },
      ],
    },
  ],
};

describe("results of several calls", () => {
  it.each([
    ["openai", "gpt-4o"],
    ["cohere", "command-a-03-2025"],
  ] as const)("bug: have nothing between them at %s, though the first one holds a picture", (provider, model) => {
    const { messages } = sent("anthropic", WITH_PICTURE, provider, model) as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool", "user", "user"]);
    expect(JSON.stringify(messages[4])).toContain("iVBORw0KGgo=");
    expect(JSON.stringify(messages[5])).toContain("Well?");
  });

  it("bug: have their pictures beside them at Gemini models that take none in a response", () => {
    const { contents } = sent("anthropic", WITH_PICTURE, "gemini", "gemini-2.5-flash") as {
      contents: { role: string; parts: Record<string, unknown>[] }[];
    };
    expect(contents.map(({ role }) => role)).toEqual(["user", "model", "user", "user"]);
    expect(contents[2]?.parts.map((part) => Object.keys(part))).toEqual([["functionResponse"], ["functionResponse"]]);
    expect(contents[3]?.parts.map((part) => Object.keys(part))).toEqual([["inlineData"], ["text"]]);
    expect(JSON.stringify(contents[2])).not.toContain("iVBORw0KGgo=");
    const later = sent("anthropic", WITH_PICTURE, "gemini", "gemini-3-flash-preview");
    expect(JSON.stringify(later)).toContain('"parts":[{"inlineData"');
  });
});

const THOUGHT: ChatEvent[] = [
  { type: "start", id: "a1", model: "m" },
  { type: "thinking", choice: 0, text: "First " },
  { type: "thinking", choice: 0, text: "this." },
  { type: "thinking_signature", choice: 0, signature: "c2lnMQ==" },
  { type: "thinking", choice: 0, text: "Then that." },
  { type: "thinking_signature", choice: 0, signature: "c2lnMg==" },
  { type: "tool_call_start", choice: 0, index: 0, id: "t1", name: "look" },
  { type: "tool_call_delta", choice: 0, index: 0, arguments: "{}" },
  { type: "finish", choice: 0, reason: "tool_calls" },
  { type: "end" },
];

/** The data of what a caller is streamed. */
function streamed(caller: DialectName, events: readonly ChatEvent[]): Record<string, unknown>[] {
  const formatter = inboundDialects[caller].createStreamFormatter(CONTEXT);
  const text = events.map((event) => formatter.push(event)).join("");
  const data = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => json as string);
  return data.map((json) => JSON.parse(json));
}

/** Blocks of thinking that Anthropic gets back: it refuses those that are not as it wrote them. */
function thinkingOf(body: Record<string, unknown>): unknown {
  const turns = body.messages as { role: string; content: { type: string }[] }[];
  return turns.find(({ role }) => role === "assistant")?.content.filter(({ type }) => type === "thinking");
}

const BACK = [
  { type: "thinking", thinking: "First this.", signature: "c2lnMQ==" },
  { type: "thinking", thinking: "Then that.", signature: "c2lnMg==" },
];

describe("signed thinking of a stream", () => {
  it("bug: goes back whole from callers of Chat Completions, who put its pieces together by their index", () => {
    interface Delta {
      reasoning_content?: string;
      reasoning_details?: { index: number; text?: string }[];
    }
    const details: { index: number; text?: string }[] = [];
    for (const chunk of streamed("openai", THOUGHT)) {
      const { delta } = (chunk.choices as { delta: Delta }[])[0] ?? { delta: {} };
      for (const piece of delta.reasoning_details ?? []) {
        const known = details[piece.index];
        details[piece.index] = { ...known, ...piece, text: (known?.text ?? "") + (piece.text ?? "") };
      }
    }
    const call = { id: "t1", type: "function", function: { name: "look", arguments: "{}" } };
    const body = {
      model: "m",
      messages: [
        { role: "user", content: "Look." },
        { role: "assistant", content: "", reasoning_details: details, tool_calls: [call] },
        { role: "tool", tool_call_id: "t1", content: "seen" },
      ],
    };
    expect(thinkingOf(sent("openai", body, "anthropic", "claude-opus-4-8"))).toEqual(BACK);
  });

  it("bug: is found in the other field by callers that keep its text there", () => {
    const [first] = BACK;
    const reasoning_details = [{ type: "reasoning.text", text: "", signature: first?.signature, index: 0 }];
    const turn = { role: "assistant", content: "Yes.", reasoning_content: first?.thinking, reasoning_details };
    const messages = [{ role: "user", content: "Look." }, turn, { role: "user", content: "And now?" }];
    expect(thinkingOf(sent("openai", { model: "m", messages }, "anthropic", "claude-opus-4-8"))).toEqual([first]);
  });

  it("bug: goes back whole from callers of Gemini's API, whose SDKs keep each piece of a stream", () => {
    const parts = streamed("gemini", THOUGHT).flatMap(({ candidates }) => {
      const [candidate] = (candidates ?? []) as { content?: { parts: unknown[] } }[];
      return candidate?.content?.parts ?? [];
    });
    const contents = [
      { role: "user", parts: [{ text: "Look." }] },
      ...parts.map((part) => ({ role: "model", parts: [part] })),
      { role: "user", parts: [{ functionResponse: { id: "t1", name: "look", response: { output: "seen" } } }] },
    ];
    expect(thinkingOf(sent("gemini", { contents }, "anthropic", "claude-opus-4-8"))).toEqual(BACK);
  });
});
