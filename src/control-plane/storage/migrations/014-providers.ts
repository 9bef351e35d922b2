import type { Kysely, Migration } from "kysely";

/** Providers of models with their keys, and model routes. */
export const providers: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("providers")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("document", "text", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema
      .createTable("provider_keys")
      .addColumn("provider_id", "text", (column) => column.notNull().references("providers.id").onDelete("cascade"))
      .addColumn("id", "text", (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("hint", "text", (column) => column.notNull())
      .addColumn("secret", "text", (column) => column.notNull())
      .addColumn("terms", "text", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
      .addPrimaryKeyConstraint("provider_keys_primary", ["provider_id", "id"])
      .execute();
    await db.schema
      .createTable("model_routes")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("document", "text", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
      .execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.dropTable("model_routes").execute();
    await db.schema.dropTable("provider_keys").execute();
    await db.schema.dropTable("providers").execute();
  },
};
