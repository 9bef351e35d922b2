import type { ChatRequest, Reasoning, ReasoningEffort, Untranslatable } from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  asObject,
  asString,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalNumber,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
  takeUnknown,
} from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { parseMessages } from "./parse-messages.ts";
import { parseTools } from "./parse-tools.ts";

/**
 * A caller's body of Converse or ConverseStream; the model, and whether to stream, are in the path. A provider of this dialect
 * gets the body as it is, so that the whole of it is kept, and no more is read than what other dialects can be told.
 *
 * What they can't be told, and what becomes of it:
 * - `guardrailConfig`, `promptVariables`, a model's own fields other than those below, blocks and tools that only Bedrock has:
 *   `untranslatable`.
 * - `additionalModelRequestFields`: `thinking`, `top_k`, `reasoning_effort`, `reasoningConfig`, `tool_choice` and
 *   `inferenceConfig.topK` are read, as Claude, gpt-oss and Nova take them.
 * - `performanceConfig` and `additionalModelResponseFieldPaths` are dropped: they don't change what the model is asked.
 */

const EFFORTS: readonly ReasoningEffort[] = ["minimal", "low", "medium", "high", "xhigh", "max"];
const MODEL_FIELDS = new Set([
  "thinking",
  "top_k",
  "reasoning_effort",
  "reasoningConfig",
  "tool_choice",
  "inferenceConfig",
]);
const MODEL_PATH = "additionalModelRequestFields";

/** Throws GatewayError `invalid_request` naming the field. */
export function parseChatRequest(body: unknown): ChatRequest {
  const object = asObject(body, "");
  const untranslatable: Untranslatable[] = [];
  const refuse = (param: string) => void untranslatable.push({ dialect: "bedrock", param });
  const request: ChatRequest = {
    model: "",
    messages: parseMessages(object, refuse),
    stream: false,
    includeUsage: true,
  };
  parseInference(object, request);
  parseTools(optionalObject(object, "toolConfig", ""), request, refuse);
  parseOutput(object, request);
  parseModelFields(optionalObject(object, MODEL_PATH, ""), request, refuse);
  const tier = optionalObject(object, "serviceTier", "");
  if (tier !== undefined) request.serviceTier = requiredString(tier, "type", "serviceTier");
  const labels = optionalObject(object, "requestMetadata", "");
  if (labels !== undefined) request.metadata = parseLabels(labels);
  for (const name of ["guardrailConfig", "promptVariables"]) if (object[name] != null) refuse(name);
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  request.extra = { dialect: "bedrock", fields: object };
  return request;
}

function parseInference(object: JsonObject, request: ChatRequest): void {
  const path = "inferenceConfig";
  const config = optionalObject(object, path, "");
  if (config === undefined) return;
  const maxTokens = optionalNumber(config, "maxTokens", path, { min: 1, integer: true });
  if (maxTokens !== undefined) request.maxOutputTokens = maxTokens;
  const temperature = optionalNumber(config, "temperature", path, { min: 0, max: 1 });
  if (temperature !== undefined) request.temperature = temperature;
  const topP = optionalNumber(config, "topP", path, { min: 0, max: 1 });
  if (topP !== undefined) request.topP = topP;
  const stop = optionalArray(config, "stopSequences", path);
  if (stop !== undefined) {
    request.stop = stop.map((value, index) => asNonEmptyString(value, `${path}.stopSequences[${index}]`));
  }
}

function parseOutput(object: JsonObject, request: ChatRequest): void {
  const config = optionalObject(object, "outputConfig", "");
  if (config === undefined) return;
  const effort = optionalOneOf(config, "effort", "outputConfig", EFFORTS);
  if (effort !== undefined) request.reasoning = { effort };
  const format = optionalObject(config, "textFormat", "outputConfig");
  if (format === undefined) return;
  const path = "outputConfig.textFormat";
  optionalOneOf(format, "type", path, ["json_schema"]);
  const structure = requiredObject(format, "structure", path);
  const definition = requiredObject(structure, "jsonSchema", `${path}.structure`);
  const at = `${path}.structure.jsonSchema`;
  const schema = tryParseJson(requiredString(definition, "schema", at));
  if (!isObject(schema)) throw invalid(`${at}.schema`, "must be the JSON text of an object.");
  const name = optionalString(definition, "name", at) ?? "response";
  const description = optionalString(definition, "description", at);
  request.responseFormat = {
    type: "json_schema",
    name,
    ...(description === undefined ? {} : { description }),
    schema,
    strict: true,
  };
}

function parseModelFields(fields: JsonObject | undefined, request: ChatRequest, refuse: (param: string) => void): void {
  if (fields === undefined) return;
  for (const name of Object.keys(takeUnknown(fields, MODEL_FIELDS) ?? {})) refuse(`${MODEL_PATH}.${name}`);
  const nova = optionalObject(fields, "inferenceConfig", MODEL_PATH);
  for (const name of Object.keys(takeUnknown(nova ?? {}, new Set(["topK"])) ?? {})) {
    refuse(`${MODEL_PATH}.inferenceConfig.${name}`);
  }
  const topK =
    optionalNumber(fields, "top_k", MODEL_PATH, { min: 0, integer: true }) ??
    optionalNumber(nova ?? {}, "topK", `${MODEL_PATH}.inferenceConfig`, { min: 0, integer: true });
  if (topK !== undefined) request.topK = topK;
  const reasoning = { ...request.reasoning, ...parseReasoning(fields) };
  if (Object.keys(reasoning).length > 0) request.reasoning = reasoning;
  parseToolChoice(optionalObject(fields, "tool_choice", MODEL_PATH), request);
}

/** In the words of Claude, gpt-oss or Nova. */
function parseReasoning(fields: JsonObject): Reasoning {
  const reasoning: Reasoning = {};
  const effort = optionalOneOf(fields, "reasoning_effort", MODEL_PATH, ["none", ...EFFORTS]);
  if (effort !== undefined) reasoning.effort = effort;
  const nova = optionalObject(fields, "reasoningConfig", MODEL_PATH);
  if (nova !== undefined) {
    const path = `${MODEL_PATH}.reasoningConfig`;
    const isOff = optionalOneOf(nova, "type", path, ["enabled", "disabled"]) === "disabled";
    const novaEffort = isOff ? "none" : optionalOneOf(nova, "maxReasoningEffort", path, EFFORTS);
    if (novaEffort !== undefined) reasoning.effort = novaEffort;
  }
  const thinking = optionalObject(fields, "thinking", MODEL_PATH);
  if (thinking === undefined) return reasoning;
  const path = `${MODEL_PATH}.thinking`;
  const type = optionalOneOf(thinking, "type", path, ["enabled", "adaptive", "disabled"]);
  if (type === "disabled") return { effort: "none" };
  const budget = optionalNumber(thinking, "budget_tokens", path, { min: 1, integer: true });
  if (budget !== undefined) reasoning.budgetTokens = budget;
  reasoning.includeThoughts = optionalString(thinking, "display", path) !== "omitted";
  return reasoning;
}

/** Claude's: what Converse has no word for. */
function parseToolChoice(choice: JsonObject | undefined, request: ChatRequest): void {
  if (choice === undefined) return;
  const path = `${MODEL_PATH}.tool_choice`;
  const type = optionalOneOf(choice, "type", path, ["auto", "any", "tool", "none"]);
  if (type === "tool") request.toolChoice = { type, name: requiredString(choice, "name", path) };
  else if (type !== undefined) request.toolChoice = { type: type === "any" ? "required" : type };
  if (choice.disable_parallel_tool_use === true) request.parallelToolCalls = false;
}

function parseLabels(labels: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name, asString(value, `requestMetadata.${name}`)]),
  );
}
