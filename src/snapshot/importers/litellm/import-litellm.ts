import { CATALOGUE, type CatalogueEntry } from "../../../providers/catalogue.ts";
import type { ModelPart, ModelTargetPart } from "../configuration-part.ts";
import { ImportError, type ImportResult, type Place } from "../import-result.ts";
import { Notebook } from "../notebook.ts";
import { duration, fieldsOf, isFields, listOf, textOf } from "../shape.ts";
import { SourceDocument } from "../source-document.ts";
import { Variables } from "../variables.ts";
import { type ModelGroup, readGroups } from "./deployments.ts";
import { namedVariables, Providers } from "./providers.ts";
import { type RouterSettings, readSettings } from "./settings.ts";

export interface LiteLlmImportOptions {
  file: string;
  catalogue?: readonly CatalogueEntry[];
}

const MAX_WEIGHT = 1_000_000;
const MAX_ATTEMPTS = 10;

/** A LiteLLM proxy's `config.yaml`: providers, and a model route for each `model_name`. Throws ImportError. */
export function importLiteLlm(text: string, options: LiteLlmImportOptions): ImportResult {
  const source = new SourceDocument(options.file, text);
  if (!isFields(source.value) || source.value.model_list === undefined) {
    throw new ImportError(source.placeOf([]), "not a LiteLLM configuration: the key `model_list` is missing");
  }
  if (!Array.isArray(source.value.model_list)) {
    throw new ImportError(source.placeOf(["model_list"]), "`model_list` must be a list of models");
  }
  const document = source.value;
  const notes = new Notebook();
  const variables = new Variables(notes);
  variables.reserve(namedVariables(text));
  const settings = readSettings(source, notes);
  const providers = new Providers(
    options.catalogue ?? CATALOGUE,
    avoidedIds(document.model_list, settings),
    variables,
    notes,
  );
  const credentials = new Map(
    listOf(document.credential_list).map((entry) => {
      const { credential_name, credential_values } = fieldsOf(entry);
      return [textOf(credential_name) ?? "", fieldsOf(credential_values)] as const;
    }),
  );
  const groups = readGroups(document.model_list, { source, providers, notes, credentials });
  const models = new Models(groups, settings, source, notes, new Set(providers.list().map(({ id }) => id))).list();
  const list = providers.list();
  return {
    configuration: {
      version: 1,
      ...(list.length === 0 ? {} : { providers: list }),
      ...(models.length === 0 ? {} : { models }),
    },
    notes: notes.list(),
    variables: variables.list(),
  };
}

/**
 * A model called `openai/fast` can't be there beside a provider with the id `openai`, whose models are called that way.
 * Names that say what the provider would do anyhow need no model.
 */
function avoidedIds(models: unknown, { aliases, fallbacks, defaultFallbacks }: RouterSettings): Set<string> {
  const entries = listOf(models).map((entry) => ({
    name: textOf(fieldsOf(entry).model_name) ?? "",
    model: textOf(fieldsOf(fieldsOf(entry).litellm_params).model) ?? "",
  }));
  const count = (name: string) => entries.filter((entry) => entry.name === name).length;
  const fallsBack = (name: string) => fallbacks.has(name) || fallbacks.has("*") || defaultFallbacks.length > 0;
  const own = entries
    .filter(({ name, model }) => name !== model || count(name) > 1 || fallsBack(name))
    .map(({ name }) => name);
  return new Set(
    [...own, ...aliases.keys()]
      .filter((name) => name.includes("/") && !name.includes("*"))
      .map((name) => name.split("/")[0] ?? ""),
  );
}

class Models {
  readonly #groups: ReadonlyMap<string, ModelGroup>;
  readonly #settings: RouterSettings;
  readonly #source: SourceDocument;
  readonly #notes: Notebook;
  readonly #providerIds: ReadonlySet<string>;

  constructor(
    groups: readonly ModelGroup[],
    settings: RouterSettings,
    source: SourceDocument,
    notes: Notebook,
    providerIds: ReadonlySet<string>,
  ) {
    this.#providerIds = providerIds;
    this.#groups = new Map(groups.map((group) => [group.name, group]));
    this.#settings = settings;
    this.#source = source;
    this.#notes = notes;
  }

  list(): ModelPart[] {
    const own = [...this.#groups.values()].flatMap((group) => this.#model(group, group.name) ?? []);
    for (const name of this.#settings.fallbacks.keys()) this.#noteUnknown(name);
    const aliases = [...this.#settings.aliases].flatMap(([alias, name]) => this.#alias(alias, name));
    return [...own, ...aliases];
  }

  #noteUnknown(name: string): void {
    if (name === "*" || this.#groups.has(name)) return;
    const place = this.#placeOfFallbacks();
    this.#notes.leftOut(place, `fallbacks of ${name}`, "it is no model of the list that was carried over", "nothing");
  }

  #placeOfFallbacks(): Place {
    const { router_settings, litellm_settings } = fieldsOf(this.#source.value);
    const section = [router_settings, litellm_settings].findIndex((one) => fieldsOf(one).fallbacks !== undefined);
    return this.#source.placeOfKey([section === 1 ? "litellm_settings" : "router_settings", "fallbacks"]);
  }

  #alias(alias: string, name: string): ModelPart[] {
    const place = this.#source.placeOf(["router_settings", "model_group_alias", alias]);
    const group = this.#groups.get(name);
    if (
      group === undefined ||
      this.#groups.has(alias) ||
      /[\s\p{Cc}]/u.test(alias) ||
      alias === "" ||
      alias.length > 200
    ) {
      const why =
        group === undefined
          ? "it stands for a model that is not there"
          : "there is a model of this name, or it is no name";
      this.#notes.leftOut(place, `model_group_alias ${alias}`, why, "add a model of this name by hand");
      return [];
    }
    return this.#model(group, alias) ?? [];
  }

  /** null: the name says already what the provider does. */
  #model(group: ModelGroup, name: string): ModelPart[] | null {
    const { strategy, timeoutMs, retries } = this.#settings;
    const fallbacks = this.#fallbacks(group.name);
    const [first] = group.targets;
    const isAlone = group.targets.length === 1 && fallbacks.length === 0;
    if (isAlone && first !== undefined && name === `${first.provider}/${first.model}`) return null;
    const [owner = ""] = name.split("/", 1);
    if (name.includes("/") && this.#providerIds.has(owner)) {
      const why = `names that begin with \`${owner}/\` call the models of the provider ${owner}, without fallbacks and aliases`;
      this.#notes.leftOut(this.#source.placeOf(group.path), `model ${name}`, why, "give the model another name");
      return null;
    }
    const balanced = group.targets.length > 1;
    const targets = balanced
      ? [...scaled(group.targets, strategy), ...fallbacks.map((one) => ({ ...one, weight: 0 }))]
      : [...group.targets.map(withoutWeight), ...fallbacks];
    if (balanced && fallbacks.length > 0) this.#noteFallbacks(group.name);
    const timeouts = { ...(timeoutMs === null ? {} : { total: duration(timeoutMs) }), ...group.timeouts };
    const attempts = group.attempts ?? retries;
    // A fallback is one more attempt.
    const needed =
      attempts === null ? (fallbacks.length > 0 ? Math.max(2, targets.length - 1) : null) : attempts + fallbacks.length;
    const breaker = this.#breaker();
    return [
      {
        name,
        ...(balanced ? { strategy: fallbacks.length > 0 ? "weighted" : strategy } : {}),
        targets,
        ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
        ...(needed === null ? {} : { retries: { attempts: Math.min(needed, MAX_ATTEMPTS) } }),
        ...(breaker === null ? {} : { circuit_breaker: breaker }),
      },
    ];
  }

  #breaker(): NonNullable<ModelPart["circuit_breaker"]> | null {
    const { allowedFails, cooldownMs } = this.#settings;
    if (allowedFails === null && cooldownMs === null) return null;
    return {
      ...(allowedFails === null ? {} : { failures: Math.min(allowedFails + 1, 1000) }),
      ...(cooldownMs === null ? {} : { open: duration(Math.max(cooldownMs, 1)) }),
    };
  }

  /** The targets of the models to try next, in order, each once. */
  #fallbacks(name: string): ModelTargetPart[] {
    const { fallbacks, defaultFallbacks } = this.#settings;
    const own = fallbacks.get(name) ?? fallbacks.get("*") ?? defaultFallbacks;
    const known = new Set((this.#groups.get(name)?.targets ?? []).map(({ provider, model }) => `${provider}/${model}`));
    return own.flatMap((other) => {
      const group = this.#groups.get(other);
      if (group === undefined) {
        const place = this.#placeOfFallbacks();
        this.#notes.leftOut(
          place,
          `fallback ${other}`,
          "it is no model of the list that was carried over",
          "add its targets to the model by hand",
        );
      }
      return (group?.targets ?? [])
        .filter(({ provider, model }) => !known.has(`${provider}/${model}`) && known.add(`${provider}/${model}`))
        .map(withoutWeight);
    });
  }

  #noteFallbacks(name: string): void {
    const { strategy } = this.#settings;
    const isOther = strategy !== "weighted";
    const why = isOther
      ? "a model with fallbacks draws its targets by weight, so that fallbacks (weight: 0) come last"
      : "fallbacks are targets with `weight: 0`, which are tried when all others have failed";
    this.#notes.changed(this.#placeOfFallbacks(), `fallbacks of ${name}`, why, "nothing");
  }
}

function withoutWeight({ provider, model }: ModelTargetPart): ModelTargetPart {
  return { provider, model };
}

/**
 * Weights as small whole numbers in the same proportion; none where all are the same or none is above 0: LiteLLM draws
 * evenly then.
 */
function scaled(targets: readonly ModelTargetPart[], strategy: RouterSettings["strategy"]): ModelTargetPart[] {
  const weights = targets.map(({ weight }) => Math.max(0, weight ?? 1));
  const largest = Math.max(...weights);
  const areEqual = weights.every((weight) => weight === largest);
  if (strategy === "latency" || areEqual) return targets.map(withoutWeight);
  const areWhole = largest <= MAX_WEIGHT && weights.every((weight) => Number.isInteger(weight));
  const whole = areWhole ? weights : weights.map((weight) => rounded(weight, largest));
  const divisor = whole.reduce(greatestCommonDivisor);
  return targets.map((target, index) => ({ ...withoutWeight(target), weight: (whole[index] ?? 0) / divisor }));
}

/** `weight` with the decimal point where `largest` has four to six digits before it; at least 1, so that it is drawn. */
function rounded(weight: number, largest: number): number {
  if (weight === 0) return 0;
  const digits = Math.floor(Math.log10(largest));
  // Not times a power: that of the smallest numbers is beyond what a number holds.
  return Math.max(1, Math.round((weight / 10 ** Math.max(digits, -300)) * 10_000));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
