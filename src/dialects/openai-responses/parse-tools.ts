import type { ChatRequest, ResponseFormat, Tool, ToolChoice, Untranslatable } from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  takeExtra,
  wrongType,
} from "../checks.ts";

const FUNCTION_FIELDS = new Set(["type", "name", "description", "parameters", "strict"]);

/** `tools`, `tool_choice`, `parallel_tool_calls`. What is OpenAI's own goes to `kept` and `untranslatable`. */
export function parseTools(body: JsonObject, kept: JsonObject, untranslatable: Untranslatable[]): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const tools = (optionalArray(body, "tools", "") ?? []).map((tool, index) =>
    parseTool(tool, `tools[${index}]`, untranslatable),
  );
  const allowed = parseAllowedTools(body.tool_choice, tools);
  if (allowed !== null) {
    // A provider of this dialect is told of all tools, and which of them it may call.
    kept.tools = body.tools;
    kept.tool_choice = body.tool_choice;
  }
  const offered = allowed === null ? tools : tools.filter((tool) => allowed.names.has(tool.name));
  if (offered.length > 0) result.tools = offered;
  const choice = allowed?.choice ?? parseToolChoice(body.tool_choice, kept, untranslatable);
  // Beside no tools these ask for nothing, and other dialects refuse them there.
  const asksForNothing = tools.length === 0 && (choice?.type === "auto" || choice?.type === "none");
  if (choice !== undefined && !asksForNothing) result.toolChoice = choice;
  const parallel = optionalBoolean(body, "parallel_tool_calls", "");
  if (parallel !== undefined && tools.length > 0) result.parallelToolCalls = parallel;
  return result;
}

function parseTool(value: unknown, path: string, untranslatable: Untranslatable[]): Tool {
  const wire = asObject(value, path);
  const type = requiredNonEmptyString(wire, "type", path);
  if (type !== "function") {
    untranslatable.push({ dialect: "openai-responses", param: path });
    return { name: type, extra: { dialect: "openai-responses", fields: wire } };
  }
  const tool: Tool = { name: requiredNonEmptyString(wire, "name", path) };
  const description = optionalString(wire, "description", path);
  const parameters = optionalObject(wire, "parameters", path);
  const strict = optionalBoolean(wire, "strict", path);
  const extra = takeExtra("openai-responses", wire, FUNCTION_FIELDS);
  if (description !== undefined) tool.description = description;
  if (parameters !== undefined) tool.parameters = parameters;
  if (strict !== undefined) tool.strict = strict;
  if (extra !== undefined) tool.extra = extra;
  return tool;
}

/** A choice among some of the functions: others are not offered. null: it is another kind of choice. */
function parseAllowedTools(
  value: unknown,
  tools: readonly Tool[],
): { choice: ToolChoice; names: ReadonlySet<string> } | null {
  if (!isObject(value) || value.type !== "allowed_tools" || !Array.isArray(value.tools)) return null;
  // Tools of OpenAI's own among them are for a provider of this dialect.
  if (!value.tools.every((tool) => isObject(tool) && tool.type === "function")) return null;
  const choice = { type: asOneOf(value.mode, "tool_choice.mode", ["auto", "required"]) };
  const names = value.tools.map((tool: unknown, index) => {
    const path = `tool_choice.tools[${index}]`;
    const name = requiredNonEmptyString(asObject(tool, path), "name", path);
    if (!tools.some((one) => one.name === name)) throw invalid(`${path}.name`, "must be the name of one of `tools`.");
    return name;
  });
  return { choice, names: new Set(names) };
}

function parseToolChoice(value: unknown, kept: JsonObject, untranslatable: Untranslatable[]): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return { type: asOneOf(value, "tool_choice", ["auto", "none", "required"]) };
  if (!isObject(value)) throw wrongType("tool_choice", 'one of "auto", "none", "required", or an object', value);
  if (requiredNonEmptyString(value, "type", "tool_choice") === "function") {
    return { type: "tool", name: requiredNonEmptyString(value, "name", "tool_choice") };
  }
  kept.tool_choice = value;
  untranslatable.push({ dialect: "openai-responses", param: "tool_choice" });
  return undefined;
}

/** `text`: the form of the answer, and how long it is wanted. */
export function parseText(body: JsonObject, kept: JsonObject, untranslatable: Untranslatable[]): Partial<ChatRequest> {
  const text = optionalObject(body, "text", "");
  if (text === undefined) return {};
  const result: Partial<ChatRequest> = {};
  const verbosity = text.verbosity ?? undefined;
  if (verbosity !== undefined) {
    result.verbosity = asOneOf(verbosity, "text.verbosity", ["low", "medium", "high"]);
  }
  const format = optionalObject(text, "format", "text");
  if (format === undefined) return result;
  const type = requiredNonEmptyString(format, "type", "text.format");
  if (type === "text" || type === "json_object") return { ...result, responseFormat: { type } };
  if (type === "json_schema") return { ...result, responseFormat: parseSchema(format) };
  kept.text = { format };
  untranslatable.push({ dialect: "openai-responses", param: "text.format" });
  return result;
}

function parseSchema(format: JsonObject): ResponseFormat {
  const path = "text.format";
  const result: ResponseFormat = {
    type: "json_schema",
    name: requiredNonEmptyString(format, "name", path),
    schema: requiredObject(format, "schema", path),
  };
  const description = optionalString(format, "description", path);
  const strict = optionalBoolean(format, "strict", path);
  if (description !== undefined) result.description = description;
  if (strict !== undefined) result.strict = strict;
  return result;
}
