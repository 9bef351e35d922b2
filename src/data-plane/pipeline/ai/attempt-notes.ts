import type { Usage } from "../../../contracts/ir.ts";

/** What became of an attempt whose answer is not the one that the caller has got, or not the whole of it. */
export type AttemptOutcome =
  /** It failed before anything of it went to the caller. */
  | "failed"
  /** Its stream broke off, and another attempt went on with it. */
  | "broken"
  /** Another target was faster. */
  | "lost";

/** An attempt beside the one that answers. */
export interface AttemptNote {
  provider: string;
  model: string;
  outcome: AttemptOutcome;
  /** null: it did not fail. */
  error: string | null;
  /** null: as far as is known, nothing. */
  usage: Usage | null;
  costUsd: number | null;
}

export function addUsage(one: Usage, other: Usage): Usage {
  const sum: Usage = {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
  for (const name of ["cachedInputTokens", "cacheWriteTokens", "reasoningTokens"] as const) {
    if (one[name] !== undefined || other[name] !== undefined) sum[name] = (one[name] ?? 0) + (other[name] ?? 0);
  }
  return sum;
}

/** Of all of them; nulls where none has used anything. */
export function usedBy(notes: readonly AttemptNote[]): { usage: Usage | null; costUsd: number | null } {
  let usage: Usage | null = null;
  let costUsd: number | null = null;
  for (const note of notes) {
    if (note.usage !== null) usage = usage === null ? note.usage : addUsage(usage, note.usage);
    if (note.costUsd !== null) costUsd = (costUsd ?? 0) + note.costUsd;
  }
  return { usage, costUsd };
}
