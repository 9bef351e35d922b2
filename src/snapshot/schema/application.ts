import { z } from "zod";
import { limits } from "./common.ts";
import { id, secret } from "./scalars.ts";

export const application = z
  .strictObject({
    id: id.describe("Name of the application."),
    team: id.prefault("default").describe("Team that owns the application."),
    keys: z
      .array(secret)
      .prefault([])
      .describe("Keys the application calls with, best from the environment. Only their SHA-256 is kept."),
    subscriptions: z.array(id).prefault([]).describe("Ids of the services it may call; `ai` is the unified API."),
    limits,
  })
  .describe("A caller.");
