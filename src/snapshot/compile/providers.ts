import type { ModelFacts } from "../../contracts/model-facts.ts";
import type { ModelPrices } from "../../contracts/prices.ts";
import type {
  ModelRouteSnapshot,
  ModelTargetSnapshot,
  ProviderAuth,
  ProviderSnapshot,
} from "../../contracts/snapshot.ts";
import { baseUrlOf, queryOf } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import { addedPrices, factsOf } from "../../providers/models/model-facts.ts";
import { listedContextWindow, listKnows, pricedModels } from "../../providers/prices.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileModelTimeouts, compileRetries } from "./common.ts";
import { compileProviderKey } from "./provider-keys.ts";

type ProviderConfiguration = Configuration["providers"][number];
type TargetConfiguration = Configuration["models"][number]["targets"][number];

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

/** `entryOf`: of the kind of the provider of that id; undefined: not known. */
export function compileModelRoute(
  route: Configuration["models"][number],
  entryOf: (provider: string) => CatalogueEntry | undefined,
): ModelRouteSnapshot {
  const { hedging, on_broken_stream: onBrokenStream } = route;
  return {
    name: route.name,
    strategy: route.strategy,
    ...(route.stick_to === undefined ? {} : { stickTo: stickToOf(route.stick_to) }),
    targets: route.targets.map((target) => compileModelTarget(target, entryOf(target.provider))),
    timeouts: compileModelTimeouts(route.timeouts),
    retries: compileRetries(route.retries),
    circuitBreaker: compileCircuitBreaker(route.circuit_breaker),
    ...(hedging === undefined
      ? {}
      : { hedging: { after: hedging.after, minDelayMs: hedging.min_delay, maxShare: hedging.max_share } }),
    ...(onBrokenStream === "error" ? {} : { onBrokenStream }),
  };
}

function compileModelTarget(
  { api, timeouts, prefill, price, ...target }: TargetConfiguration,
  entry: CatalogueEntry | undefined,
): ModelTargetSnapshot {
  return {
    ...target,
    ...(api === undefined ? {} : { api }),
    ...(price === undefined ? {} : { price: compilePrice(price) }),
    ...factsAt(entry, target.model),
    ...(timeouts === undefined ? {} : { timeouts: compileTargetTimeouts(timeouts) }),
    ...(prefill === undefined ? {} : { prefill }),
  };
}

function compileTargetTimeouts(timeouts: NonNullable<TargetConfiguration["timeouts"]>) {
  const { connect, first_byte, idle, first_token, between_tokens, total } = timeouts;
  return {
    ...(connect === undefined ? {} : { connectMs: connect }),
    ...(first_byte === undefined ? {} : { firstByteMs: first_byte }),
    ...(idle === undefined ? {} : { idleMs: idle }),
    ...(first_token === undefined ? {} : { firstTokenMs: first_token }),
    ...(between_tokens === undefined ? {} : { betweenTokensMs: between_tokens }),
    ...(total === undefined ? {} : { totalMs: total }),
  };
}

function factsAt(entry: CatalogueEntry | undefined, model: string): { facts?: ModelFacts } {
  const facts = entry === undefined ? null : modelFacts(entry, model);
  return facts === null ? {} : { facts };
}

function compilePrices(prices: ProviderConfiguration["prices"]): Record<string, ModelPrices> {
  return Object.fromEntries(Object.entries(prices).map(([model, price]) => [model, compilePrice(price)]));
}

function compilePrice(price: ProviderConfiguration["prices"][string]): ModelPrices {
  const amounts = Object.entries(price).flatMap(([unit, amount]) => {
    return amount === undefined ? [] : [[unit, amount.tiers.length === 0 ? amount.base : amount] as const];
  });
  return Object.fromEntries(amounts);
}

function stickToOf({ type, name }: NonNullable<Configuration["models"][number]["stick_to"]>) {
  return type === "header" ? { type, name: name ?? "" } : { type };
}
