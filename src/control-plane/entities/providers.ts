import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import { looksLikeReference } from "../../snapshot/secrets/references.ts";
import { type Actor, may } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import {
  insertKey,
  type KeyView,
  keyRowsOf,
  keyViewOf,
  type NewProviderKey,
  requireDistinct,
} from "./provider-keys.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import {
  compiledProvider,
  keyDocument,
  openedDocuments,
  type ProviderKeyRow,
  type ProviderRow,
  providerDocument,
  providerRow,
  providersOf,
  refused,
  requireGoodProvider,
  withoutUndefined,
} from "./stored-provider.ts";

/** As an entry of `providers` in `tidegate.yaml` has them. */
export type ProviderFields = Readonly<Record<string, unknown>>;

export interface NewProvider {
  id: string;
  kind: string;
  keys?: readonly NewProviderKey[] | undefined;
  fields: ProviderFields;
}

export interface ProviderView {
  id: string;
  kind: string;
  /** Who has it: the database, or the configuration file or environment, where the API can't change it. */
  source: "database" | "configuration";
  /** Why gateways do not have it; null: they do. */
  not_served: string | null;
  /** Where it is called. */
  address: string;
  keys: readonly KeyView[];
  created_by: string | null;
  created_at: string | null;
  revision: number | null;
  /** The other fields of `tidegate.yaml`, where they are given. */
  [field: string]: unknown;
}

const REDACTED = "[redacted]";

export async function listProviders(plane: Plane, actor: Actor, page: PageRequest): Promise<Page<ProviderView>> {
  require(actor, "provider.read", null);
  const after = decodeCursor(page.cursor) ?? "";
  const rows = await plane.db.selectFrom("providers").selectAll().where("id", ">", after).orderBy("id").execute();
  const keys = await keyRowsOf(plane.db, null);
  const stored = rows.map((row) => viewOf(plane, actor, row, keys.get(row.id) ?? []));
  const known = new Set(stored.map(({ id }) => id));
  const configured = plane.configured().providers.filter(({ id }) => id > after && !known.has(id));
  const all = [...configured.map(configuredView), ...stored].sort((one, other) => (one.id < other.id ? -1 : 1));
  return pageOf(
    all.slice(0, page.limit + 1),
    page,
    ({ id }) => id,
    (view) => view,
  );
}

export async function getProvider(plane: Plane, actor: Actor, id: string): Promise<ProviderView> {
  require(actor, "provider.read", null);
  const row = await plane.db.selectFrom("providers").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return configuredView(found(plane.configured().providers.find((one) => one.id === id)));
  const keys = await keyRowsOf(plane.db, id);
  return viewOf(plane, actor, row, keys.get(id) ?? []);
}

export function createProvider(plane: Plane, actor: Actor, given: NewProvider): Promise<ProviderView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const { id, kind, keys = [], fields } = given;
    requireNotConfigured(plane, id);
    await requireNoRoutesNamedLike(change.trx, plane, id);
    const document = withoutNull(fields);
    requireGoodProvider(plane, { ...document, id, kind }, requireDistinct(keys).map(documentOf));
    const row: ProviderRow = {
      id,
      kind,
      document: JSON.stringify(document),
      created_by: actor.name,
      created_at: change.nowMs,
      revision: 1,
    };
    await inserting(`a provider ${id}`, () => change.trx.insertInto("providers").values(row).execute());
    const made: ProviderKeyRow[] = [];
    for (const key of requireDistinct(keys)) made.push(await insertKey(plane, change, id, key));
    await auditProvider(change, "provider.create", id, null, viewOf(plane, null, row, made));
    return viewOf(plane, actor, row, made);
  });
}

/** What is absent stays; null takes a field away. */
export function updateProvider(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: ProviderFields,
  revision: number | null,
): Promise<ProviderView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const before = await providerRow(change.trx, id);
    requireRevision(before, revision);
    const keys = (await keyRowsOf(change.trx, id)).get(id) ?? [];
    const document = withoutNull({ ...parseJson<object>(before.document), ...withoutUndefined(fields) });
    const after: ProviderRow = { ...before, document: JSON.stringify(document), revision: before.revision + 1 };
    requireGoodProvider(plane, providerDocument(after), openedDocuments(plane, keys));
    await change.trx.updateTable("providers").set(after).where("id", "=", id).execute();
    await auditProvider(
      change,
      "provider.update",
      id,
      viewOf(plane, null, before, keys),
      viewOf(plane, null, after, keys),
    );
    return viewOf(plane, actor, after, keys);
  });
}

/** Refused while model routes lead to it. */
export function deleteProvider(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const row = await providerRow(change.trx, id);
    requireRevision(row, revision);
    const routes = await change.trx.selectFrom("model_routes").selectAll().orderBy("name").execute();
    const users = routes
      .filter(({ document }) => providersOf(document).some((one) => one.id === id))
      .map(({ name }) => name);
    const isConfigured = plane.configured().providers.some((one) => one.id === id);
    if (users.length > 0 && !isConfigured) {
      const shown = users.slice(0, SHOWN_ROUTES).join(", ");
      throw new ProblemError("in_use", `model routes lead to it: ${shown}; change or delete them first`);
    }
    const keys = (await keyRowsOf(change.trx, id)).get(id) ?? [];
    await change.trx.deleteFrom("provider_keys").where("provider_id", "=", id).execute();
    await change.trx.deleteFrom("providers").where("id", "=", id).execute();
    await auditProvider(change, "provider.delete", id, viewOf(plane, null, row, keys), null);
  });
}

const SHOWN_ROUTES = 10;

function requireNotConfigured(plane: Plane, id: string): void {
  const { source, providers } = plane.configured();
  if (!providers.some((one) => one.id === id)) return;
  throw new ProblemError("already_exists", `a provider ${id} is in ${source}: choose another id`);
}

/** `provider/model` names would hide them, and the other way round. */
async function requireNoRoutesNamedLike(db: Connection, plane: Plane, id: string): Promise<void> {
  const stored = await db.selectFrom("model_routes").select("name").execute();
  const clash = [...stored, ...plane.configured().models].find(({ name }) => name.startsWith(`${id}/`));
  if (clash === undefined) return;
  throw new ProblemError(
    "conflict",
    `the model route ${clash.name} would hide a model of this provider: choose another id`,
  );
}

const documentOf = ({ id, secret, terms }: NewProviderKey): object => keyDocument(id ?? "key", secret, terms);

/** `actor` null: for the audit trail. Header values may be credentials: whoever may not change them sees their names. */
function viewOf(plane: Plane, actor: Actor | null, row: ProviderRow, keys: readonly ProviderKeyRow[]): ProviderView {
  const fields = parseJson<Record<string, unknown>>(row.document);
  const showsHeaders = actor !== null && may(actor, "provider.manage", null);
  const compiled = compiledProvider(plane.sealer, row, keys);
  return {
    ...fields,
    ...(showsHeaders || fields.headers === undefined ? {} : { headers: withoutValues(fields.headers) }),
    id: row.id,
    kind: row.kind,
    source: "database",
    not_served: notServed(plane, row.id, compiled),
    address: "provider" in compiled ? compiled.provider.baseUrl : "",
    keys: keys.map((key) => keyViewOf(plane, key)),
    created_by: row.created_by,
    created_at: isoTime(row.created_at),
    revision: row.revision,
  };
}

function notServed(plane: Plane, id: string, compiled: ReturnType<typeof compiledProvider>): string | null {
  const { source, providers } = plane.configured();
  if (providers.some((one) => one.id === id)) return `a provider of this id is in ${source}, which wins`;
  if ("problems" in compiled) return `it can't be read: ${refused(compiled.problems).message}`;
  return compiled.isReady ? null : "it has no keys yet";
}

function configuredView(provider: ProviderSnapshot): ProviderView {
  const { id, kind, baseUrl, models, keys } = provider;
  return {
    id,
    kind,
    source: "configuration",
    not_served: null,
    address: baseUrl,
    models,
    keys: keys.map(({ id: key, weight, priority = 0, expiresAtMs = null, credential }) => ({
      id: key,
      kind:
        credential === undefined
          ? "value"
          : credential.type === "service-account"
            ? "service_account"
            : credential.type,
      hint: null,
      reference: null,
      weight,
      priority,
      expires_at: isoTime(expiresAtMs),
      limits: [],
      created_by: null,
      created_at: null,
      revision: null,
    })),
    created_by: null,
    created_at: null,
    revision: null,
  };
}

function withoutValues(headers: unknown): Record<string, unknown> {
  const entries = Object.entries(Object(headers) as object);
  return Object.fromEntries(entries.map(([name, value]) => [name, looksLikeReference(value) ? value : REDACTED]));
}

function withoutNull(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

async function auditProvider(
  change: Change,
  action: string,
  id: string,
  before: object | null,
  after: object | null,
): Promise<void> {
  change.touch({ kind: "organisation", id: "providers" });
  await change.audit({ action, subjectType: "provider", subjectId: id, teamId: null, before, after });
}
