import { textBytes } from "../../../../native-bindings/scan.ts";
import type { Usage } from "../../../contracts/ir.ts";
import { estimateTokens } from "../../../contracts/token-estimate.ts";
import type { Context } from "../context.ts";
import type { StreamAnswer } from "./stream-answer.ts";

/** What a call will use at most, before anything is known but the size of its body. */
export function estimatedTokens({ requestBytes }: Context): number {
  return estimateTokens(requestBytes);
}

/** What a call has used of its provider's input, as far as that can be told: pictures and files in it count nothing. */
export function estimatedInputTokens({ body }: Context): number {
  return body === null ? 0 : estimateTokens(textBytes(body));
}

/**
 * What a stream has used that broke off, or whose caller left: what it has told, and an estimate of the rest. Otherwise whoever
 * leaves before the last event would have the answer for nothing. As estimateUntold of native-bindings/src/governor/call-end.cc.
 */
export function usageWhenLeft(context: Context, { usage, untoldTokens }: StreamAnswer): Usage {
  if (usage === null) return { inputTokens: estimatedInputTokens(context), outputTokens: untoldTokens };
  return untoldTokens === 0 ? usage : { ...usage, outputTokens: usage.outputTokens + untoldTokens };
}
