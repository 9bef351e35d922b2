import type { ModelRouteSnapshot, ProviderSnapshot } from "../contracts/snapshot.ts";
import { CATALOGUE, type CatalogueEntry } from "../providers/catalogue.ts";
import { compileModelRoute } from "./compile/model-routes.ts";
import { compileProvider } from "./compile/providers.ts";
import { provider as providerSchema } from "./schema/provider.ts";
import { withReferences } from "./secrets/stored-references.ts";
import { type DocumentProblem, within } from "./service-document.ts";
import { validateValue } from "./validate.ts";

export type ProviderDocument =
  | { ok: true; provider: ProviderSnapshot /** It has the keys that its kind needs. */; isReady: boolean }
  | { ok: false; problems: readonly DocumentProblem[] };

export type ModelRouteDocument =
  | { ok: true; route: ModelRouteSnapshot }
  | { ok: false; problems: readonly DocumentProblem[] };

const OPTIONS = { catalogue: CATALOGUE, baseDirectory: process.cwd() };
/** Names of the catalogue. */
export const CATALOGUE_KINDS = CATALOGUE.map(({ kind }) => kind) as [string, ...string[]];

/** As one of `providers` has it, its keys included: secrets and references are where it says. */
export const providerDocumentSchema = providerSchema(CATALOGUE_KINDS);

export function catalogueEntryOf(kind: string): CatalogueEntry | undefined {
  return CATALOGUE.find((entry) => entry.kind === kind);
}

/** One of `providers` as `tidegate.yaml` has them, but from elsewhere. Its keys may still be to come. */
export function readProviderDocument(document: object, keys: readonly object[]): ProviderDocument {
  const entry = catalogueEntryOf(String(Reflect.get(document, "kind")));
  const isReady = keys.length > 0 || entry?.requiresKey !== true;
  const referencing = withReferences({ ...document, keys: isReady ? keys : [ANY_KEY] }, providerDocumentSchema);
  const problems = [...referencing.problems, ...keys.flatMap(fileReferences)];
  if (problems.length > 0) return { ok: false, problems };
  const validation = validateValue({ version: 1, providers: [referencing.document] }, "provider", OPTIONS);
  const [read] = validation.configuration?.providers ?? [];
  if (read === undefined || entry === undefined) {
    return { ok: false, problems: within(validation.problems, "providers[0]") };
  }
  const provider = compileProvider(isReady ? read : { ...read, keys: [] }, entry);
  return { ok: true, provider, isReady };
}

const ANY_KEY = { value: "any" };

/** What is in a key file is looked at when it is compiled, and a reference is resolved later. */
function fileReferences(key: object, index: number): DocumentProblem[] {
  const file: unknown = Reflect.get(key, "service_account");
  if (file === undefined || typeof file === "string") return [];
  const message = "give the JSON of the key file itself, as a text: it is kept sealed";
  return [{ path: `keys[${index}].service_account`, message }];
}

/** One of `models`, likewise, where there are these providers and other models. */
export function readModelRouteDocument(
  document: object,
  providers: readonly { id: string; kind: string }[],
  others: readonly string[] = [],
): ModelRouteDocument {
  const entryOf = (id: string) => catalogueEntryOf(providers.find((one) => one.id === id)?.kind ?? "");
  const known = providers.map(({ id, kind }) => {
    const address = catalogueEntryOf(kind)?.transport === "http" ? { base_url: "https://provider.invalid" } : {};
    return { id, kind, ...address, ...(catalogueEntryOf(kind)?.requiresKey === true ? { keys: [ANY_KEY] } : {}) };
  });
  const targets = known.slice(0, 1).map(({ id }) => ({ provider: id, model: "any" }));
  // Names with a slash are looked up among the providers, or are models of one that is not there yet.
  const models = targets.length === 0 ? [] : others.map((name) => ({ name, targets }));
  const validation = validateValue({ version: 1, providers: known, models: [document, ...models] }, "model", OPTIONS);
  const [route] = validation.configuration?.models ?? [];
  if (route === undefined) return { ok: false, problems: within(validation.problems, "models[0]") };
  return { ok: true, route: compileModelRoute(route, entryOf) };
}
