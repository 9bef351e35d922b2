import { describe, expect, it } from "vitest";
import { passthroughs } from "../../../src/dialects/index.ts";

const find = (dialect: "anthropic" | "openai-responses", payload: unknown) =>
  passthroughs[dialect]?.madeFiles?.find(payload);

/** What is found becomes the caller's to read and delete: so it has to be the provider that says it. */
describe("files that a call has made", () => {
  const output = { type: "code_execution_output", file_id: "file_made" };
  const result = {
    type: "code_execution_tool_result",
    tool_use_id: "srvtoolu_1",
    content: { type: "code_execution_result", content: [output] },
  };
  const theirs = { type: "code_execution_output", file_id: "file_theirs" };
  const written = { type: "tool_use", id: "t", name: "f", input: { ...theirs, content: { content: [theirs] } } };

  it("are those of Anthropic's results of tools, and not of arguments that a model has written", () => {
    expect(find("anthropic", { type: "message", content: [written, result] })).toEqual(["file_made"]);
    expect(find("anthropic", { type: "content_block_start", index: 0, content_block: result })).toEqual(["file_made"]);
    expect(find("anthropic", { type: "content_block_start", index: 0, content_block: written })).toEqual([]);
  });

  const annotation = { type: "file_path", file_id: "file-made", index: 0 };
  const part = { type: "output_text", text: "", annotations: [annotation] };
  const message = { type: "message", content: [part] };
  const known = { type: "file_path", file_id: "file-theirs" };
  const response = {
    object: "response",
    metadata: known,
    tools: [{ parameters: { default: known } }],
    output: [message],
  };

  it.each<[string, unknown]>([
    ["a whole answer", response],
    ["response.completed", { type: "response.completed", response }],
    ["response.output_item.done", { type: "response.output_item.done", item: message }],
    ["response.content_part.done", { type: "response.content_part.done", part }],
    ["response.output_text.annotation.added", { type: "response.output_text.annotation.added", annotation }],
  ])("are those of OpenAI's annotations: %s", (_name, payload) => {
    expect(find("openai-responses", payload)).toEqual(["file-made"]);
  });

  it.each([null, "x", [], { output: "x" }, { type: "response.completed" }, { content: [null, 1] }])(
    "%j has none",
    (payload) => {
      expect([find("anthropic", payload), find("openai-responses", payload)]).toEqual([[], []]);
    },
  );
});
