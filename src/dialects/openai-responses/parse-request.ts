import type { ChatRequest, Reasoning, Untranslatable } from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  asString,
  invalid,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredNonEmptyString,
  takeUnknown,
} from "../checks.ts";
import { EFFORTS, parseMetadata } from "../openai/parse-request.ts";
import { InputReader } from "./parse-input.ts";
import { parseText, parseTools } from "./parse-tools.ts";

/**
 * `POST /v1/responses` to the IR.
 *
 * - Whatever needs the provider to keep something, or to run a tool, is kept for a provider of this dialect and listed
 *   in `untranslatable`.
 * - `store` asks for nothing that could be done: other providers keep no answers. Answers say `store: false`.
 * - `include` of reasoning is always granted. What it says of the results of OpenAI's own tools asks for nothing where there
 *   are no such tools, and neither does `max_tool_calls`, nor `stream_options.include_obfuscation`: there is none.
 */

const KNOWN_FIELDS = new Set([
  ...["model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"],
  ...["max_output_tokens", "temperature", "top_p", "top_logprobs", "include", "metadata", "user"],
  ...["safety_identifier", "service_tier", "stream"],
]);

/** Fields without which another provider would give a different answer. */
const UNTRANSLATABLE_FIELDS = [
  ...["previous_response_id", "conversation", "prompt", "background", "truncation", "context_management"],
  ...["moderation"],
];
/** What some of them say when they ask for nothing. */
const NEUTRAL_VALUES: Record<string, unknown> = { background: false, truncation: "disabled" };

const INCLUDABLE = [
  ...["reasoning.encrypted_content", "message.output_text.logprobs", "message.input_image.image_url"],
  ...["file_search_call.results", "web_search_call.results", "web_search_call.action.sources"],
  ...["computer_call_output.output.image_url", "code_interpreter_call.outputs"],
];

/** Throws GatewayError `invalid_request` whose `param` names the field. */
export function parseChatRequest(value: unknown): ChatRequest {
  const body = asObject(value, "");
  const untranslatable: Untranslatable[] = [];
  const kept = takeUnknown(body, KNOWN_FIELDS) ?? {};
  noteUntranslatable(kept, untranslatable);
  const isStored = untranslatable.length > 0;
  const reader = new InputReader(untranslatable);
  reader.instructions(body.instructions);
  // What the provider has stored may be all of the input.
  if (body.input !== undefined && body.input !== null) reader.input(body.input);
  else if (!isStored) throw invalid("input", "is required and must be a string or an array of items.");
  const request: ChatRequest = {
    model: requiredNonEmptyString(body, "model", ""),
    messages: reader.messages,
    ...parseTools(body, kept, untranslatable),
    ...parseText(body, kept, untranslatable),
    ...parseSampling(body),
    ...parseInclude(body, kept, untranslatable),
    stream: optionalBoolean(body, "stream", "") ?? false,
    includeUsage: true,
  };
  const reasoning = parseReasoning(body, kept, untranslatable);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const user = optionalString(body, "user", "");
  if (user !== undefined) request.user = user;
  const safetyIdentifier = optionalString(body, "safety_identifier", "");
  if (safetyIdentifier !== undefined) request.safetyIdentifier = safetyIdentifier;
  const metadata = parseMetadata(body);
  if (metadata !== undefined) request.metadata = metadata;
  const serviceTier = optionalString(body, "service_tier", "");
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  // Always set: it tells the outbound half that the caller speaks this dialect.
  request.extra = { dialect: "openai-responses", fields: kept };
  return request;
}

function noteUntranslatable(kept: JsonObject, untranslatable: Untranslatable[]): void {
  for (const param of UNTRANSLATABLE_FIELDS) {
    const value = kept[param] ?? null;
    if (value !== null && value !== NEUTRAL_VALUES[param]) untranslatable.push({ dialect: "openai-responses", param });
  }
}

function parseSampling(body: JsonObject): Partial<ChatRequest> {
  const result: Partial<ChatRequest> = {};
  const temperature = optionalNumber(body, "temperature", "", { min: 0, max: 2 });
  const topP = optionalNumber(body, "top_p", "", { min: 0, max: 1 });
  const maxOutputTokens = optionalNumber(body, "max_output_tokens", "", { min: 1, integer: true });
  const topLogprobs = optionalNumber(body, "top_logprobs", "", { min: 0, max: 20, integer: true });
  if (temperature !== undefined) result.temperature = temperature;
  if (topP !== undefined) result.topP = topP;
  if (maxOutputTokens !== undefined) result.maxOutputTokens = maxOutputTokens;
  // 0 is what an answer says of a request that did not ask, and what clients that repeat it send.
  if (topLogprobs !== undefined && topLogprobs > 0) {
    result.topLogprobs = topLogprobs;
    result.logprobs = true;
  }
  return result;
}

function parseInclude(body: JsonObject, kept: JsonObject, untranslatable: Untranslatable[]): Partial<ChatRequest> {
  const include = optionalArray(body, "include", "");
  if (include === undefined) return {};
  kept.include = include;
  let logprobs = false;
  for (const [index, value] of include.entries()) {
    const name = asString(value, `include[${index}]`);
    if (name === "message.output_text.logprobs") logprobs = true;
    if (!INCLUDABLE.includes(name)) untranslatable.push({ dialect: "openai-responses", param: `include[${index}]` });
  }
  return logprobs ? { logprobs } : {};
}

/** The kind of summary stays in `kept`: that one is wanted is all that other dialects can be told. */
function parseReasoning(body: JsonObject, kept: JsonObject, untranslatable: Untranslatable[]): Reasoning | undefined {
  const wire = optionalObject(body, "reasoning", "");
  if (wire === undefined) return undefined;
  const result: Reasoning = {};
  const effort = wire.effort ?? undefined;
  if (effort !== undefined) result.effort = asOneOf(effort, "reasoning.effort", EFFORTS);
  const summary = wire.summary ?? wire.generate_summary ?? undefined;
  if (summary !== undefined) {
    asOneOf(summary, "reasoning.summary", ["auto", "concise", "detailed"]);
    result.includeThoughts = true;
  }
  for (const [name, neutral] of [
    ["mode", "standard"],
    ["context", "auto"],
  ] as const) {
    const value = wire[name] ?? neutral;
    if (value !== neutral) untranslatable.push({ dialect: "openai-responses", param: `reasoning.${name}` });
  }
  const others = takeUnknown(wire, new Set(["effort"]));
  if (others !== undefined) kept.reasoning = others;
  return Object.keys(result).length === 0 ? undefined : result;
}
