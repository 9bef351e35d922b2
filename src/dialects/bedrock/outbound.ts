import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { refuseUntranslatable, refuseVerbosity, unsupportedField } from "../foreign.ts";
import { buildConversation } from "./messages.ts";
import { familyOf, modelPath } from "./models.ts";
import { buildReasoning } from "./reasoning.ts";
import { buildTools } from "./tools.ts";

/**
 * The IR to `POST /model/{modelId}/converse`, or `…/converse-stream` (base URL
 * `https://bedrock-runtime.{region}.amazonaws.com`).
 *
 * What Bedrock can't do, and what becomes of it:
 * - `n` above 1, `logprobs`, penalties other than 0, `response_format: json_object`, a temperature above 1, media at URLs
 *   other than `s3://`, files by id, other providers' own tools and blocks: refused, since the answer would not be what was
 *   asked for.
 * - `top_k`, `tool_choice: none`, `parallel_tool_calls: false` and thinking are the models' own: said in
 *   `additionalModelRequestFields` to those that are known to take them, refused for others (see tools.ts, reasoning.ts).
 * - `seed` (a hint even where it exists), penalties of 0, `user`, image `detail`, `strict` of a schema (Bedrock always
 *   enforces it): dropped, they don't change what the model is asked.
 * - `metadata`: `requestMetadata`, which is a label for logs as well; pairs that it does not take are left out.
 * - Service tier `auto` is what Bedrock does unasked.
 */

const HEADERS = { "content-type": "application/json" };

const TIERS = new Set(["default", "flex", "priority", "reserved"]);

/** What the names and values of `requestMetadata` may be. */
const LABEL = /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/;

/** Throws GatewayError `unsupported_field`, or `invalid_request` where a field can't be read. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  // A body of this dialect is kept whole.
  const native = extraFields(request.extra, "bedrock");
  if (native !== undefined) return callOf(request, target, native);
  refuseUnsupported(request);
  const { system, messages, hasToolBlocks } = buildConversation(request.messages);
  const tools = buildTools(request, target.model, hasToolBlocks);
  const reasoning = buildReasoning(request, target);
  const inferenceConfig = buildInferenceConfig(request);
  const modelFields = { ...topK(request, target.model), ...tools.modelFields, ...reasoning.modelFields };
  const body: JsonObject = { messages };
  if (system.length > 0) body.system = system;
  if (Object.keys(inferenceConfig).length > 0) body.inferenceConfig = inferenceConfig;
  if (tools.toolConfig !== undefined) body.toolConfig = tools.toolConfig;
  if (Object.keys(modelFields).length > 0) body.additionalModelRequestFields = modelFields;
  setOutputConfig(body, request, reasoning.effort);
  setServiceTier(body, request);
  setMetadata(body, request);
  if (familyOf(target.model) === "claude") {
    const paths = claudeAnswerFields(request, modelFields);
    if (paths.length > 0) body.additionalModelResponseFieldPaths = paths;
  }
  return callOf(request, target, body);
}

function callOf({ stream }: ChatRequest, target: TargetModel, body: JsonObject): ProviderCall {
  return {
    path: `${modelPath(target.model)}/${stream ? "converse-stream" : "converse"}`,
    query: "",
    headers: { ...HEADERS },
    body: JSON.stringify(body),
  };
}

/** What Claude tells when it is asked: which sequence it stopped at, and in its own usage how many tokens it thought. */
function claudeAnswerFields({ stop }: ChatRequest, { thinking }: JsonObject): string[] {
  const thinks = isObject(thinking) && thinking.type !== "disabled";
  return [...(stop === undefined ? [] : ["/stop_sequence"]), ...(thinks ? ["/usage"] : [])];
}

function refuseUnsupported(request: ChatRequest): void {
  refuseUntranslatable(request.untranslatable, "bedrock");
  refuseVerbosity(request, "Bedrock");
  if (request.n !== undefined && request.n > 1) {
    throw unsupportedField("n", `is ${request.n}, but Bedrock gives one answer per request`);
  }
  if (request.logprobs === true) throw unsupportedField("logprobs", "is not offered by Bedrock");
  if (request.topLogprobs !== undefined && request.topLogprobs > 0) {
    throw unsupportedField("top_logprobs", "is not offered by Bedrock");
  }
  if (request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0) {
    throw unsupportedField("frequency_penalty", "is not offered by Bedrock");
  }
  if (request.presencePenalty !== undefined && request.presencePenalty !== 0) {
    throw unsupportedField("presence_penalty", "is not offered by Bedrock");
  }
  if (request.temperature !== undefined && request.temperature > 1) {
    throw unsupportedField("temperature", `is ${request.temperature}, but Bedrock takes values from 0 to 1`);
  }
  if (request.responseFormat?.type === "json_object") {
    throw unsupportedField("response_format", "of type json_object is not offered by Bedrock; json_schema is");
  }
}

function buildInferenceConfig(request: ChatRequest): JsonObject {
  const config: JsonObject = {};
  if (request.maxOutputTokens !== undefined) config.maxTokens = request.maxOutputTokens;
  if (request.temperature !== undefined) config.temperature = request.temperature;
  if (request.topP !== undefined) config.topP = request.topP;
  if (request.stop !== undefined && request.stop.length > 0) config.stopSequences = request.stop;
  return config;
}

function topK({ topK }: ChatRequest, model: string): JsonObject {
  if (topK === undefined) return {};
  switch (familyOf(model)) {
    case "claude":
    case "mistral":
      return { top_k: topK };
    case "nova":
      return { inferenceConfig: { topK } };
    default:
      throw unsupportedField("top_k", "is not taken by this model of Bedrock");
  }
}

function setOutputConfig(body: JsonObject, { responseFormat: format }: ChatRequest, effort: string | undefined): void {
  const config: JsonObject = {};
  if (format?.type === "json_schema") {
    const { schema, name, description } = format;
    const jsonSchema = { schema: JSON.stringify(schema), name, ...(description === undefined ? {} : { description }) };
    config.textFormat = { type: "json_schema", structure: { jsonSchema } };
  }
  if (effort !== undefined) config.effort = effort;
  if (Object.keys(config).length > 0) body.outputConfig = config;
}

function setServiceTier(body: JsonObject, { serviceTier: tier }: ChatRequest): void {
  if (tier === undefined || tier === "auto") return;
  if (!TIERS.has(tier)) {
    throw unsupportedField("service_tier", `is ${JSON.stringify(tier)}, but Bedrock knows ${[...TIERS].join(", ")}`);
  }
  body.serviceTier = { type: tier };
}

function setMetadata(body: JsonObject, { metadata = {} }: ChatRequest): void {
  const labels = Object.entries(metadata).filter(isLabel);
  if (labels.length > 0) body.requestMetadata = Object.fromEntries(labels);
}

/** Whether `requestMetadata` takes it. */
export function isLabel([name, value]: readonly [string, string]): boolean {
  return LABEL.test(name) && LABEL.test(value);
}
