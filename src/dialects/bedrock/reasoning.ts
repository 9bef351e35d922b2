import type { TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, Reasoning, ReasoningEffort } from "../../contracts/ir.ts";
import { forcesTool, refuseThinking, thinkingBudget, wireEffort } from "../anthropic/outbound.ts";
import type { JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { claudeAbilities, familyOf, isThinkingNova } from "./models.ts";

/** What is said of thinking, in Converse's own word and in the model's. */
export interface ReasoningFields {
  /** `outputConfig.effort`. */
  effort?: string;
  /** `additionalModelRequestFields`. */
  modelFields: JsonObject;
}

/** For models that know three efforts. */
const COARSE_EFFORTS: Record<Exclude<ReasoningEffort, "none">, string> = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
};

/** Throws `unsupported_field` for what can't be said to the model. */
export function buildReasoning(request: ChatRequest, target: TargetModel): ReasoningFields {
  const { reasoning } = request;
  if (reasoning === undefined) return { modelFields: {} };
  const family = familyOf(target.model);
  if (family === "claude") return claudeReasoning(reasoning, request, target);
  const { effort, budgetTokens } = reasoning;
  if (budgetTokens !== undefined && effort === undefined) {
    throw unsupportedField("reasoning.max_tokens", "is a budget for thinking, which only Claude takes on Bedrock");
  }
  if (effort === undefined) return { modelFields: {} };
  if (family === "nova" && isThinkingNova(target.model))
    return { modelFields: { reasoningConfig: novaConfig(effort) } };
  if (effort === "none") {
    throw unsupportedField("reasoning_effort", "is none, but this model of Bedrock can't be told not to think");
  }
  if (family === "gpt-oss") return { modelFields: { reasoning_effort: COARSE_EFFORTS[effort] } };
  return { effort: effort === "minimal" ? "low" : effort, modelFields: {} };
}

function novaConfig(effort: ReasoningEffort): JsonObject {
  if (effort === "none") return { type: "disabled" };
  return { type: "enabled", maxReasoningEffort: COARSE_EFFORTS[effort] };
}

/** As Anthropic's own API takes it, the effort aside. */
function claudeReasoning(reasoning: Reasoning, request: ChatRequest, target: TargetModel): ReasoningFields {
  const abilities = claudeAbilities(target.model);
  const effort = wireEffort(reasoning);
  const isForced = reasoning.effort !== "none" && forcesTool(request);
  if (isForced) refuseThinking(reasoning, abilities.effort);
  const thinking = isForced ? null : claudeThinking(reasoning, request, target, abilities.adaptiveThinking);
  return {
    ...(effort === null || !abilities.effort ? {} : { effort }),
    modelFields: thinking === null ? {} : { thinking },
  };
}

function claudeThinking(
  { effort, budgetTokens, includeThoughts }: Reasoning,
  request: ChatRequest,
  target: TargetModel,
  isAdaptive: boolean,
): JsonObject | null {
  const omitted = includeThoughts === false ? { display: "omitted" } : {};
  if (effort === "none") return { type: "disabled" };
  if (budgetTokens !== undefined) return { type: "enabled", budget_tokens: budgetTokens, ...omitted };
  if (isAdaptive) {
    if (effort === undefined && includeThoughts !== true) return null;
    return { type: "adaptive", ...(includeThoughts === true ? { display: "summarized" } : omitted) };
  }
  if (effort === undefined) return null;
  const limit = request.maxOutputTokens ?? target.defaultMaxOutputTokens;
  return { type: "enabled", budget_tokens: thinkingBudget(effort, limit), ...omitted };
}
