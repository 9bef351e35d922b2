import type { ModelRouteSnapshot, ProviderSnapshot } from "../../contracts/snapshot.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import { pricedModels } from "../../providers/prices.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileRetries, compileTimeouts } from "./common.ts";

type ProviderConfiguration = Configuration["providers"][number];

export function compileProvider(provider: ProviderConfiguration, entry: CatalogueEntry): ProviderSnapshot {
  const { simulated } = provider;
  return {
    id: provider.id,
    kind: provider.kind,
    transport: entry.transport,
    dialect: entry.dialect,
    ...(provider.api === undefined ? {} : { api: provider.api }),
    baseUrl: entry.transport === "simulated" ? "" : (provider.base_url ?? entry.baseUrl ?? ""),
    auth: provider.keys.length === 0 ? { type: "none" } : entry.auth,
    keys: provider.keys.map((key, index) => ({ ...key, id: key.id ?? `key-${index + 1}` })),
    headers: { ...entry.headers, ...provider.headers },
    models: provider.models ?? listedModels(entry),
    defaultMaxOutputTokens: provider.default_max_output_tokens,
    timeouts: compileTimeouts(provider.timeouts),
    retries: compileRetries(provider.retries),
    circuitBreaker: compileCircuitBreaker(provider.circuit_breaker),
    simulated:
      entry.transport === "simulated" ? { firstTokenMs: simulated.first_token, tokenMs: simulated.token } : null,
    priceProvider: entry.priceProvider,
  };
}

function listedModels(entry: CatalogueEntry): string[] {
  const { listedModels: pattern, priceProvider } = entry;
  const priced = pattern === null || priceProvider === null ? [] : pricedModels(priceProvider);
  return [...entry.models, ...priced.filter((model) => pattern?.test(model))];
}

export function compileModelRoute(route: Configuration["models"][number]): ModelRouteSnapshot {
  return {
    name: route.name,
    strategy: route.strategy,
    targets: route.targets.map(({ api, ...target }) => (api === undefined ? target : { ...target, api })),
    timeouts: compileTimeouts(route.timeouts),
    retries: compileRetries(route.retries),
    circuitBreaker: compileCircuitBreaker(route.circuit_breaker),
  };
}
