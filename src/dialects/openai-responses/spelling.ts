import type { ChatRequest } from "../../contracts/ir.ts";

const NAMES: Record<string, string> = {
  messages: "input",
  response_format: "text.format",
  verbosity: "text.verbosity",
  reasoning_effort: "reasoning.effort",
  max_tokens: "max_output_tokens",
  max_completion_tokens: "max_output_tokens",
};

/** A caller's name of a field that a provider's half calls by its Chat Completions name. */
export function spell(param: string, request: ChatRequest): string {
  if (param === "logprobs" || param === "top_logprobs") {
    return request.topLogprobs === undefined ? "include" : "top_logprobs";
  }
  const named = NAMES[param];
  if (named !== undefined) return named;
  const match = /^messages\[(\d+)\](?:\.(content|tool_calls)\[(\d+)\])?(.*)$/.exec(param);
  if (match === null) return param;
  const [, messageIndex, list, partIndex = "0", rest = ""] = match;
  const message = request.messages[Number(messageIndex)];
  const { content = [], paths = [] } = message ?? {};
  if (list !== "tool_calls") {
    const field = rest === ".tool_call_id" ? ".call_id" : "";
    return (paths[Number(partIndex)] ?? "input") + field;
  }
  const callPaths = paths.filter((_, index) => content[index]?.type === "tool_call");
  const field = rest === ".function.arguments" ? ".arguments" : "";
  return (callPaths[Number(partIndex)] ?? "input") + field;
}
