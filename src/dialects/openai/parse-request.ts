import type { ChatRequest, Reasoning, ReasoningEffort, Untranslatable } from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  invalid,
  isObject,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredNonEmptyString,
  takeUnknown,
  wrongType,
} from "../checks.ts";
import { parseMessages } from "./parse-messages.ts";
import { parseResponseFormat, parseTools } from "./parse-tools.ts";

export const EFFORTS = [
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
] as const satisfies readonly ReasoningEffort[];

const KNOWN_FIELDS = new Set([
  ...["model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"],
  ...["response_format", "temperature", "top_p", "top_k", "frequency_penalty"],
  ...["presence_penalty", "seed", "stop", "n", "logprobs", "top_logprobs", "reasoning_effort", "user", "metadata"],
  ...["service_tier", "stream", "stream_options", "verbosity", "safety_identifier"],
]);

/** Fields outside the IR whose loss would change what the caller gets back. */
const UNTRANSLATABLE_FIELDS = ["audio", "web_search_options", "plugins"];

/** Body of `POST /chat/completions` to IR. Throws GatewayError `invalid_request` whose `param` names the field. */
export function parseChatRequest(value: unknown): ChatRequest {
  const body = asObject(value, "");
  const untranslatable: Untranslatable[] = [];
  const kept = takeUnknown(body, KNOWN_FIELDS) ?? {};
  const request: ChatRequest = {
    model: requiredNonEmptyString(body, "model", ""),
    messages: parseMessages(body, untranslatable),
    ...parseTools(body, kept, untranslatable),
    ...parseSampling(body),
    ...parseStreaming(body, kept),
  };
  const responseFormat = parseResponseFormat(body, kept, untranslatable);
  if (responseFormat !== undefined) request.responseFormat = responseFormat;
  const maxOutputTokens = parseMaxOutputTokens(body);
  if (maxOutputTokens !== undefined) request.maxOutputTokens = maxOutputTokens;
  const reasoning = parseReasoning(body);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const user = optionalString(body, "user", "");
  if (user !== undefined) request.user = user;
  const safetyIdentifier = optionalString(body, "safety_identifier", "");
  if (safetyIdentifier !== undefined) request.safetyIdentifier = safetyIdentifier;
  const verbosity = optionalOneOf(body, "verbosity", "", ["low", "medium", "high"]);
  if (verbosity !== undefined) request.verbosity = verbosity;
  const metadata = parseMetadata(body);
  if (metadata !== undefined) request.metadata = metadata;
  const serviceTier = optionalString(body, "service_tier", "");
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  noteUntranslatable(kept, untranslatable);
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  if (Object.keys(kept).length > 0) request.extra = { dialect: "openai", fields: kept };
  return request;
}

function parseSampling(body: JsonObject): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const temperature = optionalNumber(body, "temperature", "", { min: 0, max: 2 });
  const topP = optionalNumber(body, "top_p", "", { min: 0, max: 1 });
  // -1 turns top_k off in vLLM and SGLang.
  const topK = optionalNumber(body, "top_k", "", { min: -1, integer: true });
  const frequencyPenalty = optionalNumber(body, "frequency_penalty", "", { min: -2, max: 2 });
  const presencePenalty = optionalNumber(body, "presence_penalty", "", { min: -2, max: 2 });
  const seed = optionalNumber(body, "seed", "", { integer: true });
  const n = optionalNumber(body, "n", "", { min: 1, max: 128, integer: true });
  const logprobs = optionalBoolean(body, "logprobs", "");
  const topLogprobs = optionalNumber(body, "top_logprobs", "", { min: 0, max: 20, integer: true });
  const stop = parseStop(body.stop);
  if (temperature !== undefined) result.temperature = temperature;
  if (topP !== undefined) result.topP = topP;
  if (topK !== undefined) result.topK = topK;
  if (frequencyPenalty !== undefined) result.frequencyPenalty = frequencyPenalty;
  if (presencePenalty !== undefined) result.presencePenalty = presencePenalty;
  if (seed !== undefined) result.seed = seed;
  if (n !== undefined) result.n = n;
  if (logprobs !== undefined) result.logprobs = logprobs;
  if (topLogprobs !== undefined) result.topLogprobs = topLogprobs;
  if (stop !== undefined) result.stop = stop;
  return result;
}

function parseStop(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) throw wrongType("stop", "a string or an array of strings", value);
  return value.map((entry, index) => {
    if (typeof entry !== "string") throw wrongType(`stop[${index}]`, "a string", entry);
    return entry;
  });
}

/**
 * `max_tokens` is the older name of the same limit; where both are given the newer one counts. Both also stay in `extra`:
 * servers of this dialect differ in which one they take.
 */
function parseMaxOutputTokens(body: JsonObject): number | undefined {
  const older = optionalNumber(body, "max_tokens", "", { min: 1, integer: true });
  return optionalNumber(body, "max_completion_tokens", "", { min: 1, integer: true }) ?? older;
}

/** OpenAI's `reasoning_effort`; OpenRouter's `reasoning` object, which also stays in `extra` as it was written. */
function parseReasoning(body: JsonObject): Reasoning | undefined {
  const result: Reasoning = {};
  const wire = isObject(body.reasoning) ? body.reasoning : {};
  const given = body.reasoning_effort ?? undefined;
  const effort = given === undefined ? undefined : asOneOf(given, "reasoning_effort", EFFORTS);
  const wireEffort = EFFORTS.find((candidate) => candidate === wire.effort);
  const chosen = effort ?? wireEffort;
  if (chosen !== undefined) result.effort = chosen;
  const budget = wire.max_tokens;
  if (typeof budget === "number" && Number.isInteger(budget) && budget > 0) result.budgetTokens = budget;
  if (typeof wire.exclude === "boolean") result.includeThoughts = !wire.exclude;
  return Object.keys(result).length === 0 ? undefined : result;
}

function parseStreaming(body: JsonObject, kept: JsonObject): { stream: boolean; includeUsage: boolean } {
  const stream = optionalBoolean(body, "stream", "") ?? false;
  const options = optionalObject(body, "stream_options", "");
  const includeUsage = options === undefined ? undefined : optionalBoolean(options, "include_usage", "stream_options");
  const others = options === undefined ? undefined : takeUnknown(options, new Set(["include_usage"]));
  if (others !== undefined) kept.stream_options = others;
  return { stream, includeUsage: includeUsage ?? false };
}

export function parseMetadata(body: JsonObject): Record<string, string> | undefined {
  const metadata = optionalObject(body, "metadata", "");
  if (metadata === undefined) return undefined;
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (key === "__proto__") continue;
    if (typeof value !== "string") throw wrongType(`metadata.${key}`, "a string", value);
    result[key] = value;
  }
  return result;
}

function noteUntranslatable(kept: JsonObject, untranslatable: Untranslatable[]): void {
  for (const param of UNTRANSLATABLE_FIELDS) {
    if (kept[param] !== undefined && kept[param] !== null) untranslatable.push({ dialect: "openai", param });
  }
  const bias = kept.logit_bias;
  if (isObject(bias) && Object.keys(bias).length > 0) untranslatable.push({ dialect: "openai", param: "logit_bias" });
  const modalities = kept.modalities;
  if (modalities === undefined || modalities === null) return;
  if (!Array.isArray(modalities)) throw invalid("modalities", "must be an array of strings.");
  if (modalities.some((entry) => entry !== "text")) untranslatable.push({ dialect: "openai", param: "modalities" });
}
