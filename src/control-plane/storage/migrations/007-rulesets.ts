import type { Kysely, Migration } from "kysely";

export const rulesets: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("teams").addColumn("ruleset", "text").execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.alterTable("teams").dropColumn("ruleset").execute();
  },
};
