import { describe, expect, it } from "vitest";
import { findNamedFiles } from "../../../src/data-plane/pipeline/ai/stored/named-files.ts";
import type { InboundName } from "../../../src/dialects/index.ts";

const ID = "file-tg1_AAAA";

/** Fields and ids, and whether the spans are those of the ids' strings. */
function found(inbound: InboundName, body: unknown): string[] {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return findNamedFiles(bytes, inbound).map(({ start, end, id, param }) => {
    expect(JSON.parse(`"${bytes.toString("utf8", start, end)}"`)).toContain(id);
    return `${param} ${id}`;
  });
}

describe("files are found where each API names them", () => {
  it("openai", () => {
    const content = [
      { type: "text", text: "é" },
      { type: "file", file: { file_id: ID } },
    ];
    expect(found("openai", { model: "m", messages: [{ role: "user", content }] })).toEqual([
      `messages[0].content[1].file.file_id ${ID}`,
    ]);
  });

  it("openai, in a list of files as Qwen has it", () => {
    const text = `{"messages":[{"role":"system","content":"fileid://${ID}, fileid://file-fe-1,fileid://${ID}"}]}`;
    expect(found("openai", text)).toEqual([`messages[0].content ${ID}`, `messages[0].content ${ID}`]);
    const [one] = findNamedFiles(Buffer.from(text), "openai");
    expect(text.slice(one?.start, one?.end)).toBe(ID);
  });

  it("Fixed: openai, in such a list with escaped slashes, as PHP writes them", () => {
    const text = `{"messages":[{"role":"system","content":"fileid:\\/\\/${ID},fileid:\\/\\/${ID}"}]}`;
    expect(found("openai", text)).toEqual([`messages[0].content ${ID}`, `messages[0].content ${ID}`]);
  });

  it("images to be edited", () => {
    const body = { images: [{ image_url: "https://a" }, { file_id: ID }], mask: { file_id: ID } };
    expect(found("openai", body)).toEqual([`images[1].file_id ${ID}`, `mask.file_id ${ID}`]);
  });

  it("openai-responses", () => {
    const body = {
      input: [
        {
          role: "user",
          content: [
            { type: "input_file", file_id: ID },
            { type: "input_image", file_id: ID },
          ],
        },
        { type: "function_call_output", call_id: "c", output: [{ type: "input_file", file_id: ID }] },
        { type: "computer_call_output", call_id: "c", output: { type: "computer_screenshot", file_id: ID } },
        {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: "", annotations: [{ type: "file_path", file_id: ID, index: 0 }] }],
        },
      ],
      prompt: { id: "p", variables: { paper: { type: "input_file", file_id: ID } } },
      tools: [
        { type: "code_interpreter", container: { type: "auto", file_ids: ["file-raw", ID] } },
        { type: "image_generation", input_image_mask: { file_id: ID } },
      ],
    };
    expect(found("openai-responses", body)).toEqual([
      `input[0].content[0].file_id ${ID}`,
      `input[0].content[1].file_id ${ID}`,
      `input[1].output[0].file_id ${ID}`,
      `input[2].output.file_id ${ID}`,
      `input[3].content[0].annotations[0].file_id ${ID}`,
      `prompt.variables.paper.file_id ${ID}`,
      `tools[0].container.file_ids[1] ${ID}`,
      `tools[1].input_image_mask.file_id ${ID}`,
    ]);
  });

  it("anthropic", () => {
    const file = { type: "document", source: { type: "file", file_id: ID } };
    const content = [file, { type: "container_upload", file_id: ID }, { type: "tool_result", content: [file] }];
    expect(found("anthropic", { messages: [{ role: "user", content }] })).toEqual([
      `messages[0].content[0].source.file_id ${ID}`,
      `messages[0].content[1].file_id ${ID}`,
      `messages[0].content[2].content[0].source.file_id ${ID}`,
    ]);
  });

  it("gemini, in both spellings, and as its clients write addresses", () => {
    const address = `https://generativelanguage.googleapis.com/v1beta/files/${ID}`;
    const parts = [
      { fileData: { fileUri: ID } },
      { file_data: { file_uri: `files/${ID}` } },
      { functionResponse: { name: "f", response: {}, parts: [{ fileData: { fileUri: address } }] } },
    ];
    const text = JSON.stringify({ contents: [{ parts }] }).replaceAll("/", "\\/");
    expect(found("gemini", text)).toEqual([
      `contents[0].parts[0].fileData.fileUri ${ID}`,
      `contents[0].parts[1].file_data.file_uri ${ID}`,
      `contents[0].parts[2].functionResponse.parts[0].fileData.fileUri ${ID}`,
    ]);
  });
});

describe("nothing else is taken for one", () => {
  it.each<[string, InboundName, unknown]>([
    ["what somebody says", "openai", { messages: [{ role: "user", content: ID }] }],
    ["what somebody says of a list", "openai", { messages: [{ content: `look at fileid://${ID}` }] }],
    ["what looks like a field in a text", "openai", { messages: [{ content: `{"file_id":"${ID}"}` }] }],
    ["a provider's own id", "openai", { messages: [{ content: [{ file: { file_id: "file-abc" } }, ID] }] }],
    ["arguments of a tool", "anthropic", { messages: [{ content: [{ type: "tool_use", input: { file_id: ID } }] }] }],
    ["arguments of Gemini's", "gemini", { contents: [{ parts: [{ functionCall: { args: { fileUri: ID } } }] }] }],
    [
      "what a tool has answered",
      "gemini",
      { contents: [{ parts: [{ functionResponse: { response: { fileUri: ID } } }] }] },
    ],
    ["a schema", "openai-responses", { tools: [{ type: "function", parameters: { default: { file_id: ID } } }] }],
    ["labels", "openai-responses", { metadata: { file_id: ID }, input: "x" }],
    ["a field beside those of the API", "openai", { file_id: ID, extra: { file_id: ID } }],
    ["an API without files", "cohere", { messages: [{ content: [{ file_id: ID }] }] }],
    ["a body that breaks off", "openai", `{"messages":[{"file_id":"${ID}`],
    ["what is no JSON", "openai", `tg1_ ]]] }} "`],
    ["what is too deep", "openai", `{"messages":${"[".repeat(100_000)}{"file_id":"${ID}"}${"]".repeat(100_000)}}`],
  ])("%s", (_name, inbound, body) => {
    expect(found(inbound, body)).toEqual([]);
  });
});

it("finds a thousand, and refuses more", () => {
  const naming = (count: number) => {
    const content = `fileid://${ID},`.repeat(count);
    return Buffer.from(JSON.stringify({ messages: [{ content }] }));
  };
  expect(findNamedFiles(naming(1_000), "openai")).toHaveLength(1_000);
  expect(() => findNamedFiles(naming(1_001), "openai")).toThrow(
    expect.objectContaining({ code: "invalid_request", param: "messages[0].content" }),
  );
});

it("goes through hundreds of thousands of fields, in and out of them, and has the right place at the end", () => {
  const inner = '{"content":[{"function":{"file_id":"tg1_A"}},[[]]]},'.repeat(100_000);
  const body = `{"messages":[${inner}{"content":[{"file":{"file_id":"${ID}"}}]}]}`;
  expect(found("openai", body)).toEqual([`messages[100000].content[0].file.file_id ${ID}`]);
});

it("Fixed: kept a path for each file, with names of megabytes in it, until there was no memory left", () => {
  const files = Array(1_000).fill({ file_id: ID });
  const body = Buffer.from(JSON.stringify({ messages: [{ ["n".repeat(1_000_000)]: files }] }));
  const named = findNamedFiles(body, "openai");
  expect(named).toHaveLength(1_000);
  expect(named[999]?.param).toBe(`messages[0].${"n".repeat(64)}…[999].file_id`);
});
