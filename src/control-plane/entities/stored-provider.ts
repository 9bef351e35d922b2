import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import { SealError, type Sealer } from "../../platform/seal.ts";
import { providerDocumentSchema, readProviderDocument } from "../../snapshot/provider-document.ts";
import type { Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { PROVIDER_KEY } from "../storage/sealed.ts";
import type { ProviderKeyTable, ProviderTable, Row } from "../storage/tables.ts";
import { addressFaults } from "./provider-addresses.ts";
import { referenceFaults } from "./reference-rules.ts";
import { found, parseJson } from "./rows.ts";

export type ProviderRow = Row<ProviderTable>;
export type ProviderKeyRow = Row<ProviderKeyTable>;

/** As an entry of `keys` in `tidegate.yaml` has it: exactly one of these, each the secret or a reference to it. */
export interface KeySecret {
  value?: unknown;
  aws?: unknown;
  service_account?: unknown;
  entra?: unknown;
}

/** Likewise. */
export interface KeyTerms {
  weight?: number | undefined;
  priority?: number | undefined;
  expires_at?: string | null | undefined;
  limits?: readonly Record<string, unknown>[] | undefined;
}

/** Throws SealError. */
export function openedSecret(sealer: Sealer, { secret }: ProviderKeyRow): KeySecret {
  return parseJson<KeySecret>(sealer.open(secret, PROVIDER_KEY));
}

/** A key as the provider's document has it. */
export function keyDocument(id: string, secret: KeySecret, terms: KeyTerms): object {
  return { id, ...secret, ...withoutUndefined(terms) };
}

export function providerDocument({ id, kind, document }: ProviderRow): object {
  return { ...parseJson<object>(document), id, kind };
}

export async function providerRow(db: Connection, id: string): Promise<ProviderRow> {
  return found(await db.selectFrom("providers").selectAll().where("id", "=", id).executeTakeFirst());
}

/** Of keys that can't be opened, that they are there. */
export function openedDocuments({ sealer }: Plane, keys: readonly ProviderKeyRow[]): object[] {
  return keys.map((key) => {
    const terms = parseJson<object>(key.terms);
    try {
      return keyDocument(key.id, openedSecret(sealer, key), terms);
    } catch {
      return keyDocument(key.id, { value: "sealed-with-another-master-key" }, terms);
    }
  });
}

export type CompiledProvider =
  | { provider: ProviderSnapshot; isReady: boolean; unopened: string[] }
  | { problems: readonly FieldProblem[] };

/** As gateways get it. A key that can't be opened is left out. */
export function compiledProvider(sealer: Sealer, row: ProviderRow, keys: readonly ProviderKeyRow[]): CompiledProvider {
  const opened: object[] = [];
  const unopened: string[] = [];
  for (const key of keys) {
    try {
      opened.push(keyDocument(key.id, openedSecret(sealer, key), parseJson<KeyTerms>(key.terms)));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      unopened.push(key.id);
    }
  }
  const read = readProviderDocument(providerDocument(row), opened);
  return read.ok ? { provider: read.provider, isReady: read.isReady, unopened } : { problems: read.problems };
}

/** Everything that a provider made over the API has to be. Throws `invalid_request`. */
export function requireGoodProvider(plane: Plane, document: object, keys: readonly object[]): ProviderSnapshot {
  const references = referenceFaults(plane.referenceRules, { ...document, keys }, providerDocumentSchema, null);
  if (references.length > 0) throw refused(references);
  const read = readProviderDocument(document, keys);
  if (!read.ok) throw refused(read.problems);
  const addresses = addressFaults(plane.providerHosts, read.provider);
  if (addresses.length > 0) throw refused(addresses);
  return read.provider;
}

interface WrittenDestination {
  model?: unknown;
  targets?: { provider?: unknown }[];
}

/** Of a stored model route: itself, its rules, its canary and its mirror, and where each is written. */
function destinationsOf(document: string): { path: string; to: WrittenDestination }[] {
  const route = parseJson<
    WrittenDestination & { rules?: WrittenDestination[]; canary?: WrittenDestination; mirror?: WrittenDestination }
  >(document);
  const { rules = [], canary, mirror } = route;
  return [
    { path: "", to: { targets: route.targets ?? [] } },
    ...rules.map((to, index) => ({ path: `rules[${index}].`, to })),
    ...(canary === undefined ? [] : [{ path: "canary.", to: canary }]),
    ...(mirror === undefined ? [] : [{ path: "mirror.", to: mirror }]),
  ];
}

/** The providers that a stored model route leads to, and where each is named. */
export function providersOf(document: string): { path: string; id: string }[] {
  return destinationsOf(document).flatMap(({ path, to: { targets = [] } }) =>
    targets.map(({ provider }, index) => ({ path: `${path}targets[${index}].provider`, id: String(provider) })),
  );
}

/** Names of the other models that a stored model route leads to. */
export function modelsOf(document: string): string[] {
  return destinationsOf(document).flatMap(({ to: { model } }) => (typeof model === "string" ? [model] : []));
}

export function refused(problems: readonly FieldProblem[]): ProblemError {
  const errors = problems.map(({ path, message }) => ({ path: path === "" ? "provider" : path, message }));
  const [first] = errors;
  return new ProblemError("invalid_request", `${first?.path}: ${first?.message}`, { errors });
}

export function withoutUndefined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
}
