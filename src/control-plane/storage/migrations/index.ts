import type { Migration, MigrationProvider } from "kysely";
import { initial } from "./001-initial.ts";
import { webhooks } from "./002-webhooks.ts";
import { changes } from "./003-changes.ts";
import { compiledReleases } from "./004-compiled-releases.ts";
import { subscriptionLimits } from "./005-subscription-limits.ts";

/** All migrations, in the order of their names. A migration that has landed is never changed. */
export function migrationsFor(kind: "sqlite" | "postgres"): MigrationProvider {
  const migrations: Record<string, Migration> = {
    "001-initial": initial(kind),
    "002-webhooks": webhooks,
    "003-changes": changes(kind),
    "004-compiled-releases": compiledReleases,
    "005-subscription-limits": subscriptionLimits,
  };
  return { getMigrations: async () => migrations };
}
