import { z } from "zod";
import { upstreamUrl } from "./addresses.ts";
import {
  AI_RETRIES,
  AI_TIMEOUTS,
  circuitBreaker,
  openaiApi,
  providerHeaders,
  retries,
  timeouts,
  weight,
} from "./common.ts";
import { fieldNotes } from "./notes.ts";
import { duration, id, integer, name, secret } from "./scalars.ts";

const providerKey = z
  .strictObject({
    id: id.optional().describe("Name of the key in logs and metrics.").register(fieldNotes, {
      shownDefault: "`key-1`, `key-2`, …",
    }),
    value: secret.describe("The key itself, best from the environment."),
    weight,
  })
  .describe("A key of the provider.");

const simulated = z
  .strictObject({
    first_token: duration.prefault("0").describe("Delay before the first token."),
    token: duration.prefault("0").describe("Delay before each further token."),
  })
  .prefault({})
  .describe("Pace of the simulated provider; only for `kind: simulated`.");

/** `kinds` are the names of the catalogue. */
export function provider(kinds: [string, ...string[]]) {
  return z
    .strictObject({
      id: id.describe("Name of the provider; its models are called `<id>/<model>`."),
      kind: z.enum(kinds).describe("What the provider is: a name from the catalogue, or `openai-compatible`."),
      base_url: upstreamUrl
        .optional()
        .describe("Address of the API with its version path, e.g. `https://api.openai.com/v1`.")
        .register(fieldNotes, { shownDefault: "the catalogue's" }),
      api: openaiApi
        .optional()
        .describe(
          "Which of OpenAI's APIs is called for chats: `both` is Responses for callers who speak it, and Chat Completions for all others. Only for kinds of dialect `openai`.",
        )
        .register(fieldNotes, { shownDefault: "`chat-completions`" }),
      keys: z.array(providerKey).prefault([]).describe("Keys to call the provider with; calls are spread by weight."),
      headers: providerHeaders.describe("Headers sent with every call, e.g. `openai-organization`."),
      models: z
        .array(name)
        .optional()
        .describe("Models that `GET /v1/models` lists. Any other model of the provider may be called all the same.")
        .register(fieldNotes, { shownDefault: "those of the built-in price list" }),
      default_max_output_tokens: integer(1)
        .prefault(8192)
        .describe("Limit of output tokens where the provider demands one and the caller gave none (tokens)."),
      timeouts: timeouts(AI_TIMEOUTS),
      retries: retries(AI_RETRIES),
      circuit_breaker: circuitBreaker,
      simulated: simulated,
    })
    .describe("A provider of models.");
}
