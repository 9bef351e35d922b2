import type { ModelFacts } from "../../contracts/model-facts.ts";
import type { ModelPrices } from "../../contracts/prices.ts";
import type { ProviderAuth, ProviderSnapshot } from "../../contracts/snapshot.ts";
import { baseUrlOf, queryOf } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import { addedPrices, factsOf } from "../../providers/models/model-facts.ts";
import { listedContextWindow, listKnows, pricedModels } from "../../providers/prices.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileModelTimeouts, compileRetries } from "./common.ts";
import { compileProviderKey } from "./provider-keys.ts";

type ProviderConfiguration = Configuration["providers"][number];

export function compileProvider(provider: ProviderConfiguration, entry: CatalogueEntry): ProviderSnapshot {
  const { simulated } = provider;
  const query = queryOf(entry, provider.settings);
  const models = provider.models ?? listedModels(entry);
  const prices = { ...addedPrices(entry.kind, (model) => isPriced(entry, model)), ...compilePrices(provider.prices) };
  const facts = factsOfAll(entry, models);
  return {
    id: provider.id,
    kind: provider.kind,
    transport: entry.transport,
    dialect: entry.dialect,
    ...(provider.api === undefined ? {} : { api: provider.api }),
    baseUrl: entry.transport === "simulated" ? "" : (provider.base_url ?? baseUrlOf(entry, provider.settings)),
    auth: provider.keys.length === 0 ? { type: "none" } : compileAuth(provider, entry),
    keys: provider.keys.map((key, index) => compileProviderKey(key, index, provider, entry)),
    headers: { ...entry.headers, ...provider.headers },
    ...(query === "" ? {} : { query }),
    ...(entry.quirks === undefined ? {} : { quirks: entry.quirks }),
    models,
    defaultMaxOutputTokens: provider.default_max_output_tokens,
    ...(provider.pass_through.length === 0 ? {} : { passThrough: provider.pass_through }),
    ...(entry.prefill === undefined ? {} : { prefill: entry.prefill }),
    timeouts: compileModelTimeouts(provider.timeouts),
    retries: compileRetries(provider.retries),
    circuitBreaker: compileCircuitBreaker(provider.circuit_breaker),
    simulated:
      entry.transport === "simulated" ? { firstTokenMs: simulated.first_token, tokenMs: simulated.token } : null,
    priceProvider: entry.priceProvider,
    ...(Object.keys(prices).length === 0 ? {} : { prices }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
  };
}

function compileAuth({ auth }: ProviderConfiguration, entry: CatalogueEntry): ProviderAuth {
  if (auth === undefined) return entry.auth;
  const { type, name = "" } = auth;
  if (type === "header") return { type, name: name.toLowerCase() };
  return type === "query" ? { type, name } : { type };
}

function listedModels(entry: CatalogueEntry): string[] {
  const { listedModels: pattern, priceProvider } = entry;
  const priced = pattern === null || priceProvider === null ? [] : pricedModels(priceProvider);
  return [...entry.models, ...priced.filter((model) => pattern?.test(model))];
}

/** In place of what the list has nothing of. */
function isPriced({ priceProvider }: CatalogueEntry, model: string): boolean {
  return priceProvider !== null && listKnows(priceProvider, model);
}

function factsOfAll(entry: CatalogueEntry, models: readonly string[]): Record<string, ModelFacts> {
  const facts = models.flatMap((model) => {
    const known = modelFacts(entry, model);
    return known === null ? [] : [[model, known] as const];
  });
  return Object.fromEntries(facts);
}

/** What is known of a model; a context window may be known by the list of prices alone. */
function modelFacts({ kind, priceProvider }: CatalogueEntry, model: string): ModelFacts | null {
  const facts = factsOf(kind, model);
  if (facts?.contextWindow !== undefined || priceProvider === null) return facts;
  const contextWindow = listedContextWindow(priceProvider, model);
  return contextWindow === undefined ? facts : { ...facts, contextWindow };
}

export function factsAt(entry: CatalogueEntry | undefined, model: string): { facts?: ModelFacts } {
  const facts = entry === undefined ? null : modelFacts(entry, model);
  return facts === null ? {} : { facts };
}

function compilePrices(prices: ProviderConfiguration["prices"]): Record<string, ModelPrices> {
  return Object.fromEntries(Object.entries(prices).map(([model, price]) => [model, compilePrice(price)]));
}

export function compilePrice(price: ProviderConfiguration["prices"][string]): ModelPrices {
  const amounts = Object.entries(price).flatMap(([unit, amount]) => {
    return amount === undefined ? [] : [[unit, amount.tiers.length === 0 ? amount.base : amount] as const];
  });
  return Object.fromEntries(amounts);
}
