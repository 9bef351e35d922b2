import type { Kysely, Migration } from "kysely";

/** How often what gateways store of a service was dropped. The unified API is such a service, and has no row of its own. */
export const cachePurges: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("cache_purges")
      .addColumn("service_id", "text", (column) => column.primaryKey())
      .addColumn("count", "integer", (column) => column.notNull())
      .execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.dropTable("cache_purges").execute();
  },
};
