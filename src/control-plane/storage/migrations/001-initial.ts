import { type Kysely, type Migration, sql } from "kysely";

const NOW_REVISION = 1;

/** Tables with a primary key of their own are made alike in both databases; only the counter of `audit` differs. */
export function initial(kind: "sqlite" | "postgres"): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const { schema } = db;
      await schema
        .createTable("organisation")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .execute();
      await schema
        .createTable("users")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("email", "text", (column) => column.notNull().unique())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("password_hash", "text")
        .addColumn("role", "text", (column) => column.notNull())
        .addColumn("disabled", "integer", (column) => column.notNull().defaultTo(0))
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("last_sign_in_at", "bigint")
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .execute();
      await schema
        .createTable("teams")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("description", "text", (column) => column.notNull().defaultTo(""))
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .execute();
      await schema
        .createTable("memberships")
        .addColumn("team_id", "text", (column) => column.notNull().references("teams.id").onDelete("cascade"))
        .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
        .addColumn("role", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("memberships_key", ["team_id", "user_id"])
        .execute();
      await schema.createIndex("memberships_by_user").on("memberships").column("user_id").execute();
      await schema
        .createTable("roles")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("scope", "text", (column) => column.notNull())
        .addColumn("permissions", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .execute();
      await schema
        .createTable("sessions")
        .addColumn("digest", "text", (column) => column.primaryKey())
        .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("last_seen_at", "bigint", (column) => column.notNull())
        .addColumn("expires_at", "bigint", (column) => column.notNull())
        .addColumn("address", "text", (column) => column.notNull())
        .addColumn("user_agent", "text", (column) => column.notNull())
        .execute();
      await schema.createIndex("sessions_by_user").on("sessions").column("user_id").execute();
      await schema
        .createTable("tokens")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("digest", "text", (column) => column.notNull().unique())
        .addColumn("prefix", "text", (column) => column.notNull())
        .addColumn("user_id", "text", (column) => column.references("users.id").onDelete("cascade"))
        .addColumn("team_id", "text", (column) => column.references("teams.id").onDelete("cascade"))
        .addColumn("role", "text")
        .addColumn("scopes", "text")
        .addColumn("created_by", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("last_used_at", "bigint")
        .addColumn("expires_at", "bigint")
        .addColumn("revoked_at", "bigint")
        .execute();
      await schema
        .createTable("services")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("team_id", "text", (column) => column.notNull().references("teams.id"))
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("description", "text", (column) => column.notNull())
        .addColumn("category", "text", (column) => column.notNull())
        .addColumn("tags", "text", (column) => column.notNull())
        .addColumn("documentation", "text", (column) => column.notNull())
        .addColumn("openapi", "text")
        .addColumn("visibility", "text", (column) => column.notNull())
        .addColumn("approval", "text", (column) => column.notNull())
        .addColumn("draft", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("current_release", "integer")
        .addColumn("canary", "text")
        .addColumn("review", "text")
        .addColumn("deprecated_at", "bigint")
        .addColumn("sunset_at", "bigint")
        .addColumn("deprecation_link", "text")
        .addColumn("retired_at", "bigint")
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("updated_at", "bigint", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .execute();
      await schema.createIndex("services_by_team").on("services").column("team_id").execute();
      await schema
        .createTable("service_shares")
        .addColumn("service_id", "text", (column) => column.notNull().references("services.id").onDelete("cascade"))
        .addColumn("team_id", "text", (column) => column.notNull().references("teams.id").onDelete("cascade"))
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("service_shares_key", ["service_id", "team_id"])
        .execute();
      await schema
        .createTable("releases")
        .addColumn("service_id", "text", (column) => column.notNull().references("services.id").onDelete("cascade"))
        .addColumn("number", "integer", (column) => column.notNull())
        .addColumn("configuration", "text", (column) => column.notNull())
        .addColumn("openapi", "text")
        .addColumn("note", "text", (column) => column.notNull())
        .addColumn("created_by", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("releases_key", ["service_id", "number"])
        .execute();
      await schema
        .createTable("live_routes")
        .addColumn("service_id", "text", (column) => column.notNull().references("services.id").onDelete("cascade"))
        .addColumn("shape", "text", (column) => column.notNull())
        .addColumn("method", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("live_routes_key", ["shape", "method"])
        .execute();
      await schema.createIndex("live_routes_by_service").on("live_routes").column("service_id").execute();
      await schema
        .createTable("applications")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("team_id", "text", (column) => column.notNull().references("teams.id"))
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("description", "text", (column) => column.notNull())
        .addColumn("limits", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .execute();
      await schema.createIndex("applications_by_team").on("applications").column("team_id").execute();
      await schema
        .createTable("credentials")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("application_id", "text", (column) =>
          column.notNull().references("applications.id").onDelete("cascade"),
        )
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("prefix", "text", (column) => column.notNull())
        .addColumn("digest", "text", (column) => column.notNull().unique())
        .addColumn("created_by", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("expires_at", "bigint")
        .addColumn("revoked_at", "bigint")
        .execute();
      await schema.createIndex("credentials_by_application").on("credentials").column("application_id").execute();
      await schema
        .createTable("subscriptions")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("application_id", "text", (column) =>
          column.notNull().references("applications.id").onDelete("cascade"),
        )
        // No reference: `ai` is a service that has no row.
        .addColumn("service_id", "text", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("reason", "text", (column) => column.notNull())
        .addColumn("note", "text", (column) => column.notNull())
        .addColumn("requested_by", "text", (column) => column.notNull())
        .addColumn("decided_by", "text")
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("decided_at", "bigint")
        .addColumn("expires_at", "bigint")
        .addColumn("revision", "integer", (column) => column.notNull().defaultTo(NOW_REVISION))
        .addUniqueConstraint("subscriptions_once", ["application_id", "service_id"])
        .execute();
      await schema.createIndex("subscriptions_by_service").on("subscriptions").column("service_id").execute();
      await schema
        .createTable("settings")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("value", "text", (column) => column.notNull())
        .execute();
      await schema
        .createTable("audit")
        .addColumn("sequence", kind === "sqlite" ? "integer" : "bigserial", (column) =>
          kind === "sqlite" ? column.primaryKey().autoIncrement() : column.primaryKey(),
        )
        .addColumn("at", "bigint", (column) => column.notNull())
        .addColumn("actor_kind", "text", (column) => column.notNull())
        .addColumn("actor_id", "text", (column) => column.notNull())
        .addColumn("actor_name", "text", (column) => column.notNull())
        .addColumn("address", "text", (column) => column.notNull())
        .addColumn("action", "text", (column) => column.notNull())
        .addColumn("subject_type", "text", (column) => column.notNull())
        .addColumn("subject_id", "text", (column) => column.notNull())
        .addColumn("team_id", "text")
        .addColumn("before", "text")
        .addColumn("after", "text")
        .addColumn("previous_hash", "text", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        // Two entries can't follow the same one, whoever writes them.
        .addUniqueConstraint("audit_chain", ["previous_hash"])
        .execute();
      await schema.createIndex("audit_by_subject").on("audit").columns(["subject_type", "subject_id"]).execute();
      await appendOnly(db, kind);
      await schema
        .createTable("idempotency")
        .addColumn("actor_id", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("request_digest", "text", (column) => column.notNull())
        .addColumn("status", "integer", (column) => column.notNull())
        .addColumn("body", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("idempotency_key", ["actor_id", "key"])
        .execute();
    },
    async down(db: Kysely<unknown>) {
      // Those that refer to others first.
      const tables = [
        "idempotency",
        "audit",
        "settings",
        "subscriptions",
        "credentials",
        "applications",
        "live_routes",
        "releases",
        "service_shares",
        "services",
        "tokens",
        "sessions",
        "roles",
        "memberships",
        "teams",
        "users",
        "organisation",
      ];
      for (const table of tables) await db.schema.dropTable(table).execute();
      if (kind === "postgres") await sql`drop function audit_is_append_only()`.execute(db);
    },
  };
}

/** The database itself refuses to change what was written: whoever wants to has to take the trigger away first. */
async function appendOnly(db: Kysely<unknown>, kind: "sqlite" | "postgres"): Promise<void> {
  if (kind === "sqlite") {
    for (const verb of ["update", "delete"]) {
      await sql
        .raw(
          `create trigger audit_no_${verb} before ${verb} on audit begin select raise(abort, 'the audit trail is append-only'); end`,
        )
        .execute(db);
    }
    return;
  }
  await sql
    .raw(
      "create function audit_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'the audit trail is append-only'; end $$",
    )
    .execute(db);
  await sql
    .raw(
      "create trigger audit_append_only before update or delete on audit for each row execute function audit_is_append_only()",
    )
    .execute(db);
}
