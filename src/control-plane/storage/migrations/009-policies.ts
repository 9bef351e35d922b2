import type { Kysely, Migration } from "kysely";

const TABLES = ["teams", "applications", "subscriptions"];

/** Those of services are in their drafts and releases, and the organisation's are a setting. */
export const policies: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of TABLES) {
      await db.schema
        .alterTable(table)
        .addColumn("policies", "text", (column) => column.notNull().defaultTo("{}"))
        .execute();
    }
  },
  async down(db: Kysely<unknown>) {
    for (const table of TABLES) await db.schema.alterTable(table).dropColumn("policies").execute();
  },
};
