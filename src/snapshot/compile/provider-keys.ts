import type { LimitSnapshot } from "../../contracts/policies.ts";
import type { ProviderCredential, ProviderKeySnapshot } from "../../contracts/provider-keys.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { Configuration } from "../schema/configuration.ts";

type ProviderConfiguration = Configuration["providers"][number];
type KeyConfiguration = ProviderConfiguration["keys"][number];

const GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform";

export function compileProviderKey(
  key: KeyConfiguration,
  index: number,
  provider: ProviderConfiguration,
  entry: CatalogueEntry,
): ProviderKeySnapshot {
  const credential = compileCredential(key, provider, entry);
  return {
    id: key.id ?? `key-${index + 1}`,
    value: key.value ?? "",
    weight: key.weight,
    ...(credential === null ? {} : { credential }),
    ...(key.priority === 0 ? {} : { priority: key.priority }),
    ...(key.expires_at === null ? {} : { expiresAtMs: key.expires_at }),
    ...(key.limits.length === 0 ? {} : { limits: key.limits.map(compileLimit) }),
  };
}

function compileCredential(
  { aws, service_account, entra }: KeyConfiguration,
  { settings }: ProviderConfiguration,
  entry: CatalogueEntry,
): ProviderCredential | null {
  if (aws !== undefined) {
    return {
      type: "aws",
      accessKeyId: aws.access_key_id,
      secretAccessKey: aws.secret_access_key,
      sessionToken: aws.session_token ?? null,
      region: settings.region ?? "",
      service: entry.awsService ?? "",
    };
  }
  if (service_account !== undefined) return { type: "service-account", ...service_account, scope: GOOGLE_SCOPE };
  if (entra === undefined) return null;
  return {
    type: "entra",
    clientId: entra.client_id,
    clientSecret: entra.client_secret,
    tokenUrl: `${entra.authority}/${entra.tenant_id}/oauth2/v2.0/token`,
    scope: entra.scope,
  };
}

/** A key has one counter on each node: what its provider counts, it counts for all that use the key. */
function compileLimit({ requests, tokens, window, algorithm }: KeyConfiguration["limits"][number]): LimitSnapshot {
  const common = { per: "organisation" as const, algorithm, windowMs: window, cluster: "per_node" as const };
  return tokens === undefined
    ? { ...common, unit: "requests", amount: requests ?? 0 }
    : { ...common, unit: "tokens", amount: tokens };
}
