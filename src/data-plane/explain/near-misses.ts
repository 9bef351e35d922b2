import type { RouteTarget } from "../pipeline/compiled.ts";
import { matchesHost } from "../pipeline/host-routes.ts";
import type { Router } from "../pipeline/router.ts";
import type { ExplainedRoute, ExplainRequest, Explanation, NearMiss } from "./explanation.ts";

/** Tidegate's own endpoints are routes as well; their methods are told by the router. */
function explainedRoute(
  target: RouteTarget | null,
  place: { host: string | null; methods: readonly string[] | null } = { host: null, methods: null },
): ExplainedRoute | null {
  if (target === null || target.kind === "health") return null;
  const { service } = target;
  if (target.kind === "ai") {
    const path = target.routeId;
    return { id: path, service: service.id, release: service.release, path, match: "exact", ...place };
  }
  const { id, path, match, host, methods } = target.route;
  return { id, service: service.id, release: service.release, path, match, host, methods };
}

/** The route that was taken. Of a service of models it is one of many below a path and host of the service's. */
export function takenRoute(
  router: Router,
  { host, path }: ExplainRequest,
  taken: RouteTarget | null,
): ExplainedRoute | null {
  if (taken?.kind !== "ai" || taken.snapshot === null) return explainedRoute(taken);
  for (const place of router.byPath(path)) {
    const found = place.routes.find(({ target }) => isSameRoute(target, taken));
    if (found === undefined || !matchesHost(place.host, host)) continue;
    return explainedRoute(taken, { host: place.host, methods: found.methods === null ? null : [...found.methods] });
  }
  return explainedRoute(taken);
}

/** The routes that a path leads to, for whatever host and method, but for the one that was taken. */
export function nearMisses(
  router: Router,
  { method, host, path }: ExplainRequest,
  taken: RouteTarget | null,
): Explanation["nearMisses"] {
  const misses: Explanation["nearMisses"] = [];
  for (const place of router.byPath(path)) {
    for (const { methods, target } of place.routes) {
      if (isSameRoute(target, taken)) continue;
      const route = explainedRoute(target, { host: place.host, methods: methods === null ? null : [...methods] });
      if (route === null) continue;
      const because: NearMiss[] = [];
      if (!matchesHost(place.host, host)) because.push("host");
      if (methods !== null && !methods.has(method)) because.push("method");
      if (because.length === 0) because.push(reasonWithinPath(target, taken));
      misses.push({ ...route, because });
    }
  }
  return misses;
}

/** Refused before a release was chosen, a call has taken no route. */
function isSameRoute(target: RouteTarget, taken: RouteTarget | null): boolean {
  if (target.kind === "ai" && taken?.kind === "ai" && target.snapshot !== null) {
    const isSamePath = target.routeId === taken.routeId && target.inbound === taken.inbound;
    return taken.releases === null && target.snapshot === taken.snapshot && isSamePath;
  }
  if (target.kind !== "rest" || taken?.kind !== "rest") return target === taken;
  return taken.releases === null && target.route === taken.route && target.snapshot === taken.snapshot;
}

/** Host and method would do. */
function reasonWithinPath(target: RouteTarget, taken: RouteTarget | null): NearMiss {
  if (target.kind === "health" || taken === null || taken.kind === "health") return "precedence";
  const isOfOneService = target.snapshot !== null && target.snapshot.id === taken.snapshot?.id;
  if (!isOfOneService) return "precedence";
  return taken.releases === null ? "release" : "undecided";
}
