import type { ChatRequest, Tool, ToolChoice, Untranslatable } from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalOneOf,
  optionalString,
  requiredNonEmptyString,
  takeExtra,
} from "../checks.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { camelFields, listOf, optionalFields } from "./names.ts";

const FUNCTION_FIELDS = new Set(["name", "description", "parameters", "parametersJsonSchema"]);
const CALLING_CONFIG = "toolConfig.functionCallingConfig";
const MODES = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] as const;
/** What else a tool configuration may hold, and only Gemini can do. */
const OTHER_CONFIG = ["retrievalConfig", "includeServerSideToolInvocations"];

/**
 * `tools` and `toolConfig`. Functions are of all dialects; Gemini's own tools (Google Search, code execution, …) are kept whole
 * and noted in `untranslatable`.
 *
 * - One function allowed by name is the forced choice; several are a choice among the tools, so the others are left out.
 * - `VALIDATED` asks for arguments that keep to the schema, which is for a target to do as far as it does; it is `AUTO` else.
 */
export function parseTools(body: JsonObject, untranslatable: Untranslatable[]): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const tools: Tool[] = [];
  for (const [index, value] of (listOf(body, "tools") ?? []).entries()) {
    tools.push(...parseTool(value, `tools[${index}]`, untranslatable));
  }
  const config = optionalFields(body, "toolConfig", "toolConfig");
  for (const key of OTHER_CONFIG) {
    if (config?.[key] === undefined || config[key] === null || config[key] === false) continue;
    untranslatable.push({ dialect: "gemini", param: `toolConfig.${key}` });
  }
  const calling = config === undefined ? undefined : optionalFields(config, "functionCallingConfig", CALLING_CONFIG);
  const mode = calling === undefined ? undefined : optionalOneOf(calling, "mode", CALLING_CONFIG, MODES);
  const allowed = calling === undefined ? null : allowedNames(calling);
  if (tools.length > 0) result.tools = allowed === null ? tools : tools.filter(({ name }) => allowed.includes(name));
  const choice = choiceOf(mode, allowed);
  if (choice !== undefined) result.toolChoice = choice;
  return result;
}

function allowedNames(calling: JsonObject): string[] | null {
  const path = `${CALLING_CONFIG}.allowedFunctionNames`;
  const names = optionalArray(calling, "allowedFunctionNames", CALLING_CONFIG);
  if (names === undefined || names.length === 0) return null;
  return names.map((name, index) => asNonEmptyString(name, `${path}[${index}]`));
}

function choiceOf(mode: (typeof MODES)[number] | undefined, allowed: readonly string[] | null): ToolChoice | undefined {
  switch (mode) {
    case undefined:
    case "MODE_UNSPECIFIED":
      return undefined;
    case "AUTO":
    case "VALIDATED":
      return { type: "auto" };
    case "NONE":
      return { type: "none" };
    case "ANY":
      return allowed?.length === 1 ? { type: "tool", name: allowed[0] as string } : { type: "required" };
  }
}

function parseTool(value: unknown, path: string, untranslatable: Untranslatable[]): Tool[] {
  const object = camelFields(value, path);
  const tools: Tool[] = [];
  for (const [kind, given] of Object.entries(object)) {
    if (given === null || kind === "__proto__") continue;
    if (kind === "functionDeclarations") {
      const functions = listOf(object, kind) ?? [];
      tools.push(...functions.map((one, index) => parseFunction(one, `${path}.functionDeclarations[${index}]`)));
      continue;
    }
    untranslatable.push({ dialect: "gemini", param: `${path}.${kind}` });
    tools.push({ name: kind, extra: { dialect: "gemini", fields: { type: kind, [kind]: given } } });
  }
  return tools;
}

function parseFunction(value: unknown, path: string): Tool {
  const wire = camelFields(value, path);
  const tool: Tool = { name: requiredNonEmptyString(wire, "name", path) };
  const description = optionalString(wire, "description", path);
  if (description !== undefined) tool.description = description;
  const parameters = schemaOf(wire, "parametersJsonSchema", "parameters", path);
  if (parameters !== undefined) tool.parameters = parameters;
  const extra = takeExtra("gemini", wire, FUNCTION_FIELDS);
  if (extra !== undefined) tool.extra = extra;
  return tool;
}

/** A schema that may be said in two ways: as JSON Schema, or as Gemini's own. */
export function schemaOf(object: JsonObject, jsonKey: string, ownKey: string, path: string): JsonObject | undefined {
  const [json, own] = [object[jsonKey] ?? undefined, object[ownKey] ?? undefined];
  const prefix = path === "" ? "" : `${path}.`;
  if (json !== undefined && own !== undefined) {
    throw invalid(`${prefix}${jsonKey}`, `and \`${ownKey}\` exclude each other: give one of them.`);
  }
  const given = json ?? own;
  if (given === undefined) return undefined;
  if (!isObject(given))
    throw invalid(`${prefix}${json === undefined ? ownKey : jsonKey}`, "must be a schema (an object).");
  return json === undefined ? jsonSchemaOf(given) : given;
}
