import type { Kysely, Migration } from "kysely";

export function changes(kind: "sqlite" | "postgres"): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("changes")
        .addColumn("sequence", kind === "sqlite" ? "integer" : "bigserial", (column) =>
          kind === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
        )
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("subject_id", "text", (column) => column.notNull())
        .addColumn("at", "bigint", (column) => column.notNull())
        .execute();
      await db.schema.createIndex("changes_by_time").on("changes").column("at").execute();
    },
    async down(db: Kysely<unknown>) {
      await db.schema.dropTable("changes").execute();
    },
  };
}
