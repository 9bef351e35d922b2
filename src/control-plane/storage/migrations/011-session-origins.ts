import type { Kysely, Migration } from "kysely";

/** Who vouched for whoever is signed in, and what the session is called there: it ends when the provider says so. */
export const sessionOrigins: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("sessions").addColumn("identity_provider", "text").execute();
    await db.schema.alterTable("sessions").addColumn("provider_session", "text").execute();
  },
  async down(db: Kysely<unknown>) {
    await db.schema.alterTable("sessions").dropColumn("provider_session").execute();
    await db.schema.alterTable("sessions").dropColumn("identity_provider").execute();
  },
};
