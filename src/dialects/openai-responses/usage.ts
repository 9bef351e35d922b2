import type { Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { countOf } from "../json.ts";

/** `usage` of an answer, or undefined when it holds no counts. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = countOf(value.input_tokens);
  const output = countOf(value.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = isObject(value.input_tokens_details) ? value.input_tokens_details : {};
  const outputDetails = isObject(value.output_tokens_details) ? value.output_tokens_details : {};
  const cached = countOf(inputDetails.cached_tokens);
  const cacheWrite = countOf(inputDetails.cache_write_tokens);
  const reasoning = countOf(outputDetails.reasoning_tokens);
  const usage: Usage = { inputTokens: input ?? 0, outputTokens: output ?? 0 };
  if (cached !== undefined) usage.cachedInputTokens = cached;
  if (cacheWrite !== undefined) usage.cacheWriteTokens = cacheWrite;
  if (reasoning !== undefined) usage.reasoningTokens = reasoning;
  return usage;
}

/** Clients rely on the details being there. */
export function writeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
