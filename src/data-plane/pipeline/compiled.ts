import type { InboundDialect } from "../../contracts/dialect.ts";
import type { ModelAccessSnapshot, PolicyLevel } from "../../contracts/policies.ts";
import type { EndpointName } from "../../contracts/provider-endpoints.ts";
import type {
  Access,
  AiServiceSnapshot,
  ApplicationSnapshot,
  LimitSnapshot,
  RestServiceSnapshot,
  RouteSnapshot,
  SubscriptionSnapshot,
} from "../../contracts/snapshot.ts";
import type { CompiledPolicies, PolicyLayer } from "./policies/compile-policies.ts";
import type { LiveReleases } from "./releases/live-releases.ts";

/** What the stages work with: entities of the snapshot with everything resolved that does not depend on a request. */

export interface CompiledLimit {
  limit: LimitSnapshot;
  /** Whose it is. */
  level: PolicyLevel;
  /** Names the counter, up to what `per` adds. Stable over snapshots. */
  keyPrefix: string;
  /** The whole name, where it does not depend on the request. */
  key: string | null;
}

export interface CompiledApplication {
  id: string;
  /** As in the snapshot's chunks. */
  number: Buffer;
  team: string;
  subscriptions: readonly SubscriptionSnapshot[];
  /** By service, where there are too many to look at one by one. */
  subscriptionIndex: ReadonlyMap<string, SubscriptionSnapshot> | null;
  limits: readonly CompiledLimit[];
  snapshot: ApplicationSnapshot;
}

/**
 * What a path leads to, of a service with releases one of them, as far as authentication, authorization and limits are concerned.
 * Routes with limits of their own have one each.
 */
export interface CompiledService {
  id: string;
  team: string;
  access: Access;
  limits: readonly CompiledLimit[];
  /** null: it has none. */
  release: number | null;
}

/** `addressed`: a call's path says what is asked of which model. `pass-through`: a provider's own API. */
export type AiEndpoint =
  | "chat"
  | "embeddings"
  | "addressed"
  | "models"
  | "model"
  | "realtime"
  | "pass-through"
  | EndpointName;

export type RouteTarget =
  | {
      kind: "rest";
      service: CompiledService;
      snapshot: RestServiceSnapshot;
      route: RouteSnapshot;
      rewritePath: PathRewriter;
      maxBodyBytes: number | null;
      /** The policies of all levels but the caller's, and what they come to; null: nothing. */
      layers: readonly PolicyLayer[];
      policies: CompiledPolicies | null;
      /** Names and values, alternating, that every answer carries: what is to be known of the release. */
      releaseHeaders: readonly string[];
      /** Several releases may have a route for the call: which one it is for is still to be chosen. */
      releases: LiveReleases | null;
      /** Something may be stored of the service: unsafe calls make it invalid. */
      invalidates: boolean;
      /** It was chosen for one call: the next one may go elsewhere. */
      isChosen: boolean;
      /**
       * Of a prefix: paths below it that lead, or may lead, elsewhere. Null: every path has to be looked up, e.g. because
       * other hosts' routes come first.
       */
      holes: readonly string[] | null;
    }
  | {
      kind: "ai";
      service: CompiledService;
      endpoint: AiEndpoint;
      routeId: string;
      inbound: InboundDialect;
      /** Of a provider's own API: which. Null: that is still to be chosen. */
      provider: string | null;
      /** Its calls are signed with their bodies. */
      signsBodies: boolean;
      maxBodyBytes: number;
      layers: readonly PolicyLayer[];
      policies: CompiledPolicies | null;
      /** Which models may be called of the service, whoever calls; null: any. */
      models: ModelAccessSnapshot | null;
      /** Of a service of this kind: so many segments stand before the unified API's own path. */
      mountSegments: number;
      /** As for ordinary services; null and none: the built-in one. */
      snapshot: AiServiceSnapshot | null;
      releaseHeaders: readonly string[];
      releases: LiveReleases | null;
      isChosen: boolean;
    }
  | { kind: "health"; check: "liveness" | "readiness" };

/** What a service's own route leads to. */
export type ServiceTarget = Extract<RouteTarget, { kind: "rest" | "ai" }>;

/** The path to ask the upstream for, from the path as the caller sent it. */
export type PathRewriter = (path: string) => string;

/** Ids that are the same for all calls that these limits count. */
interface KnownSubjects {
  application?: string;
  team?: string;
}

/** `scope`: whose limits these are, as their counters' names begin. */
export function compileLimits(
  limits: readonly LimitSnapshot[],
  level: PolicyLevel,
  scope: string,
  known: KnownSubjects = {},
): CompiledLimit[] {
  return limits.map((limit) => {
    const keyPrefix = `${scope}|${limit.per}|${limit.unit}|${limit.algorithm}|${limit.amount}/${limit.windowMs}|`;
    const subject = knownSubject(limit.per, known);
    return { limit, level, keyPrefix, key: subject === null ? null : keyPrefix + subject };
  });
}

/** null: it depends on the call. Of an organisation and of a route there is one, which the scope names. */
function knownSubject(per: LimitSnapshot["per"], { application, team }: KnownSubjects): string | null {
  if (per === "organisation" || per === "route") return "";
  if (per === "team") return team ?? null;
  return per === "application" ? (application ?? null) : null;
}
