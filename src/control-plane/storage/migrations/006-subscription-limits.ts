import type { Kysely, Migration } from "kysely";

export const subscriptionLimits: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("subscriptions")
      .addColumn("limits", "text", (column) => column.notNull().defaultTo("[]"))
      .execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.alterTable("subscriptions").dropColumn("limits").execute();
  },
};
