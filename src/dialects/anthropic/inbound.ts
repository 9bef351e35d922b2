import type {
  ChatRequest,
  Extra,
  Message,
  Part,
  Reasoning,
  Tool,
  ToolChoice,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  asObject,
  asOneOf,
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredArray,
  requiredNonEmptyString,
  requiredNumber,
  requiredObject,
  requiredString,
  takeExtra,
  takeUnknown,
} from "../checks.ts";
import { commonFields, type MessageRole, parseContent, parseSystem } from "./inbound-blocks.ts";

/**
 * `POST /v1/messages` to the IR.
 *
 * - `system` becomes the first message; tool results become messages of role `tool`, one each, as other dialects know
 *   them. A `system` message within `messages` stays where it is.
 * - `extra` is always set: it tells the outbound half that the caller speaks this dialect. Besides unknown fields it
 *   holds what the IR can express only in part: `thinking` as it was, and the rest of `output_config` and `metadata`.
 * - Server tools and blocks the IR has no word for are kept whole and listed in `untranslatable`.
 * - `output_format`, the beta name of `output_config.format`, is read as that.
 */

const REQUEST_FIELDS = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "stream",
  "tools",
  "tool_choice",
  "metadata",
  "service_tier",
  "output_config",
  "output_format",
]);
/** Fields unknown to the IR without which another provider would give a different answer. */
const UNTRANSLATABLE_FIELDS = ["container", "mcp_servers"];
const MESSAGE_FIELDS = new Set(["role", "content"]);
const TOOL_FIELDS = new Set(["type", "name", "description", "input_schema", "strict", "cache_control"]);
const METADATA_FIELDS = new Set(["user_id"]);
const MESSAGE_ROLES: readonly MessageRole[] = ["user", "assistant", "system"];

/** Throws GatewayError `invalid_request` naming the field. */
export function parseChatRequest(body: unknown): ChatRequest {
  const object = asObject(body, "");
  const extra: Record<string, unknown> = takeUnknown(object, REQUEST_FIELDS) ?? {};
  const untranslatable: Untranslatable[] = [];
  const request: ChatRequest = {
    model: requiredNonEmptyString(object, "model", ""),
    messages: parseMessages(object, untranslatable),
    maxOutputTokens: requiredNumber(object, "max_tokens", "", { min: 0, integer: true }),
    stream: optionalBoolean(object, "stream", "") ?? false,
    includeUsage: true,
  };
  parseSampling(object, request);
  parseTools(object, request, untranslatable);
  parseOutputConfig(object, request, extra);
  parseThinking(object, request, extra);
  parseMetadata(object, request, extra);
  const serviceTier = optionalString(object, "service_tier", "");
  if (serviceTier !== undefined) request.serviceTier = serviceTier === "standard_only" ? "default" : serviceTier;
  for (const field of UNTRANSLATABLE_FIELDS) {
    if (!isNothing(extra[field])) {
      untranslatable.push({ dialect: "anthropic", param: field });
    }
  }
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  request.extra = { dialect: "anthropic", fields: extra };
  return request;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function parseMessages(object: JsonObject, untranslatable: Untranslatable[]): Message[] {
  const messages: Message[] = [];
  if (object.system !== undefined && object.system !== null) {
    const content = parseSystem(object.system);
    if (content.length > 0) messages.push({ role: "system", content });
  }
  const values = requiredArray(object, "messages", "");
  if (values.length === 0) throw invalid("messages", "must hold at least one message.");
  for (const [index, value] of values.entries()) {
    const path = `messages[${index}]`;
    const message = asObject(value, path);
    const role = asOneOf(message.role, fieldPath(path, "role"), MESSAGE_ROLES);
    const content = parseContent(message.content, fieldPath(path, "content"), role, untranslatable);
    const extra = takeExtra("anthropic", message, MESSAGE_FIELDS);
    messages.push(...(role === "user" ? splitToolResults(content, extra) : [newMessage(role, content, extra)]));
  }
  return messages;
}

/** The order of the blocks is kept: a turn of results and text becomes `tool` messages and a `user` message. */
function splitToolResults(content: Part[], extra: Extra | undefined): Message[] {
  const messages: Message[] = [];
  let own: Part[] = [];
  const flush = () => {
    if (own.length > 0) messages.push(newMessage("user", own, messages.length === 0 ? extra : undefined));
    own = [];
  };
  for (const part of content) {
    if (part.type !== "tool_result") {
      own.push(part);
      continue;
    }
    flush();
    messages.push(newMessage("tool", [part], messages.length === 0 ? extra : undefined));
  }
  flush();
  return messages.length === 0 ? [newMessage("user", [], extra)] : messages;
}

function newMessage(role: Message["role"], content: Part[], extra: Extra | undefined): Message {
  return extra === undefined ? { role, content } : { role, content, extra };
}

function parseSampling(object: JsonObject, request: ChatRequest): void {
  const temperature = optionalNumber(object, "temperature", "", { min: 0, max: 1 });
  if (temperature !== undefined) request.temperature = temperature;
  const topP = optionalNumber(object, "top_p", "", { min: 0, max: 1 });
  if (topP !== undefined) request.topP = topP;
  const topK = optionalNumber(object, "top_k", "", { min: 0, integer: true });
  if (topK !== undefined) request.topK = topK;
  const stop = optionalArray(object, "stop_sequences", "");
  if (stop !== undefined) {
    request.stop = stop.map((value, index) => asNonEmptyString(value, `stop_sequences[${index}]`));
  }
}

function parseTools(object: JsonObject, request: ChatRequest, untranslatable: Untranslatable[]): void {
  const tools = optionalArray(object, "tools", "");
  if (tools !== undefined)
    request.tools = tools.map((value, index) => parseTool(value, `tools[${index}]`, untranslatable));
  const choice = optionalObject(object, "tool_choice", "");
  if (choice === undefined) return;
  request.toolChoice = parseToolChoice(choice);
  const disableParallel = optionalBoolean(choice, "disable_parallel_tool_use", "tool_choice");
  if (disableParallel !== undefined) request.parallelToolCalls = !disableParallel;
}

function parseTool(value: unknown, path: string, untranslatable: Untranslatable[]): Tool {
  const object = asObject(value, path);
  const type = optionalString(object, "type", path);
  if (type !== undefined && type !== "custom") {
    untranslatable.push({ dialect: "anthropic", param: path });
    const fields = takeUnknown(object, new Set()) ?? {};
    return { name: optionalString(object, "name", path) ?? type, extra: { dialect: "anthropic", fields } };
  }
  const tool: Tool = {
    name: requiredNonEmptyString(object, "name", path),
    parameters: requiredObject(object, "input_schema", path),
    ...commonFields(object, TOOL_FIELDS, path),
  };
  const description = optionalString(object, "description", path);
  if (description !== undefined) tool.description = description;
  const strict = optionalBoolean(object, "strict", path);
  if (strict !== undefined) tool.strict = strict;
  return tool;
}

function parseToolChoice(choice: JsonObject): ToolChoice {
  switch (asOneOf(choice.type, "tool_choice.type", ["auto", "any", "tool", "none"])) {
    case "auto":
      return { type: "auto" };
    case "any":
      return { type: "required" };
    case "none":
      return { type: "none" };
    case "tool":
      return { type: "tool", name: requiredNonEmptyString(choice, "name", "tool_choice") };
  }
}

const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const;

function parseOutputConfig(object: JsonObject, request: ChatRequest, extra: Record<string, unknown>): void {
  const config = optionalObject(object, "output_config", "");
  const beta = optionalObject(object, "output_format", "");
  if (beta !== undefined) parseFormat(beta, "output_format", request);
  if (config === undefined) return;
  const format = optionalObject(config, "format", "output_config");
  if (format !== undefined) parseFormat(format, "output_config.format", request);
  const rest = takeUnknown(config, new Set(["format", "effort"])) ?? {};
  const effort = optionalString(config, "effort", "output_config");
  const known = EFFORTS.find((name) => name === effort);
  if (known !== undefined) request.reasoning = { effort: known };
  else if (effort !== undefined) rest.effort = effort;
  if (Object.keys(rest).length > 0) extra.output_config = rest;
}

/** Anthropic enforces the schema always and gives it no name. */
function parseFormat(format: JsonObject, path: string, request: ChatRequest): void {
  asOneOf(format.type, fieldPath(path, "type"), ["json_schema"]);
  const schema = requiredObject(format, "schema", path);
  request.responseFormat = { type: "json_schema", name: "response", schema, strict: true };
}

/** The field itself stays in `extra`; this is what other dialects make of it. */
function parseThinking(object: JsonObject, request: ChatRequest, extra: Record<string, unknown>): void {
  const thinking = optionalObject(object, "thinking", "");
  if (thinking === undefined) return;
  const type = requiredString(thinking, "type", "thinking");
  const reasoning: Reasoning = { ...request.reasoning };
  if (type === "disabled") {
    keepEffort(request, extra);
    reasoning.effort = "none";
  } else if (type === "enabled" || type === "adaptive") {
    if (type === "enabled") {
      reasoning.budgetTokens = requiredNumber(thinking, "budget_tokens", "thinking", { min: 1, integer: true });
    }
    reasoning.includeThoughts = optionalString(thinking, "display", "thinking") !== "omitted";
  }
  if (Object.keys(reasoning).length > 0) request.reasoning = reasoning;
}

/** Effort without thinking is more than the IR's one `effort` can say: it is kept for this dialect. */
function keepEffort(request: ChatRequest, extra: Record<string, unknown>): void {
  const effort = request.reasoning?.effort;
  if (effort === undefined) return;
  const kept = isObject(extra.output_config) ? extra.output_config : {};
  extra.output_config = { ...kept, effort };
}

function parseMetadata(object: JsonObject, request: ChatRequest, extra: Record<string, unknown>): void {
  const metadata = optionalObject(object, "metadata", "");
  if (metadata === undefined) return;
  const user = optionalString(metadata, "user_id", "metadata");
  if (user !== undefined) request.user = user;
  const rest = takeUnknown(metadata, METADATA_FIELDS);
  if (rest !== undefined) extra.metadata = rest;
}
