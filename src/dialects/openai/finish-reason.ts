import type { FinishReason } from "../../contracts/ir.ts";

const FROM_WIRE: Record<string, FinishReason> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  content_filter: "content_filter",
  // Compatible servers' own words.
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop_sequence",
  max_tokens: "length",
  model_length: "length",
  tool_use: "tool_calls",
  sensitive: "content_filter",
  error: "error",
  abort: "error",
  insufficient_system_resource: "error",
};

/**
 * A choice's `finish_reason`. OpenAI says `stop` for a call of a tool that `tool_choice` named, and for a refusal; other
 * dialects' clients need to be told.
 */
export function readFinishReason(value: unknown, hasToolCalls: boolean, hasRefusal: boolean): FinishReason {
  const reason = (typeof value === "string" && Object.hasOwn(FROM_WIRE, value) && FROM_WIRE[value]) || "other";
  if (reason !== "stop" && reason !== "other") return reason;
  if (hasToolCalls) return "tool_calls";
  return hasRefusal ? "refusal" : reason;
}

/** OpenAI ends a refusal it spells out with `stop`; one without words can only be said as `content_filter`. */
export function writeFinishReason(reason: FinishReason, hasRefusal: boolean): string {
  switch (reason) {
    case "length":
    case "tool_calls":
    case "content_filter":
      return reason;
    case "refusal":
      return hasRefusal ? "stop" : "content_filter";
    default:
      return "stop";
  }
}
