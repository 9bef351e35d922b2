import type { ChatRequest, Reasoning, Tool, ToolChoice, Untranslatable } from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  asObject,
  asOneOf,
  fieldPath,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  takeUnknown,
} from "../checks.ts";
import { closedSchema } from "../closed-schema.ts";
import { parseDocument, parseMessages } from "./inbound-messages.ts";

/**
 * `POST /v2/chat` to the IR.
 *
 * - `documents` and citations that are asked for are for providers that have both; `safety_mode: STRICT` and `raw_prompting` only
 *   Cohere does: others refuse the request. `OFF`, `CONTEXTUAL` (the default) and `priority` change nothing elsewhere.
 * - `strict_tools` makes every tool strict that demands all of its arguments, which is what others can hold a model to.
 */

const KNOWN_FIELDS = new Set([
  ...["model", "messages", "stream", "tools", "strict_tools", "tool_choice", "response_format", "max_tokens"],
  ...["stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs"],
]);
const CITATION_MODES = ["ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF"] as const;

/** Throws GatewayError `invalid_request` naming the field. */
export function parseChatRequest(value: unknown): ChatRequest {
  const body = asObject(value, "");
  const untranslatable: Untranslatable[] = [];
  const request: ChatRequest = {
    model: requiredNonEmptyString(body, "model", ""),
    messages: parseMessages(body, untranslatable),
    ...parseTools(body),
    ...parseSampling(body),
    stream: optionalBoolean(body, "stream", "") ?? false,
    includeUsage: true,
  };
  const format = parseFormat(body);
  if (format !== undefined) request.responseFormat = format;
  const reasoning = parseThinking(body);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const documents = optionalArray(body, "documents", "") ?? [];
  if (documents.length > 0) request.documents = documents.map(parseDocument);
  noteUntranslatable(body, request, untranslatable);
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  // `thinking` stays in it as it was written.
  const extra = takeUnknown(body, KNOWN_FIELDS);
  if (extra !== undefined) request.extra = { dialect: "cohere", fields: extra };
  return request;
}

function parseTools(body: JsonObject): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const isStrict = optionalBoolean(body, "strict_tools", "") === true;
  const tools = optionalArray(body, "tools", "");
  if (tools !== undefined && tools.length > 0) {
    result.tools = tools.map((value, index) => {
      const tool = parseTool(value, `tools[${index}]`);
      return isStrict ? strictTool(tool) : tool;
    });
  }
  const choice = optionalOneOf(body, "tool_choice", "", ["REQUIRED", "NONE"]);
  if (choice !== undefined) result.toolChoice = { type: choice === "NONE" ? "none" : "required" } satisfies ToolChoice;
  return result;
}

function parseTool(value: unknown, path: string): Tool {
  const object = asObject(value, path);
  asOneOf(object.type, fieldPath(path, "type"), ["function"]);
  const functionPath = fieldPath(path, "function");
  const fn = requiredObject(object, "function", path);
  const tool: Tool = { name: requiredNonEmptyString(fn, "name", functionPath) };
  const description = optionalString(fn, "description", functionPath);
  if (description !== undefined) tool.description = description;
  const parameters = optionalObject(fn, "parameters", functionPath);
  if (parameters !== undefined) tool.parameters = parameters;
  return tool;
}

/** Other providers want to be told that there are no further arguments, and hold to schemas that leave nothing open. */
function strictTool(tool: Tool): Tool {
  const { schema, strict } = closedSchema(tool.parameters ?? { type: "object", properties: {} });
  return { ...tool, parameters: schema, strict };
}

function parseSampling(body: JsonObject): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const set = <Key extends keyof ChatRequest>(key: Key, value: ChatRequest[Key] | undefined) => {
    if (value !== undefined) result[key] = value;
  };
  set("maxOutputTokens", optionalNumber(body, "max_tokens", "", { min: 1, integer: true }));
  set("temperature", optionalNumber(body, "temperature", "", { min: 0 }));
  set("topP", optionalNumber(body, "p", "", { min: 0, max: 1 }));
  const k = optionalNumber(body, "k", "", { min: 0, max: 500, integer: true });
  // 0 turns it off.
  if (k !== 0) set("topK", k);
  set("frequencyPenalty", optionalNumber(body, "frequency_penalty", "", { min: 0, max: 1 }));
  set("presencePenalty", optionalNumber(body, "presence_penalty", "", { min: 0, max: 1 }));
  set("seed", optionalNumber(body, "seed", "", { integer: true }));
  set("logprobs", optionalBoolean(body, "logprobs", ""));
  const stop = optionalArray(body, "stop_sequences", "");
  set(
    "stop",
    stop?.map((one, index) => asNonEmptyString(one, `stop_sequences[${index}]`)),
  );
  return result;
}

/** The schema has no name here. */
function parseFormat(body: JsonObject): ChatRequest["responseFormat"] {
  const format = optionalObject(body, "response_format", "");
  if (format === undefined) return undefined;
  const type = asOneOf(format.type, "response_format.type", ["text", "json_object"]);
  const schema = optionalObject(format, "json_schema", "response_format");
  if (type === "text") return { type };
  return schema === undefined ? { type } : { type: "json_schema", name: "response", ...closedSchema(schema) };
}

function parseThinking(body: JsonObject): Reasoning | undefined {
  const thinking = optionalObject(body, "thinking", "");
  if (thinking === undefined) return undefined;
  if (asOneOf(thinking.type, "thinking.type", ["enabled", "disabled"]) === "disabled") return { effort: "none" };
  const budgetTokens = optionalNumber(thinking, "token_budget", "thinking", { min: 1, integer: true });
  return { includeThoughts: true, ...(budgetTokens === undefined ? {} : { budgetTokens }) };
}

function noteUntranslatable(body: JsonObject, request: ChatRequest, untranslatable: Untranslatable[]): void {
  const note = (param: string) => untranslatable.push({ dialect: "cohere", param });
  if (request.documents !== undefined) note("documents");
  const citations = optionalObject(body, "citation_options", "") ?? {};
  const mode = optionalOneOf(citations, "mode", "citation_options", CITATION_MODES);
  if (mode === "OFF" || mode === "DISABLED") request.citations = false;
  else if (mode !== undefined) note("citation_options.mode");
  if (optionalOneOf(body, "safety_mode", "", ["CONTEXTUAL", "STRICT", "OFF"]) === "STRICT") note("safety_mode");
  if (optionalBoolean(body, "raw_prompting", "") === true) note("raw_prompting");
}
