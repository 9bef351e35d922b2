import type { Connection } from "../storage/database.ts";

/** An owner who is not disabled, and has signed in with an identity provider that is enabled; beside that user. */
export async function hasLinkedOwner(db: Connection, exceptUserId: string | null): Promise<boolean> {
  let query = db
    .selectFrom("identities")
    .innerJoin("users", "users.id", "identities.user_id")
    .innerJoin("identity_providers", "identity_providers.id", "identities.provider_id")
    .select("users.id")
    .where("users.role", "=", "owner")
    .where("users.disabled", "=", 0)
    .where("identity_providers.enabled", "=", 1);
  if (exceptUserId !== null) query = query.where("users.id", "!=", exceptUserId);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
