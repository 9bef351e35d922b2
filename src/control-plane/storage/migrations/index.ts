import type { Migration, MigrationProvider } from "kysely";
import { initial } from "./001-initial.ts";
import { auditGuards } from "./002-audit-guards.ts";

/** All migrations, in the order of their names. A migration that has landed is never changed. */
export function migrationsFor(kind: "sqlite" | "postgres"): MigrationProvider {
  const migrations: Record<string, Migration> = {
    "001-initial": initial(kind),
    "002-audit-guards": auditGuards(kind),
  };
  return { getMigrations: async () => migrations };
}
