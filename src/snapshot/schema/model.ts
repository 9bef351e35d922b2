import { z } from "zod";
import { AI_RETRIES, AI_TIMEOUTS, circuitBreaker, openaiApi, retries, timeouts, weight } from "./common.ts";
import { fieldNotes } from "./notes.ts";
import { id, name, text } from "./scalars.ts";

const modelTarget = z
  .strictObject({
    provider: id.describe("Id of a provider."),
    model: name.describe("The provider's own name of the model."),
    weight,
    api: openaiApi
      .optional()
      .describe("Which of OpenAI's APIs is called, as `providers[].api`.")
      .register(fieldNotes, { shownDefault: "the provider's" }),
  })
  .describe("A target.");

export const modelRoute = z
  .strictObject({
    name: text("model name", "a name without spaces, at most 200 characters", /^[^\s\p{Cc}]{1,200}$/u).describe(
      "The name callers use.",
    ),
    strategy: z
      .enum(["failover", "weighted", "latency", "least-busy"])
      .prefault("failover")
      .describe(
        "Which target comes first: in the order given (`failover`), by weight, the fastest of late, or the one with the fewest open calls. The others follow when it fails.",
      ),
    targets: z.array(modelTarget).min(1).describe("The models that answer."),
    timeouts: timeouts(AI_TIMEOUTS),
    retries: retries(AI_RETRIES),
    circuit_breaker: circuitBreaker,
  })
  .describe("One public model name with one or more targets.");
