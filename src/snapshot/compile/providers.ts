import type {
  ModelRouteSnapshot,
  ModelTargetSnapshot,
  ProviderAuth,
  ProviderSnapshot,
} from "../../contracts/snapshot.ts";
import { baseUrlOf, queryOf } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import { pricedModels } from "../../providers/prices.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileModelTimeouts, compileRetries } from "./common.ts";
import { compileProviderKey } from "./provider-keys.ts";

type ProviderConfiguration = Configuration["providers"][number];
type TargetConfiguration = Configuration["models"][number]["targets"][number];

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
    ...(provider.pass_through.length === 0 ? {} : { passThrough: provider.pass_through }),
    ...(entry.prefill === undefined ? {} : { prefill: entry.prefill }),
    timeouts: compileModelTimeouts(provider.timeouts),
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

export function compileModelRoute(route: Configuration["models"][number]): ModelRouteSnapshot {
  const { hedging, on_broken_stream: onBrokenStream } = route;
  return {
    name: route.name,
    strategy: route.strategy,
    ...(route.stick_to === undefined ? {} : { stickTo: stickToOf(route.stick_to) }),
    targets: route.targets.map(compileModelTarget),
    timeouts: compileModelTimeouts(route.timeouts),
    retries: compileRetries(route.retries),
    circuitBreaker: compileCircuitBreaker(route.circuit_breaker),
    ...(hedging === undefined
      ? {}
      : { hedging: { after: hedging.after, minDelayMs: hedging.min_delay, maxShare: hedging.max_share } }),
    ...(onBrokenStream === "error" ? {} : { onBrokenStream }),
  };
}

function compileModelTarget({ api, timeouts, prefill, ...target }: TargetConfiguration): ModelTargetSnapshot {
  return {
    ...target,
    ...(api === undefined ? {} : { api }),
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

function stickToOf({ type, name }: NonNullable<Configuration["models"][number]["stick_to"]>) {
  return type === "header" ? { type, name: name ?? "" } : { type };
}
