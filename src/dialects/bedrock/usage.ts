import type { FinishReason, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { countOf } from "../json.ts";

/**
 * Bedrock counts input in three disjoint parts: `inputTokens` (neither read from nor written to the cache),
 * `cacheReadInputTokens` and `cacheWriteInputTokens`. The IR's `inputTokens` is their sum. null: there is none.
 */
export function usageFromWire(wire: unknown): Usage | null {
  if (!isObject(wire)) return null;
  const cacheRead = countOf(wire.cacheReadInputTokens);
  const cacheWrite = countOf(wire.cacheWriteInputTokens);
  const usage: Usage = {
    inputTokens: (countOf(wire.inputTokens) ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
    outputTokens: countOf(wire.outputTokens) ?? 0,
  };
  if (cacheRead !== undefined) usage.cachedInputTokens = cacheRead;
  if (cacheWrite !== undefined) usage.cacheWriteTokens = cacheWrite;
  return usage;
}

export function usageToWire(usage: Usage | undefined): JsonObject {
  const cacheRead = usage?.cachedInputTokens;
  const cacheWrite = usage?.cacheWriteTokens;
  const inputTokens = usage?.inputTokens ?? 0;
  const outputTokens = usage?.outputTokens ?? 0;
  return {
    inputTokens: Math.max(0, inputTokens - (cacheRead ?? 0) - (cacheWrite ?? 0)),
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    ...(cacheRead === undefined ? {} : { cacheReadInputTokens: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWriteInputTokens: cacheWrite }),
  };
}

const FINISH_REASONS: ReadonlyMap<unknown, FinishReason> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop_sequence"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["guardrail_intervened", "content_filter"],
  ["content_filtered", "content_filter"],
  ["malformed_model_output", "error"],
  ["malformed_tool_use", "error"],
  // Claude's own, which Bedrock passes on.
  ["refusal", "refusal"],
  ["pause_turn", "pause"],
]);

export function finishReasonFromWire(stopReason: unknown): FinishReason {
  return FINISH_REASONS.get(stopReason) ?? "other";
}

const STOP_REASONS: Record<FinishReason, string> = {
  stop: "end_turn",
  stop_sequence: "stop_sequence",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "content_filtered",
  refusal: "content_filtered",
  // Bedrock has no word for these.
  pause: "end_turn",
  error: "end_turn",
  other: "end_turn",
};

export function stopReasonToWire(reason: FinishReason): string {
  return STOP_REASONS[reason];
}

/**
 * How many tokens Claude thought, from its own usage in `additionalModelResponseFields`; they are among the output tokens,
 * and Bedrock's usage does not tell them.
 */
export function reasoningTokensOf(modelFields: unknown): { reasoningTokens?: number } {
  const usage = isObject(modelFields) ? modelFields.usage : undefined;
  const details = isObject(usage) ? usage.output_tokens_details : undefined;
  const tokens = isObject(details) ? countOf(details.thinking_tokens) : undefined;
  return tokens === undefined ? {} : { reasoningTokens: tokens };
}

/** The sequence that Claude stopped at, from `additionalModelResponseFields`. */
export function stopSequenceOf(modelFields: unknown): { stopSequence?: string } {
  const sequence = isObject(modelFields) ? modelFields.stop_sequence : undefined;
  return typeof sequence === "string" ? { stopSequence: sequence } : {};
}
