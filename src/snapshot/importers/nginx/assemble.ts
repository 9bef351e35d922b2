import { routeShape } from "../../checks/route-path.ts";
import { BUILT_IN_PATHS } from "../../checks/routes.ts";
import type { RoutePart, ServicePart } from "../configuration-part.ts";
import { UniqueNames } from "../names.ts";
import type { Notebook } from "../notebook.ts";
import type { Draft } from "./draft.ts";
import type { PathRoute } from "./paths.ts";

interface Taken {
  service: string;
  route: PathRoute;
  methods: readonly string[] | null;
  where: string;
}

/** Joins what differs in its routes alone to one service, and keeps routes apart that would collide. */
export function assembleServices(drafts: readonly Draft[], notes: Notebook): ServicePart[] {
  const names = new UniqueNames(["ai"]);
  const services = new Map<string, ServicePart>();
  const taken = new Map<string, Taken[]>();
  for (const draft of drafts) {
    const key = `${draft.isClosed} ${JSON.stringify(draft.service)}`;
    const routes = draft.hosts.flatMap((host) =>
      draft.routes
        .filter((route) => isFree(route, host, draft, key, taken, notes))
        .map((route) => routePart(route, host, draft.methods)),
    );
    if (routes.length === 0) continue;
    const service = services.get(key);
    if (service !== undefined) service.routes.push(...routes);
    else {
      const { kind, team, access, ...rest } = draft.service;
      const id = names.take(draft.wantedId);
      services.set(key, { id, kind, ...(team === undefined ? {} : { team }), access, routes, ...rest });
    }
  }
  return [...services.values()];
}

function routePart(route: PathRoute, host: string | null, methods: readonly string[] | null): RoutePart {
  return { ...route, ...(methods === null ? {} : { methods: [...methods] }), ...(host === null ? {} : { host }) };
}

function isFree(
  route: PathRoute,
  host: string | null,
  { place, what, methods }: Draft,
  service: string,
  taken: Map<string, Taken[]>,
  notes: Notebook,
): boolean {
  if (host === null && route.match !== "prefix" && BUILT_IN_PATHS.includes(route.path)) {
    notes.leftOut(place, what, `${route.path} belongs to Tidegate itself`, "give the route a host");
    return false;
  }
  const key = `${host ?? "*"} ${routeShape(route.path, route.match)}`;
  const alike = taken.get(key) ?? [];
  const rival = alike.find(
    (one) => one.methods === null || methods === null || one.methods.some((method) => methods.includes(method)),
  );
  if (rival === undefined) {
    taken.set(key, [...alike, { service, route, methods, where: `${what} in line ${place.line}` }]);
    return true;
  }
  const isSame = rival.service === service && JSON.stringify(rival.route) === JSON.stringify(route);
  if (!isSame) {
    const why = `the same host and path are already taken by ${rival.where}; routes hold on all listeners, whatever the port`;
    notes.leftOut(place, what, why, "give one of them a host or a path of its own");
  }
  return false;
}
