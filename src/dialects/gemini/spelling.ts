import type { ChatRequest } from "../../contracts/ir.ts";

const FIELDS: ReadonlyMap<string, string> = new Map([
  ["n", "generationConfig.candidateCount"],
  ["logprobs", "generationConfig.responseLogprobs"],
  ["top_logprobs", "generationConfig.logprobs"],
  ["frequency_penalty", "generationConfig.frequencyPenalty"],
  ["presence_penalty", "generationConfig.presencePenalty"],
  ["temperature", "generationConfig.temperature"],
  ["top_p", "generationConfig.topP"],
  ["top_k", "generationConfig.topK"],
  ["seed", "generationConfig.seed"],
  ["stop", "generationConfig.stopSequences"],
  ["max_tokens", "generationConfig.maxOutputTokens"],
  ["response_format", "generationConfig.responseMimeType"],
  ["reasoning_effort", "generationConfig.thinkingConfig"],
  ["reasoning.max_tokens", "generationConfig.thinkingConfig.thinkingBudget"],
  ["tool_choice", "toolConfig.functionCallingConfig"],
  ["service_tier", "serviceTier"],
  ["metadata", "labels"],
  ["detail", "mediaResolution"],
  ["is_error", "functionResponse.response.error"],
  ["messages", "contents"],
]);

const PLACE = /^messages\[(\d+)\](?:\.content\[(\d+)\])?/;

/** A caller's name of a field that a provider's half calls by its Chat Completions name. */
export function spell(param: string, { messages }: ChatRequest): string {
  const place = PLACE.exec(param);
  if (place === null) return FIELDS.get(param) ?? param;
  return messages[Number(place[1])]?.paths?.[Number(place[2] ?? 0)] ?? "contents";
}
