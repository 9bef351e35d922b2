import { SealError } from "../../platform/seal.ts";
import type { Actor } from "../access/actor.ts";
import { newId, newSecret } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { OWN_KEY } from "../storage/sealed.ts";
import type { CredentialTable, Row } from "../storage/tables.ts";
import { type ApplicationRow, applicationRow, changeableApplication } from "./applications.ts";
import { found, isoTime, require } from "./rows.ts";

type CredentialRow = Row<CredentialTable>;

export interface CredentialView {
  id: string;
  application: string;
  kind: "api-key";
  name: string;
  /** The first characters of the key. */
  prefix: string;
  state: "active" | "expired" | "revoked";
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface CreatedCredential extends CredentialView {
  /** The key: shown this once, and stored nowhere. */
  key: string;
}

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

export function createCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  { name, expiresAtMs }: { name: string; expiresAtMs: number | null },
): Promise<CreatedCredential> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    return insertCredential(change, application, { name, expiresAtMs }, "credential.create", null);
  });
}

/** A new key beside the old one, which goes on working for a while: callers change over without a gap. */
export function rotateCredential(
  plane: Plane,
  actor: Actor,
  applicationId: string,
  id: string,
  overlapMs: number,
): Promise<CreatedCredential> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, applicationId, "credential.manage");
    const old = await credentialRow(change.trx, applicationId, id);
    if (stateOf(old, change.nowMs) !== "active") {
      throw new ProblemError("conflict", `the credential is ${stateOf(old, change.nowMs)}: make a new one`);
    }
    const endsAtMs = Math.min(old.expires_at ?? Number.MAX_SAFE_INTEGER, change.nowMs + overlapMs);
    await change.trx.updateTable("credentials").set({ expires_at: endsAtMs }).where("id", "=", id).execute();
    const ending = viewOf({ ...old, expires_at: endsAtMs }, change.nowMs);
    return insertCredential(change, application, { name: old.name, expiresAtMs: null }, "credential.rotate", ending);
  });
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
    const after: CredentialRow = { ...before, revoked_at: before.revoked_at ?? change.nowMs };
    await change.trx.updateTable("credentials").set(after).where("id", "=", id).execute();
    change.touch({ kind: "application", id: applicationId });
    await auditCredential(change, "credential.revoke", application, after, viewOf(before, change.nowMs));
    return viewOf(after, change.nowMs);
  });
}

async function insertCredential(
  change: Change,
  application: ApplicationRow,
  { name, expiresAtMs }: { name: string; expiresAtMs: number | null },
  action: string,
  replaced: CredentialView | null,
): Promise<CreatedCredential> {
  if (expiresAtMs !== null && expiresAtMs <= change.nowMs) {
    throw new ProblemError("invalid_request", "the credential would have expired before it was made", {
      errors: [{ path: "expires_at", message: "expected a time to come" }],
    });
  }
  const secret = newSecret("tg");
  const row: CredentialRow = {
    id: newId(change.nowMs),
    application_id: application.id,
    kind: "api-key",
    name,
    prefix: secret.prefix,
    digest: secret.digest,
    created_by: change.actor.name,
    created_at: change.nowMs,
    expires_at: expiresAtMs,
    revoked_at: null,
    secret: null,
  };
  await change.trx.insertInto("credentials").values(row).execute();
  change.touch({ kind: "application", id: application.id });
  await auditCredential(change, action, application, row, replaced);
  return { ...viewOf(row, change.nowMs), key: secret.value };
}

/** A key to call with in the application's name; null: none is needed. */
export interface OwnKey {
  key: string | null;
  /** Gateways have not heard of it. */
  isNew: boolean;
}

/** The application's key that Tidegate itself calls with; made when it is needed first, or again after it was revoked. */
export async function ownKey(plane: Plane, change: Change, application: ApplicationRow): Promise<OwnKey> {
  const known = await change.trx
    .selectFrom("credentials")
    .select(["id", "secret"])
    .where("application_id", "=", application.id)
    .where("secret", "is not", null)
    .where("revoked_at", "is", null)
    // One that was rotated ends, and what came after it is not known here.
    .where("expires_at", "is", null)
    .orderBy("id", "desc")
    .executeTakeFirst();
  const key = known?.secret == null ? null : opened(plane, known.secret);
  if (key !== null) return { key, isNew: false };
  const made = await insertCredential(
    change,
    application,
    { name: OWN_KEY_NAME, expiresAtMs: null },
    "credential.create",
    null,
  );
  const secret = plane.sealer.seal(made.key, OWN_KEY);
  await change.trx.updateTable("credentials").set({ secret }).where("id", "=", made.id).execute();
  return { key: made.key, isNew: true };
}

const OWN_KEY_NAME = "try-it (Tidegate's own)";

/** Null: sealed with a master key that is gone. */
function opened({ sealer }: Plane, sealed: string): string | null {
  try {
    return sealer.open(sealed, OWN_KEY);
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
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
  prefix: row.prefix,
  state: stateOf(row, nowMs),
  created_by: row.created_by,
  created_at: isoTime(row.created_at),
  expires_at: isoTime(row.expires_at),
  revoked_at: isoTime(row.revoked_at),
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
