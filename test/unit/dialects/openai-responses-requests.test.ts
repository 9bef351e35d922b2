import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { responsesInbound } from "../../../src/dialects/openai-responses/index.ts";

const hello = { role: "user", content: "hi" };
const user = (...content: unknown[]) => ({ model: "m", input: [hello, { role: "user", content }] });
const items = (...input: unknown[]) => ({ model: "m", input: [hello, ...input] });
const asking = (fields: object) => ({ model: "m", input: "hi", ...fields });

function refusal(body: unknown): GatewayError {
  try {
    responsesInbound.parseChatRequest(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("The request was accepted.");
}

describe("Responses requests that can't be read", () => {
  it.each<[string | null, unknown, RegExp]>([
    [null, [], /request body must be an object, not an array/],
    ["model", { input: "hi" }, /required/],
    ["input", { model: "m" }, /string or an array of items/],
    ["input", { model: "m", input: 3 }, /not 3/],
    ["input[1]", items("hi"), /an object, not "hi"/],
    ["input[1].type", items({}), /required, but for messages/],
    ["input[1].role", items({ role: "tool", content: "x" }), /not "tool"/],
    ["input[1].content", items({ role: "user" }), /string or an array of content parts/],
    ["input[1].content", items({ role: "user", content: [] }), /at least one/],
    ["input[1].content[0]", user("x"), /content part/],
    ["input[1].content[0].type", user({}), /required/],
    ["input[1].content[0].text", user({ type: "input_text" }), /a string/],
    ["input[1].content[0]", user({ type: "input_image" }), /`image_url`.*or `file_id`/],
    ["input[1].content[0].image_url", user({ type: "input_image", image_url: "a.png" }), /http\(s\) URL/],
    ["input[1].content[0].image_url", user({ type: "input_image", image_url: {} }), /a string/],
    ["input[1].content[0]", user({ type: "input_file" }), /`file_data`.*`file_url` or `file_id`/],
    ["input[1].content[0].file_url", user({ type: "input_file", file_url: "a.pdf" }), /http\(s\) URL/],
    ["input[1].content[0].file_data", user({ type: "input_file", file_data: "AA==" }), /`data:` URL/],
    ["input[1].content[0].input_audio", user({ type: "input_audio" }), /required/],
    [
      "input[1].content[0].input_audio.format",
      user({ type: "input_audio", input_audio: { data: "AA==" } }),
      /required/,
    ],
    ["input[1].content[0].refusal", user({ type: "refusal" }), /a string/],
    ["input[1].call_id", items({ type: "function_call", name: "f", arguments: "{}" }), /required/],
    ["input[1].name", items({ type: "function_call", call_id: "c", arguments: "{}" }), /required/],
    ["input[1].arguments", items({ type: "function_call", call_id: "c", name: "f", arguments: {} }), /an object/],
    ["input[1].call_id", items({ type: "function_call_output", output: "x" }), /required/],
    ["input[1].output", items({ type: "function_call_output", call_id: "c" }), /string or an array/],
    [
      "input[1].output[0].type",
      items({ type: "function_call_output", call_id: "c", output: [{ type: "refusal", refusal: "x" }] }),
      /`input_text`/,
    ],
    ["instructions", asking({ instructions: [] }), /a string, not an array/],
    ["tools", asking({ tools: {} }), /an array/],
    ["tools[0].type", asking({ tools: [{ name: "f" }] }), /required/],
    ["tools[0].name", asking({ tools: [{ type: "function" }] }), /required/],
    ["tools[0].parameters", asking({ tools: [{ type: "function", name: "f", parameters: "x" }] }), /an object/],
    ["tools[0].strict", asking({ tools: [{ type: "function", name: "f", strict: "yes" }] }), /true or false/],
    ["tool_choice", asking({ tool_choice: "any" }), /not "any"/],
    ["tool_choice.name", asking({ tool_choice: { type: "function" } }), /required/],
    ["tool_choice", asking({ tool_choice: 1 }), /or an object/],
    ["tool_choice.mode", asking({ tool_choice: { type: "allowed_tools", tools: [] } }), /"auto", "required"/],
    [
      "tool_choice.tools[0].name",
      asking({ tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] } }),
      /one of `tools`/,
    ],
    ["parallel_tool_calls", asking({ parallel_tool_calls: 1 }), /true or false/],
    ["text", asking({ text: "json" }), /an object/],
    ["text.verbosity", asking({ text: { verbosity: "short" } }), /not "short"/],
    ["text.format.type", asking({ text: { format: {} } }), /required/],
    ["text.format.name", asking({ text: { format: { type: "json_schema" } } }), /required/],
    ["text.format.schema", asking({ text: { format: { type: "json_schema", name: "x" } } }), /an object/],
    ["reasoning", asking({ reasoning: "high" }), /an object/],
    ["reasoning.effort", asking({ reasoning: { effort: "huge" } }), /not "huge"/],
    ["reasoning.summary", asking({ reasoning: { summary: "long" } }), /not "long"/],
    ["max_output_tokens", asking({ max_output_tokens: 0 }), /at least 1/],
    ["temperature", asking({ temperature: 3 }), /from 0 to 2/],
    ["top_p", asking({ top_p: -1 }), /from 0 to 1/],
    ["top_logprobs", asking({ top_logprobs: 21 }), /from 0 to 20/],
    ["include", asking({ include: "x" }), /an array/],
    ["include[0]", asking({ include: [1] }), /a string/],
    ["metadata.a", asking({ metadata: { a: 1 } }), /a string/],
    ["stream", asking({ stream: "yes" }), /true or false/],
    ["user", asking({ user: 1 }), /a string/],
    ["safety_identifier", asking({ safety_identifier: 1 }), /a string/],
    ["service_tier", asking({ service_tier: 1 }), /a string/],
  ])("%s", (param, body, message) => {
    const error = refusal(body);
    expect(error.code).toBe("invalid_request");
    expect(error.param).toBe(param);
    expect(error.message).toMatch(message);
  });
});
