import type { ChatRequest, Reasoning, ReasoningEffort, Untranslatable } from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalOneOf,
  optionalString,
  takeUnknown,
} from "../checks.ts";
import { closedSchema } from "../closed-schema.ts";
import { optionalFields } from "./names.ts";
import { schemaOf } from "./parse-tools.ts";

const PATH = "generationConfig";

const KNOWN_FIELDS = new Set([
  ...["maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "candidateCount", "seed"],
  ...["presencePenalty", "frequencyPenalty", "responseLogprobs", "logprobs"],
  ...["responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"],
]);

/** Fields outside the IR whose loss would change what the caller gets back. */
const UNTRANSLATABLE_FIELDS = [
  ...["speechConfig", "imageConfig", "responseFormat", "audioTimestamp", "audioTranscriptionConfig", "routingConfig"],
  ...["modelSelectionConfig", "enableAffectiveDialog", "enableEnhancedCivicAnswers", "translationConfig"],
];

const LEVELS = ["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH"] as const;
const EFFORTS: Partial<Record<(typeof LEVELS)[number], ReasoningEffort>> = {
  MINIMAL: "minimal",
  LOW: "low",
  MEDIUM: "medium",
  HIGH: "high",
};

/** `generationConfig`. What the IR has no word for goes to `kept`, to be forwarded in this dialect. */
export function parseConfig(
  body: JsonObject,
  kept: JsonObject,
  untranslatable: Untranslatable[],
): Partial<ChatRequest> {
  const config = optionalFields(body, PATH, PATH);
  if (config === undefined) return {};
  const request: Partial<ChatRequest> = {};
  const set = <Key extends keyof ChatRequest>(key: Key, value: ChatRequest[Key] | undefined) => {
    if (value !== undefined) request[key] = value;
  };
  set("maxOutputTokens", optionalNumber(config, "maxOutputTokens", PATH, { min: 1, integer: true }));
  set("temperature", optionalNumber(config, "temperature", PATH, { min: 0, max: 2 }));
  set("topP", optionalNumber(config, "topP", PATH, { min: 0, max: 1 }));
  set("topK", optionalNumber(config, "topK", PATH, { min: 1 }));
  set("stop", parseStop(config));
  set("n", optionalNumber(config, "candidateCount", PATH, { min: 1, integer: true }));
  set("seed", optionalNumber(config, "seed", PATH, { integer: true }));
  set("presencePenalty", optionalNumber(config, "presencePenalty", PATH, { min: -2, max: 2 }));
  set("frequencyPenalty", optionalNumber(config, "frequencyPenalty", PATH, { min: -2, max: 2 }));
  set("logprobs", optionalBoolean(config, "responseLogprobs", PATH));
  set("topLogprobs", optionalNumber(config, "logprobs", PATH, { min: 0, max: 20, integer: true }));
  set("responseFormat", parseFormat(config, kept, untranslatable));
  set("reasoning", parseThinking(config));
  const others = takeUnknown(config, KNOWN_FIELDS);
  if (others !== undefined) kept.generationConfig = { ...(kept.generationConfig as JsonObject | undefined), ...others };
  noteUntranslatable(config, untranslatable);
  return request;
}

function parseStop(config: JsonObject): string[] | undefined {
  const stop = optionalArray(config, "stopSequences", PATH);
  return stop?.map((value, index) => asNonEmptyString(value, `${PATH}.stopSequences[${index}]`));
}

/** Gemini gives a schema no name. */
function parseFormat(
  config: JsonObject,
  kept: JsonObject,
  untranslatable: Untranslatable[],
): ChatRequest["responseFormat"] {
  const mimeType = optionalString(config, "responseMimeType", PATH);
  const schema = schemaOf(config, "responseJsonSchema", "responseSchema", PATH);
  if (mimeType === undefined || mimeType === "text/plain") return undefined;
  if (mimeType !== "application/json") {
    // `text/x.enum`: one of the values of a schema, as plain text.
    untranslatable.push({ dialect: "gemini", param: `${PATH}.responseMimeType` });
    kept.generationConfig = {
      responseMimeType: mimeType,
      ...(schema === undefined ? {} : { responseJsonSchema: schema }),
    };
    return undefined;
  }
  return schema === undefined
    ? { type: "json_object" }
    : { type: "json_schema", name: "response", ...closedSchema(schema) };
}

/** A budget of 0 turns thinking off; -1 leaves it to the model, as saying nothing does. */
function parseThinking(config: JsonObject): Reasoning | undefined {
  const path = `${PATH}.thinkingConfig`;
  const thinking = optionalFields(config, "thinkingConfig", path);
  if (thinking === undefined) return undefined;
  const reasoning: Reasoning = {};
  const budget = optionalNumber(thinking, "thinkingBudget", path, { min: -1, integer: true });
  const level = optionalOneOf(thinking, "thinkingLevel", path, LEVELS);
  const includeThoughts = optionalBoolean(thinking, "includeThoughts", path);
  const effort = budget === 0 ? "none" : level === undefined ? undefined : EFFORTS[level];
  if (effort !== undefined) reasoning.effort = effort;
  if (budget !== undefined && budget > 0) reasoning.budgetTokens = budget;
  if (includeThoughts !== undefined) reasoning.includeThoughts = includeThoughts;
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}

function noteUntranslatable(config: JsonObject, untranslatable: Untranslatable[]): void {
  const note = (field: string) => untranslatable.push({ dialect: "gemini", param: `${PATH}.${field}` });
  for (const field of UNTRANSLATABLE_FIELDS) {
    const value = config[field];
    if (value !== undefined && value !== null && value !== false) note(field);
  }
  const modalities = optionalArray(config, "responseModalities", PATH) ?? [];
  if (modalities.some((modality) => modality !== "TEXT" && modality !== "MODALITY_UNSPECIFIED"))
    note("responseModalities");
}
