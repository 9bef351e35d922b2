import type { Kysely, Migration } from "kysely";

/** Keys that Tidegate calls with itself, when somebody tries a service in an application's name: those it has to know, sealed. */
export const ownKeys: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("credentials").addColumn("secret", "text").execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.alterTable("credentials").dropColumn("secret").execute();
  },
};
