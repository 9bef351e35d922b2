import type {
  FilePart,
  ImagePart,
  Message,
  Part,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  fieldPath,
  invalid,
  type JsonObject,
  optionalArray,
  optionalObject,
  optionalString,
  requiredArray,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
  takeExtra,
  wrongType,
} from "../checks.ts";
import { parseContent } from "./parse-parts.ts";
import { readThinking } from "./reasoning.ts";
import { withToolCallExtras } from "./tool-calls.ts";

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;

const COMMON_FIELDS = new Set(["role", "content", "name"]);
const ASSISTANT_FIELDS = new Set([...COMMON_FIELDS, "refusal", "tool_calls", "function_call"]);
const TOOL_FIELDS = new Set([...COMMON_FIELDS, "tool_call_id"]);

/** What one message must know of those before it. */
interface Conversation {
  untranslatable: Untranslatable[];
  /** Tool names by call id, for the results that follow. */
  toolNames: Map<string, string>;
  /** The id made up for the last `function_call` of each name (the deprecated form has none). */
  functionCallIds: Map<string, string>;
}

/** The `messages` of a request, at least one. */
export function parseMessages(body: JsonObject, untranslatable: Untranslatable[]): Message[] {
  const list = requiredArray(body, "messages", "");
  if (list.length === 0) throw invalid("messages", "must hold at least one message.");
  const conversation: Conversation = { untranslatable, toolNames: new Map(), functionCallIds: new Map() };
  return list.map((value, index) => parseMessage(value, index, conversation));
}

function parseMessage(value: unknown, index: number, conversation: Conversation): Message {
  const path = `messages[${index}]`;
  const wire = asObject(value, path);
  const role = asOneOf(wire.role, fieldPath(path, "role"), ROLES);
  switch (role) {
    case "assistant":
      return parseAssistant(wire, path, index, conversation);
    case "tool":
      return parseToolResult(wire, path, conversation);
    case "function":
      return parseFunctionResult(wire, path, conversation);
    default: {
      const content = parseContent(wire.content, fieldPath(path, "content"), conversation.untranslatable);
      if (content.length === 0) throw emptyContent(wire.content, path);
      return withNameAndExtra({ role, content }, wire, path, COMMON_FIELDS);
    }
  }
}

function parseAssistant(wire: JsonObject, path: string, index: number, conversation: Conversation): Message {
  const contentPath = fieldPath(path, "content");
  const calls = parseToolCalls(wire, path, index, conversation);
  const content: Part[] = readThinking(wire);
  for (const part of parseContent(wire.content, contentPath, conversation.untranslatable)) {
    // Clients echo `content: ""` beside tool calls; other dialects refuse empty text.
    if (part.type !== "text" || part.text !== "" || part.extra !== undefined) content.push(part);
  }
  const refusal = optionalString(wire, "refusal", path);
  if (refusal !== undefined && refusal !== "") content.push({ type: "refusal", text: refusal });
  content.push(...calls);
  if (wire.audio !== undefined && wire.audio !== null) {
    conversation.untranslatable.push({ dialect: "openai", param: fieldPath(path, "audio") });
  }
  return withNameAndExtra({ role: "assistant", content }, wire, path, ASSISTANT_FIELDS);
}

function parseToolCalls(wire: JsonObject, path: string, index: number, conversation: Conversation): ToolCallPart[] {
  const callsPath = fieldPath(path, "tool_calls");
  const calls = (optionalArray(wire, "tool_calls", path) ?? []).map((value, position) =>
    parseToolCall(value, `${callsPath}[${position}]`, conversation),
  );
  const functionCall = optionalObject(wire, "function_call", path);
  if (functionCall !== undefined) {
    const callPath = fieldPath(path, "function_call");
    const name = requiredNonEmptyString(functionCall, "name", callPath);
    const id = `call_message_${index}`;
    conversation.functionCallIds.set(name, id);
    calls.push({ type: "tool_call", id, name, arguments: argumentsOf(functionCall, callPath) });
  }
  for (const call of calls) conversation.toolNames.set(call.id, call.name);
  return calls;
}

function parseToolCall(value: unknown, path: string, conversation: Conversation): ToolCallPart {
  const call = asObject(value, path);
  const id = requiredNonEmptyString(call, "id", path);
  const type = optionalString(call, "type", path) ?? "function";
  if (type !== "function") {
    conversation.untranslatable.push({ dialect: "openai", param: path });
    return { type: "tool_call", id, name: type, arguments: "{}", extra: { dialect: "openai", fields: call } };
  }
  const functionPath = fieldPath(path, "function");
  const fn = requiredObject(call, "function", path);
  const name = requiredNonEmptyString(fn, "name", functionPath);
  const part: ToolCallPart = { type: "tool_call", id, name, arguments: argumentsOf(fn, functionPath) };
  return withToolCallExtras(part, call, fn);
}

/** Some clients send "" for a call without arguments, which is no JSON. */
function argumentsOf(fn: JsonObject, path: string): string {
  const text = requiredString(fn, "arguments", path);
  return text.trim() === "" ? "{}" : text;
}

function parseToolResult(wire: JsonObject, path: string, conversation: Conversation): Message {
  const toolCallId = requiredNonEmptyString(wire, "tool_call_id", path);
  const name = conversation.toolNames.get(toolCallId) ?? optionalString(wire, "name", path);
  const result = toolResult(toolCallId, name, wire, path, conversation);
  return withNameAndExtra({ role: "tool", content: [result] }, wire, path, TOOL_FIELDS);
}

/** The deprecated `role: "function"`: the answer to the last `function_call` of that name. */
function parseFunctionResult(wire: JsonObject, path: string, conversation: Conversation): Message {
  const name = requiredNonEmptyString(wire, "name", path);
  const toolCallId = conversation.functionCallIds.get(name);
  if (toolCallId === undefined) {
    throw invalid(fieldPath(path, "name"), `must name a function that an earlier message called (\`function_call\`).`);
  }
  return { role: "tool", content: [toolResult(toolCallId, name, wire, path, conversation)] };
}

function toolResult(
  toolCallId: string,
  name: string | undefined,
  wire: JsonObject,
  path: string,
  conversation: Conversation,
): ToolResultPart {
  const contentPath = fieldPath(path, "content");
  const content: (TextPart | ImagePart | FilePart)[] = [];
  for (const [index, part] of parseContent(wire.content, contentPath, conversation.untranslatable).entries()) {
    if (part.type !== "text" && part.type !== "image" && part.type !== "file") {
      throw invalid(`${contentPath}[${index}].type`, "must be `text`, `image_url` or `file` in a tool's result.");
    }
    content.push(part);
  }
  const result: ToolResultPart = { type: "tool_result", toolCallId, content };
  if (name !== undefined) result.name = name;
  return result;
}

function withNameAndExtra(message: Message, wire: JsonObject, path: string, known: ReadonlySet<string>): Message {
  const name = optionalString(wire, "name", path);
  if (name !== undefined) message.name = name;
  const extra = takeExtra("openai", wire, known);
  if (extra !== undefined) message.extra = extra;
  return message;
}

function emptyContent(value: unknown, path: string): Error {
  const contentPath = fieldPath(path, "content");
  return Array.isArray(value)
    ? invalid(contentPath, "must hold at least one content part.")
    : wrongType(contentPath, "a string or an array of content parts", value);
}
