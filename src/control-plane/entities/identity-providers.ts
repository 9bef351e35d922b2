import { createHash, timingSafeEqual } from "node:crypto";
import type { SecretReference } from "../../contracts/secret-reference.ts";
import { SealError } from "../../platform/seal.ts";
import type { Actor } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { CLIENT_SECRET } from "../storage/sealed.ts";
import type { IdentityProviderTable, Row } from "../storage/tables.ts";
import { type ClientSecret, clientSecretText, storedClientSecret } from "./client-secret.ts";
import { type IdentityProviderOptions, optionsSchema } from "./identity-provider-options.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { requireTeamRole, teamExists } from "./teams.ts";
import { requireOrganisationRole } from "./users.ts";
import { requireWayIn } from "./way-in.ts";

export type IdentityProviderRow = Row<IdentityProviderTable>;

/** A provider as whoever may see the settings sees it: the client secret is not in it. */
export interface IdentityProviderView extends IdentityProviderOptions {
  id: string;
  name: string;
  issuer: string;
  client_id: string;
  has_client_secret: boolean;
  /** Where it is kept; null: here. */
  client_secret_reference: SecretReference | null;
  enabled: boolean;
  /** Behind the URL of the admin API: what the provider has to know as redirect URI. */
  redirect_path: string;
  /** The same: where it says that somebody has signed out. */
  back_channel_logout_path: string;
  created_by: string;
  created_at: string;
  revision: number;
}

type Options = Partial<{ [Key in keyof IdentityProviderOptions]: IdentityProviderOptions[Key] | undefined }>;

export interface IdentityProviderFields extends Options {
  name?: string | undefined;
  client_id?: string | undefined;
  /** Null: there is none any more; undefined: the one before. */
  client_secret?: ClientSecret | null | undefined;
  enabled?: boolean | undefined;
}

export interface NewIdentityProvider extends IdentityProviderFields {
  id: string;
  name: string;
  issuer: string;
  client_id: string;
}

/**
 * Whoever decides where people sign in could become any of them: so these are for those who may change the organisation and
 * its owners, and others with a say in the settings may look.
 */
const CHANGES = "organisation.manage";

export async function listIdentityProviders(plane: Plane, actor: Actor): Promise<IdentityProviderView[]> {
  require(actor, "setting.read", null);
  const rows = await plane.db.selectFrom("identity_providers").selectAll().orderBy("id").execute();
  return rows.map((row) => viewOf(plane, row));
}

export async function getIdentityProvider(plane: Plane, actor: Actor, id: string): Promise<IdentityProviderView> {
  require(actor, "setting.read", null);
  return viewOf(plane, await identityProviderRow(plane.db, id));
}

export function createIdentityProvider(
  plane: Plane,
  actor: Actor,
  provider: NewIdentityProvider,
): Promise<IdentityProviderView> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const { id, name, issuer, client_id, client_secret = null, enabled = true } = provider;
    const method = provider.token_endpoint_auth_method ?? (client_secret === null ? "none" : "client_secret_basic");
    const options = optionsSchema.parse({ ...provider, token_endpoint_auth_method: method });
    await requireRoles(change, actor, options);
    const row: IdentityProviderRow = {
      id,
      name,
      issuer,
      client_id,
      client_secret: sealedSecret(plane, null, client_secret),
      options: JSON.stringify(options),
      enabled: Number(enabled),
      created_by: actor.name,
      created_at: change.nowMs,
      revision: 1,
    };
    requireSecretThatFits(row, options);
    const insertion = change.trx.insertInto("identity_providers").values(row);
    await inserting(`an identity provider ${id}, or one for ${issuer},`, () => insertion.execute());
    await auditProvider(change, "identity_provider.create", id, null, viewOf(plane, row));
    return viewOf(plane, row);
  });
}

export function updateIdentityProvider(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: IdentityProviderFields,
  revision: number | null,
): Promise<IdentityProviderView> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const before = await identityProviderRow(change.trx, id);
    requireRevision(before, revision);
    const { name, client_id, client_secret, enabled, ...changed } = fields;
    const given = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
    const options = optionsSchema.parse({ ...optionsOf(before), ...given });
    await requireRoles(change, actor, changed);
    const after: IdentityProviderRow = {
      ...before,
      name: name ?? before.name,
      client_id: client_id ?? before.client_id,
      client_secret: sealedSecret(plane, before.client_secret, client_secret),
      options: JSON.stringify(options),
      enabled: enabled === undefined ? before.enabled : Number(enabled),
      revision: before.revision + 1,
    };
    requireSecretThatFits(after, options);
    await change.trx.updateTable("identity_providers").set(after).where("id", "=", id).execute();
    await requireWayIn(change.trx);
    const secret = client_secret === undefined ? {} : { client_secret: "[changed]" };
    await auditProvider(change, "identity_provider.update", id, viewOf(plane, before), {
      ...viewOf(plane, after),
      ...secret,
    });
    return viewOf(plane, after);
  });
}

/** Its users stay, with the roles they have; nobody signs in with it any more. */
export function deleteIdentityProvider(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  require(actor, CHANGES, null);
  return plane.change(actor, async (change) => {
    const row = await identityProviderRow(change.trx, id);
    requireRevision(row, revision);
    await change.trx.deleteFrom("identity_providers").where("id", "=", id).execute();
    await requireWayIn(change.trx);
    await auditProvider(change, "identity_provider.delete", id, viewOf(plane, row), null);
  });
}

/** For those who may see the settings, whether or not it is enabled. */
export async function identityProviderToCheck(plane: Plane, actor: Actor, id: string): Promise<IdentityProviderRow> {
  require(actor, "setting.read", null);
  return identityProviderRow(plane.db, id);
}

/**
 * Whether a secret is the one that is stored: so that what is declared in a file can be compared without ever reading the
 * stored one. Whoever may ask could replace it.
 */
export async function isClientSecret(plane: Plane, actor: Actor, id: string, given: string): Promise<boolean> {
  require(actor, CHANGES, null);
  const { client_secret: stored } = await identityProviderRow(plane.db, id);
  if (stored === null) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(plane.sealer.open(stored, CLIENT_SECRET)), digest(given));
}

/** One that people sign in with. Throws `not_found`, also when it is not enabled. */
export async function enabledIdentityProvider(db: Connection, id: string): Promise<IdentityProviderRow> {
  const query = db.selectFrom("identity_providers").selectAll().where("id", "=", id);
  return found(await query.where("enabled", "=", 1).executeTakeFirst());
}

/** For the page that people sign in at: whoever they are. */
export async function enabledIdentityProviders(db: Connection): Promise<{ id: string; name: string }[]> {
  const query = db.selectFrom("identity_providers").select(["id", "name"]).where("enabled", "=", 1);
  return query.orderBy("name").orderBy("id").execute();
}

export function optionsOf(row: IdentityProviderRow): IdentityProviderOptions {
  return optionsSchema.parse(parseJson(row.options));
}

export function redirectPath(id: string): string {
  return `/api/v1/sign-in/${id}/callback`;
}

async function identityProviderRow(db: Connection, id: string): Promise<IdentityProviderRow> {
  return found(await db.selectFrom("identity_providers").selectAll().where("id", "=", id).executeTakeFirst());
}

function sealedSecret(plane: Plane, before: string | null, given: ClientSecret | null | undefined): string | null {
  if (given === undefined) return before;
  if (given === null) return null;
  return plane.sealer.seal(clientSecretText(plane.referenceRules, given), CLIENT_SECRET);
}

function referenceIn({ sealer }: Plane, { client_secret: sealed }: IdentityProviderRow): SecretReference | null {
  if (sealed === null) return null;
  try {
    const stored = storedClientSecret(sealer.open(sealed, CLIENT_SECRET));
    return typeof stored === "string" ? null : stored;
  } catch (error) {
    // Sealed with a master key that is missing: it is to be seen all the same, and given another secret.
    if (error instanceof SealError) return null;
    throw error;
  }
}

function requireSecretThatFits({ client_secret }: IdentityProviderRow, options: IdentityProviderOptions): void {
  const { token_endpoint_auth_method: method } = options;
  if ((method === "none") === (client_secret === null)) return;
  const message = method === "none" ? "expected none with token_endpoint_auth_method none" : `needed for ${method}`;
  throw new ProblemError("invalid_request", `client_secret: ${message}`, {
    errors: [{ path: "client_secret", message }],
  });
}

/** Roles and teams that there are, and nothing that the actor may not do. */
async function requireRoles(change: Change, actor: Actor, { default_role, group_roles = [] }: Options): Promise<void> {
  if (default_role !== undefined) await requireOrganisationRole(change.trx, actor, default_role);
  for (const [index, { team, role }] of group_roles.entries()) {
    if (team === null) await requireOrganisationRole(change.trx, actor, role);
    else if (await teamExists(change.trx, team)) await requireTeamRole(change.trx, actor, team, role);
    else {
      const errors = [{ path: `group_roles[${index}].team`, message: `there is no team ${team}` }];
      throw new ProblemError("invalid_request", `group_roles[${index}]: there is no team ${team}`, { errors });
    }
  }
}

const viewOf = (plane: Plane, row: IdentityProviderRow): IdentityProviderView => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer,
  client_id: row.client_id,
  has_client_secret: row.client_secret !== null,
  client_secret_reference: referenceIn(plane, row),
  ...optionsOf(row),
  enabled: row.enabled === 1,
  redirect_path: redirectPath(row.id),
  back_channel_logout_path: `/api/v1/sign-in/${row.id}/back-channel-logout`,
  created_by: row.created_by,
  created_at: isoTime(row.created_at),
  revision: row.revision,
});

function auditProvider(change: Change, action: string, id: string, before: object | null, after: object | null) {
  return change.audit({ action, subjectType: "identity_provider", subjectId: id, teamId: null, before, after });
}
