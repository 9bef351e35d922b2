import { z } from "zod";
import { limits } from "./common.ts";
import { applicationKey, credential } from "./credential.ts";
import { id } from "./scalars.ts";

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
    subscriptions: z.array(id).prefault([]).describe("Ids of the services it may call; `ai` is the unified API."),
    limits,
  })
  .describe("A caller.");
