import type { ModelCapability, ModelFacts } from "../../../contracts/model-facts.ts";
import type { ModelTargetSnapshot } from "../../../contracts/model-routing.ts";
import type { ModelPrices } from "../../../contracts/prices.ts";
import type { ProviderSnapshot, Snapshot } from "../../../contracts/snapshot.ts";
import { type Price, type PriceBook, priceFrom } from "../../../providers/prices.ts";

/** A name that callers may use, with what is known of the models behind it. */
export interface ListedModel extends ModelFacts {
  id: string;
  ownedBy: string;
  /** Of the model route behind it; of a provider's own model, the same as `id`. */
  route: string;
  /** US dollars per million tokens. Absent: not known, or not the same for all calls. */
  price?: Pick<ModelPrices, "input_mtok" | "output_mtok" | "cache_read_mtok" | "cache_write_mtok">;
}

/** In the order in which they are listed: model routes, then the models of each provider. */
export function describeModels(
  { providers, models }: Pick<Snapshot, "providers" | "models">,
  prices: PriceBook,
): ListedModel[] {
  const byId = new Map(providers.map((provider) => [provider.id, provider]));
  const routes = models.flatMap(({ name, aliases = [], targets }): ListedModel[] => {
    const [first, ...others] = targets;
    const facts = targets.map(({ facts: known = {} }) => known).reduce(inCommon, targets[0]?.facts ?? {});
    const provider = first === undefined ? undefined : byId.get(first.provider);
    const price =
      first !== undefined && provider !== undefined && others.length === 0 ? priceAt(provider, first, prices) : null;
    const names = [name, ...aliases.filter((alias) => !alias.endsWith("*"))];
    return names.map((id) => ({ id, ownedBy: "tidegate", route: name, ...facts, ...shown(price) }));
  });
  const direct = providers.flatMap((provider) =>
    provider.models.map((model): ListedModel => {
      const facts = provider.facts !== undefined && Object.hasOwn(provider.facts, model) ? provider.facts[model] : {};
      const price = priceAt(provider, { model }, prices);
      const id = `${provider.id}/${model}`;
      return { id, ownedBy: provider.id, route: id, ...facts, ...shown(price) };
    }),
  );
  return [...routes, ...direct];
}

/** What holds whichever of them answers. */
function inCommon(one: ModelFacts, other: ModelFacts): ModelFacts {
  const { contextWindow = 0, maxOutputTokens = 0, capabilities } = one;
  const window = Math.min(contextWindow, other.contextWindow ?? 0);
  const output = Math.min(maxOutputTokens, other.maxOutputTokens ?? 0);
  const shared = capabilities?.filter((name: ModelCapability) => other.capabilities?.includes(name));
  return {
    ...(one.type !== undefined && one.type === other.type ? { type: one.type } : {}),
    ...(window > 0 ? { contextWindow: window } : {}),
    ...(output > 0 ? { maxOutputTokens: output } : {}),
    ...(shared === undefined || other.capabilities === undefined ? {} : { capabilities: shared }),
  };
}

function priceAt(
  { prices: own, priceProvider }: ProviderSnapshot,
  { model, price }: Pick<ModelTargetSnapshot, "model" | "price">,
  prices: PriceBook,
): Price | null {
  const given = price ?? (own !== undefined && Object.hasOwn(own, model) ? own[model] : undefined);
  return given === undefined ? prices.priceOf(priceProvider, model) : priceFrom(given);
}

function shown(price: Price | null): Pick<ListedModel, "price"> {
  if (price === null) return {};
  return {
    price: {
      input_mtok: perMillion(price.inputPerToken),
      output_mtok: perMillion(price.outputPerToken),
      cache_read_mtok: perMillion(price.cachedInputPerToken),
      cache_write_mtok: perMillion(price.cacheWritePerToken),
    },
  };
}

/** Without what floating point adds. */
function perMillion(perToken: number): number {
  return Number((perToken * 1e6).toPrecision(10));
}
