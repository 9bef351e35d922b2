import type { ChatRequest, Tool } from "../../contracts/ir.ts";
import {
  asObject,
  isObject,
  type JsonObject,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredArray,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
} from "../checks.ts";
import { cacheMarkerOf } from "./cache-point.ts";

/** `toolConfig` of a caller. `refuse` takes what no other dialect can be told. */
export function parseTools(
  config: JsonObject | undefined,
  request: ChatRequest,
  refuse: (param: string) => void,
): void {
  if (config === undefined) return;
  const tools: Tool[] = [];
  for (const [index, value] of requiredArray(config, "tools", "toolConfig").entries()) {
    const path = `toolConfig.tools[${index}]`;
    const entry = asObject(value, path);
    const last = tools.at(-1);
    if (isObject(entry.toolSpec)) tools.push(parseToolSpec(entry.toolSpec, `${path}.toolSpec`));
    else if (isObject(entry.cachePoint)) {
      if (last !== undefined) last.cache = cacheMarkerOf(entry.cachePoint);
    } else refuse(path);
  }
  if (tools.length > 0) request.tools = tools;
  const choice = optionalObject(config, "toolChoice", "toolConfig");
  if (choice === undefined) return;
  if (choice.auto !== undefined) request.toolChoice = { type: "auto" };
  else if (choice.any !== undefined) request.toolChoice = { type: "required" };
  else {
    const tool = requiredObject(choice, "tool", "toolConfig.toolChoice");
    request.toolChoice = { type: "tool", name: requiredString(tool, "name", "toolConfig.toolChoice.tool") };
  }
}

function parseToolSpec(spec: JsonObject, path: string): Tool {
  const tool: Tool = { name: requiredNonEmptyString(spec, "name", path) };
  const description = optionalString(spec, "description", path);
  if (description !== undefined) tool.description = description;
  tool.parameters = requiredObject(requiredObject(spec, "inputSchema", path), "json", `${path}.inputSchema`);
  const strict = optionalBoolean(spec, "strict", path);
  if (strict !== undefined) tool.strict = strict;
  return tool;
}
