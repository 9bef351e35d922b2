import type { Usage } from "../../contracts/ir.ts";
import { isObject } from "../checks.ts";
import { countOf } from "../json.ts";

/** Tokens that an answer says it used, by whichever of the names in use; null: it does not say. */
export function readTokens(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const total = countOf(usage.total_tokens);
  const outputTokens = countOf(usage.output_tokens) ?? countOf(usage.completion_tokens) ?? 0;
  const input = countOf(usage.input_tokens) ?? countOf(usage.prompt_tokens);
  const inputTokens = input ?? (total === undefined ? undefined : Math.max(0, total - outputTokens));
  return inputTokens === undefined ? null : { inputTokens, outputTokens };
}
