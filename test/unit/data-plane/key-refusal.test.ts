import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { keyRefusal } from "../../../src/data-plane/pipeline/ai/key-refusal.ts";
import { providerFailed } from "../../../src/data-plane/pipeline/ai/provider-failed.ts";
import { outboundDialects } from "../../../src/dialects/index.ts";

/** Bodies as the providers answer them. */
function refusalOf(dialect: "openai" | "anthropic" | "gemini", status: number, body: object) {
  return keyRefusal(providerFailed(outboundDialects[dialect].parseError(status, () => undefined, body)));
}

const google = (reason: string) => ({
  error: {
    code: 400,
    message: "API key not valid. Please pass a valid API key.",
    status: "INVALID_ARGUMENT",
    details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason }],
  },
});
const openai = (code: string | null, type = "invalid_request_error") => ({
  error: { message: "no", type, param: null, code },
});
const anthropic = (type: string) => ({ type: "error", error: { type, message: "no" } });

describe("what a failure says of the key", () => {
  test.each([
    ["openai", 401, openai("invalid_api_key")],
    ["openai", 402, openai(null)],
    ["openai", 429, openai("insufficient_quota", "insufficient_quota")],
    ["openai", 429, openai("1113")],
    ["openai", 400, openai("Arrearage")],
    ["anthropic", 401, anthropic("authentication_error")],
    ["anthropic", 403, anthropic("billing_error")],
    ["gemini", 400, google("API_KEY_INVALID")],
  ] as const)("%s %i %j: it is refused as a whole", (dialect, status, body) => {
    expect(refusalOf(dialect, status, body)).toEqual({ isWhole: true, status });
  });

  test.each([
    ["openai", 429, openai("rate_limit_exceeded", "tokens")],
    ["openai", 403, openai("model_not_found")],
    ["anthropic", 429, anthropic("rate_limit_error")],
    ["anthropic", 403, anthropic("permission_error")],
    ["gemini", 429, { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } }],
  ] as const)("%s %i %j: it is refused for the model", (dialect, status, body) => {
    expect(refusalOf(dialect, status, body)).toEqual({ isWhole: false, status });
  });

  test.each([
    ["openai", 400, openai("context_length_exceeded")],
    ["openai", 404, openai("model_not_found")],
    ["openai", 500, openai(null)],
    ["anthropic", 529, anthropic("overloaded_error")],
    ["gemini", 400, google("FIELD_INVALID")],
  ] as const)("%s %i %j: nothing", (dialect, status, body) => {
    expect(refusalOf(dialect, status, body)).toBeNull();
  });

  test("that there is no token is about the key; that nobody is there is not", () => {
    expect(keyRefusal(new GatewayError("provider_token_unavailable", ""))).toEqual({ isWhole: true, status: 0 });
    expect(keyRefusal(new GatewayError("upstream_unreachable", ""))).toBeNull();
  });
});
