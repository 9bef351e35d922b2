import type { Kysely, Migration } from "kysely";

export const compiledReleases: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("releases").addColumn("compiled", "text").execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.alterTable("releases").dropColumn("compiled").execute();
  },
};
