import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { openaiInbound, parseEmbeddingRequest } from "../../../src/dialects/openai/index.ts";

const hello = { role: "user", content: "hi" };
const base = { model: "m", messages: [hello] };

function refusal(parse: () => unknown): GatewayError {
  try {
    parse();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("The request was accepted.");
}

const user = (...content: unknown[]) => ({ ...base, messages: [hello, { role: "user", content }] });
const assistant = (fields: object) => ({ ...base, messages: [hello, { role: "assistant", content: null, ...fields }] });
const tool = (fields: unknown) => ({ ...base, tools: [{ type: "function", function: { name: "f" } }, fields] });

describe("openai requests that can't be read", () => {
  it.each<[string | null, unknown, RegExp]>([
    [null, [], /request body must be an object, not an array/],
    [null, null, /request body must be an object, not null/],
    ["model", { messages: [hello] }, /`model` is required and must be a non-empty string/],
    ["model", { model: "", messages: [hello] }, /not an empty string/],
    ["model", { model: 4, messages: [hello] }, /not 4/],
    ["messages", { model: "m" }, /`messages` is required and must be an array/],
    ["messages", { model: "m", messages: [] }, /at least one message/],
    ["messages[0]", { model: "m", messages: ["hi"] }, /must be an object, not "hi"/],
    ["messages[0].role", { model: "m", messages: [{ content: "x" }] }, /"assistant"/],
    ["messages[0].role", { model: "m", messages: [{ role: "bot", content: "x" }] }, /not "bot"/],
    ["messages[0].content", { model: "m", messages: [{ role: "user" }] }, /required/],
    ["messages[0].content", { model: "m", messages: [{ role: "user", content: null }] }, /not null/],
    ["messages[0].content", { model: "m", messages: [{ role: "user", content: [] }] }, /at least one/],
    ["messages[0].content", { model: "m", messages: [{ role: "system", content: 3 }] }, /string or an array/],
    ["messages[0].name", { model: "m", messages: [{ ...hello, name: 3 }] }, /a string, not 3/],
    ["messages[1].content[0]", user("x"), /content part/],
    ["messages[1].content[0].type", user({}), /required/],
    ["messages[1].content[1].text", user({ type: "text", text: "a" }, { type: "text" }), /a string/],
    ["messages[1].content[0].image_url", user({ type: "image_url", image_url: "https://a" }), /an object/],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: {} }), /required/],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "a.png" } }), /http\(s\) URL/],
    ["messages[1].content[0].image_url.url", user({ type: "image_url", image_url: { url: "data:,x" } }), /base64/],
    [
      "messages[1].content[0].image_url.detail",
      user({ type: "image_url", image_url: { url: "https://a", detail: 1 } }),
      /1/,
    ],
    [
      "messages[1].content[0].input_audio.data",
      user({ type: "input_audio", input_audio: { format: "wav" } }),
      /required/,
    ],
    [
      "messages[1].content[0].input_audio.format",
      user({ type: "input_audio", input_audio: { data: "AA==" } }),
      /required/,
    ],
    ["messages[1].content[0].file", user({ type: "file", file: { filename: "a" } }), /file_data.*file_id/],
    ["messages[1].content[0].file.file_data", user({ type: "file", file: { file_data: "AA==" } }), /base64/],
    ["messages[1].tool_calls", assistant({ tool_calls: {} }), /an array/],
    ["messages[1].tool_calls[0].id", assistant({ tool_calls: [{ function: {} }] }), /required/],
    ["messages[1].tool_calls[0].function", assistant({ tool_calls: [{ id: "a" }] }), /required/],
    ["messages[1].tool_calls[0].function.name", assistant({ tool_calls: [{ id: "a", function: {} }] }), /required/],
    [
      "messages[1].tool_calls[0].function.arguments",
      assistant({ tool_calls: [{ id: "a", function: { name: "f", arguments: {} } }] }),
      /a string, not an object/,
    ],
    ["messages[1].refusal", assistant({ refusal: 1 }), /a string/],
    ["messages[1].function_call.name", assistant({ function_call: { arguments: "" } }), /required/],
    ["messages[1].tool_call_id", { ...base, messages: [hello, { role: "tool", content: "x" }] }, /required/],
    [
      "messages[1].content[0].type",
      {
        ...base,
        messages: [hello, { role: "tool", tool_call_id: "a", content: [{ type: "refusal", refusal: "x" }] }],
      },
      /tool's result/,
    ],
    ["messages[1].name", { ...base, messages: [hello, { role: "function", name: "f", content: "x" }] }, /called/],
    ["tools", { ...base, tools: {} }, /an array/],
    ["tools[1]", tool(3), /an object/],
    ["tools[1].type", tool({ function: { name: "f" } }), /required/],
    ["tools[1].function", tool({ type: "function" }), /required/],
    ["tools[1].function.name", tool({ type: "function", function: { name: "" } }), /non-empty/],
    ["tools[1].function.parameters", tool({ type: "function", function: { name: "f", parameters: [] } }), /an object/],
    ["tools[1].function.strict", tool({ type: "function", function: { name: "f", strict: "yes" } }), /true or false/],
    ["functions[0].name", { ...base, functions: [{}] }, /required/],
    ["tool_choice", { ...base, tool_choice: "any" }, /"auto", "none", "required"/],
    ["tool_choice", { ...base, tool_choice: 1 }, /not 1/],
    ["tool_choice.function", { ...base, tool_choice: { type: "function" } }, /required/],
    ["tool_choice.function.name", { ...base, tool_choice: { type: "function", function: {} } }, /required/],
    ["function_call", { ...base, function_call: "required" }, /"auto", "none"/],
    ["parallel_tool_calls", { ...base, parallel_tool_calls: 1 }, /true or false/],
    ["response_format", { ...base, response_format: "json" }, /an object/],
    ["response_format.type", { ...base, response_format: {} }, /required/],
    ["response_format.json_schema", { ...base, response_format: { type: "json_schema" } }, /required/],
    [
      "response_format.json_schema.name",
      { ...base, response_format: { type: "json_schema", json_schema: {} } },
      /required/,
    ],
    [
      "response_format.json_schema.schema",
      { ...base, response_format: { type: "json_schema", json_schema: { name: "a", schema: "x" } } },
      /JSON Schema/,
    ],
    ["max_tokens", { ...base, max_tokens: 0 }, /an integer of at least 1, not 0/],
    ["max_completion_tokens", { ...base, max_completion_tokens: 1.5 }, /integer/],
    ["temperature", { ...base, temperature: "hot" }, /a number from 0 to 2, not "hot"/],
    ["temperature", { ...base, temperature: 2.1 }, /not 2.1/],
    ["top_p", { ...base, top_p: -1 }, /from 0 to 1/],
    ["top_k", { ...base, top_k: 0.5 }, /integer/],
    ["frequency_penalty", { ...base, frequency_penalty: 3 }, /from -2 to 2/],
    ["presence_penalty", { ...base, presence_penalty: -3 }, /from -2 to 2/],
    ["seed", { ...base, seed: 0.5 }, /integer/],
    ["stop", { ...base, stop: 3 }, /string or an array/],
    ["stop[1]", { ...base, stop: ["a", 3] }, /a string/],
    ["n", { ...base, n: 0 }, /at least 1|from 1/],
    ["logprobs", { ...base, logprobs: 3 }, /true or false/],
    ["top_logprobs", { ...base, top_logprobs: 21 }, /from 0 to 20/],
    ["reasoning_effort", { ...base, reasoning_effort: "huge" }, /"minimal"/],
    ["user", { ...base, user: 3 }, /a string/],
    ["metadata", { ...base, metadata: [] }, /an object/],
    ["metadata.a", { ...base, metadata: { a: 1 } }, /a string, not 1/],
    ["service_tier", { ...base, service_tier: 1 }, /a string/],
    ["stream", { ...base, stream: "yes" }, /true or false/],
    ["stream_options", { ...base, stream: true, stream_options: true }, /an object/],
    ["stream_options.include_usage", { ...base, stream: true, stream_options: { include_usage: 1 } }, /true or false/],
    ["modalities", { ...base, modalities: "audio" }, /an array/],
  ])("%s", (param, body, message) => {
    const error = refusal(() => openaiInbound.parseChatRequest(body));
    expect(error).toMatchObject({ code: "invalid_request", status: 400, param });
    expect(error.message).toMatch(message);
  });

  it.each<[string, unknown]>([
    ["model", { input: "x" }],
    ["input", { model: "m" }],
    ["input", { model: "m", input: "" }],
    ["input", { model: "m", input: [] }],
    ["input[1]", { model: "m", input: ["a", 3] }],
    ["input[0]", { model: "m", input: [[]] }],
    ["input[1]", { model: "m", input: [1, "a"] }],
    ["input[0][1]", { model: "m", input: [[1, -1]] }],
    ["dimensions", { model: "m", input: "x", dimensions: 0 }],
    ["encoding_format", { model: "m", input: "x", encoding_format: "hex" }],
  ])("embeddings: %s", (param, body) => {
    expect(refusal(() => parseEmbeddingRequest(body))).toMatchObject({ code: "invalid_request", param });
  });

  it("takes null for every optional field, as OpenAI does", () => {
    const fields = ["tools", "tool_choice", "response_format", "temperature", "top_p", "n", "stop", "seed", "logprobs"];
    const more = ["stream", "stream_options", "metadata", "user", "reasoning_effort", "service_tier", "functions"];
    const nulls = Object.fromEntries([...fields, ...more, "function_call"].map((field) => [field, null]));
    const request = openaiInbound.parseChatRequest({ ...base, ...nulls });
    expect(request).toEqual(openaiInbound.parseChatRequest(base));
  });

  it("is not fooled by __proto__", () => {
    const body: unknown = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"stream":true},"metadata":{"__proto__":"x"}}',
    );
    const request = openaiInbound.parseChatRequest(body);
    expect(request.stream).toBe(false);
    expect(request.extra).toBeUndefined();
    expect(request.metadata).toEqual({});
  });

  it("cuts long values in its message", () => {
    const error = refusal(() => openaiInbound.parseChatRequest({ ...base, stream: "x".repeat(10_000) }));
    expect(error.message.length).toBeLessThan(200);
  });
});
