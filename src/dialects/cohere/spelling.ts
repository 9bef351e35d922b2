const NAMES: ReadonlyMap<string, string> = new Map([
  ["stop", "stop_sequences"],
  ["top_p", "p"],
  ["top_k", "k"],
  ["reasoning_effort", "thinking"],
  ["reasoning.max_tokens", "thinking.token_budget"],
  ["strict", "strict_tools"],
]);

/** A caller's name of a field that a provider's half calls by its Chat Completions name. */
export function spell(param: string): string {
  return NAMES.get(param) ?? param;
}
