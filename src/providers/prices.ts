import { calcPrice, findProvider, type ModelPrice, type Provider, type TieredPrices } from "@pydantic/genai-prices";
import type { Usage } from "../contracts/ir.ts";
import type { ModelPrices } from "../contracts/prices.ts";

/** US dollars per token. */
export interface Price {
  inputPerToken: number;
  outputPerToken: number;
  cachedInputPerToken: number;
  cacheWritePerToken: number;
  /** Set where the price depends on the size or the time of the call, or calls have one of their own. */
  variable: VariablePrice | null;
  /** Set where some of the tokens (reasoning, audio, images, an hour in the cache) have other prices than the rest. */
  detailed: PriceSource | null;
}

/** Where the library finds it. `own`: not in its list. */
export interface PriceSource {
  priceProvider: string;
  model: string;
  own?: Provider;
}

/** The library is asked for each call of more input tokens than this (-1: for every call). */
export interface VariablePrice extends PriceSource {
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
      const { variable, detailed } = price;
      const isFixed = variable === null || counts.input <= variable.aboveInputTokens;
      const source = isFixed ? (detailed !== null && hasDetails(usage) ? detailed : null) : variable;
      if (source === null) return fixedCost(price, counts);
      return costBySource(source, counts, usage, new Date(nowMs())) ?? fixedCost(price, counts);
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
  return priceBy({ priceProvider, model }, timestamp);
}

/** A price that somebody has given, in place of the list's. */
export function priceFrom(prices: ModelPrices): Price {
  // A price of calls alone is one, too.
  const model = { id: OWN, match: { equals: OWN }, prices: { input_mtok: 0, ...prices } as ModelPrice };
  const own: Provider = { id: OWN, name: OWN, api_pattern: OWN, models: [model] };
  const price = priceBy({ priceProvider: OWN, model: OWN, own }, new Date(0));
  if (price === null) throw new TypeError("a price that was given is always found");
  return price;
}

const OWN = "own";

function priceBy(source: PriceSource, timestamp: Date): Price | null {
  const { model, own, priceProvider } = source;
  const where = own === undefined ? { providerId: priceProvider } : { provider: own };
  const result = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { ...where, timestamp });
  if (result === null) return null;
  const { input_mtok, output_mtok, cache_read_mtok, cache_write_mtok } = result.model_price;
  const isDetailed = DETAILED_UNITS.some((unit) => result.model_price[unit] !== undefined);
  if (input_mtok === undefined && output_mtok === undefined && !isDetailed) return null;
  const { prices } = result.model;
  const dependsOnTime = Array.isArray(prices) && prices.some((one) => one.constraint?.type === "time_of_date");
  const hasPriceOfCalls = result.model_price.requests_kcount !== undefined;
  const firstTier = dependsOnTime || hasPriceOfCalls ? -1 : firstTierOf(result.model_price);
  return {
    inputPerToken: perToken(input_mtok ?? 0),
    outputPerToken: perToken(output_mtok ?? 0),
    cachedInputPerToken: perToken(cache_read_mtok ?? input_mtok ?? 0),
    cacheWritePerToken: perToken(cache_write_mtok ?? input_mtok ?? 0),
    variable: firstTier === null ? null : { ...source, aboveInputTokens: firstTier },
    detailed: isDetailed ? source : null,
  };
}

const DETAILED_UNITS = [
  "output_reasoning_mtok",
  "input_audio_mtok",
  "output_audio_mtok",
  "cache_audio_read_mtok",
  "input_image_mtok",
  "output_image_mtok",
  "cache_write_1h_mtok",
  "audio_hours",
];

function hasDetails(usage: Usage): boolean {
  return (
    usage.reasoningTokens !== undefined ||
    usage.inputAudioTokens !== undefined ||
    usage.outputAudioTokens !== undefined ||
    usage.inputImageTokens !== undefined ||
    usage.outputImageTokens !== undefined ||
    usage.cacheWrite1hTokens !== undefined ||
    usage.audioSeconds !== undefined
  );
}

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

/** What a detail counts is a part of its whole: providers have been seen to report more. */
function costBySource(
  { priceProvider, model, own }: PriceSource,
  counts: TokenCounts,
  usage: Usage,
  timestamp: Date,
): number | null {
  const { input, output, cached, written } = counts;
  const cachedAudio = Math.min(usage.cachedAudioTokens ?? 0, cached);
  const inputAudio = Math.min(
    Math.max(usage.inputAudioTokens ?? 0, cachedAudio),
    input - cached - written + cachedAudio,
  );
  const inputImage = Math.min(usage.inputImageTokens ?? 0, input - cached - written - (inputAudio - cachedAudio));
  const outputAudio = Math.min(usage.outputAudioTokens ?? 0, output);
  const outputImage = Math.min(usage.outputImageTokens ?? 0, output - outputAudio);
  const details = {
    output_reasoning_tokens: Math.min(usage.reasoningTokens ?? 0, output - outputAudio - outputImage),
    input_audio_tokens: inputAudio,
    cache_audio_read_tokens: Math.min(cachedAudio, inputAudio),
    input_image_tokens: inputImage,
    output_audio_tokens: outputAudio,
    output_image_tokens: outputImage,
    cache_write_1h_tokens: Math.min(usage.cacheWrite1hTokens ?? 0, written),
    // The library wants to know of what kind the sound is, too.
    audio_seconds: usage.audioSeconds ?? 0,
    input_audio_seconds: usage.audioSeconds ?? 0,
  };
  const told = Object.fromEntries(Object.entries(details).filter(([, tokens]) => tokens > 0));
  // The library wants to be told what two counts have in common, though it be nothing.
  if (cached > 0 && inputAudio > 0) told.cache_audio_read_tokens = details.cache_audio_read_tokens;
  if (cached > 0 && inputImage > 0) told.cache_image_read_tokens = 0;
  const asked = {
    input_tokens: input,
    output_tokens: output,
    cache_read_tokens: cached,
    cache_write_tokens: written,
    ...told,
  };
  const where = own === undefined ? { providerId: priceProvider } : { provider: own };
  try {
    return calcPrice(asked, model, { ...where, timestamp })?.total_price ?? null;
  } catch {
    // Counts that it takes for contradictory: what they come to without details is nearer than nothing.
    return null;
  }
}

/** Names of the provider's current models that are in the price list, sorted. */
export function pricedModels(priceProvider: string): string[] {
  const models = findProvider({ providerId: priceProvider })?.models ?? [];
  return models
    .filter((model) => model.deprecated !== true)
    .map((model) => model.id)
    .sort();
}

/** Whether the list has a price of the model. */
export function listKnows(priceProvider: string, model: string): boolean {
  return lookUp(priceProvider, model, new Date()) !== null;
}

/** Tokens; undefined: the list does not say. */
export function listedContextWindow(priceProvider: string, model: string): number | undefined {
  const nothing = { input_tokens: 0, output_tokens: 0 };
  return calcPrice(nothing, model, { providerId: priceProvider })?.model.context_window;
}
