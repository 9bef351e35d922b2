import { z } from "zod";
import type { PriceUnit } from "../../contracts/prices.ts";
import { mappingOr, scalar } from "./notes.ts";
import { integer } from "./scalars.ts";

const MAX_USD = 1_000_000;

const amount = scalar({
  type: "number",
  expected: `a number of US dollars from 0 to ${MAX_USD}`,
  parse: (value) => (typeof value === "number" && value >= 0 && value <= MAX_USD ? value : undefined),
});

/** One price, or one that depends on how long the input is. */
const tiered = mappingOr(
  "base",
  z.strictObject({
    base: amount.describe("Price of a call whose input is no longer than the first tier's `start`."),
    tiers: z
      .array(
        z.strictObject({
          start: integer(1).describe("It holds where the input has more tokens than this."),
          price: amount.describe("The price, for all of the call."),
        }),
      )
      .prefault([])
      .describe("Other prices of longer calls."),
  }),
  {
    type: "number or mapping",
    expected: "a number of US dollars, or a mapping with base and tiers",
  },
);

const UNITS: Record<PriceUnit, string> = {
  input_mtok:
    "Input tokens, per million. `{ base: 3, tiers: [ { start: 200000, price: 6 } ] }`: 6 for calls with more than 200,000 input tokens.",
  output_mtok: "Output tokens, per million.",
  cache_read_mtok: "Input tokens that came from the provider's cache, per million. Absent: as other input.",
  cache_write_mtok: "Input tokens that went to the provider's cache, per million. Absent: as other input.",
  cache_write_1h_mtok: "Those that are kept for an hour, per million. Absent: as `cache_write_mtok`.",
  output_reasoning_mtok: "Output tokens that are reasoning, per million. Absent: as other output.",
  input_audio_mtok: "Input tokens that are audio, per million. Absent: as other input.",
  output_audio_mtok: "Output tokens that are audio, per million. Absent: as other output.",
  cache_audio_read_mtok:
    "Audio tokens that came from the provider's cache, per million. Absent: as other cached input.",
  input_image_mtok: "Input tokens that are images, per million. Absent: as other input.",
  output_image_mtok: "Output tokens that are images, per million. Absent: as other output.",
  requests_kcount: "Calls, per thousand, beside their tokens.",
};

const shape = Object.fromEntries(
  Object.entries(UNITS).map(([unit, text]) => [unit, tiered.optional().describe(text)]),
) as Record<PriceUnit, z.ZodOptional<typeof tiered>>;

/** By the names of the built-in list. */
export const modelPrice = z
  .strictObject(shape)
  .describe("What a model costs, in US dollars. Takes the place of all that the built-in list says of it.");
