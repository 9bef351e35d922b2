import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, Reasoning, ReasoningEffort, Tool, ToolChoice } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, refuseUntranslatable, refuseVerbosity, unsupportedField } from "../foreign.ts";
import { buildContents } from "./contents.ts";
import { withoutType } from "./format-answer.ts";
import { modelAbilities, modelPath } from "./models.ts";

/**
 * The IR to `POST /models/{model}:generateContent`, or `:streamGenerateContent?alt=sse` (base URL
 * `https://generativelanguage.googleapis.com/v1beta`). The key travels in a header that is added elsewhere, never in the
 * URL.
 *
 * What Gemini can't do, and what becomes of it:
 * - `parallel_tool_calls: false`, verbosity other than `medium`, another provider's own tools, blocks and file ids: refused.
 * - `user`, `safety_identifier`, `metadata`, cache markers (Gemini caches by itself), a schema's name and description,
 *   `strict` (Gemini's function calls follow the schema as far as they do): dropped, they don't change what the model is
 *   asked.
 * - `reasoning_effort`: `thinkingLevel` on Gemini 3 and later, a `thinkingBudget` before, with Google's own numbers
 *   (ai.google.dev, "OpenAI compatibility"). `none` is a budget of 0, or the lowest level, since Gemini 3 always thinks.
 * - Service tier `default` is `standard`; `auto` is what Gemini does unasked.
 */

const HEADERS = { "content-type": "application/json" };

const THINKING_LEVELS: Record<ReasoningEffort, string> = {
  none: "MINIMAL",
  minimal: "MINIMAL",
  low: "LOW",
  medium: "MEDIUM",
  high: "HIGH",
  xhigh: "HIGH",
  max: "HIGH",
};

const THINKING_BUDGETS: Record<ReasoningEffort, number> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

/** Throws GatewayError `unsupported_field`, or `invalid_request` where a field can't be read. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  refuseUntranslatable(request.untranslatable, "gemini");
  refuseVerbosity(request, "Gemini");
  const { systemParts, contents } = buildContents(request.messages, target.model);
  const body: JsonObject = {};
  if (systemParts.length > 0) body.systemInstruction = { parts: systemParts };
  body.contents = contents;
  setTools(body, request);
  const { generationConfig: keptConfig, ...kept } = extraFields(request.extra, "gemini") ?? {};
  const generationConfig = { ...buildGenerationConfig(request, target), ...(isObject(keptConfig) ? keptConfig : {}) };
  if (Object.keys(generationConfig).length > 0) body.generationConfig = generationConfig;
  setServiceTier(body, request);
  return {
    path: `${modelPath(target.model)}:${request.stream ? "streamGenerateContent" : "generateContent"}`,
    query: request.stream ? "alt=sse" : "",
    headers: { ...HEADERS },
    body: JSON.stringify({ ...body, ...kept }),
  };
}

function setTools(body: JsonObject, request: ChatRequest): void {
  const { tools, toolChoice, parallelToolCalls } = request;
  const mayCall = tools !== undefined && tools.length > 0 && toolChoice?.type !== "none";
  if (parallelToolCalls === false && mayCall) {
    throw unsupportedField("parallel_tool_calls", "is false, but Gemini may always call several tools at once");
  }
  const functionDeclarations: JsonObject[] = [];
  const entries: JsonObject[] = [];
  for (const tool of tools ?? []) {
    const opaque = opaqueFields(tool.extra, "gemini");
    if (opaque === undefined) functionDeclarations.push(buildFunction(tool));
    else entries.push(withoutType(opaque));
  }
  if (functionDeclarations.length > 0) entries.unshift({ functionDeclarations });
  if (entries.length > 0) body.tools = entries;
  if (toolChoice !== undefined) body.toolConfig = { functionCallingConfig: buildCallingConfig(toolChoice) };
}

function buildFunction(tool: Tool): JsonObject {
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...(tool.parameters === undefined ? {} : { parametersJsonSchema: tool.parameters }),
    ...extraFields(tool.extra, "gemini"),
  };
}

function buildCallingConfig(choice: ToolChoice): JsonObject {
  switch (choice.type) {
    case "auto":
      return { mode: "AUTO" };
    case "none":
      return { mode: "NONE" };
    case "required":
      return { mode: "ANY" };
    case "tool":
      return { mode: "ANY", allowedFunctionNames: [choice.name] };
  }
}

function buildGenerationConfig(request: ChatRequest, target: TargetModel): JsonObject {
  const config: JsonObject = {};
  const set = (key: string, value: unknown) => {
    if (value !== undefined) config[key] = value;
  };
  set("maxOutputTokens", request.maxOutputTokens);
  set("temperature", request.temperature);
  set("topP", request.topP);
  set("topK", request.topK);
  set("stopSequences", request.stop);
  set("candidateCount", request.n === 1 ? undefined : request.n);
  set("seed", request.seed);
  set("presencePenalty", request.presencePenalty);
  set("frequencyPenalty", request.frequencyPenalty);
  if (request.logprobs === true) {
    config.responseLogprobs = true;
    set("logprobs", request.topLogprobs);
  }
  const format = request.responseFormat;
  if (format !== undefined && format.type !== "text") {
    config.responseMimeType = "application/json";
    if (format.type === "json_schema") config.responseJsonSchema = format.schema;
  }
  set("thinkingConfig", buildThinkingConfig(request.reasoning, target.model));
  return config;
}

function buildThinkingConfig(reasoning: Reasoning | undefined, model: string): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const { effort, budgetTokens, includeThoughts } = reasoning;
  const config: JsonObject = {};
  if (budgetTokens !== undefined) config.thinkingBudget = budgetTokens;
  else if (effort !== undefined && modelAbilities(model).isGemini3) config.thinkingLevel = THINKING_LEVELS[effort];
  else if (effort !== undefined) config.thinkingBudget = THINKING_BUDGETS[effort];
  if (includeThoughts !== undefined) config.includeThoughts = includeThoughts;
  return Object.keys(config).length === 0 ? undefined : config;
}

function setServiceTier(body: JsonObject, request: ChatRequest): void {
  const tier = request.serviceTier;
  if (tier === undefined || tier === "auto") return;
  if (tier === "default") body.serviceTier = "standard";
  else if (tier === "flex" || tier === "priority") body.serviceTier = tier;
  else throw unsupportedField("service_tier", `is ${JSON.stringify(tier)}, which Gemini does not know`);
}
