import type { Usage } from "../../../contracts/ir.ts";
import { readTokens } from "../../../dialects/operations/usage.ts";

const MARK = Buffer.from('"response.done"');

/**
 * The usage of one answer of a session (`response.done` of OpenAI's Realtime API); null: the event is no end of one. Almost all
 * events are sound, and are not parsed.
 */
export function usageOfEvent(event: Buffer): Usage | null {
  if (!event.includes(MARK)) return null;
  try {
    const parsed = JSON.parse(event.toString()) as { type?: unknown; response?: { usage?: unknown } } | null;
    return parsed?.type === "response.done" ? readTokens(parsed.response?.usage) : null;
  } catch {
    return null;
  }
}

export function added(one: Usage | null, other: Usage): Usage {
  if (one === null) return other;
  const sum: Usage = { ...one };
  for (const [name, count] of Object.entries(other) as [keyof Usage, number][]) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
