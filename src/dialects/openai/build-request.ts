import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, Reasoning, ResponseFormat, Tool } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, refuseUntranslatable } from "../foreign.ts";
import { sharedFields } from "../openai-fields.ts";
import { buildMessages } from "./build-messages.ts";
import { adaptRequest } from "./quirks.ts";

/** OpenAI's models that reason: they refuse `max_tokens` and take `reasoning_effort`. Fine-tuned ones begin with `ft:`. */
export const REASONING_MODEL = /^(?:ft:)?(?:[\w-]+\/)?(?:o\d|gpt-(?:[5-9]|\d\d))/;

/** `POST /chat/completions`. Throws GatewayError `unsupported_field`. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  refuseUntranslatable(request.untranslatable, "openai");
  const extra = extraFields(request.extra, "openai") ?? sharedFields(request.extra, "openai-responses");
  const body: JsonObject = { model: target.model, messages: buildMessages(request.messages) };
  if (request.tools !== undefined && request.tools.length > 0) body.tools = request.tools.map(buildTool);
  if (request.toolChoice !== undefined) {
    const choice = request.toolChoice;
    body.tool_choice = choice.type === "tool" ? { type: "function", function: { name: choice.name } } : choice.type;
  }
  if (request.responseFormat !== undefined) body.response_format = buildResponseFormat(request.responseFormat);
  addReasoning(body, request.reasoning, target, extra);
  addScalars(body, request);
  const { stream_options: streamOptions, ...others } = extra;
  Object.assign(body, others);
  addLimit(body, request, target);
  if (request.stream) {
    body.stream = true;
    // Always asked for: limits and the call log need it. The caller gets it only when it asked, too.
    body.stream_options = { ...(isObject(streamOptions) ? streamOptions : {}), include_usage: true };
  }
  return {
    path: "/chat/completions",
    query: "",
    headers: {
      "content-type": "application/json",
      accept: request.stream ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify(target.quirks === undefined ? body : adaptRequest(body, target.quirks)),
  };
}

function addScalars(body: JsonObject, request: ChatRequest): void {
  const scalars: JsonObject = {
    parallel_tool_calls: request.parallelToolCalls,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    seed: request.seed,
    stop: request.stop,
    n: request.n,
    logprobs: request.logprobs,
    top_logprobs: request.topLogprobs,
    verbosity: request.verbosity,
    user: request.user,
    safety_identifier: request.safetyIdentifier,
    // Labels of what is stored, and refused where nothing is: callers of other dialects store nothing here.
    metadata: isForeign(request) ? undefined : request.metadata,
    service_tier: request.serviceTier,
  };
  for (const [key, value] of Object.entries(scalars)) {
    if (value !== undefined) body[key] = value;
  }
}

function isForeign({ extra }: ChatRequest): boolean {
  return extra !== undefined && extra.dialect !== "openai";
}

/**
 * OpenAI's reasoning models take only `max_completion_tokens`; many compatible servers know only `max_tokens`. A caller
 * of this dialect has the limit in `extra` under the name it used, which stays unless the target is known to need another.
 */
function addLimit(body: JsonObject, request: ChatRequest, target: TargetModel): void {
  if (request.maxOutputTokens === undefined) return;
  const field = target.maxTokensField;
  if (field !== undefined) {
    delete body.max_tokens;
    delete body.max_completion_tokens;
    body[field] = request.maxOutputTokens;
  } else if ((body.max_tokens ?? body.max_completion_tokens ?? null) === null) {
    body[REASONING_MODEL.test(target.model) ? "max_completion_tokens" : "max_tokens"] = request.maxOutputTokens;
  }
}

/** A budget in tokens has no counterpart but an effort, and only models known to reason are sent one unasked. */
function addReasoning(
  body: JsonObject,
  reasoning: Reasoning | undefined,
  target: TargetModel,
  extra: JsonObject,
): void {
  if (reasoning === undefined) return;
  const written = isObject(extra.reasoning) ? extra.reasoning.effort : undefined;
  if (reasoning.effort !== undefined) {
    if (reasoning.effort !== written) body.reasoning_effort = reasoning.effort;
  } else if (
    reasoning.budgetTokens !== undefined &&
    extra.reasoning === undefined &&
    REASONING_MODEL.test(target.model)
  ) {
    body.reasoning_effort = effortOfBudget(reasoning.budgetTokens);
  }
}

export function effortOfBudget(budgetTokens: number): string {
  if (budgetTokens <= 2048) return "low";
  return budgetTokens <= 16_384 ? "medium" : "high";
}

function buildTool(tool: Tool): JsonObject {
  const opaque = opaqueFields(tool.extra, "openai");
  if (opaque !== undefined) return opaque;
  const { function: functionFields, ...others } = extraFields(tool.extra, "openai") ?? {};
  const fn: JsonObject = { name: tool.name };
  if (tool.description !== undefined) fn.description = tool.description;
  if (tool.parameters !== undefined) fn.parameters = tool.parameters;
  if (tool.strict !== undefined) fn.strict = tool.strict;
  if (isObject(functionFields)) Object.assign(fn, functionFields);
  return { type: "function", function: fn, ...others };
}

function buildResponseFormat(format: ResponseFormat): JsonObject {
  if (format.type !== "json_schema") return { type: format.type };
  const schema: JsonObject = { name: format.name };
  if (format.description !== undefined) schema.description = format.description;
  schema.schema = format.schema;
  if (format.strict !== undefined) schema.strict = format.strict;
  return { type: "json_schema", json_schema: schema };
}
