import type { MediaUsage, Usage } from "../../contracts/ir.ts";
import { isObject } from "../checks.ts";
import { countOf } from "../json.ts";

/** Tokens that an answer says it used, by whichever of the names in use; null: it does not say. */
export function readTokens(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const seconds = usage.type === "duration" ? countOf(usage.seconds) : undefined;
  if (seconds !== undefined) return { inputTokens: 0, outputTokens: 0, media: { audioSeconds: seconds } };
  const total = countOf(usage.total_tokens);
  const outputTokens = countOf(usage.output_tokens) ?? countOf(usage.completion_tokens) ?? 0;
  const input = countOf(usage.input_tokens) ?? countOf(usage.prompt_tokens);
  const inputTokens = input ?? (total === undefined ? undefined : Math.max(0, total - outputTokens));
  if (inputTokens === undefined) return null;
  const media = readMedia(usage.input_tokens_details ?? usage.input_token_details);
  return { inputTokens, outputTokens, ...(media === null ? {} : { media }) };
}

function readMedia(details: unknown): MediaUsage | null {
  if (!isObject(details)) return null;
  const inputAudioTokens = countOf(details.audio_tokens);
  const inputImageTokens = countOf(details.image_tokens);
  if (inputAudioTokens === undefined && inputImageTokens === undefined) return null;
  return {
    ...(inputAudioTokens === undefined ? {} : { inputAudioTokens }),
    ...(inputImageTokens === undefined ? {} : { inputImageTokens }),
  };
}
