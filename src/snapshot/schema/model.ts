import { z } from "zod";
import { AI_RETRIES, circuitBreaker, modelRetries, openaiApi, weight } from "./common.ts";
import { hedging, modelTimeouts, onBrokenStream, prefill, targetTimeouts } from "./model-resilience.ts";
import { fieldNotes } from "./notes.ts";
import { modelPrice } from "./price.ts";
import { headerName, id, name, text } from "./scalars.ts";

const modelTarget = z
  .strictObject({
    provider: id.describe("Id of a provider."),
    model: name.describe("The provider's own name of the model."),
    weight,
    api: openaiApi
      .optional()
      .describe("Which of OpenAI's APIs is called, as `providers[].api`.")
      .register(fieldNotes, { shownDefault: "the provider's" }),
    timeouts: targetTimeouts,
    prefill,
    price: modelPrice
      .optional()
      .describe("What calls by this route cost there, in US dollars.")
      .register(fieldNotes, { shownDefault: "the provider's `prices`, else the built-in list" }),
  })
  .describe("A target.");

const stickTo = z
  .strictObject({
    type: z
      .enum(["application", "user", "header", "address"])
      .describe(
        "Who is to meet the same target: calls of an application, of an end user (`user` or `safety_identifier` of OpenAI's callers, `metadata.user_id` of Anthropic's), with one value of a header (a session), or from an address. Calls that do not say are told apart by their application.",
      ),
    name: headerName.optional().describe("Name of the header."),
  })
  .optional()
  .describe("What `strategy: sticky` goes by.")
  .register(fieldNotes, { shownDefault: "`{ type: application }`" });

export const modelRoute = z
  .strictObject({
    name: text("model name", "a name without spaces, at most 200 characters", /^[^\s\p{Cc}]{1,200}$/u).describe(
      "The name callers use.",
    ),
    strategy: z
      .enum(["failover", "weighted", "latency", "least-busy", "cost", "sticky"])
      .prefault("failover")
      .describe(
        "Which target comes first: in the order given (`failover`), by weight, the fastest of late, the one with the fewest open calls, the cheapest (`cost`: three input tokens and one output token; targets without a known price come last), or always the same for the same caller (`sticky`, by weight). The others follow when it fails.",
      ),
    stick_to: stickTo,
    targets: z.array(modelTarget).min(1).describe("The models that answer."),
    timeouts: modelTimeouts,
    retries: modelRetries(AI_RETRIES),
    circuit_breaker: circuitBreaker,
    hedging,
    on_broken_stream: onBrokenStream,
  })
  .describe("One public model name with one or more targets.");
