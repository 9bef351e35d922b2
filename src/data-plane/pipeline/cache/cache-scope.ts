import { createHash } from "node:crypto";
import type { ServedSnapshot } from "../../../contracts/packed-snapshot.ts";
import type { CachePolicySnapshot, PoliciesSnapshot } from "../../../contracts/policies.ts";
import type { RestServiceSnapshot, RouteSnapshot, ServiceSnapshot } from "../../../contracts/snapshot.ts";
import { SERVICES_A_STEP, type Slices } from "../../../platform/slices.ts";
import type { Context } from "../context.ts";

/** Who gets what was stored for a call. A caller that is not known shares with others that are not. */
export function scopeOf({ application }: Pick<Context, "application">, scope: CachePolicySnapshot["scope"]): string {
  if (scope === "route") return "";
  if (application === null) return "-";
  return scope === "team" ? `team ${application.team}` : `application ${application.id}`;
}

/**
 * Names everything that an answer depends on besides the request: what is stored under one name is found under no other. The
 * same configuration has the same name in every snapshot, so that nothing is lost by a change of something else.
 */
export function namespaceOf(
  service: RestServiceSnapshot,
  route: RouteSnapshot,
  policy: CachePolicySnapshot,
  purges: number,
): string {
  const { id, release, upstream, requestHeaders } = service;
  const { targets, hostHeader } = upstream;
  const { path, match, host, stripPrefix, rewrite } = route;
  const parts = [
    id,
    release,
    purges,
    targets,
    hostHeader,
    requestHeaders,
    path,
    match,
    host,
    stripPrefix,
    rewrite,
    policy,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22);
}

/**
 * Of which services something may be stored: an unsafe call to one of these makes it invalid, by whichever route and caller it
 * comes (RFC 9111 §4.4).
 */
export interface CachingServices {
  (service: ServiceSnapshot, team: string): boolean;
  /** Of any at all. */
  any: boolean;
}

export function* cachingServices({
  policies,
  teams = [],
  services,
  callers,
}: Pick<ServedSnapshot, "policies" | "teams" | "services" | "callers">): Slices<CachingServices> {
  const caches = (one: PoliciesSnapshot | undefined) => one?.cache !== undefined && one.cache !== null;
  // An application's holds for whatever it calls.
  const all = caches(policies) || callers.cachesAnything;
  const ofTeams = new Set(teams.filter((team) => caches(team.policies)).map(({ id }) => id));
  const ids = new Set<string>(callers.cachedServices);
  const isCaching = ({ id }: ServiceSnapshot, team: string) => all || ids.has(id) || ofTeams.has(team);
  let any = false;
  for (const [index, service] of services.entries()) {
    if (caches(service.policies) || service.routes.some((route) => caches(route.policies))) ids.add(service.id);
    any ||= isCaching(service, service.team);
    if (index % SERVICES_A_STEP === 0) yield;
  }
  return Object.assign(isCaching, { any });
}
