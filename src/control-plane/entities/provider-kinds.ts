import { CATALOGUE, type CatalogueEntry } from "../../providers/catalogue.ts";
import { type CatalogueModel, modelCatalogue } from "../../providers/models/model-catalogue.ts";
import type { Actor } from "../access/actor.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { require } from "./rows.ts";

/** What somebody has to know to add a provider of a kind. */
export interface ProviderKindView {
  kind: string;
  dialect: string;
  /** With `{name}` for settings; null: `base_url` has to be given. */
  base_url: string | null;
  settings: {
    name: string;
    description: string;
    default: string | null;
    required: boolean;
    /** Values that it may have; null: any. */
    values: string[] | null;
  }[];
  auth: object;
  /** What a key may be: `value`, or a credential. */
  key_kinds: string[];
  requires_key: boolean;
  models: number;
  docs: string | null;
}

export interface CatalogueModelView {
  kind: string;
  model: string;
  type: string | null;
  context_window: number | null;
  max_output_tokens: number | null;
  /** null: nothing is known. */
  capabilities: readonly string[] | null;
  /** US dollars, as `price` in `tidegate.yaml`; null: not known. */
  price: object | null;
  price_source: string | null;
  deprecated: boolean;
}

export interface CatalogueFilter {
  search?: string | undefined;
  kind?: string | undefined;
  type?: string | undefined;
  capability?: string | undefined;
  min_context_window?: number | undefined;
}

export function listProviderKinds(actor: Actor): ProviderKindView[] {
  require(actor, "provider.read", null);
  const counts = new Map<string, number>();
  for (const { kind } of modelCatalogue()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return CATALOGUE.map((entry) => kindView(entry, counts.get(entry.kind) ?? 0));
}

/** What is known of models, whether or not there is a provider that has them. */
export function searchModels(actor: Actor, filter: CatalogueFilter, page: PageRequest): Page<CatalogueModelView> {
  require(actor, "provider.read", null);
  const after = decodeCursor(page.cursor);
  const words = (filter.search ?? "").toLowerCase().split(/\s+/);
  const found = modelCatalogue().filter((model) => fits(model, filter, words));
  const sorted = [...found].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const rest = after === null ? sorted : sorted.filter((model) => keyOf(model) > after);
  return pageOf(rest.slice(0, page.limit + 1), page, keyOf, modelView);
}

const keyOf = ({ kind, model }: CatalogueModel): string => `${kind} ${model}`;

function fits(model: CatalogueModel, filter: CatalogueFilter, words: readonly string[]): boolean {
  const { kind, type, capability, min_context_window: window } = filter;
  if (kind !== undefined && model.kind !== kind) return false;
  if (type !== undefined && model.type !== type) return false;
  if (capability !== undefined && !model.capabilities?.some((one) => one === capability)) return false;
  if (window !== undefined && (model.contextWindow ?? 0) < window) return false;
  const text = `${model.kind}/${model.model}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function modelView(model: CatalogueModel): CatalogueModelView {
  return {
    kind: model.kind,
    model: model.model,
    type: model.type ?? null,
    context_window: model.contextWindow ?? null,
    max_output_tokens: model.maxOutputTokens ?? null,
    capabilities: model.capabilities ?? null,
    price: model.prices ?? null,
    price_source: model.priceSource === "list" ? "@pydantic/genai-prices" : (model.priceSource ?? null),
    deprecated: model.isDeprecated === true,
  };
}

function kindView(entry: CatalogueEntry, models: number): ProviderKindView {
  const { kind, dialect, transport, baseUrl, settings = [], auth, credentials = [], requiresKey, docs = null } = entry;
  return {
    kind,
    dialect,
    base_url: transport === "simulated" ? "" : baseUrl,
    settings: settings.map(({ name, description, default: usual = null, isOptional, hosts }) => ({
      name,
      description,
      default: usual,
      required: usual === null && isOptional !== true,
      values: hosts === undefined || hosts["*"] !== undefined ? null : Object.keys(hosts),
    })),
    auth,
    key_kinds: transport === "simulated" ? [] : ["value", ...credentials],
    requires_key: requiresKey,
    models,
    docs,
  };
}
