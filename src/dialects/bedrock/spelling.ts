import type { ChatRequest } from "../../contracts/ir.ts";

const FIELDS: ReadonlyMap<string, string> = new Map([
  ["temperature", "inferenceConfig.temperature"],
  ["top_p", "inferenceConfig.topP"],
  ["stop", "inferenceConfig.stopSequences"],
  ["max_tokens", "inferenceConfig.maxTokens"],
  ["top_k", "additionalModelRequestFields.top_k"],
  ["response_format", "outputConfig.textFormat"],
  ["reasoning_effort", "outputConfig.effort"],
  ["reasoning.max_tokens", "additionalModelRequestFields.thinking"],
  ["tools", "toolConfig.tools"],
  ["tool_choice", "toolConfig.toolChoice"],
  ["parallel_tool_calls", "additionalModelRequestFields.tool_choice"],
  ["service_tier", "serviceTier"],
  ["metadata", "requestMetadata"],
  ["cache_control", "cachePoint"],
  ["strict", "toolConfig.tools.strict"],
  ["is_error", "toolResult.status"],
  ["model", "modelId"],
]);

const PLACE = /^messages\[(\d+)\](?:\.content\[(\d+)\])?/;

/** A caller's name of a field that a provider's half calls by its Chat Completions name. */
export function spell(param: string, { messages, untranslatable }: ChatRequest): string {
  if (untranslatable?.some((entry) => entry.param === param) === true) return param;
  const place = PLACE.exec(param);
  if (place === null) return FIELDS.get(param) ?? param;
  return messages[Number(place[1])]?.paths?.[Number(place[2] ?? 0)] ?? "messages";
}
