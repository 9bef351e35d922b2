import type { ChatRequest, Tool, ToolChoice } from "../../contracts/ir.ts";
import { invalid, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { cachePoint } from "./cache-point.ts";
import { familyOf } from "./models.ts";

export interface ToolFields {
  /** undefined: the call has no tools. */
  toolConfig?: JsonObject;
  /** `additionalModelRequestFields`. */
  modelFields: JsonObject;
}

/**
 * `toolConfig`. Converse has no word for "none of them", nor for "one at a time": Claude takes both in its own
 * `tool_choice`. For other models, tools that must not be called are left out, unless the conversation holds calls, whose
 * tools Bedrock wants declared.
 */
export function buildTools(request: ChatRequest, model: string, hasToolBlocks: boolean): ToolFields {
  const { tools = [], toolChoice, parallelToolCalls } = request;
  if (tools.length === 0) {
    if (toolChoice?.type === "required" || toolChoice?.type === "tool") {
      throw invalid("tool_choice", "demands a call, but there are no `tools`.");
    }
    if (hasToolBlocks) {
      throw unsupportedField("tools", "is missing, but Bedrock wants tools declared that earlier messages call");
    }
    return { modelFields: {} };
  }
  const isClaude = familyOf(model) === "claude";
  const toolConfig: JsonObject = { tools: tools.flatMap(buildTool) };
  if (isClaude && (toolChoice?.type === "none" || parallelToolCalls === false)) {
    return { toolConfig, modelFields: { tool_choice: claudeChoice(toolChoice, parallelToolCalls) } };
  }
  if (toolChoice?.type === "none") {
    if (!hasToolBlocks) return { modelFields: {} };
    throw unsupportedField(
      "tool_choice",
      "is none after earlier calls, but this model of Bedrock can't be kept from calling the tools it has",
    );
  }
  if (parallelToolCalls === false) {
    throw unsupportedField("parallel_tool_calls", "is false, but this model of Bedrock may call several tools at once");
  }
  if (toolChoice !== undefined) toolConfig.toolChoice = buildChoice(toolChoice);
  return { toolConfig, modelFields: {} };
}

function buildTool(tool: Tool): JsonObject[] {
  const marker = tool.cache === undefined ? [] : [cachePoint(tool.cache)];
  const toolSpec = {
    name: tool.name,
    // An empty one is refused.
    ...(tool.description === undefined || tool.description === "" ? {} : { description: tool.description }),
    inputSchema: { json: tool.parameters ?? { type: "object", properties: {} } },
    ...(tool.strict === undefined ? {} : { strict: tool.strict }),
  };
  return [{ toolSpec }, ...marker];
}

function buildChoice(choice: Exclude<ToolChoice, { type: "none" }>): JsonObject {
  switch (choice.type) {
    case "auto":
      return { auto: {} };
    case "required":
      return { any: {} };
    case "tool":
      return { tool: { name: choice.name } };
  }
}

/** In Anthropic's words. */
function claudeChoice(choice: ToolChoice | undefined, parallelToolCalls: boolean | undefined): JsonObject {
  if (choice?.type === "none") return { type: "none" };
  const type = choice === undefined ? "auto" : choice.type === "required" ? "any" : choice.type;
  return {
    type,
    ...(choice?.type === "tool" ? { name: choice.name } : {}),
    ...(parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls }),
  };
}
