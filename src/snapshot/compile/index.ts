import type {
  ApplicationSnapshot,
  CallLogSnapshot,
  Snapshot,
  SubscriptionSnapshot,
  TeamSnapshot,
} from "../../contracts/snapshot.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { ListenAddress } from "../schema/addresses.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileLimits } from "./common.ts";
import { compileCredentials } from "./credentials.ts";
import { contentHash } from "./hash.ts";
import { compileJwtIssuer } from "./jwt-issuers.ts";
import { compileListener } from "./listeners.ts";
import { compileModelRoute } from "./model-routes.ts";
import { compilePolicies, withPolicies } from "./policies.ts";
import { compileProvider } from "./providers.ts";
import { compileReleases } from "./services.ts";

export interface CompileOptions {
  version: number;
  compiledAtMs: number;
  catalogue: readonly CatalogueEntry[];
  /** Relative paths of files begin here. */
  baseDirectory: string;
  /** Where to listen when the configuration does not say. */
  defaultAddress: ListenAddress;
}

const KIB = 1024;
const MIB = 1024 ** 2;

/** A valid configuration as the data plane wants it: references checked, keys as digests, milliseconds and bytes. */
export function compileSnapshot(configuration: Configuration, options: CompileOptions): Snapshot {
  const { catalogue, baseDirectory } = options;
  const defaultListener = {
    address: options.defaultAddress,
    tls: null,
    client_certificate: null,
    max_header_size: 16 * KIB,
    max_body_size: 10 * MIB,
    timeouts: { keep_alive: 75_000, head: 15_000, min_body_rate: null },
  };
  const content = {
    format: 10 as const,
    listeners: (configuration.listeners ?? [defaultListener]).map((listener) =>
      compileListener(listener, configuration.trusted_proxies, baseDirectory),
    ),
    providers: configuration.providers.map((provider) => {
      const entry = catalogue.find((one) => one.kind === provider.kind);
      if (entry === undefined) throw new TypeError(`${provider.kind} is not in the provider catalogue`);
      return compileProvider(provider, entry);
    }),
    models: configuration.models.map((route) =>
      compileModelRoute(route, (id) => {
        const kind = configuration.providers.find((provider) => provider.id === id)?.kind;
        return catalogue.find((one) => one.kind === kind);
      }),
    ),
    ...withPolicies(configuration.policies),
    ...compileTeams(configuration.teams ?? []),
    services: configuration.services.flatMap((service) => compileReleases(service, baseDirectory)),
    applications: configuration.applications.map(compileApplication),
    jwtIssuers: configuration.jwt_issuers.map(compileJwtIssuer),
    ai: {
      access: configuration.ai.access,
      limits: compileLimits(configuration.ai.limits),
      ...withPolicies(configuration.ai.policies),
      maxBodyBytes: configuration.ai.max_body_size,
      offloadBytes: configuration.ai.offload_size,
      maxResponseBytes: configuration.ai.max_response_size,
      clientHints: [...new Set(configuration.ai.client_hints)],
      unsupportedFields: configuration.ai.unsupported_fields,
    },
    limitSlots: configuration.limits.slots,
    limitsCluster: configuration.limits.cluster,
    cache: { maxBytes: configuration.cache.max_size, maxEntryBytes: configuration.cache.max_entry_size },
    callLog: compileCallLog(configuration.call_log),
    drainTimeoutMs: configuration.drain_timeout,
  };
  const { version, compiledAtMs } = options;
  return { ...content, version, compiledAtMs, hash: contentHash(content) };
}

function compileApplication(application: Configuration["applications"][number]): ApplicationSnapshot {
  return {
    id: application.id,
    team: application.team,
    credentials: compileCredentials(application),
    subscriptions: compileSubscriptions(application.subscriptions),
    limits: compileLimits(application.limits),
    ...withPolicies(application.policies),
  };
}

/** Those that have policies: nothing else of a team is the gateway's business. */
function compileTeams(teams: NonNullable<Configuration["teams"]>): { teams?: TeamSnapshot[] } {
  const compiled = teams.flatMap(({ id, policies }) => {
    const own = compilePolicies(policies);
    return own === undefined ? [] : [{ id, policies: own }];
  });
  return compiled.length === 0 ? {} : { teams: compiled };
}

/** What a file grants is approved. A service that is named twice was named in the same words: see checks/subscriptions.ts. */
function compileSubscriptions(
  subscriptions: Configuration["applications"][number]["subscriptions"],
): SubscriptionSnapshot[] {
  const byService = new Map(
    subscriptions.map(({ service, expires_at, limits, policies }): [string, SubscriptionSnapshot] => [
      service,
      {
        service,
        state: "approved",
        expiresAtMs: expires_at,
        limits: compileLimits(limits),
        ...withPolicies(policies),
      },
    ]),
  );
  return [...byService.values()];
}

function compileCallLog(callLog: Configuration["call_log"]): CallLogSnapshot {
  return {
    bodies: callLog.bodies,
    maxBodyBytes: callLog.max_body_size,
    redactFields: callLog.redact.fields,
    redactPatterns: callLog.redact.patterns,
    rotateBytes: callLog.rotate_size,
    rotateMs: callLog.rotate_every,
    keepBytes: callLog.keep_size,
  };
}
