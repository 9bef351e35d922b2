import type { ChatRequest, ResponseFormat, Tool, ToolChoice, Untranslatable } from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  takeUnknown,
  wrongType,
} from "../checks.ts";

const TOOL_FIELDS = new Set(["type", "function"]);
const FUNCTION_FIELDS = new Set(["name", "description", "parameters", "strict"]);
const TOOL_CHOICES = ["auto", "none", "required"] as const;

/**
 * `tools`, `tool_choice`, `parallel_tool_calls` and their deprecated forms `functions` and `function_call`. What is
 * known only to this dialect goes to `kept` (request-level extra) and `untranslatable`.
 */
export function parseTools(body: JsonObject, kept: JsonObject, untranslatable: Untranslatable[]): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const tools = [
    ...(optionalArray(body, "tools", "") ?? []).map((tool, index) =>
      parseTool(tool, `tools[${index}]`, untranslatable),
    ),
    ...(optionalArray(body, "functions", "") ?? []).map((fn, index) => {
      const path = `functions[${index}]`;
      return parseFunction(asObject(fn, path), path, {});
    }),
  ];
  if (tools.length > 0) result.tools = tools;
  const choice = parseToolChoice(body.tool_choice, kept, untranslatable) ?? parseFunctionCall(body.function_call);
  if (choice !== undefined) result.toolChoice = choice;
  const parallel = optionalBoolean(body, "parallel_tool_calls", "");
  if (parallel !== undefined) result.parallelToolCalls = parallel;
  return result;
}

function parseTool(value: unknown, path: string, untranslatable: Untranslatable[]): Tool {
  const tool = asObject(value, path);
  const type = requiredNonEmptyString(tool, "type", path);
  if (type !== "function") {
    untranslatable.push({ dialect: "openai", param: path });
    return { name: type, extra: { dialect: "openai", fields: tool } };
  }
  return parseFunction(
    requiredObject(tool, "function", path),
    fieldPath(path, "function"),
    takeUnknown(tool, TOOL_FIELDS) ?? {},
  );
}

function parseFunction(fn: JsonObject, path: string, unknownTool: JsonObject): Tool {
  const tool: Tool = { name: requiredNonEmptyString(fn, "name", path) };
  const description = optionalString(fn, "description", path);
  const parameters = optionalObject(fn, "parameters", path);
  const strict = optionalBoolean(fn, "strict", path);
  if (description !== undefined) tool.description = description;
  if (parameters !== undefined) tool.parameters = parameters;
  if (strict !== undefined) tool.strict = strict;
  const control = unknownTool.cache_control;
  if (isObject(control) && control.type === "ephemeral") tool.cache = {};
  const unknownFunction = takeUnknown(fn, FUNCTION_FIELDS);
  const fields = unknownFunction === undefined ? unknownTool : { ...unknownTool, function: unknownFunction };
  if (Object.keys(fields).length > 0) tool.extra = { dialect: "openai", fields };
  return tool;
}

function parseToolChoice(value: unknown, kept: JsonObject, untranslatable: Untranslatable[]): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return { type: asOneOf(value, "tool_choice", TOOL_CHOICES) };
  if (!isObject(value)) throw wrongType("tool_choice", 'one of "auto", "none", "required", or an object', value);
  const type = requiredNonEmptyString(value, "type", "tool_choice");
  if (type === "function") {
    const fn = requiredObject(value, "function", "tool_choice");
    return { type: "tool", name: requiredNonEmptyString(fn, "name", "tool_choice.function") };
  }
  kept.tool_choice = value;
  untranslatable.push({ dialect: "openai", param: "tool_choice" });
  return undefined;
}

function parseFunctionCall(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return { type: "tool", name: requiredNonEmptyString(value, "name", "function_call") };
  return { type: asOneOf(value, "function_call", ["auto", "none"]) };
}

/** `response_format`; forms that only some servers have (grammars) stay with this dialect. */
export function parseResponseFormat(
  body: JsonObject,
  kept: JsonObject,
  untranslatable: Untranslatable[],
): ResponseFormat | undefined {
  const format = optionalObject(body, "response_format", "");
  if (format === undefined) return undefined;
  const type = requiredNonEmptyString(format, "type", "response_format");
  if (type === "text" || type === "json_object") return { type };
  if (type !== "json_schema") {
    kept.response_format = format;
    untranslatable.push({ dialect: "openai", param: "response_format" });
    return undefined;
  }
  const path = "response_format.json_schema";
  const wire = requiredObject(format, "json_schema", "response_format");
  const name = requiredNonEmptyString(wire, "name", path);
  const description = optionalString(wire, "description", path);
  const strict = optionalBoolean(wire, "strict", path);
  const schema = wire.schema;
  if (schema !== undefined && !isObject(schema)) throw invalid(`${path}.schema`, "must be a JSON Schema (an object).");
  const result: ResponseFormat = { type, name, schema: schema ?? {} };
  if (description !== undefined) result.description = description;
  if (strict !== undefined) result.strict = strict;
  return result;
}
