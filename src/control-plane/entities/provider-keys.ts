import { SealError } from "../../platform/seal.ts";
import { providerDocumentSchema } from "../../snapshot/provider-document.ts";
import { findReferences, looksLikeReference } from "../../snapshot/secrets/references.ts";
import type { Actor } from "../access/actor.ts";
import { isSameSecret } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { PROVIDER_KEY } from "../storage/sealed.ts";
import type { ProviderKeyKind } from "../storage/tables.ts";
import { hintOf, kindOf } from "./provider-key-hint.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import {
  type KeySecret,
  type KeyTerms,
  keyDocument,
  openedDocuments,
  openedSecret,
  type ProviderKeyRow,
  providerDocument,
  providerRow,
  refused,
  requireGoodProvider,
  withoutUndefined,
} from "./stored-provider.ts";

export interface NewProviderKey {
  /** Absent: `key-1`, `key-2`, … */
  id?: string | undefined;
  secret: KeySecret;
  terms: KeyTerms;
}

/** A key without what is secret of it. */
export interface KeyView {
  id: string;
  kind: ProviderKeyKind;
  /** What tells it from others; null: of the configuration, which shows nothing. */
  hint: string | null;
  /** Where its secrets are kept, by their fields; null: here. */
  reference: object | null;
  weight: number;
  priority: number;
  expires_at: string | null;
  limits: readonly Record<string, unknown>[];
  created_by: string | null;
  created_at: string | null;
  revision: number | null;
}

const MAX_KEYS = 100;

export async function listProviderKeys(plane: Plane, actor: Actor, provider: string): Promise<KeyView[]> {
  require(actor, "provider.read", null);
  const row = await providerRow(plane.db, provider);
  return ((await keyRowsOf(plane.db, provider)).get(row.id) ?? []).map((key) => keyViewOf(plane, key));
}

export async function getProviderKey(plane: Plane, actor: Actor, provider: string, id: string): Promise<KeyView> {
  require(actor, "provider.read", null);
  return keyViewOf(plane, await keyRow(plane.db, provider, id));
}

export function createProviderKey(
  plane: Plane,
  actor: Actor,
  provider: string,
  given: NewProviderKey,
): Promise<KeyView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const owner = await providerRow(change.trx, provider);
    const others = (await keyRowsOf(change.trx, provider)).get(provider) ?? [];
    if (others.length >= MAX_KEYS) throw new ProblemError("conflict", `a provider has at most ${MAX_KEYS} keys`);
    const id = given.id ?? freeId(others.map((key) => key.id));
    const document = keyDocument(id, given.secret, given.terms);
    checkKey(() =>
      requireGoodProvider(plane, providerDocument(owner), [
        document,
        ...openedDocuments(
          plane,
          others.filter((key) => key.id !== id),
        ),
      ]),
    );
    const row = await insertKey(plane, change, provider, { ...given, id });
    await auditKey(change, "provider_key.create", row, null, keyViewOf(plane, row));
    return keyViewOf(plane, row);
  });
}

/** What is absent stays; another secret takes the place of the one before. */
export function updateProviderKey(
  plane: Plane,
  actor: Actor,
  provider: string,
  id: string,
  { secret, terms }: { secret: KeySecret; terms: KeyTerms },
  revision: number | null,
): Promise<KeyView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const owner = await providerRow(change.trx, provider);
    const before = await keyRow(change.trx, provider, id);
    requireRevision(before, revision);
    const others = ((await keyRowsOf(change.trx, provider)).get(provider) ?? []).filter((key) => key.id !== id);
    const replaces = Object.values(withoutUndefined(secret)).length > 0;
    const merged = { ...parseJson<KeyTerms>(before.terms), ...withoutUndefined(terms) };
    const now = replaces
      ? keyDocument(id, withoutUndefined(secret), merged)
      : { ...openedDocuments(plane, [before])[0], ...merged };
    checkKey(() => requireGoodProvider(plane, providerDocument(owner), [now, ...openedDocuments(plane, others)]));
    const after: ProviderKeyRow = {
      ...before,
      ...(replaces ? secretColumns(plane, secret) : {}),
      terms: JSON.stringify(merged),
      revision: before.revision + 1,
    };
    await change.trx
      .updateTable("provider_keys")
      .set(after)
      .where("provider_id", "=", provider)
      .where("id", "=", id)
      .execute();
    const shown = { ...keyViewOf(plane, after), ...(replaces ? { secret_changed: true } : {}) };
    await auditKey(change, "provider_key.update", after, keyViewOf(plane, before), shown);
    return keyViewOf(plane, after);
  });
}

export function deleteProviderKey(
  plane: Plane,
  actor: Actor,
  provider: string,
  id: string,
  revision: number | null,
): Promise<void> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const row = await keyRow(change.trx, provider, id);
    requireRevision(row, revision);
    const deletion = change.trx.deleteFrom("provider_keys").where("provider_id", "=", provider);
    await deletion.where("id", "=", id).execute();
    await auditKey(change, "provider_key.delete", row, keyViewOf(plane, row), null);
  });
}

/** Whether a secret is the one that is stored: for whoever keeps it elsewhere, and wants to know whether it has to be sent. */
export async function isProviderKeySecret(
  plane: Plane,
  actor: Actor,
  provider: string,
  id: string,
  secret: KeySecret,
): Promise<boolean> {
  require(actor, "provider.manage", null);
  const row = await keyRow(plane.db, provider, id);
  try {
    const stored = openedSecret(plane.sealer, row);
    const given = withoutUndefined(secret);
    return kindOf(given) === row.kind && isSameSecret(canonical(stored), canonical(given));
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}

/** By provider, in the order of their ids. `provider` null: of all. */
export async function keyRowsOf(db: Connection, provider: string | null): Promise<Map<string, ProviderKeyRow[]>> {
  let query = db.selectFrom("provider_keys").selectAll();
  if (provider !== null) query = query.where("provider_id", "=", provider);
  const rows = new Map<string, ProviderKeyRow[]>();
  for (const row of await query.execute()) {
    const known = rows.get(row.provider_id);
    if (known === undefined) rows.set(row.provider_id, [row]);
    else known.push(row);
  }
  for (const keys of rows.values()) keys.sort((one, other) => (one.id < other.id ? -1 : 1));
  return rows;
}

/** Each with an id, none twice. */
export function requireDistinct(keys: readonly NewProviderKey[]): NewProviderKey[] {
  const taken = keys.flatMap(({ id }) => id ?? []);
  return keys.map((key) => {
    const id = key.id ?? freeId(taken);
    if (key.id === undefined) taken.push(id);
    return { ...key, id };
  });
}

export async function insertKey(
  plane: Plane,
  { trx, actor, nowMs }: Change,
  provider: string,
  { id = "key-1", secret, terms }: NewProviderKey,
): Promise<ProviderKeyRow> {
  const row: ProviderKeyRow = {
    provider_id: provider,
    id,
    ...secretColumns(plane, secret),
    terms: JSON.stringify(withoutUndefined(terms)),
    created_by: actor.name,
    created_at: nowMs,
    revision: 1,
  };
  await inserting(`a key ${id} of the provider`, () => trx.insertInto("provider_keys").values(row).execute());
  return row;
}

export function keyViewOf(plane: Plane, row: ProviderKeyRow): KeyView {
  const { weight = 1, priority = 0, expires_at = null, limits = [] } = parseJson<KeyTerms>(row.terms);
  return {
    id: row.id,
    kind: row.kind,
    hint: row.hint,
    reference: referencesOf(plane, row),
    weight,
    priority,
    expires_at,
    limits,
    created_by: row.created_by,
    created_at: isoTime(row.created_at),
    revision: row.revision,
  };
}

function referencesOf({ sealer }: Plane, row: ProviderKeyRow): object | null {
  try {
    const secret = openedSecret(sealer, row);
    if (looksLikeReference(secret.value)) return { value: secret.value };
    const found = findReferences({ keys: [secret] }, providerDocumentSchema);
    if (found.length === 0) return null;
    return Object.fromEntries(found.map(({ path, reference }) => [path.slice(2).join("."), reference]));
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

function secretColumns({ sealer }: Plane, secret: KeySecret): Pick<ProviderKeyRow, "kind" | "hint" | "secret"> {
  const given = withoutUndefined(secret);
  return {
    kind: kindOf(given),
    hint: hintOf(given),
    secret: sealer.seal(JSON.stringify(given), PROVIDER_KEY),
  };
}

function freeId(taken: readonly string[]): string {
  for (let number = 1; ; number++) if (!taken.includes(`key-${number}`)) return `key-${number}`;
}

async function keyRow(db: Connection, provider: string, id: string): Promise<ProviderKeyRow> {
  const query = db.selectFrom("provider_keys").selectAll().where("provider_id", "=", provider);
  return found(await query.where("id", "=", id).executeTakeFirst());
}

/** The key is the first of those that were looked at: its problems are told from where it begins. */
function checkKey(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== "invalid_request") throw error;
    throw refused(
      error.errors.map(
        ({ path, message }): FieldProblem => ({ path: path.replace(/^keys\[0\]\.?/, "") || "value", message }),
      ),
    );
  }
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

async function auditKey(
  change: Change,
  action: string,
  { provider_id, id }: ProviderKeyRow,
  before: object | null,
  after: object | null,
): Promise<void> {
  change.touch({ kind: "organisation", id: "providers" });
  await change.audit({
    action,
    subjectType: "provider_key",
    subjectId: `${provider_id}/${id}`,
    teamId: null,
    before,
    after,
  });
}
