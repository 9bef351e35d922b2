import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, ResponseFormat, Tool } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, refuseUntranslatable, unsupportedField } from "../foreign.ts";
import { effortOfBudget, REASONING_MODEL } from "../openai/build-request.ts";
import { sharedFields } from "../openai-fields.ts";
import { buildInput } from "./build-input.ts";

/**
 * The IR to `POST /responses`.
 *
 * What the Responses API can't do, and what becomes of it:
 * - `n` above 1, `stop`, `top_k`, penalties other than 0, audio, other providers' own tools and blocks: refused.
 * - `seed` (a hint even where it exists), cache markers (OpenAI caches by itself), penalties of 0: dropped.
 * - Answers are not stored unless a caller of Chat Completions asks for it (`store`): the API's own default is to keep
 *   them for 30 days. So models that reason are asked for what has to come back on the next turn.
 * - Tools are not strict unless the caller says so; the API's own default is that they are.
 * - A thinking budget is an effort, as in Chat Completions; that thoughts are wanted is a summary of them.
 */

/** Throws GatewayError `unsupported_field`. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  refuseUnsupported(request);
  const own = extraFields(request.extra, "openai-responses");
  const body: JsonObject = { model: target.model, input: buildInput(request.messages) };
  if (request.tools !== undefined && request.tools.length > 0) body.tools = request.tools.map(buildTool);
  if (request.toolChoice !== undefined) {
    const choice = request.toolChoice;
    body.tool_choice = choice.type === "tool" ? { type: "function", name: choice.name } : choice.type;
  }
  addText(body, request);
  addScalars(body, request);
  const reasons = addReasoning(body, request, target);
  if (own === undefined) addStore(body, request, reasons);
  Object.assign(body, sharedFields(request.extra, "openai"), mergeOwn(body, own ?? {}));
  if (request.stream) body.stream = true;
  return {
    path: "/responses",
    query: "",
    headers: {
      "content-type": "application/json",
      accept: request.stream ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify(body),
  };
}

function refuseUnsupported(request: ChatRequest): void {
  refuseUntranslatable(request.untranslatable, "openai-responses");
  if (request.n !== undefined && request.n > 1) {
    throw unsupportedField("n", `is ${request.n}, but the Responses API gives one answer per request`);
  }
  if (request.stop !== undefined && request.stop.length > 0) {
    throw unsupportedField("stop", "is not offered by the Responses API");
  }
  if (request.topK !== undefined && request.topK > 0) {
    throw unsupportedField("top_k", "is not offered by the Responses API");
  }
  if (request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0) {
    throw unsupportedField("frequency_penalty", "is not offered by the Responses API");
  }
  if (request.presencePenalty !== undefined && request.presencePenalty !== 0) {
    throw unsupportedField("presence_penalty", "is not offered by the Responses API");
  }
}

function addScalars(body: JsonObject, request: ChatRequest): void {
  const scalars: JsonObject = {
    max_output_tokens: request.maxOutputTokens,
    parallel_tool_calls: request.parallelToolCalls,
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.topLogprobs,
    user: request.user,
    safety_identifier: request.safetyIdentifier,
    metadata: request.metadata,
    service_tier: request.serviceTier,
  };
  for (const [key, value] of Object.entries(scalars)) {
    if (value !== undefined) body[key] = value;
  }
  if (request.logprobs === true) body.include = ["message.output_text.logprobs"];
}

function addText(body: JsonObject, request: ChatRequest): void {
  const text: JsonObject = {};
  if (request.responseFormat !== undefined) text.format = buildFormat(request.responseFormat);
  if (request.verbosity !== undefined) text.verbosity = request.verbosity;
  if (Object.keys(text).length > 0) body.text = text;
}

function buildFormat(format: ResponseFormat): JsonObject {
  if (format.type !== "json_schema") return { type: format.type };
  const wire: JsonObject = { type: "json_schema", name: format.name };
  if (format.description !== undefined) wire.description = format.description;
  wire.schema = format.schema;
  if (format.strict !== undefined) wire.strict = format.strict;
  return wire;
}

/** Whether the model is one that reasons: the others refuse what is about reasoning. */
function addReasoning(body: JsonObject, request: ChatRequest, target: TargetModel): boolean {
  const { effort, budgetTokens, includeThoughts } = request.reasoning ?? {};
  const reasons = REASONING_MODEL.test(target.model) || (effort !== undefined && effort !== "none");
  const reasoning: JsonObject = {};
  if (effort !== undefined) reasoning.effort = effort;
  else if (budgetTokens !== undefined && reasons) reasoning.effort = effortOfBudget(budgetTokens);
  if (includeThoughts === true && reasons) reasoning.summary = "auto";
  if (Object.keys(reasoning).length > 0) body.reasoning = reasoning;
  return reasons;
}

function addStore(body: JsonObject, request: ChatRequest, reasons: boolean): void {
  const chat = extraFields(request.extra, "openai");
  body.store = chat?.store === true;
  if (!reasons) return;
  const include = Array.isArray(body.include) ? body.include : [];
  body.include = [...include, "reasoning.encrypted_content"];
}

/** What a caller of this dialect wrote, laid over what the IR holds of the same objects. */
function mergeOwn(body: JsonObject, own: Readonly<JsonObject>): JsonObject {
  const merged: JsonObject = { ...own };
  for (const name of ["reasoning", "text"]) {
    if (isObject(own[name]) && isObject(body[name])) merged[name] = { ...body[name], ...own[name] };
  }
  return merged;
}

function buildTool(tool: Tool): JsonObject {
  const opaque = opaqueFields(tool.extra, "openai-responses");
  if (opaque !== undefined) return opaque;
  const own = extraFields(tool.extra, "openai-responses");
  return {
    type: "function",
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.parameters ?? { type: "object", properties: {} },
    strict: tool.strict ?? false,
    ...own,
  };
}
