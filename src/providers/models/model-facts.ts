import type { ModelCapability, ModelFacts } from "../../contracts/model-facts.ts";
import type { ModelPrices } from "../../contracts/prices.ts";
import type { FactsText } from "./facts/facts-text.ts";
import { FACTS } from "./facts/index.ts";

export interface KnownModel extends ModelFacts {
  id: string;
  /** Where the built-in list of prices has none. */
  prices?: ModelPrices;
  /** Where they were taken from. */
  priceSource?: string;
}

export const CAPABILITY_LETTERS: Readonly<Record<string, ModelCapability>> = {
  v: "vision",
  t: "tools",
  s: "json_schema",
  r: "reasoning",
  a: "audio_input",
  o: "audio_output",
  d: "pdf",
  c: "prompt_caching",
  w: "web_search",
};

/** Kinds that have the models of others, by the others' names. */
const SAME_MODELS: Readonly<Record<string, string>> = {
  "azure-openai-deployments": "azure-openai",
  "bedrock-openai": "bedrock",
};

/** Who makes models that others have as well, by `maker/model` or the same name. */
const MAKERS = [
  "openai",
  "anthropic",
  "gemini",
  "mistral",
  "deepseek",
  "xai",
  "cohere",
  "moonshot",
  "zhipu",
  "minimax",
  "qwen",
];
const RESELLERS: ReadonlySet<string> = new Set([
  "azure-openai",
  "azure-openai-deployments",
  "openrouter",
  "github-models",
  "vertex-ai",
]);

const read = new Map<string, ReadonlyMap<string, KnownModel>>();

/** By their names. */
export function knownModels(kind: string): ReadonlyMap<string, KnownModel> {
  const known = read.get(kind);
  if (known !== undefined) return known;
  const text = FACTS[SAME_MODELS[kind] ?? kind];
  const models = new Map(text === undefined ? [] : linesOf(text).map((model) => [model.id, model]));
  read.set(kind, models);
  return models;
}

/** null: nothing is known. */
export function factsOf(kind: string, model: string): ModelFacts | null {
  const own = knownModels(kind).get(model);
  if (own !== undefined) return withoutPrice(own);
  if (!RESELLERS.has(kind)) return null;
  const name = model.slice(model.lastIndexOf("/") + 1).replace(/:\w+$/, "");
  for (const maker of MAKERS) {
    const made = knownModels(maker).get(name);
    if (made !== undefined) return withoutPrice(made);
  }
  return null;
}

/** Prices that the built-in list does not have, by the names of the models. */
export function addedPrices(kind: string, isInList: (model: string) => boolean): Record<string, ModelPrices> {
  const prices: Record<string, ModelPrices> = {};
  for (const { id, prices: own } of knownModels(kind).values()) {
    if (own !== undefined && !isInList(id)) prices[id] = own;
  }
  return prices;
}

function withoutPrice({ type, contextWindow, maxOutputTokens, capabilities }: KnownModel): ModelFacts {
  return {
    ...(type === undefined ? {} : { type }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(capabilities === undefined ? {} : { capabilities }),
  };
}

function linesOf({ models, sources }: FactsText): KnownModel[] {
  const lines = models.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [id = "", type = "", contextWindow = "-", maxOutput = "-", letters = "-", price, source] = line.split(" ");
    return {
      id,
      type,
      ...(contextWindow === "-" ? {} : { contextWindow: Number(contextWindow) }),
      ...(maxOutput === "-" ? {} : { maxOutputTokens: Number(maxOutput) }),
      ...(letters === "-" ? {} : { capabilities: [...letters].flatMap((letter) => CAPABILITY_LETTERS[letter] ?? []) }),
      ...(price === undefined ? {} : { prices: pricesIn(price), priceSource: sources[Number(source) - 1] ?? "" }),
    };
  });
}

function pricesIn(text: string): ModelPrices {
  const [input = "", output = "", cacheRead = "", cacheWrite = ""] = text.split("/");
  return {
    input_mtok: Number(input),
    output_mtok: Number(output),
    ...(cacheRead === "" ? {} : { cache_read_mtok: Number(cacheRead) }),
    ...(cacheWrite === "" ? {} : { cache_write_mtok: Number(cacheWrite) }),
  };
}
