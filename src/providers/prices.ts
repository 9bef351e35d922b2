import { calcPrice, findProvider, type ModelPrice, type TieredPrices } from "@pydantic/genai-prices";
import type { MediaUsage, Usage } from "../contracts/ir.ts";

/** US dollars per token. */
export interface Price {
  inputPerToken: number;
  outputPerToken: number;
  cachedInputPerToken: number;
  cacheWritePerToken: number;
  /** Set where sound or pictures have a price of their own: the library is asked for calls that used some. */
  media?: MediaPrice;
  /** Set where the price depends on the size or the time of the call. */
  variable: VariablePrice | null;
}

export interface MediaPrice {
  priceProvider: string;
  model: string;
}

/** The library is asked for each call of more input tokens than this (-1: for every call). */
export interface VariablePrice {
  priceProvider: string;
  model: string;
  aboveInputTokens: number;
}

export interface PriceBook {
  /** null where the provider or the model is not in the list. */
  priceOf(priceProvider: string | null, model: string): Price | null;
  /** US dollars. */
  costUsd(price: Price, usage: Usage): number;
}

export interface PriceBookOptions {
  nowMs?: () => number;
  /** Model names come from callers, so what is remembered of them is bounded. */
  maxEntries?: number;
}

/** Prices change with the date: an entry is looked up again after this. */
const ENTRY_LIFETIME_MS = 3_600_000;

/** Prices of @pydantic/genai-prices, which work offline. A look-up takes about 20 µs, so results are remembered. */
export function createPriceBook(options: PriceBookOptions = {}): PriceBook {
  const { nowMs = Date.now, maxEntries = 2000 } = options;
  const entries = new Map<string, { price: Price | null; expiresAtMs: number }>();

  return {
    priceOf(priceProvider, model) {
      if (priceProvider === null) return null;
      const key = `${priceProvider} ${model}`;
      const now = nowMs();
      const known = entries.get(key);
      if (known !== undefined && known.expiresAtMs > now) return known.price;
      const price = lookUp(priceProvider, model, new Date(now));
      entries.delete(key);
      if (entries.size >= maxEntries) forgetOldest(entries);
      entries.set(key, { price, expiresAtMs: now + ENTRY_LIFETIME_MS });
      return price;
    },
    costUsd(price, usage) {
      const counts = countsOf(usage);
      const { variable, media } = price;
      if (media !== undefined && usage.media !== undefined) {
        return libraryCost(media, counts, new Date(nowMs()), usage.media) ?? fixedCost(price, counts);
      }
      if (variable === null || counts.input <= variable.aboveInputTokens) return fixedCost(price, counts);
      return libraryCost(variable, counts, new Date(nowMs())) ?? fixedCost(price, counts);
    },
  };
}

function forgetOldest(entries: Map<string, unknown>): void {
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}

function lookUp(priceProvider: string, model: string, timestamp: Date): Price | null {
  const result = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: priceProvider, timestamp });
  if (result === null) return null;
  const { input_mtok, output_mtok, cache_read_mtok, cache_write_mtok } = result.model_price;
  const hasMedia = MEDIA_PRICES.some((name) => result.model_price[name] !== undefined);
  if (input_mtok === undefined && output_mtok === undefined && !hasMedia) return null;
  const { prices } = result.model;
  const dependsOnTime = Array.isArray(prices) && prices.some((one) => one.constraint?.type === "time_of_date");
  const firstTier = dependsOnTime ? -1 : firstTierOf(result.model_price);
  return {
    inputPerToken: perToken(input_mtok ?? 0),
    outputPerToken: perToken(output_mtok ?? 0),
    cachedInputPerToken: perToken(cache_read_mtok ?? input_mtok ?? 0),
    cacheWritePerToken: perToken(cache_write_mtok ?? input_mtok ?? 0),
    ...(hasMedia ? { media: { priceProvider, model } } : {}),
    variable: firstTier === null ? null : { priceProvider, model, aboveInputTokens: firstTier },
  };
}

const MEDIA_PRICES = ["input_audio_mtok", "input_image_mtok", "audio_hours"] as const;

/** Input tokens up to which the base price holds, or null where there are no tiers. */
function firstTierOf(prices: ModelPrice): number | null {
  const starts = Object.values(prices).flatMap((price) =>
    typeof price === "object" ? price.tiers.map((tier) => tier.start) : [],
  );
  return starts.length === 0 ? null : Math.min(...starts);
}

function perToken(perMillion: number | TieredPrices): number {
  return (typeof perMillion === "number" ? perMillion : perMillion.base) / 1e6;
}

interface TokenCounts {
  input: number;
  output: number;
  cached: number;
  written: number;
}

/** Providers have been seen to report more cached than input tokens; cached ones are part of the input. */
function countsOf(usage: Usage): TokenCounts {
  const cached = usage.cachedInputTokens ?? 0;
  const written = usage.cacheWriteTokens ?? 0;
  return { input: Math.max(usage.inputTokens, cached + written), output: usage.outputTokens, cached, written };
}

function fixedCost(price: Price, { input, output, cached, written }: TokenCounts): number {
  return (
    (input - cached - written) * price.inputPerToken +
    cached * price.cachedInputPerToken +
    written * price.cacheWritePerToken +
    output * price.outputPerToken
  );
}

function libraryCost(
  { priceProvider, model }: MediaPrice,
  counts: TokenCounts,
  timestamp: Date,
  media: MediaUsage = {},
): number | null {
  const { inputAudioTokens, inputImageTokens, audioSeconds } = media;
  const usage = {
    input_tokens: counts.input,
    output_tokens: counts.output,
    cache_read_tokens: counts.cached,
    cache_write_tokens: counts.written,
    ...(inputAudioTokens === undefined ? {} : { input_audio_tokens: inputAudioTokens }),
    ...(inputImageTokens === undefined ? {} : { input_image_tokens: inputImageTokens }),
    // The library wants to know of what kind the sound is, too.
    ...(audioSeconds === undefined ? {} : { audio_seconds: audioSeconds, input_audio_seconds: audioSeconds }),
  };
  const result = calcPrice(usage, model, { providerId: priceProvider, timestamp });
  return result?.total_price ?? null;
}

/** Names of the provider's current models that are in the price list, sorted. */
export function pricedModels(priceProvider: string): string[] {
  const models = findProvider({ providerId: priceProvider })?.models ?? [];
  return models
    .filter((model) => model.deprecated !== true)
    .map((model) => model.id)
    .sort();
}
