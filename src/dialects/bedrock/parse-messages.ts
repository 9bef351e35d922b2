import type { FilePart, ImagePart, Message, Part, TextPart, ToolResultPart } from "../../contracts/ir.ts";
import {
  asArray,
  asObject,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalOneOf,
  optionalString,
  requiredArray,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
} from "../checks.ts";
import { arrayOr, stringOr } from "../json.ts";
import { cacheMarkerOf } from "./cache-point.ts";
import { parseMedia } from "./parse-media.ts";

type Refuse = (param: string) => void;

/** `system` and `messages` of a caller. Results of tools become messages of their own, as other dialects have them. */
export function parseMessages(object: JsonObject, refuse: Refuse): Message[] {
  const messages: Message[] = [];
  const system = optionalArray(object, "system", "") ?? [];
  if (system.length > 0) messages.push(...readMessage("system", system, "system", refuse));
  for (const [index, value] of requiredArray(object, "messages", "").entries()) {
    const path = `messages[${index}]`;
    const message = asObject(value, path);
    const role = optionalOneOf(message, "role", path, ["user", "assistant", "system"]);
    if (role === undefined) throw invalid(`${path}.role`, "is required and must be user, assistant or system.");
    const content = asArray(message.content, `${path}.content`);
    messages.push(...readMessage(role, content, `${path}.content`, refuse));
  }
  return messages;
}

function readMessage(role: Message["role"], blocks: readonly unknown[], path: string, refuse: Refuse): Message[] {
  const messages: Message[] = [];
  let current: Message | null = null;
  let last: Part | null = null;
  for (const [index, value] of blocks.entries()) {
    const at = `${path}[${index}]`;
    const block = asObject(value, at);
    if (isObject(block.cachePoint)) {
      if (last !== null && isCacheable(last)) last.cache = cacheMarkerOf(block.cachePoint);
      continue;
    }
    const part = parseBlock(block, at, refuse);
    if (part === null) continue;
    last = part;
    if (part.type === "tool_result") {
      messages.push({ role: "tool", content: [part], paths: [at] });
      current = null;
      continue;
    }
    if (current === null) {
      current = { role, content: [], paths: [] };
      messages.push(current);
    }
    current.content.push(part);
    current.paths?.push(at);
  }
  return messages;
}

function isCacheable(part: Part): part is Exclude<Part, { type: "audio" | "thinking" | "refusal" }> {
  return part.type !== "audio" && part.type !== "thinking" && part.type !== "refusal";
}

/** null: only Bedrock itself can be told. */
function parseBlock(block: JsonObject, path: string, refuse: Refuse): Part | null {
  if (block.text !== undefined) return { type: "text", text: requiredString(block, "text", path) };
  if (isObject(block.toolUse)) return parseToolUse(block.toolUse, `${path}.toolUse`, refuse);
  if (isObject(block.toolResult)) return parseToolResult(block.toolResult, `${path}.toolResult`, refuse);
  if (isObject(block.reasoningContent)) return parseReasoning(block.reasoningContent, `${path}.reasoningContent`);
  if (isObject(block.citationsContent)) {
    const texts = arrayOr(block.citationsContent.content).filter(isObject);
    return { type: "text", text: texts.map((piece) => stringOr(piece.text, "")).join("") };
  }
  const media = parseMedia(block, path, refuse);
  if (media === undefined) refuse(Object.keys(block).length === 1 ? `${path}.${Object.keys(block)[0]}` : path);
  return media ?? null;
}

function parseToolUse(toolUse: JsonObject, path: string, refuse: Refuse): Part | null {
  if (toolUse.type !== undefined && toolUse.type !== null) {
    refuse(path);
    return null;
  }
  return {
    type: "tool_call",
    id: requiredNonEmptyString(toolUse, "toolUseId", path),
    name: requiredNonEmptyString(toolUse, "name", path),
    arguments: JSON.stringify(requiredObject(toolUse, "input", path)),
  };
}

function parseToolResult(result: JsonObject, path: string, refuse: Refuse): ToolResultPart {
  const content: (TextPart | ImagePart | FilePart)[] = [];
  for (const [index, value] of requiredArray(result, "content", path).entries()) {
    const at = `${path}.content[${index}]`;
    const block = asObject(value, at);
    const part =
      block.json === undefined
        ? parseBlock(block, at, refuse)
        : { type: "text" as const, text: JSON.stringify(block.json) };
    if (part?.type === "text" || part?.type === "image" || part?.type === "file") content.push(part);
    else if (part !== null) refuse(at);
  }
  const status = optionalOneOf(result, "status", path, ["success", "error"]);
  return {
    type: "tool_result",
    toolCallId: requiredNonEmptyString(result, "toolUseId", path),
    content,
    ...(status === undefined ? {} : { isError: status === "error" }),
  };
}

function parseReasoning(reasoning: JsonObject, path: string): Part {
  const redacted = optionalString(reasoning, "redactedContent", path);
  if (redacted !== undefined) return { type: "thinking", text: "", redacted };
  const at = `${path}.reasoningText`;
  const text = requiredObject(reasoning, "reasoningText", path);
  const signature = optionalString(text, "signature", at);
  return {
    type: "thinking",
    text: requiredString(text, "text", at),
    ...(signature === undefined ? {} : { signature }),
  };
}
