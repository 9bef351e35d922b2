import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, Reasoning, ReasoningEffort, Tool } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, refuseUntranslatable, refuseVerbosity, unsupportedField } from "../foreign.ts";
import { ABLE, addDocuments } from "./documents.ts";
import { modelAbilities } from "./models.ts";
import { buildMessages, cacheControl, nameFiles } from "./outbound-messages.ts";

/**
 * The IR to `POST /messages` (base URL `https://api.anthropic.com/v1`), API version 2023-06-01: the later version
 * 2026-10-21 differs for requests only in what it refuses, among it the sampling parameters that callers of other
 * dialects send.
 *
 * What Anthropic can't do, and what becomes of it:
 * - `n` above 1, `logprobs`, audio, penalties other than 0, `response_format: json_object`, a temperature above 1,
 *   verbosity other than `medium`, service tiers other than `auto` and `default`, other providers' own tools and blocks:
 *   refused, since the answer would not be what was asked for.
 * - `user`, or else `safety_identifier`, is `metadata.user_id`.
 * - `seed` (a hint even where it exists), penalties of 0, `metadata` (labels for OpenAI's own store), image `detail`, a
 *   schema's name and description: dropped, they don't change what the model is asked.
 * - `strict: false` of a schema: Anthropic always enforces the schema.
 * - `reasoning_effort`: `output_config.effort` and adaptive thinking; on models older than those, a thinking budget of a
 *   share of the output limit. `none` turns thinking off, `minimal` is `low`. With a forced call of a tool: the
 *   effort alone, or refused where there is none.
 * - Sampling parameters go on although later models refuse them: the provider's error says so, dropping them would not.
 * - Tool schemas and structured output are native (`output_config.format`).
 */

const HEADERS = { "content-type": "application/json", "anthropic-version": "2023-06-01" };
/** Of the Files API, without which messages name no files. */
const FILES_BETA = { "anthropic-beta": "files-api-2025-04-14" };

/** The fewest tokens a thinking budget may have; it must also be below `max_tokens`. */
const MIN_THINKING_TOKENS = 1024;

/** The share of the output limit that each effort may spend on thinking, for models that know budgets only. */
const THINKING_SHARE: Record<Exclude<ReasoningEffort, "none">, number> = {
  minimal: 0.1,
  low: 0.2,
  medium: 0.5,
  high: 0.8,
  xhigh: 0.95,
  max: 0.95,
};

/** Throws GatewayError `unsupported_field`, or `invalid_request` where a field can't be read. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  refuseUnsupported(request);
  const native = extraFields(request.extra, "anthropic");
  const { system, messages } = buildMessages(request.messages, native !== undefined, target.model);
  const body: JsonObject = { model: target.model, max_tokens: maxTokens(request, target) };
  if (system.length > 0) body.system = system;
  const { documents, citations = true } = request;
  body.messages = documents === undefined ? messages : addDocuments(messages, documents, citations);
  setTools(body, request);
  if (request.temperature !== undefined) body.temperature = request.temperature;
  if (request.topP !== undefined) body.top_p = request.topP;
  if (request.topK !== undefined) body.top_k = request.topK;
  if (request.stop !== undefined) body.stop_sequences = request.stop;
  if (request.stream) body.stream = true;
  setServiceTier(body, request, native !== undefined);
  if (native === undefined) setThinking(body, request, target);
  const { metadata, output_config: outputConfig, ...rest } = native ?? {};
  setMetadata(body, request, metadata);
  setOutputConfig(body, request, target, native !== undefined, outputConfig);
  const headers = nameFiles(request.messages) ? { ...HEADERS, ...FILES_BETA } : { ...HEADERS };
  return { path: "/messages", query: "", headers, body: JSON.stringify({ ...body, ...rest }) };
}

function refuseUnsupported(request: ChatRequest): void {
  refuseUntranslatable(request.untranslatable, "anthropic", ABLE);
  refuseVerbosity(request, "Anthropic");
  if (request.n !== undefined && request.n > 1) {
    throw unsupportedField("n", `is ${request.n}, but Anthropic gives one answer per request`);
  }
  if (request.logprobs === true) throw unsupportedField("logprobs", "is not offered by Anthropic");
  if (request.topLogprobs !== undefined && request.topLogprobs > 0) {
    throw unsupportedField("top_logprobs", "is not offered by Anthropic");
  }
  if (request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0) {
    throw unsupportedField("frequency_penalty", "is not offered by Anthropic");
  }
  if (request.presencePenalty !== undefined && request.presencePenalty !== 0) {
    throw unsupportedField("presence_penalty", "is not offered by Anthropic");
  }
  if (request.temperature !== undefined && request.temperature > 1) {
    throw unsupportedField("temperature", `is ${request.temperature}, but Anthropic takes values from 0 to 1`);
  }
  if (request.responseFormat?.type === "json_object") {
    throw unsupportedField("response_format", "of type json_object is not offered by Anthropic; json_schema is");
  }
}

/** A default limit must leave room for the answer after the thinking. */
function maxTokens(request: ChatRequest, target: TargetModel): number {
  return request.maxOutputTokens ?? target.defaultMaxOutputTokens + (request.reasoning?.budgetTokens ?? 0);
}

function setTools(body: JsonObject, request: ChatRequest): void {
  const { tools, toolChoice, parallelToolCalls } = request;
  if (tools !== undefined) body.tools = tools.map(buildTool);
  const hasTools = tools !== undefined && tools.length > 0;
  // Without tools the API takes no choice among them, and there is none to be made.
  const saysNothing = toolChoice?.type === "auto" || toolChoice?.type === "none";
  if (!hasTools && saysNothing && request.extra?.dialect !== "anthropic") return;
  if (toolChoice === undefined) {
    if (parallelToolCalls === false && hasTools) {
      body.tool_choice = { type: "auto", disable_parallel_tool_use: true };
    }
    return;
  }
  if (toolChoice.type === "none") {
    body.tool_choice = { type: "none" };
    return;
  }
  const choice: JsonObject = { type: toolChoice.type === "required" ? "any" : toolChoice.type };
  if (toolChoice.type === "tool") choice.name = toolChoice.name;
  if (parallelToolCalls !== undefined) choice.disable_parallel_tool_use = !parallelToolCalls;
  body.tool_choice = choice;
}

function buildTool(tool: Tool): JsonObject {
  const opaque = opaqueFields(tool.extra, "anthropic");
  if (opaque !== undefined) return opaque;
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    input_schema: tool.parameters ?? { type: "object", properties: {} },
    ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    ...cacheControl(tool.cache),
    ...extraFields(tool.extra, "anthropic"),
  };
}

function setServiceTier(body: JsonObject, request: ChatRequest, native: boolean): void {
  const tier = request.serviceTier;
  if (tier === undefined) return;
  if (tier === "default") body.service_tier = "standard_only";
  else if (tier === "auto" || native) body.service_tier = tier;
  else throw unsupportedField("service_tier", `is ${JSON.stringify(tier)}, but Anthropic knows auto and default`);
}

function setMetadata(body: JsonObject, request: ChatRequest, kept: unknown): void {
  const userId = request.user ?? request.safetyIdentifier;
  if (userId === undefined && !isObject(kept)) return;
  const user = userId === undefined ? {} : { user_id: userId };
  body.metadata = { ...user, ...(isObject(kept) ? kept : {}) };
}

function setThinking(body: JsonObject, request: ChatRequest, target: TargetModel): void {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return;
  const { effort, budgetTokens, includeThoughts } = reasoning;
  const omitted = includeThoughts === false ? { display: "omitted" } : {};
  if (effort !== "none" && forcesTool(request)) {
    refuseThinking(reasoning, modelAbilities(target.model).effort);
    return;
  }
  if (effort === "none") {
    body.thinking = { type: "disabled" };
  } else if (budgetTokens !== undefined) {
    body.thinking = { type: "enabled", budget_tokens: budgetTokens, ...omitted };
  } else if (modelAbilities(target.model).adaptiveThinking) {
    if (effort === undefined && includeThoughts !== true) return;
    const display = includeThoughts === true ? { display: "summarized" } : omitted;
    body.thinking = { type: "adaptive", ...display };
  } else if (effort !== undefined) {
    body.thinking = { type: "enabled", budget_tokens: thinkingBudget(effort, maxTokens(request, target)), ...omitted };
  }
}

/** Claude does not think where it is made to call a tool: the API refuses a request for both. */
export function forcesTool({ toolChoice }: ChatRequest): boolean {
  return toolChoice?.type === "required" || toolChoice?.type === "tool";
}

/** Throws `unsupported_field` where thinking is asked for. An effort can be had without, where the model knows such a thing. */
export function refuseThinking({ effort, budgetTokens }: Reasoning, knowsEffort: boolean): void {
  if (budgetTokens === undefined && (effort === undefined || knowsEffort)) return;
  const field = budgetTokens === undefined ? "reasoning_effort" : "reasoning.max_tokens";
  throw unsupportedField(field, `is set, but Claude does not think where \`tool_choice\` makes it call a tool`);
}

/** Throws `unsupported_field` where the limit leaves no room for thinking. */
export function thinkingBudget(effort: Exclude<ReasoningEffort, "none">, limit: number): number {
  if (limit <= MIN_THINKING_TOKENS) {
    throw unsupportedField(
      "reasoning_effort",
      `needs an output limit above ${MIN_THINKING_TOKENS} tokens on this model, not ${limit}`,
    );
  }
  return Math.max(MIN_THINKING_TOKENS, Math.floor(limit * THINKING_SHARE[effort]));
}

function setOutputConfig(
  body: JsonObject,
  request: ChatRequest,
  target: TargetModel,
  native: boolean,
  kept: unknown,
): void {
  const config: JsonObject = {};
  const effort = wireEffort(request.reasoning);
  if (effort !== null && (native || modelAbilities(target.model).effort)) config.effort = effort;
  const format = request.responseFormat;
  if (format?.type === "json_schema") config.format = { type: "json_schema", schema: format.schema };
  if (isObject(kept)) Object.assign(config, kept);
  if (Object.keys(config).length > 0) body.output_config = config;
}

/** null: not said, or none. */
export function wireEffort(reasoning: Reasoning | undefined): string | null {
  const effort = reasoning?.effort;
  if (effort === undefined || effort === "none") return null;
  return effort === "minimal" ? "low" : effort;
}
