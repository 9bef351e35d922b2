import type { TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { ChatResponse, Choice, Part, ToolCallPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject, takeUnknown } from "../checks.ts";
import { parseDataUrl } from "../data-url.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";
import { readCitations } from "./citations.ts";
import { readFinishReason } from "./finish-reason.ts";
import { readThinking } from "./reasoning.ts";
import { toolCallIdPrefix, withToolCallExtras } from "./tool-calls.ts";
import { readChunkUsage } from "./usage.ts";

const ANSWER_FIELDS = new Set(["id", "object", "created", "model", "choices", "usage"]);
const CHOICE_FIELDS = new Set(["index", "message", "finish_reason", "logprobs"]);
const MESSAGE_FIELDS = new Set(["role", "content", "refusal", "tool_calls", "function_call"]);

/** A whole answer. Throws GatewayError `upstream_protocol_error` when the body is none. */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  if (!isObject(body) || !Array.isArray(body.choices) || body.choices.length === 0) throw notAnAnswer("no `choices`");
  const id = stringOr(body.id, "");
  const response: ChatResponse = {
    id,
    model: stringOr(body.model, target.model),
    choices: body.choices.map((choice: unknown, index) => parseChoice(choice, index, id)),
  };
  const createdAt = countOf(body.created);
  const usage = readChunkUsage(body);
  const unknown = takeUnknown(body, ANSWER_FIELDS);
  if (createdAt !== undefined) response.createdAt = createdAt;
  if (usage !== undefined) response.usage = usage;
  if (unknown !== undefined) response.extra = { dialect: "openai", fields: unknown };
  return response;
}

function parseChoice(value: unknown, position: number, answerId: string): Choice {
  if (!isObject(value) || !isObject(value.message)) throw notAnAnswer(`no \`choices[${position}].message\``);
  const { message } = value;
  const index = countOf(value.index) ?? position;
  const content: Part[] = [...readThinking(message), ...readContent(message.content), ...readImages(message)];
  const said = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  const citations = readCitations(message.annotations, said);
  const refusal = stringOr(message.refusal, "");
  if (refusal !== "") content.push({ type: "refusal", text: refusal });
  const calls = readToolCalls(message, toolCallIdPrefix(answerId, index));
  content.push(...calls);
  const choice: Choice = {
    index,
    content,
    finishReason: readFinishReason(value.finish_reason, calls.length > 0, refusal !== ""),
  };
  if (citations.length > 0) choice.citations = citations;
  if (value.logprobs !== undefined && value.logprobs !== null) choice.logprobs = value.logprobs;
  const fields = takeUnknown(value, CHOICE_FIELDS) ?? {};
  const unknownMessage = takeUnknown(message, MESSAGE_FIELDS);
  if (unknownMessage !== undefined) fields.message = unknownMessage;
  if (Object.keys(fields).length > 0) choice.extra = { dialect: "openai", fields };
  return choice;
}

/** A string; or parts, as Mistral writes them, thinking among them. */
export function readContent(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  const parts: Part[] = [];
  for (const part of arrayOr(content)) {
    if (!isObject(part)) continue;
    if (part.type === "thinking") {
      const text = readContent(part.thinking).map((inner) => (inner.type === "text" ? inner.text : ""));
      parts.push({ type: "thinking", text: text.join("") });
    } else if (typeof part.text === "string" && part.text !== "") {
      parts.push({ type: "text", text: part.text });
    }
  }
  return parts;
}

/** `message.images`, as OpenRouter and LiteLLM give the images of models that draw. */
function readImages(message: JsonObject): Part[] {
  const parts: Part[] = [];
  for (const image of arrayOr(message.images)) {
    const url = isObject(image) && isObject(image.image_url) ? stringOr(image.image_url.url, "") : "";
    const data = parseDataUrl(url);
    if (data !== null) parts.push({ type: "image", source: { kind: "data", ...data } });
    else if (/^https?:/.test(url)) parts.push({ type: "image", source: { kind: "url", url } });
  }
  return parts;
}

function readToolCalls(message: JsonObject, idPrefix: string): ToolCallPart[] {
  const calls: ToolCallPart[] = [];
  for (const [position, call] of arrayOr(message.tool_calls).entries()) {
    if (!isObject(call)) throw notAnAnswer(`\`tool_calls[${position}]\` is not an object`);
    calls.push(readToolCall(call, position, idPrefix));
  }
  const legacy = message.function_call;
  if (calls.length === 0 && isObject(legacy)) calls.push(readFunction({}, legacy, 0, idPrefix));
  return calls;
}

function readToolCall(call: JsonObject, position: number, idPrefix: string): ToolCallPart {
  if (isObject(call.function)) return readFunction(call, call.function, position, idPrefix);
  if (typeof call.type !== "string") throw notAnAnswer(`\`tool_calls[${position}]\` has no function`);
  // A kind the IR does not know: only a caller of this dialect can have asked for it.
  const id = stringOr(call.id, `${idPrefix}_${position}`);
  return { type: "tool_call", id, name: call.type, arguments: "{}", extra: { dialect: "openai", fields: call } };
}

/** Some servers leave the id out, or give the arguments as an object. */
function readFunction(call: JsonObject, fn: JsonObject, position: number, idPrefix: string): ToolCallPart {
  const name = stringOr(fn.name, "");
  if (name === "") throw notAnAnswer(`\`tool_calls[${position}]\` names no function`);
  const id = stringOr(call.id, "") || `${idPrefix}_${position}`;
  const part: ToolCallPart = { type: "tool_call", id, name, arguments: argumentsText(fn.arguments) };
  return withToolCallExtras(part, call, fn);
}

export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value.trim() === "" ? "{}" : value;
  return isObject(value) ? JSON.stringify(value) : "{}";
}

function notAnAnswer(what: string): GatewayError {
  return new GatewayError(
    "upstream_protocol_error",
    `The provider's answer is not a chat completion: ${what}. Check the provider's base URL and kind.`,
  );
}
