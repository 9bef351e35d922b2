import { addressProblems } from "../../snapshot/credential-document.ts";
import type { Actor } from "../access/actor.ts";
import { newId } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { CredentialKind } from "../storage/tables.ts";
import { type ApplicationRow, applicationRow, changeableApplication } from "./applications.ts";
import {
  isStoredSecret,
  type KindFields,
  type MadeSecret,
  type NewKind,
  newKind,
  refused,
  renewedKind,
  type SecretFields,
} from "./credential-kinds.ts";
import { claimNames, releaseNames } from "./credential-names.ts";
import { found, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { type CredentialRow, type ShownFields, shownFields } from "./stored-credential.ts";
import { requireTokenIssuer } from "./token-issuers.ts";

/** Of its kind, it says what is no secret. */
export interface CredentialView extends ShownFields {
  id: string;
  application: string;
  kind: CredentialKind;
  name: string;
  /** The first characters of an API key; null: of another kind. */
  prefix: string | null;
  state: "active" | "expired" | "revoked";
  addresses: string[];
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  revision: number;
}

/** Under which conditions a credential counts, and what it is called. */
export interface CredentialTerms {
  name: string;
  expiresAtMs: number | null;
  /** Addresses or CIDR ranges; none: any. */
  addresses: readonly string[];
}

export type CreatedCredential = CredentialView & MadeSecret;

export async function listCredentials(plane: Plane, actor: Actor, applicationId: string): Promise<CredentialView[]> {
  const application = await applicationRow(plane.db, applicationId);
  require(actor, "application.read", application.team_id);
  const rows = await plane.db
    .selectFrom("credentials")
    .selectAll()
    .where("application_id", "=", applicationId)
    .orderBy("id")
    .execute();
  const nowMs = plane.nowMs();
  return rows.map((row) => viewOf(row, nowMs));
}

export async function getCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
): Promise<CredentialView> {
  const application = await applicationRow(plane.db, applicationId);
  require(actor, "application.read", application.team_id);
  return viewOf(await credentialRow(plane.db, applicationId, id), plane.nowMs());
}

export function createCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  { name, expiresAtMs, addresses, ...kind }: CredentialTerms & KindFields,
): Promise<CreatedCredential> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    requireAddresses(addresses);
    const { columns, made } = newKind(plane, kind);
    if (columns.issuer_id !== null) await requireTokenIssuer(change.trx, columns.issuer_id);
    const terms = { name, expiresAtMs, addresses };
    const row = await insertCredential(change, application, columns, terms, "credential.create", null);
    await claimNames(change, row);
    return { ...viewOf(row, change.nowMs), ...made };
  });
}

/** Name, end and addresses: who the caller is stays the same. */
export function updateCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
  fields: { [Key in keyof CredentialTerms]?: CredentialTerms[Key] | undefined },
  revision: number | null,
): Promise<CredentialView> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    const before = await credentialRow(change.trx, applicationId, id);
    requireRevision(before, revision);
    if (before.revoked_at !== null) throw new ProblemError("conflict", "the credential is revoked: make a new one");
    const { name = before.name, expiresAtMs = before.expires_at, addresses } = fields;
    if (fields.expiresAtMs !== undefined) requireToCome(change, fields.expiresAtMs);
    if (addresses !== undefined) requireAddresses(addresses);
    const after: CredentialRow = {
      ...before,
      name,
      expires_at: expiresAtMs,
      addresses: addresses === undefined ? before.addresses : JSON.stringify(addresses),
      revision: before.revision + 1,
    };
    await change.trx.updateTable("credentials").set(after).where("id", "=", id).execute();
    change.touch({ kind: "application", id: applicationId });
    await auditCredential(change, "credential.update", application, after, viewOf(before, change.nowMs));
    return viewOf(after, change.nowMs);
  });
}

/** Another secret beside the old one, which goes on working for a while: callers change over without a gap. */
export function rotateCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
  { overlapMs, ...secrets }: { overlapMs: number } & SecretFields,
): Promise<CreatedCredential> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    const old = await credentialRow(change.trx, applicationId, id);
    if (stateOf(old, change.nowMs) !== "active") {
      throw new ProblemError("conflict", `the credential is ${stateOf(old, change.nowMs)}: make a new one`);
    }
    const { columns, made } = renewedKind(plane, old, secrets);
    const endsAtMs = Math.min(old.expires_at ?? Number.MAX_SAFE_INTEGER, change.nowMs + overlapMs);
    const ended = { expires_at: endsAtMs, revision: old.revision + 1 };
    await change.trx.updateTable("credentials").set(ended).where("id", "=", id).execute();
    const ending = viewOf({ ...old, ...ended }, change.nowMs);
    const terms = { name: old.name, expiresAtMs: null, addresses: parseJson<string[]>(old.addresses) };
    const row = await insertCredential(change, application, columns, terms, "credential.rotate", ending);
    return { ...viewOf(row, change.nowMs), ...made };
  });
}

/**
 * Whether a secret is the one that is stored: so that what is declared in a file can be compared without ever reading the stored
 * one. Whoever may ask could replace it.
 */
export async function isCredentialSecret(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
  secrets: SecretFields,
): Promise<boolean> {
  const application = await applicationRow(plane.db, applicationId);
  require(actor, "credential.manage", application.team_id);
  return isStoredSecret(plane, await credentialRow(plane.db, applicationId, id), secrets);
}

export function revokeCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
): Promise<CredentialView> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    const before = await credentialRow(change.trx, applicationId, id);
    const after: CredentialRow = {
      ...before,
      revoked_at: before.revoked_at ?? change.nowMs,
      revision: before.revision + 1,
    };
    await change.trx.updateTable("credentials").set(after).where("id", "=", id).execute();
    // What was revoked before has its name no more, and another may have it.
    if (before.revoked_at === null) await releaseNames(change, after);
    change.touch({ kind: "application", id: applicationId });
    await auditCredential(change, "credential.revoke", application, after, viewOf(before, change.nowMs));
    return viewOf(after, change.nowMs);
  });
}

/** Its name is not claimed yet. Throws `invalid_request`. */
export async function insertCredential(
  change: Change,
  application: ApplicationRow,
  columns: NewKind["columns"],
  { name, expiresAtMs, addresses }: CredentialTerms,
  action: string,
  replaced: CredentialView | null,
): Promise<CredentialRow> {
  requireToCome(change, expiresAtMs);
  const row: CredentialRow = {
    ...columns,
    id: newId(change.nowMs),
    application_id: application.id,
    name,
    created_by: change.actor.name,
    created_at: change.nowMs,
    expires_at: expiresAtMs,
    revoked_at: null,
    addresses: JSON.stringify(addresses),
    revision: 1,
  };
  await change.trx.insertInto("credentials").values(row).execute();
  change.touch({ kind: "application", id: application.id });
  await auditCredential(change, action, application, row, replaced);
  return row;
}

function requireToCome({ nowMs }: Change, expiresAtMs: number | null): void {
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    throw refused([{ path: "expires_at", message: "expected a time to come" }]);
  }
}

function requireAddresses(addresses: readonly string[]): void {
  const problems = addresses.length === 0 ? [] : addressProblems(addresses);
  if (problems.length > 0) throw refused(problems);
}

export function stateOf(row: Pick<CredentialRow, "expires_at" | "revoked_at">, nowMs: number): CredentialView["state"] {
  if (row.revoked_at !== null) return "revoked";
  return row.expires_at !== null && row.expires_at <= nowMs ? "expired" : "active";
}

const viewOf = (row: CredentialRow, nowMs: number): CredentialView => ({
  id: row.id,
  application: row.application_id,
  kind: row.kind,
  name: row.name,
  prefix: row.kind === "api-key" ? row.prefix : null,
  ...shownFields(row),
  state: stateOf(row, nowMs),
  addresses: parseJson<string[]>(row.addresses),
  created_by: row.created_by,
  created_at: isoTime(row.created_at),
  expires_at: isoTime(row.expires_at),
  revoked_at: isoTime(row.revoked_at),
  revision: row.revision,
});

async function credentialRow(db: Connection, applicationId: string, id: string): Promise<CredentialRow> {
  const query = db
    .selectFrom("credentials")
    .selectAll()
    .where("id", "=", id)
    .where("application_id", "=", applicationId);
  return found(await query.executeTakeFirst());
}

function auditCredential(
  change: Change,
  action: string,
  application: ApplicationRow,
  row: CredentialRow,
  before: CredentialView | null,
): Promise<void> {
  const after = viewOf(row, change.nowMs);
  const subject = { subjectType: "credential", subjectId: row.id, teamId: application.team_id };
  return change.audit({ action, ...subject, before, after });
}
