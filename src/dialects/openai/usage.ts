import type { Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { countOf } from "../json.ts";

/**
 * `usage` of an answer or a chunk, or undefined when it holds no counts. Beside OpenAI's fields it knows DeepSeek's
 * `prompt_cache_hit_tokens`, and xAI's way of counting reasoning tokens beside `completion_tokens` instead of within.
 */
export function readUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = countOf(value.prompt_tokens);
  const completion = countOf(value.completion_tokens);
  if (input === undefined && completion === undefined) return undefined;
  const promptDetails = isObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {};
  const completionDetails = isObject(value.completion_tokens_details) ? value.completion_tokens_details : {};
  const reasoning = countOf(completionDetails.reasoning_tokens);
  const cached = countOf(promptDetails.cached_tokens) ?? countOf(value.prompt_cache_hit_tokens);
  const cacheWrite = countOf(promptDetails.cache_write_tokens);
  const total = countOf(value.total_tokens) ?? 0;
  const inputTokens = input ?? 0;
  let outputTokens = completion ?? 0;
  if (reasoning !== undefined && reasoning > 0 && total === inputTokens + outputTokens + reasoning) {
    outputTokens += reasoning;
  }
  const usage: Usage = { inputTokens, outputTokens };
  if (cached !== undefined) usage.cachedInputTokens = cached;
  if (cacheWrite !== undefined) usage.cacheWriteTokens = cacheWrite;
  if (reasoning !== undefined) usage.reasoningTokens = reasoning;
  const inputAudio = countOf(promptDetails.audio_tokens);
  const outputAudio = countOf(completionDetails.audio_tokens);
  if (inputAudio) usage.inputAudioTokens = inputAudio;
  if (outputAudio) usage.outputAudioTokens = outputAudio;
  return usage;
}

/** Where a chunk may carry usage: at the top, in Groq's `x_groq`, or in the last choice (Moonshot). */
export function readChunkUsage(chunk: JsonObject): Usage | undefined {
  const top = readUsage(chunk.usage);
  if (top !== undefined) return top;
  if (isObject(chunk.x_groq)) return readUsage(chunk.x_groq.usage);
  const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  return isObject(choice) ? readUsage(choice.usage) : undefined;
}

export function writeUsage(usage: Usage): JsonObject {
  const wire: JsonObject = {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
  const promptDetails: JsonObject = {};
  if (usage.cachedInputTokens !== undefined) promptDetails.cached_tokens = usage.cachedInputTokens;
  if (usage.cacheWriteTokens !== undefined) promptDetails.cache_write_tokens = usage.cacheWriteTokens;
  if (Object.keys(promptDetails).length > 0) wire.prompt_tokens_details = promptDetails;
  if (usage.reasoningTokens !== undefined) {
    wire.completion_tokens_details = { reasoning_tokens: usage.reasoningTokens };
  }
  return wire;
}
