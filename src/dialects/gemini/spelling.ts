/** How callers of this dialect spell what other dialects can't do: the IR's fields have the names of OpenAI's. */
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
  ["tool_choice", "toolConfig.functionCallingConfig"],
  ["service_tier", "serviceTier"],
  ["metadata", "labels"],
  ["messages", "contents"],
]);

export function spellField(param: string): string {
  return FIELDS.get(param) ?? param;
}
