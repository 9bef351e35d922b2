import type { ServedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { RouteSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { runWhole, SERVICES_A_STEP, type Slices } from "../../platform/slices.ts";
import { type CachingServices, cachingServices } from "./cache/cache-scope.ts";
import type { RouteTarget } from "./compiled.ts";
import { HostRoutes } from "./host-routes.ts";
import { ServiceLayers } from "./policies/layers.ts";
import type { RouteEntry } from "./route-tree.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { UnifiedApi, unifiedPartOf } from "./unified-api.ts";

export type RouteMatch =
  | { found: true; target: RouteTarget }
  | { found: false; allowedMethods: readonly string[] | null };

export type RouteFinder = (method: string, host: string, path: string) => RouteMatch;

export interface Router {
  (method: string, host: string, path: string): RouteMatch;
  /** Whether the host of a call has a say. */
  readonly byHost: boolean;
  /** Whether some route has a policy for pages of other origins. */
  readonly hasCors: boolean;
  /** The narrowest routes of a path for each host pattern that has some, whatever the host and method of the call. */
  byPath(path: string): readonly PathRoutes[];
}

export interface MethodRoute {
  /** null: every method. */
  methods: ReadonlySet<string> | null;
  target: RouteTarget;
}

export interface PathRoutes {
  /** null: any. */
  host: string | null;
  routes: readonly MethodRoute[];
}

/** What of a snapshot routes depend on. */
export type RoutedSnapshot = Pick<ServedSnapshot, "services" | "policies" | "teams" | "ai" | "callers" | "providers">;

/** Compiles the routes of all services, the unified API and the health checks. */
export function compileRouter(snapshot: RoutedSnapshot): Router {
  return runWhole(compileRouterInSlices(snapshot, runWhole(cachingServices(snapshot))));
}

/** `kept`: routes of services that were compiled before. */
export function* compileRouterInSlices(
  snapshot: RoutedSnapshot,
  caching: CachingServices,
  kept = new KeptRoutes(),
): Slices<Router> {
  const routes = new HostRoutes();
  // What is Tidegate's own comes first: a service can't take it over by naming the same path.
  for (const check of ["liveness", "readiness"] as const) {
    routes.addOwn(`/health/${check}`, ["GET", "HEAD"], { kind: "health", check });
  }
  const layers = kept.layersOf(snapshot);
  const unified = kept.unifiedOf(snapshot, layers);
  unified.addTo(routes);
  const byId = yield* releasesById(snapshot.services);
  for (const releases of byId.values()) {
    const compiled = kept.of(releases, layers, unified, caching);
    for (const [route, entry] of compiled.entries) routes.add(route, entry);
    yield;
  }
  const { byHost, byPath } = routes;
  return Object.assign(routes.finder(), { byHost, hasCors: layers.haveCors, byPath });
}

/**
 * Routes of services, from one snapshot to the next: those of a service that is the same stay, unless something has changed that
 * holds for many services.
 */
export class KeptRoutes {
  #routes = new WeakMap<ServiceSnapshot, ServiceRoutes>();
  #layers: ServiceLayers | null = null;
  #basis = "";
  #unified: UnifiedApi | null = null;
  #unifiedBasis = "";

  layersOf({ policies, teams }: Pick<RoutedSnapshot, "policies" | "teams">): ServiceLayers {
    const basis = JSON.stringify([policies, teams]);
    if (this.#layers === null || basis !== this.#basis) {
      this.#layers = new ServiceLayers({ ...(policies === undefined ? {} : { policies }), teams: teams ?? [] });
      this.#basis = basis;
      this.#routes = new WeakMap();
    }
    return this.#layers;
  }

  unifiedOf({ ai, providers }: Pick<RoutedSnapshot, "ai" | "providers">, layers: ServiceLayers): UnifiedApi {
    const basis = JSON.stringify([ai, providers.map(unifiedPartOf)]);
    if (this.#unified?.isOf(layers) !== true || basis !== this.#unifiedBasis) {
      this.#unified = new UnifiedApi({ ai, providers }, layers);
      this.#unifiedBasis = basis;
    }
    return this.#unified;
  }

  of(
    releases: readonly ServiceSnapshot[],
    layers: ServiceLayers,
    unified: UnifiedApi,
    isCaching: CachingServices,
  ): ServiceRoutes {
    const [first] = releases as [ServiceSnapshot];
    const known = this.#routes.get(first);
    if (known?.isOf(releases, isCaching, unified) === true) return known;
    const compiled = new ServiceRoutes(releases, layers, unified, isCaching, findAmong);
    this.#routes.set(first, compiled);
    return compiled;
  }
}

/** A router of these routes alone. */
function findAmong(entries: readonly [RouteSnapshot, RouteEntry][]): RouteFinder {
  const routes = new HostRoutes();
  for (const [route, entry] of entries) routes.add(route, entry);
  return routes.finder();
}

function* releasesById(services: readonly ServiceSnapshot[]): Slices<ReadonlyMap<string, ServiceSnapshot[]>> {
  const byId = new Map<string, ServiceSnapshot[]>();
  for (const service of services) {
    const releases = byId.get(service.id);
    if (releases === undefined) byId.set(service.id, [service]);
    else releases.push(service);
    if (byId.size % SERVICES_A_STEP === 0) yield;
  }
  return byId;
}
