import { calcPrice, findProvider, type ModelInfo, type ModelPrice } from "@pydantic/genai-prices";
import type { ModelFacts } from "../../contracts/model-facts.ts";
import type { ModelPrices, PriceUnit } from "../../contracts/prices.ts";
import { CATALOGUE } from "../catalogue.ts";
import type { CatalogueEntry } from "../catalogue-entry.ts";
import { factsOf, knownModels } from "./model-facts.ts";

/** A model at a kind of provider, with all that is known of it. */
export interface CatalogueModel extends ModelFacts {
  kind: string;
  model: string;
  /** Absent: not known. */
  prices?: ModelPrices;
  /** `list`: @pydantic/genai-prices; else the page that it was taken from. */
  priceSource?: string;
  isDeprecated?: true;
}

/** Of those, the first has the models. */
const REPEATED: ReadonlySet<string> = new Set(["azure-openai-deployments", "bedrock-openai"]);

const NOTHING = { input_tokens: 0, output_tokens: 0 };

let catalogue: readonly CatalogueModel[] | null = null;

/** Every model of every kind, by kind and name. Made when somebody asks. */
export function modelCatalogue(nowMs = Date.now()): readonly CatalogueModel[] {
  catalogue ??= CATALOGUE.filter(({ kind }) => !REPEATED.has(kind)).flatMap((entry) => modelsOf(entry, nowMs));
  return catalogue;
}

function modelsOf(entry: CatalogueEntry, nowMs: number): CatalogueModel[] {
  const models = new Map<string, CatalogueModel>();
  const { kind, priceProvider } = entry;
  const listed = priceProvider === null ? [] : (findProvider({ providerId: priceProvider })?.models ?? []);
  for (const info of listed) {
    const prices = pricesAt(info, nowMs);
    const facts = factsOf(kind, info.id) ?? {};
    const own = info.context_window === undefined ? {} : { contextWindow: info.context_window };
    models.set(info.id, {
      kind,
      model: info.id,
      ...own,
      ...facts,
      ...(prices === null ? {} : { prices, priceSource: "list" }),
      ...(info.deprecated === true ? { isDeprecated: true as const } : {}),
    });
  }
  for (const { id, prices, priceSource, ...facts } of knownModels(kind).values()) {
    if (models.has(id)) continue;
    // The list has many under other names as well: with a date, or a version.
    const inList = priceProvider === null ? null : calcPrice(NOTHING, id, { providerId: priceProvider });
    const listPrices = inList === null ? null : pricesAt(inList.model, nowMs);
    const own = prices === undefined || priceSource === undefined ? {} : { prices, priceSource };
    const priced = listPrices === null ? own : { prices: listPrices, priceSource: "list" };
    models.set(id, { kind, model: id, ...facts, ...priced });
  }
  for (const id of entry.models) if (!models.has(id)) models.set(id, { kind, model: id });
  return [...models.values()].sort((one, other) => (one.model < other.model ? -1 : 1));
}

/** Those that hold now; of prices by the time of day, the first. */
function pricesAt({ prices }: ModelInfo, nowMs: number): ModelPrices | null {
  const current = Array.isArray(prices)
    ? (prices.findLast(({ constraint }) => {
        return (
          constraint === undefined || (constraint.type === "start_date" && Date.parse(constraint.start_date) <= nowMs)
        );
      })?.prices ?? prices[0]?.prices)
    : prices;
  if (current === undefined) return null;
  const given = Object.entries(current as ModelPrice).filter(
    ([unit, amount]) => amount !== undefined && UNITS.has(unit),
  );
  return given.length === 0 ? null : (Object.fromEntries(given) as ModelPrices);
}

const UNITS: ReadonlySet<string> = new Set<PriceUnit>([
  "input_mtok",
  "output_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "cache_write_1h_mtok",
  "output_reasoning_mtok",
  "input_audio_mtok",
  "output_audio_mtok",
  "cache_audio_read_mtok",
  "input_image_mtok",
  "output_image_mtok",
  "requests_kcount",
]);
