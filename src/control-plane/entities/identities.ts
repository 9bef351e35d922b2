import type { Actor } from "../access/actor.ts";
import { newId } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { IdentityTable, Row } from "../storage/tables.ts";
import { found, isoTime, require } from "./rows.ts";
import { requireNotAbove } from "./users.ts";
import { requireWayIn } from "./way-in.ts";

type IdentityRow = Row<IdentityTable>;

export interface IdentityView {
  id: string;
  identity_provider: string;
  issuer: string;
  subject: string;
  created_at: string;
  last_sign_in_at: string;
}

/** With whom somebody signs in; their own, everybody may see. */
export async function listIdentities(plane: Plane, actor: Actor, userId: string): Promise<IdentityView[]> {
  if (actor.userId !== userId) require(actor, "user.read", null);
  found(await plane.db.selectFrom("users").select("id").where("id", "=", userId).executeTakeFirst());
  const query = plane.db.selectFrom("identities").selectAll().where("user_id", "=", userId);
  return (await query.orderBy("id").execute()).map(viewOf);
}

/** Whoever signs in with it next is a new user, or linked anew. The sessions of the user end. */
export function deleteIdentity(plane: Plane, actor: Actor, userId: string, id: string): Promise<void> {
  require(actor, "user.manage", null);
  return plane.change(actor, async (change) => {
    const ours = change.trx.selectFrom("identities").selectAll().where("id", "=", id).where("user_id", "=", userId);
    const row = found(await ours.executeTakeFirst());
    const user = change.trx.selectFrom("users").select("role").where("id", "=", userId);
    await requireNotAbove(change.trx, actor, (await user.executeTakeFirstOrThrow()).role);
    await change.trx.deleteFrom("identities").where("id", "=", id).execute();
    await change.trx.deleteFrom("sessions").where("user_id", "=", userId).execute();
    await requireWayIn(change.trx);
    const entry = { action: "identity.unlink", subjectType: "user", subjectId: userId, teamId: null };
    await change.audit({ ...entry, before: viewOf(row), after: null });
  });
}

export function identityOf(db: Connection, issuer: string, subject: string): Promise<IdentityRow | undefined> {
  const query = db.selectFrom("identities").selectAll().where("issuer", "=", issuer);
  return query.where("subject", "=", subject).executeTakeFirst();
}

/** Within a change of the provider's. */
export async function linkIdentity(
  change: Change,
  identity: Pick<IdentityRow, "provider_id" | "user_id" | "issuer" | "subject">,
): Promise<void> {
  const { nowMs } = change;
  const row: IdentityRow = { id: newId(nowMs), ...identity, created_at: nowMs, last_sign_in_at: nowMs };
  await change.trx.insertInto("identities").values(row).execute();
  const entry = { action: "identity.link", subjectType: "user", subjectId: row.user_id, teamId: null };
  await change.audit({ ...entry, before: null, after: viewOf(row) });
}

const viewOf = (row: IdentityRow): IdentityView => ({
  id: row.id,
  identity_provider: row.provider_id,
  issuer: row.issuer,
  subject: row.subject,
  created_at: isoTime(row.created_at),
  last_sign_in_at: isoTime(row.last_sign_in_at),
});
