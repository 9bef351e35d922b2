import { z } from "zod";
import { upstreamUrl } from "./addresses.ts";
import { AI_RETRIES, circuitBreaker, modelRetries, openaiApi, providerHeaders, routePath } from "./common.ts";
import { modelTimeouts } from "./model-resilience.ts";
import { fieldNotes } from "./notes.ts";
import { modelPrice } from "./price.ts";
import { providerKey } from "./provider-key.ts";
import { duration, id, integer, method, name, text } from "./scalars.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const settingName = text("name", "a name of letters, digits and `_`", /^[a-z][a-z0-9_]*$/);
/** Goes into hosts and paths. */
const settingValue = text("text", "letters, digits, `.`, `_` and `-`, beginning with a letter or digit", NAME);

const auth = z
  .strictObject({
    type: z.enum(["none", "bearer", "header", "query"]).describe("How the `value` of a key is sent."),
    name: text("text", "a name of letters, digits, `.`, `_` and `-`", NAME)
      .optional()
      .describe("Of the header, or of the parameter of the query."),
  })
  .optional()
  .describe("How keys are sent, where it is not as the catalogue says.")
  .register(fieldNotes, { shownDefault: "the catalogue's" });

const simulated = z
  .strictObject({
    first_token: duration.prefault("0").describe("Delay before the first token."),
    token: duration.prefault("0").describe("Delay before each further token."),
  })
  .prefault({})
  .describe("Pace of the simulated provider; only for `kind: simulated`.");

const passThroughRoute = z
  .strictObject({
    path: routePath.describe("Path below the provider's base URL, e.g. `/files`."),
    match: z.enum(["exact", "prefix", "pattern"]).prefault("prefix").describe("As of the routes of services."),
    methods: z.array(method).min(1).nullable().prefault(null).describe("HTTP methods to match; null: any."),
  })
  .describe("A part of a provider's API.");

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
      settings: z
        .record(settingName, settingValue)
        .prefault({})
        .describe(
          "What the catalogue's address is made of, e.g. `{ region: us-east-1 }`: [providers.md](providers.md).",
        )
        .register(fieldNotes, { type: "mapping of names to texts" }),
      auth,
      api: openaiApi
        .optional()
        .describe(
          "Which of OpenAI's APIs is called for chats: `both` is Responses for callers who speak it, and Chat Completions for all others. Only for kinds of dialect `openai`.",
        )
        .register(fieldNotes, { shownDefault: "`chat-completions`" }),
      keys: z
        .array(providerKey)
        .prefault([])
        .describe(
          "Keys to call the provider with; calls are spread over them: [providers.md](providers.md#key-pools).",
        ),
      headers: providerHeaders.describe("Headers sent with every call, e.g. `openai-organization`."),
      models: z
        .array(name)
        .optional()
        .describe("Models that `GET /v1/models` lists. Any other model of the provider may be called all the same.")
        .register(fieldNotes, { shownDefault: "those of the built-in price list" }),
      prices: z
        .record(name, modelPrice)
        .prefault({})
        .describe("Prices of its models, by the provider's own names, where they are not those of the built-in list."),
      default_max_output_tokens: integer(1)
        .prefault(8192)
        .describe("Limit of output tokens where the provider demands one and the caller gave none (tokens)."),
      pass_through: z
        .array(passThroughRoute)
        .prefault([])
        .describe(
          "What of the provider's own API callers may use as it is, below `/providers/<id>`, with their key of the gateway: [providers.md](providers.md#pass-through). `[{ path: / }]` is all of it, what manages the account included.",
        ),
      timeouts: modelTimeouts,
      retries: modelRetries(AI_RETRIES),
      circuit_breaker: circuitBreaker,
      simulated: simulated,
    })
    .describe("A provider of models.");
}
