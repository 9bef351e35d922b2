import { expect, it } from "vitest";
import { modelRefusal } from "../../../src/data-plane/pipeline/ai/model-refusal.ts";
import { providerFailed } from "../../../src/data-plane/pipeline/ai/provider-failed.ts";

type Failure = [status: number, code: string | null, type: string | null, message: string];

const refusal = (...[status, code, type, message]: Failure) =>
  modelRefusal(providerFailed({ status, code, type, param: null, message, retryAfterMs: null }));

it.each([
  [400, "context_length_exceeded", "invalid_request_error", "too long"],
  [400, null, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"],
  [400, null, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"],
  [413, null, "request_too_large", "Request exceeds the maximum size"],
  [
    400,
    null,
    "INVALID_ARGUMENT",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  ],
  [400, null, null, "too many tokens: total number of tokens cannot exceed 288000"],
  [400, null, "ValidationException", "Input is too long for requested model."],
  [400, null, null, "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."],
] as Failure[])("too long for the model: %s %s %s %s", (...failure) => {
  expect(refusal(...failure)).toBe("context_length");
});

it.each([
  [
    400,
    "content_filter",
    null,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  ],
  [400, "data_inspection_failed", null, "Input data may contain inappropriate content."],
  [400, null, "invalid_request_error", "Output blocked by content filtering policy"],
] as Failure[])("filtered: %s %s %s %s", (...failure) => {
  expect(refusal(...failure)).toBe("content_filter");
});

it.each([
  [400, null, "invalid_request_error", "messages: field required"],
  [429, "rate_limit_exceeded", "tokens", "too many tokens per minute"],
  [500, null, null, "maximum context length"],
  [401, "invalid_api_key", null, "Incorrect API key provided"],
] as Failure[])("neither: %s %s %s %s", (...failure) => {
  expect(refusal(...failure)).toBeNull();
});
