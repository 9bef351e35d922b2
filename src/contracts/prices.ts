/** What a price is for, by the names of @pydantic/genai-prices: per million tokens (`mtok`), or per thousand (`kcount`). */
export type PriceUnit =
  | "input_mtok"
  | "output_mtok"
  | "cache_read_mtok"
  | "cache_write_mtok"
  | "cache_write_1h_mtok"
  | "output_reasoning_mtok"
  | "input_audio_mtok"
  | "output_audio_mtok"
  | "cache_audio_read_mtok"
  | "input_image_mtok"
  | "output_image_mtok"
  | "requests_kcount";

/** `price` holds for the whole of a call whose input has more tokens than `start`. */
export interface TieredAmount {
  base: number;
  tiers: { start: number; price: number }[];
}

/** In US dollars. */
export type ModelPrices = { [Unit in PriceUnit]?: number | TieredAmount };
