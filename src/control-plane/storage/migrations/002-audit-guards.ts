import { type Kysely, type Migration, sql } from "kysely";

/** Ways around the triggers of the audit trail: `truncate` fires none for rows, and SQLite's `insert or replace` no `delete`. */
export function auditGuards(kind: "sqlite" | "postgres"): Migration {
  const run = async (db: Kysely<unknown>, text: string) => void (await sql.raw(text).execute(db));
  if (kind === "sqlite") {
    return {
      up: (db) =>
        run(
          db,
          "create trigger audit_no_replace before insert on audit when exists (select 1 from audit where sequence = new.sequence or previous_hash = new.previous_hash) begin select raise(abort, 'the audit trail is append-only'); end",
        ),
      down: (db) => run(db, "drop trigger audit_no_replace"),
    };
  }
  return {
    up: (db) =>
      run(
        db,
        "create trigger audit_no_truncate before truncate on audit for each statement execute function audit_is_append_only()",
      ),
    down: (db) => run(db, "drop trigger audit_no_truncate on audit"),
  };
}
