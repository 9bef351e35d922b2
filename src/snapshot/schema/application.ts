import { z } from "zod";
import { limits } from "./common.ts";
import { applicationKey, credential } from "./credential.ts";
import { withShorthand } from "./notes.ts";
import { policiesAt } from "./policies.ts";
import { id, instant } from "./scalars.ts";

const subscription = withShorthand(
  z.strictObject({
    service: id.describe("Id of the service; `ai` is the unified API."),
    expires_at: instant.nullable().prefault(null).describe("From then on calls get 403; null: never."),
    limits: limits.describe(
      "Limits of this subscription, beside those of the application and of the service. Each subscription is counted apart.",
    ),
    policies: policiesAt("subscription")
      .prefault({})
      .describe("What holds for calls with this subscription: where `access` asks for none, nothing."),
  }),
  {
    shorthand: "service",
    type: "id or mapping",
    expected: "the id of a service, or a mapping with service, expires_at, limits, policies",
  },
);

export const application = z
  .strictObject({
    id: id.describe("Name of the application."),
    team: id.prefault("default").describe("Team that owns the application."),
    keys: z
      .array(applicationKey)
      .prefault([])
      .describe("API keys the application calls with, best from the environment. Only their SHA-256 is kept."),
    credentials: z
      .array(credential)
      .prefault([])
      .describe("Other ways in which the application proves that it is the caller."),
    subscriptions: z
      .array(subscription)
      .prefault([])
      .describe(
        "The services it may call; `ai` is the unified API. The id of a service alone stands for a subscription that does not expire and has no limits of its own.",
      ),
    limits,
    policies: policiesAt("application")
      .prefault({})
      .describe("What holds for the application's calls to all services."),
  })
  .describe("A caller.");
