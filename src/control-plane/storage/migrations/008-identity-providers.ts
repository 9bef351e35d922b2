import type { Kysely, Migration } from "kysely";

/** What roles come from groups is known by a mark at the role itself: whoever gives another one by hand takes the mark away. */
const MARKED = ["users", "memberships"];

export const identityProviders: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("identity_providers")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("issuer", "text", (column) => column.notNull().unique())
      .addColumn("client_id", "text", (column) => column.notNull())
      .addColumn("client_secret", "text")
      .addColumn("options", "text", (column) => column.notNull())
      .addColumn("enabled", "integer", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema
      .createTable("identities")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("provider_id", "text", (column) =>
        column.notNull().references("identity_providers.id").onDelete("cascade"),
      )
      .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
      .addColumn("issuer", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("last_sign_in_at", "bigint", (column) => column.notNull())
      .addUniqueConstraint("identities_once", ["issuer", "subject"])
      .execute();
    await db.schema.createIndex("identities_by_user").on("identities").column("user_id").execute();
    await db.schema.createIndex("identities_by_provider").on("identities").column("provider_id").execute();
    for (const table of MARKED) {
      await db.schema
        .alterTable(table)
        .addColumn("role_from_groups", "integer", (column) => column.notNull().defaultTo(0))
        .execute();
    }
  },
  async down(db: Kysely<unknown>) {
    for (const table of MARKED) await db.schema.alterTable(table).dropColumn("role_from_groups").execute();
    await db.schema.dropTable("identities").execute();
    await db.schema.dropTable("identity_providers").execute();
  },
};
