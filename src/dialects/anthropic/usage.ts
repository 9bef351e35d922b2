import type { FinishReason, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";

/**
 * Anthropic counts input in three disjoint parts: `input_tokens` (neither read from nor written to the cache),
 * `cache_read_input_tokens` and `cache_creation_input_tokens`. The IR's `inputTokens` is their sum.
 */
export function usageFromWire(wire: JsonObject): Usage {
  const cacheRead = wire.cache_read_input_tokens;
  const cacheWrite = wire.cache_creation_input_tokens;
  const usage: Usage = {
    inputTokens: count(wire.input_tokens) + count(cacheRead) + count(cacheWrite),
    outputTokens: count(wire.output_tokens),
  };
  if (typeof cacheRead === "number") usage.cachedInputTokens = count(cacheRead);
  if (typeof cacheWrite === "number") usage.cacheWriteTokens = count(cacheWrite);
  const created = wire.cache_creation;
  if (isObject(created) && count(created.ephemeral_1h_input_tokens) > 0) {
    usage.cacheWrite1hTokens = count(created.ephemeral_1h_input_tokens);
  }
  const details = wire.output_tokens_details;
  if (isObject(details) && typeof details.thinking_tokens === "number") {
    usage.reasoningTokens = count(details.thinking_tokens);
  }
  return usage;
}

export function usageToWire(usage: Usage | undefined): JsonObject {
  const cacheRead = usage?.cachedInputTokens ?? 0;
  const cacheWrite = usage?.cacheWriteTokens ?? 0;
  const wire: JsonObject = {
    input_tokens: Math.max(0, (usage?.inputTokens ?? 0) - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: usage?.outputTokens ?? 0,
  };
  if (usage?.reasoningTokens !== undefined) wire.output_tokens_details = { thinking_tokens: usage.reasoningTokens };
  return wire;
}

/** A stream's counts are cumulative and come in pieces: fields that `message_delta` leaves out keep their value. */
export class StreamUsage {
  #wire: JsonObject | null = null;

  merge(wire: unknown): void {
    if (!isObject(wire)) return;
    this.#wire ??= {};
    for (const [key, value] of Object.entries(wire)) {
      if (value !== null && key !== "__proto__") this.#wire[key] = value;
    }
  }

  get usage(): Usage | null {
    return this.#wire === null ? null : usageFromWire(this.#wire);
  }
}

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop_sequence"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["pause_turn", "pause"],
  ["refusal", "refusal"],
]);

export function finishReasonFromWire(stopReason: unknown): FinishReason {
  return (typeof stopReason === "string" && FINISH_REASONS.get(stopReason)) || "other";
}

const STOP_REASONS: Record<FinishReason, string> = {
  stop: "end_turn",
  stop_sequence: "stop_sequence",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
  refusal: "refusal",
  pause: "pause_turn",
  // Anthropic has no word for an answer that ended for an unknown reason.
  error: "end_turn",
  other: "end_turn",
};

export function stopReasonToWire(reason: FinishReason): string {
  return STOP_REASONS[reason];
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}
