import { z } from "zod";
import { CLIENT_HINTS } from "../../contracts/model-routing.ts";
import { AI_RETRIES, circuitBreaker, modelRetries } from "./common.ts";
import { hedging, modelTimeouts, onBrokenStream } from "./model-resilience.ts";
import { canary, mirror, modelPattern, rule } from "./model-routing.ts";
import { modelTarget, stickTo, strategy } from "./model-target.ts";
import { fieldNotes } from "./notes.ts";
import { text } from "./scalars.ts";

export const clientHints = z.array(z.enum(CLIENT_HINTS));
export const unsupportedFields = z.enum(["refuse", "drop"]);

export const modelRoute = z
  .strictObject({
    name: text("model name", "a name without spaces, at most 200 characters", /^[^\s\p{Cc}]{1,200}$/u).describe(
      "The name callers use.",
    ),
    aliases: z
      .array(text("model name", "a name without spaces, which may end in `*`", modelPattern))
      .prefault([])
      .describe(
        "Further names that lead here. One that ends in `*` takes all names that begin so and mean nothing else; of several the longest counts.",
      ),
    strategy: strategy
      .prefault("failover")
      .describe(
        "Which target comes first: in the order given (`failover`), by weight, the fastest of late, the one with the fewest open calls, the cheapest (`cost`: three input tokens and one output token; targets without a known price come last), or always the same for the same caller (`sticky`, by weight). The others follow when it fails.",
      ),
    stick_to: stickTo,
    targets: z.array(modelTarget).min(1).describe("The models that answer."),
    rules: z
      .array(rule)
      .prefault([])
      .describe("Sends some calls elsewhere; the first rule that holds counts, and `targets` where none does."),
    canary: canary.nullable().prefault(null).describe("Other targets on trial; null: none."),
    mirror: mirror.nullable().prefault(null).describe("Copies of calls at other targets; null: none."),
    client_hints: clientHints
      .optional()
      .describe("What callers may say of how their calls are made, as `ai.client_hints`.")
      .register(fieldNotes, { shownDefault: "those of `ai`" }),
    unsupported_fields: unsupportedFields
      .optional()
      .describe("What becomes of fields that a target can't do, as `ai.unsupported_fields`.")
      .register(fieldNotes, { shownDefault: "as `ai` says" }),
    timeouts: modelTimeouts,
    retries: modelRetries(AI_RETRIES),
    circuit_breaker: circuitBreaker,
    hedging,
    on_broken_stream: onBrokenStream,
  })
  .describe("One public model name with one or more targets.");
