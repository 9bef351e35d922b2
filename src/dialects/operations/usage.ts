import type { Usage } from "../../contracts/ir.ts";
import { isObject } from "../checks.ts";
import { countOf } from "../json.ts";

/** Tokens that an answer says it used, by whichever of the names in use; null: it does not say. */
export function readTokens(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const seconds = usage.type === "duration" ? countOf(usage.seconds) : undefined;
  if (seconds !== undefined) return { inputTokens: 0, outputTokens: 0, audioSeconds: seconds };
  const total = countOf(usage.total_tokens);
  const outputTokens = countOf(usage.output_tokens) ?? countOf(usage.completion_tokens) ?? 0;
  const input = countOf(usage.input_tokens) ?? countOf(usage.prompt_tokens);
  const inputTokens = input ?? (total === undefined ? undefined : Math.max(0, total - outputTokens));
  if (inputTokens === undefined) return null;
  const inputDetails = usage.input_tokens_details ?? usage.input_token_details;
  const outputDetails = usage.output_tokens_details ?? usage.output_token_details;
  return {
    inputTokens,
    outputTokens,
    ...told("cachedInputTokens", countIn(inputDetails, "cached_tokens")),
    ...told("inputAudioTokens", countIn(inputDetails, "audio_tokens")),
    ...told("inputImageTokens", countIn(inputDetails, "image_tokens")),
    ...told("outputAudioTokens", countIn(outputDetails, "audio_tokens")),
    ...told("outputImageTokens", countIn(outputDetails, "image_tokens")),
  };
}

function countIn(details: unknown, name: string): number | undefined {
  return isObject(details) ? countOf(details[name]) : undefined;
}

function told<Name extends keyof Usage>(name: Name, count: number | undefined): Partial<Pick<Usage, Name>> {
  return (count === undefined ? {} : { [name]: count }) as Partial<Pick<Usage, Name>>;
}
