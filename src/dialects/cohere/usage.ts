import type { FinishReason, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf } from "../json.ts";

/**
 * Cohere counts twice: `tokens`, all that the model read and wrote, and `billed_units`, without what Cohere adds to a prompt.
 * The second is what a call costs, so it is what counts here.
 */
export function usageFromWire(wire: unknown): Usage | null {
  if (!isObject(wire)) return null;
  const billed = isObject(wire.billed_units) ? wire.billed_units : {};
  const tokens = isObject(wire.tokens) ? wire.tokens : {};
  const inputTokens = countOf(billed.input_tokens) ?? countOf(tokens.input_tokens);
  const outputTokens = countOf(billed.output_tokens) ?? countOf(tokens.output_tokens);
  if (inputTokens === undefined && outputTokens === undefined) return null;
  const usage: Usage = { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
  const cached = countOf(wire.cached_tokens);
  if (cached !== undefined) usage.cachedInputTokens = Math.min(cached, usage.inputTokens);
  return usage;
}

export function usageToWire({ inputTokens, outputTokens, cachedInputTokens }: Usage): JsonObject {
  const counts = { input_tokens: inputTokens, output_tokens: outputTokens };
  return {
    billed_units: counts,
    tokens: counts,
    ...(cachedInputTokens === undefined ? {} : { cached_tokens: cachedInputTokens }),
  };
}

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ["COMPLETE", "stop"],
  ["STOP_SEQUENCE", "stop_sequence"],
  ["MAX_TOKENS", "length"],
  ["TOOL_CALL", "tool_calls"],
  ["ERROR", "error"],
  ["TIMEOUT", "error"],
]);

export function finishReasonFromWire(reason: unknown): FinishReason {
  return (typeof reason === "string" && FINISH_REASONS.get(reason)) || "other";
}

const WIRE_REASONS: Record<FinishReason, string> = {
  stop: "COMPLETE",
  stop_sequence: "STOP_SEQUENCE",
  length: "MAX_TOKENS",
  tool_calls: "TOOL_CALL",
  // Cohere has no word for a filter; an answer that was cut must not look whole.
  content_filter: "ERROR",
  pause: "ERROR",
  error: "ERROR",
  refusal: "COMPLETE",
  other: "COMPLETE",
};

export function finishReasonToWire(reason: FinishReason): string {
  return WIRE_REASONS[reason];
}

/** Cohere's list of stretches of text, each with the log probabilities of its tokens, as OpenAI's `logprobs` object. */
export function logprobsFromWire(wire: unknown): JsonObject | null {
  const items = (Array.isArray(wire) ? wire : [wire]).filter(isObject);
  if (items.length === 0) return null;
  const content = items.map(({ text, logprobs }) => {
    const token = typeof text === "string" ? text : "";
    const logprob = arrayOr(logprobs).reduce<number>((sum, one) => sum + (typeof one === "number" ? one : 0), 0);
    return { token, logprob, bytes: [...Buffer.from(token, "utf8")], top_logprobs: [] };
  });
  return { content, refusal: null };
}

/** Ids of tokens are not known. */
export function logprobsToWire(logprobs: unknown): JsonObject[] {
  const tokens = isObject(logprobs) ? arrayOr(logprobs.content).filter(isObject) : [];
  return tokens.map(({ token, logprob }) => ({ text: token, token_ids: [], logprobs: [logprob] }));
}
