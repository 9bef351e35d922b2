import type { ProviderAuth, ProviderSnapshot } from "../../contracts/snapshot.ts";
import { baseUrlOf, queryOf } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import { pricedModels } from "../../providers/prices.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileRetries, compileTimeouts } from "./common.ts";
import { compileProviderKey } from "./provider-keys.ts";

type ProviderConfiguration = Configuration["providers"][number];

export function compileProvider(provider: ProviderConfiguration, entry: CatalogueEntry): ProviderSnapshot {
  const { simulated } = provider;
  const query = queryOf(entry, provider.settings);
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
