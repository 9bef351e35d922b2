import { type Kysely, type Migration, sql } from "kysely";

/**
 * Credentials other than API keys, and whose tokens are believed. What a credential is found by (a user name, a key id, a claim's
 * value, a certificate's name) is a row of its own while it counts: it stands for one application, and the database says so.
 */
export function credentials(kind: "sqlite" | "postgres"): Migration {
  return {
    async up(db: Kysely<unknown>) {
      if (kind === "sqlite") await rebuild(db, "without a digest");
      else await sql`alter table credentials alter column digest drop not null`.execute(db);
      const table = () => db.schema.alterTable("credentials");
      await table()
        .addColumn("details", "text", (column) => column.notNull().defaultTo("{}"))
        .execute();
      await table()
        .addColumn("addresses", "text", (column) => column.notNull().defaultTo("[]"))
        .execute();
      await table().addColumn("issuer_id", "text").execute();
      await table()
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
        .execute();
      await db.schema.createIndex("credentials_by_issuer").on("credentials").column("issuer_id").execute();
      await db.schema
        .createTable("credential_names")
        .addColumn("digest", "text", (column) => column.primaryKey())
        .addColumn("application_id", "text", (column) =>
          column.notNull().references("applications.id").onDelete("cascade"),
        )
        .execute();
      await db.schema
        .createIndex("credential_names_by_application")
        .on("credential_names")
        .column("application_id")
        .execute();
      await db.schema
        .createTable("token_issuers")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("issuer", "text", (column) => column.notNull().unique())
        .addColumn("options", "text", (column) => column.notNull())
        .addColumn("keys", "text")
        .addColumn("created_by", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(1))
        .execute();
    },
    async down(db: Kysely<unknown>) {
      await db.schema.dropTable("token_issuers").execute();
      await db.schema.dropTable("credential_names").execute();
      await db.schema.dropIndex("credentials_by_issuer").execute();
      // To what was there before, they would be API keys.
      await sql`delete from credentials where kind <> 'api-key'`.execute(db);
      for (const column of ["revision", "issuer_id", "addresses", "details"]) {
        await db.schema.alterTable("credentials").dropColumn(column).execute();
      }
      if (kind === "sqlite") await rebuild(db, "with a digest");
      else await sql`alter table credentials alter column digest set not null`.execute(db);
    },
  };
}

/** As 001 and 012 have made it, but for the digest: SQLite can't change a column. */
async function rebuild(db: Kysely<unknown>, digests: "with a digest" | "without a digest"): Promise<void> {
  await db.schema
    .createTable("credentials_rebuilt")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("application_id", "text", (column) => column.notNull().references("applications.id").onDelete("cascade"))
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("prefix", "text", (column) => column.notNull())
    .addColumn("digest", "text", (column) =>
      digests === "with a digest" ? column.notNull().unique() : column.unique(),
    )
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .addColumn("secret", "text")
    .execute();
  const columns = sql`id, application_id, kind, name, prefix, digest, created_by, created_at, expires_at, revoked_at, secret`;
  await sql`insert into credentials_rebuilt (${columns}) select ${columns} from credentials`.execute(db);
  await db.schema.dropTable("credentials").execute();
  await db.schema.alterTable("credentials_rebuilt").renameTo("credentials").execute();
  await db.schema.createIndex("credentials_by_application").on("credentials").column("application_id").execute();
}
