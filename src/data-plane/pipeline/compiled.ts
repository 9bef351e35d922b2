import type { InboundDialect } from "../../contracts/dialect.ts";
import type {
  Access,
  ApplicationSnapshot,
  LimitSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
} from "../../contracts/snapshot.ts";

/** What the stages work with: entities of the snapshot with everything resolved that does not depend on a request. */

export interface CompiledLimit {
  limit: LimitSnapshot;
  /** Names the counter, up to what `per` adds. Stable over snapshots. */
  keyPrefix: string;
  /** The whole name, where it does not depend on the request. */
  key: string | null;
}

export interface CompiledApplication {
  id: string;
  team: string;
  subscriptions: ReadonlySet<string>;
  limits: readonly CompiledLimit[];
  snapshot: ApplicationSnapshot;
}

/** What a path leads to, as far as authentication, authorization and limits are concerned. */
export interface CompiledService {
  id: string;
  team: string;
  access: Access;
  limits: readonly CompiledLimit[];
}

export type AiEndpoint = "chat" | "embeddings" | "models" | "model";

export type RouteTarget =
  | {
      kind: "rest";
      service: CompiledService;
      snapshot: ServiceSnapshot;
      route: RouteSnapshot;
      rewritePath: PathRewriter;
      maxBodyBytes: number | null;
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
      maxBodyBytes: number;
    }
  | { kind: "health"; check: "liveness" | "readiness" };

/** The path to ask the upstream for, from the path as the caller sent it. */
export type PathRewriter = (path: string) => string;

/** `application`: whose limits these are, where they are an application's. */
export function compileLimits(limits: readonly LimitSnapshot[], scope: string, application?: string): CompiledLimit[] {
  return limits.map((limit) => {
    const keyPrefix = `${scope}|${limit.per}|${limit.unit}|${limit.algorithm}|${limit.amount}/${limit.windowMs}|`;
    const key = application !== undefined && limit.per === "application" ? keyPrefix + application : null;
    return { limit, keyPrefix, key };
  });
}
