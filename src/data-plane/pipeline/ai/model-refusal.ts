import type { GatewayError } from "../../../contracts/errors.ts";

/** What a model will refuse however often it is asked; another model may not. */
export type ModelRefusal = "context_length" | "content_filter";

/** As codes and types, where a provider has some for it. */
const CONTEXT_LENGTH_CODE = /context_length|string_above_max_length|request_too_large/i;
const CONTENT_FILTER_CODE =
  /content_filter|content_policy|moderation_blocked|ResponsibleAIPolicyViolation|DataInspectionFailed|data_inspection_failed/i;
/** In words: Anthropic, Gemini, Cohere, Bedrock, Mistral, vLLM; Anthropic. */
const CONTEXT_LENGTH_WORDS =
  /prompt is too long|input is too long|exceeds? (?:the )?(?:maximum|model's) (?:number of tokens|context)|exceed context limit|maximum context length|too many tokens/i;
const CONTENT_FILTER_WORDS = /content filtering policy|content management policy/i;

/** null: it is not about the request as this model sees it. */
export function modelRefusal({ code, provider: failure }: GatewayError): ModelRefusal | null {
  if (code !== "provider_error" || failure === null) return null;
  const { status } = failure;
  if (status !== 400 && status !== 403 && status !== 413 && status !== 422) return null;
  const words = `${failure.code ?? ""} ${failure.type ?? ""}`;
  if (CONTENT_FILTER_CODE.test(words) || CONTENT_FILTER_WORDS.test(failure.message)) return "content_filter";
  if (CONTEXT_LENGTH_CODE.test(words) || CONTEXT_LENGTH_WORDS.test(failure.message)) return "context_length";
  return null;
}
