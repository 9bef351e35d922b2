import type { Usage } from "../../../contracts/ir.ts";

/** What OpenAI's `response.done` counts (Realtime API, server events). */
interface CountedResponse {
  type?: string;
  response?: {
    usage?: {
      input_tokens?: number;
      output_tokens?: number;
      input_token_details?: { cached_tokens?: number };
    };
  };
}

const MARK = Buffer.from('"response.done"');

/** The usage of one answer of a session; null: the event is no end of one. Almost all events are audio, and are not parsed. */
export function usageOfEvent(event: Buffer): Usage | null {
  if (!event.includes(MARK)) return null;
  let parsed: CountedResponse | null;
  try {
    parsed = JSON.parse(event.toString()) as CountedResponse | null;
  } catch {
    return null;
  }
  const usage = parsed?.type === "response.done" ? parsed.response?.usage : undefined;
  if (usage === undefined || usage === null) return null;
  const cached = usage.input_token_details?.cached_tokens;
  return {
    inputTokens: count(usage.input_tokens),
    outputTokens: count(usage.output_tokens),
    ...(cached === undefined ? {} : { cachedInputTokens: count(cached) }),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value) ? value : 0;
}

export function added(one: Usage | null, other: Usage): Usage {
  if (one === null) return other;
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cachedInputTokens: (one.cachedInputTokens ?? 0) + (other.cachedInputTokens ?? 0),
  };
}
