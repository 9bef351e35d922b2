import { z } from "zod";
import { openaiApi, weight } from "./common.ts";
import { prefill, targetTimeouts } from "./model-resilience.ts";
import { fieldNotes } from "./notes.ts";
import { modelPrice } from "./price.ts";
import { headerName, id, name } from "./scalars.ts";

/** Where calls to models go, wherever a configuration says so. */

export const modelTarget = z
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
  .describe("A target.")
  .register(fieldNotes, { sectionAt: "models[].targets[]" });

export const stickTo = z
  .strictObject({
    type: z
      .enum(["application", "user", "session", "header", "address"])
      .describe(
        "Who is to meet the same target: calls of an application, of an end user (as the caller's API names one), of a session (`x-tidegate-session`, or what the caller's API has), with one value of a header, or from an address. Calls that do not say are told apart by their application.",
      ),
    name: headerName.optional().describe("Name of the header."),
  })
  .optional()
  .describe("What `strategy: sticky` goes by.")
  .register(fieldNotes, { shownDefault: "`{ type: application }`", sectionAt: "models[].stick_to" });

export const strategy = z.enum(["failover", "weighted", "latency", "least-busy", "cost", "sticky"]);
