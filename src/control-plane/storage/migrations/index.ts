import type { Migration, MigrationProvider } from "kysely";
import { initial } from "./001-initial.ts";
import { auditGuards } from "./002-audit-guards.ts";
import { webhooks } from "./003-webhooks.ts";
import { changes } from "./004-changes.ts";
import { compiledReleases } from "./005-compiled-releases.ts";
import { subscriptionLimits } from "./006-subscription-limits.ts";
import { rulesets } from "./007-rulesets.ts";
import { identityProviders } from "./008-identity-providers.ts";
import { policies } from "./009-policies.ts";
import { cachePurges } from "./010-cache-purges.ts";
import { sessionOrigins } from "./011-session-origins.ts";
import { ownKeys } from "./012-own-keys.ts";
import { credentials } from "./013-credentials.ts";
import { providers } from "./014-providers.ts";

/** All migrations, in the order of their names. A migration that has landed is never changed. */
export function migrationsFor(kind: "sqlite" | "postgres"): MigrationProvider {
  const migrations: Record<string, Migration> = {
    "001-initial": initial(kind),
    "002-audit-guards": auditGuards(kind),
    "003-webhooks": webhooks,
    "004-changes": changes(kind),
    "005-compiled-releases": compiledReleases,
    "006-subscription-limits": subscriptionLimits,
    "007-rulesets": rulesets,
    "008-identity-providers": identityProviders,
    "009-policies": policies,
    "010-cache-purges": cachePurges,
    "011-session-origins": sessionOrigins,
    "012-own-keys": ownKeys,
    "013-credentials": credentials(kind),
    "014-providers": providers,
  };
  return { getMigrations: async () => migrations };
}
