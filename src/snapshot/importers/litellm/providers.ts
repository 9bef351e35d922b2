import { missingSettings, usualPath } from "../../../providers/base-url.ts";
import type { CatalogueEntry } from "../../../providers/catalogue.ts";
import { parseUpstreamUrl } from "../../schema/addresses.ts";
import type { Path } from "../../schema/introspection.ts";
import { headerName, headerValue, name } from "../../schema/scalars.ts";
import type { ModelTargetPart, ProviderPart } from "../configuration-part.ts";
import type { Place } from "../import-result.ts";
import { idFrom, literal, UniqueNames } from "../names.ts";
import type { Notebook } from "../notebook.ts";
import { type Fields, fieldsOf, textOf } from "../shape.ts";
import { isSecretName, type Variables } from "../variables.ts";

/** LiteLLM's names of providers that the catalogue calls otherwise. */
const KINDS: Readonly<Record<string, string>> = {
  together_ai: "together",
  fireworks_ai: "fireworks",
  ollama_chat: "ollama",
  hosted_vllm: "vllm",
  lm_studio: "lm-studio",
  nvidia_nim: "nvidia",
  github: "github-models",
  dashscope: "qwen",
  zai: "zhipu",
  openai_like: "openai-compatible",
  custom_openai: "openai-compatible",
  openai_compatible: "openai-compatible",
  text_completion_openai: "openai",
};

/** Models that LiteLLM knows without a provider before them. */
const BARE_MODELS: readonly [RegExp, string][] = [
  [/^(?:gpt-|chatgpt-|o[1-9](?:-|$)|text-embedding-)/, "openai"],
  [/^claude-/, "anthropic"],
];

const ENVIRONMENT = /^os\.environ\/([A-Za-z_][A-Za-z0-9_]*)$/;

/** Names of environment variables that a text refers to. */
export function namedVariables(text: string): string[] {
  return [...text.matchAll(/os\.environ\/([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name ?? "");
}

export interface Deployment {
  params: Fields;
  path: Path;
  /** Of the value at `litellm_params.<name>`. */
  place(name: string): Place;
}

/** Makes a provider of each address and key that deployments name, and says which of its models a deployment is. */
export class Providers {
  readonly #catalogue: readonly CatalogueEntry[];
  readonly #variables: Variables;
  readonly #notes: Notebook;
  readonly #byContent = new Map<string, ProviderPart>();
  readonly #ids: UniqueNames;
  /** First parts of model names (`openai/…`), which no provider may be called by. */
  readonly #avoided: ReadonlySet<string>;

  constructor(
    catalogue: readonly CatalogueEntry[],
    avoided: ReadonlySet<string>,
    variables: Variables,
    notes: Notebook,
  ) {
    this.#catalogue = catalogue;
    this.#variables = variables;
    this.#notes = notes;
    this.#avoided = avoided;
    this.#ids = new UniqueNames(avoided);
  }

  list(): ProviderPart[] {
    return [...this.#byContent.values()];
  }

  /** null, and a note, for a provider that Tidegate does not speak to. */
  targetOf(deployment: Deployment): ModelTargetPart | null {
    const { params } = deployment;
    const full = textOf(params.model);
    if (full === null || !name.safeParse(full).success) {
      this.#notes.leftOut(
        deployment.place("model"),
        "a deployment without `model`",
        "nothing says which model it calls",
        "add it by hand",
      );
      return null;
    }
    const named = textOf(params.custom_llm_provider);
    const slash = full.indexOf("/");
    const bare = BARE_MODELS.find(([pattern]) => pattern.test(full))?.[1];
    const prefix = named ?? (slash > 0 ? full.slice(0, slash) : bare);
    const model = slash > 0 && full.slice(0, slash) === prefix ? full.slice(slash + 1) : full;
    if (model === "") {
      const why = "there is nothing behind the provider's name";
      this.#notes.leftOut(deployment.place("model"), `model ${full}`, why, "add it by hand");
      return null;
    }
    const provider = this.#provider(prefix ?? null, full, deployment);
    return provider === null ? null : { provider: provider.id, model: literal(model) };
  }

  #provider(prefix: string | null, full: string, deployment: Deployment): ProviderPart | null {
    const { params } = deployment;
    const base = textOf(params.api_base) ?? textOf(params.base_url);
    const entry = this.#entry(prefix, base, full, deployment);
    if (entry === null) return null;
    const url = base === null ? null : this.#baseUrl(base, entry, prefix, deployment);
    if (url === undefined) return null;
    const keys = this.#keys(entry, deployment);
    const headers = this.#headers(entry, deployment);
    const content = {
      kind: entry.kind,
      ...(url === null ? {} : { base_url: url }),
      ...(keys.length === 0 ? {} : { keys }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
    };
    const key = JSON.stringify(content);
    const known = this.#byContent.get(key);
    if (known !== undefined) return known;
    // What LiteLLM calls `openai` for its API alone is not OpenAI.
    const isNamed = entry.kind === "openai-compatible" && prefix !== null && prefix !== "openai";
    const wanted = isNamed ? idFrom(prefix.replaceAll("_", "-"), entry.kind) : entry.kind;
    const id = this.#ids.take(this.#avoided.has(wanted) ? `${wanted}-api` : wanted);
    const provider = { id, ...content };
    this.#byContent.set(key, provider);
    return provider;
  }

  #entry(prefix: string | null, base: string | null, full: string, deployment: Deployment): CatalogueEntry | null {
    const kind = prefix === null ? "" : (KINDS[prefix] ?? prefix);
    const known = this.#catalogue.find((one) => one.kind === kind && one.transport === "http");
    const compatible = this.#catalogue.find((one) => one.kind === "openai-compatible") ?? null;
    // LiteLLM calls everything `openai` that speaks its API at another address.
    if (kind === "openai" && base !== null && !/^https:\/\/[\w.]*\.?openai\.com(?:\/|$)/.test(base)) return compatible;
    const isComplete = known !== undefined && known.baseUrl !== null && missingSettings(known, {}).length === 0;
    if (known !== undefined && (isComplete || base !== null)) return known;
    if (base !== null && prefix !== null) {
      if (prefix === "azure" || prefix === "azure_ai") return compatible;
      const why =
        "Tidegate has no kind of provider for it; it is called as one that speaks OpenAI's API at its `api_base`";
      this.#notes.changed(
        deployment.place("model"),
        `provider ${prefix}`,
        why,
        "make sure that it speaks OpenAI's Chat Completions there",
      );
      return compatible;
    }
    const what = prefix === null ? "a model without a provider" : `a model of provider ${prefix}`;
    const why =
      prefix === null
        ? "LiteLLM finds its provider by the model's name, which Tidegate does not"
        : "Tidegate has no kind of provider for it, and there is no `api_base`";
    const instead =
      "if the provider has an OpenAI-compatible API, add it with `kind: openai-compatible` and its `base_url`";
    this.#notes.leftOut(deployment.place("model"), `${what} (${full})`, why, instead);
    return null;
  }

  /** undefined, and a note: it is no URL. */
  #baseUrl(
    base: string,
    entry: CatalogueEntry,
    prefix: string | null,
    deployment: Deployment,
  ): string | null | undefined {
    const place = deployment.place(deployment.params.api_base === undefined ? "base_url" : "api_base");
    const variable = ENVIRONMENT.exec(base)?.[1];
    const isAzure = prefix === "azure" || prefix === "azure_ai";
    if (isAzure) {
      const why = "it is called at Azure's OpenAI-compatible address (/openai/v1), which takes no api-version";
      this.#notes.changed(
        place,
        "provider azure",
        why,
        "make sure that the resource offers it, and that models are named by their deployments",
      );
    }
    if (variable !== undefined) {
      const suffix = isAzure ? "/openai/v1" : "";
      const why = "Tidegate wants the version path in it (`…/v1`), where the provider has one";
      if (!isAzure) this.#notes.changed(place, `api_base from ${variable}`, why, `make sure that ${variable} holds it`);
      return this.#variables.forName(variable) + suffix;
    }
    const url = parsedUrl(base);
    if (url === null) {
      const why = "it is no http:// or https:// URL without credentials, query and fragment";
      this.#notes.leftOut(place, "api_base", why, "add the provider by hand");
      return undefined;
    }
    if (isAzure) return url.includes("/openai/v1") ? url : `${new URL(url).origin}/openai/v1`;
    const isBare = new URL(url).pathname === "/";
    const usual = entry.baseUrl === null ? "" : usualPath(entry);
    const full = isBare ? url + usual : url;
    return full === entry.baseUrl ? null : literal(full);
  }

  #keys(entry: CatalogueEntry, deployment: Deployment): { value: string }[] {
    const key = textOf(deployment.params.api_key);
    if (key !== null) {
      const variable = ENVIRONMENT.exec(key)?.[1];
      if (variable !== undefined) return [{ value: this.#variables.forName(variable) }];
      const wanted = entry.envKey ?? "PROVIDER_API_KEY";
      return [{ value: this.#variables.forSecret(key, wanted, deployment.place("api_key"), "api_key") }];
    }
    return entry.envKey === null ? [] : [{ value: this.#variables.forName(entry.envKey) }];
  }

  #headers(entry: CatalogueEntry, deployment: Deployment): Record<string, string> {
    const { params } = deployment;
    const headers: Record<string, string> = {};
    const organization = textOf(params.organization);
    if (organization !== null && entry.kind === "openai") headers["openai-organization"] = this.#text(organization);
    for (const [header, value] of Object.entries({ ...fieldsOf(params.extra_headers), ...fieldsOf(params.headers) })) {
      const text = typeof value === "number" ? String(value) : textOf(value);
      if (text === null || !headerName.safeParse(header).success || !headerValue.safeParse(text).success) continue;
      const isPlain = ENVIRONMENT.test(text) || !isSecretName(header);
      const place = deployment.place(params.extra_headers === undefined ? "headers" : "extra_headers");
      headers[header.toLowerCase()] = isPlain
        ? this.#text(text)
        : this.#variables.forSecret(text, `PROVIDER_${header}`, place, `header ${header}`);
    }
    return headers;
  }

  #text(text: string): string {
    const variable = ENVIRONMENT.exec(text)?.[1];
    return variable === undefined ? literal(text) : this.#variables.forName(variable);
  }
}

function parsedUrl(text: string): string | null {
  try {
    return parseUpstreamUrl(text) ?? null;
  } catch {
    return null;
  }
}
