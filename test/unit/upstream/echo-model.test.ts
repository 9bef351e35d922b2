import { describe, expect, it } from "vitest";
import { echo, messagesProblem } from "../../../src/upstream/simulated/echo-model.ts";

const user = (content: unknown) => ({ messages: [{ role: "user", content }] });
const tool = (name: string, parameters: object) => ({ type: "function", function: { name, parameters } });

describe("simulated/echo", () => {
  it("says what the last message says, and counts words as tokens", () => {
    const messages = [
      { role: "system", content: "be brief" },
      { role: "user", content: "one two three" },
    ];
    expect(echo({ messages })).toMatchObject({
      pieces: ["one", " two", " three"],
      finishReason: "stop",
      promptTokens: 5,
      completionTokens: 3,
    });
  });

  it("keeps every character of the text", () => {
    const text = "  two  spaces\nand a\ttab ";
    expect(echo(user(text)).pieces.join("")).toBe(text);
  });

  it("shows other parts by their type", () => {
    const parts = [{ type: "text", text: "look: " }, { type: "image_url" }];
    expect(echo(user(parts)).pieces.join("")).toBe("look: [image_url]");
  });

  it("stops at the token limit and before a stop sequence", () => {
    expect(echo({ ...user("a b c"), max_tokens: 2 })).toMatchObject({ pieces: ["a", " b"], finishReason: "length" });
    expect(echo({ ...user("a b END c"), stop: ["END"] }).pieces.join("")).toBe("a b ");
  });

  it("calls the tool that is forced, else those that are mentioned, else the first", () => {
    const tools = [tool("tide", { type: "object" }), tool("moon", { type: "object" })];
    const called = (body: object) => echo({ ...user("hello"), tools, ...body }).toolCalls.map((call) => call.name);
    expect(called({})).toEqual(["tide"]);
    expect(called(user("the moon and the tide"))).toEqual(["tide", "moon"]);
    expect(called({ ...user("the moon and the tide"), parallel_tool_calls: false })).toEqual(["tide"]);
    expect(called({ tool_choice: { type: "function", function: { name: "moon" } } })).toEqual(["moon"]);
    expect(called({ tool_choice: "none" })).toEqual([]);
  });

  it("fills tool arguments and structured answers so that their schema accepts them", () => {
    const schema = {
      type: "object",
      properties: {
        harbour: { type: "string" },
        hours: { type: "integer", minimum: 3 },
        kind: { enum: ["spring", "neap"] },
        stations: { type: "array", items: { type: "boolean" }, minItems: 2 },
      },
    };
    const filled = '{"harbour":"hello","hours":3,"kind":"spring","stations":[true,true]}';
    expect(echo({ ...user("hello"), tools: [tool("tide", schema)] }).toolCalls[0]?.arguments).toBe(filled);
    const format = { type: "json_schema", json_schema: { name: "tide", schema } };
    expect(echo({ ...user("hello"), response_format: format }).pieces.join("")).toBe(filled);
  });

  it("refuses messages that no provider would take", () => {
    for (const messages of [
      undefined,
      [],
      [null],
      [{ content: "x" }],
      [{ role: "user", content: 5 }],
      [{ role: "user" }],
    ]) {
      expect(messagesProblem(messages)).toContain("`messages");
    }
    expect(messagesProblem([{ role: "assistant", content: null }])).toBeNull();
    expect(messagesProblem([{ role: "user", content: [{ type: "text", text: "x" }] }])).toBeNull();
  });

  it("answers in words once the tool's result is there", () => {
    const messages = [{ role: "tool", tool_call_id: "call_1", content: "high at noon" }];
    expect(echo({ messages, tools: [tool("tide", {})] }).pieces.join("")).toBe("high at noon");
  });
});
