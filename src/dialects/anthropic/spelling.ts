const NAMES: Record<string, string> = {
  stop: "stop_sequences",
  response_format: "output_config.format",
  reasoning_effort: "output_config.effort",
  parallel_tool_calls: "tool_choice.disable_parallel_tool_use",
  user: "metadata.user_id",
  "reasoning.max_tokens": "thinking.budget_tokens",
};

/** A caller's name of a field that a provider's half calls by its Chat Completions name. */
export function spell(param: string): string {
  return NAMES[param] ?? param;
}
