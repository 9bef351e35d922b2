import type { ServedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { ProviderSnapshot, RoutePathMatch, RouteSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { inboundDialects } from "../../dialects/index.ts";
import { runWhole, SERVICES_A_STEP, type Slices } from "../../platform/slices.ts";
import { AI_ENDPOINTS, type EndpointPath, endpointAliases } from "./ai/endpoints.ts";
import { type CachingServices, cachingServices } from "./cache/cache-scope.ts";
import { type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { passThroughRoutes } from "./pass-through/passed-provider.ts";
import { ServiceLayers } from "./policies/layers.ts";
import { canonicalPath, routeSegments } from "./route-paths.ts";
import { type MethodRoute, type RouteEntry, RouteTree } from "./route-tree.ts";
import { ServiceRoutes } from "./service-routes.ts";

export type { MethodRoute } from "./route-tree.ts";

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

export interface PathRoutes {
  /** null: any. */
  host: string | null;
  routes: readonly MethodRoute[];
}

/** What of a snapshot routes depend on. */
export type RoutedSnapshot = Pick<ServedSnapshot, "services" | "policies" | "teams" | "ai" | "callers" | "providers">;

const NOT_FOUND: RouteMatch = { found: false, allowedMethods: null };

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
  addAiEndpoints(snapshot, layers, routes);
  const byId = yield* releasesById(snapshot.services);
  for (const releases of byId.values()) {
    const compiled = kept.of(releases, caching);
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

  layersOf({ policies, teams }: Pick<RoutedSnapshot, "policies" | "teams">): ServiceLayers {
    const basis = JSON.stringify([policies, teams]);
    if (this.#layers === null || basis !== this.#basis) {
      this.#layers = new ServiceLayers({ ...(policies === undefined ? {} : { policies }), teams: teams ?? [] });
      this.#basis = basis;
      this.#routes = new WeakMap();
    }
    return this.#layers;
  }

  of(releases: readonly ServiceSnapshot[], isCaching: CachingServices): ServiceRoutes {
    const [first] = releases as [ServiceSnapshot];
    const known = this.#routes.get(first);
    if (known?.isOf(releases, isCaching) === true) return known;
    const compiled = new ServiceRoutes(releases, this.#layers as ServiceLayers, isCaching, findAmong);
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

function addAiEndpoints(snapshot: RoutedSnapshot, serviceLayers: ServiceLayers, routes: HostRoutes): void {
  const service: CompiledService = {
    id: "ai",
    team: "default",
    access: snapshot.ai.access,
    limits: [...compileLimits(snapshot.ai.limits, "service", "service ai"), ...serviceLayers.limits],
    release: null,
  };
  const layers = serviceLayers.ofAi(snapshot.ai);
  const policies = serviceLayers.compiled(layers);
  const targetOf = (
    { path, endpoint, dialect }: Omit<EndpointPath, "method">,
    provider: ProviderSnapshot | null = null,
  ): RouteTarget => ({
    kind: "ai",
    service,
    endpoint,
    routeId: path,
    inbound: inboundDialects[dialect],
    provider: provider?.id ?? null,
    signsBodies: provider?.keys.some(({ credential }) => credential?.type === "aws") ?? false,
    maxBodyBytes: snapshot.ai.maxBodyBytes,
    layers,
    policies,
  });
  for (const entry of AI_ENDPOINTS) routes.addOwn(entry.path, methodsOf(entry), targetOf(entry));
  for (const entry of endpointAliases()) routes.addAlias(entry.alias, methodsOf(entry), targetOf(entry));
  for (const provider of snapshot.providers) {
    for (const { path, match, methods } of passThroughRoutes(provider)) {
      const target = targetOf({ path, endpoint: "pass-through", dialect: provider.dialect }, provider);
      routes.addOwn(path, methods, target, match);
    }
  }
}

function methodsOf({ method }: EndpointPath): string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
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

/** What stands for one host is looked at before what stands for many: who has a host of their own has all of it. */
class HostRoutes {
  readonly #any = new RouteTree();
  /** Looked at when nobody has the path: a service keeps what it had before there was an alias. */
  readonly #aliases = new RouteTree();
  readonly #exact = new Map<string, RouteTree>();
  /** By what follows the `*`. */
  readonly #bySuffix = new Map<string, RouteTree>();
  /** The longest suffix, and so the narrowest, first. */
  #wildcards: readonly (readonly [string, RouteTree])[] = [];

  get byHost(): boolean {
    return this.#exact.size + this.#bySuffix.size > 0;
  }

  addOwn(
    path: string,
    methods: readonly string[] | null,
    target: RouteTarget,
    match: RoutePathMatch = "pattern",
  ): void {
    addRoute(this.#any, { path, match }, methods, target);
  }

  addAlias(path: string, methods: readonly string[], target: RouteTarget): void {
    addRoute(this.#aliases, { path, match: "pattern" }, methods, target);
  }

  add(route: RouteSnapshot, entry: RouteEntry): void {
    const tree = this.#treeOf(route.host);
    for (const segments of routeSegments(route)) tree.add(segments, entry);
  }

  /** Once all are there. */
  finder(): RouteFinder {
    this.#wildcards = [...this.#bySuffix].sort(([a], [b]) => b.length - a.length);
    const { byHost } = this;
    this.#any.holesMatter = !byHost;
    // A host of its own is looked at first: nobody else's routes can come before its own.
    for (const tree of this.#exact.values()) tree.holesMatter = true;
    return (method, host, path) => {
      const canonical = canonicalPath(path);
      const found = byHost ? this.#find(host, canonical) : this.#any.find(canonical);
      const routes = found ?? this.#aliases.find(canonical);
      return routes === null ? NOT_FOUND : selectByMethod(routes, method);
    };
  }

  readonly byPath = (path: string): PathRoutes[] => {
    const canonical = canonicalPath(path);
    const trees: [string | null, RouteTree][] = [
      ...this.#exact,
      ...this.#wildcards.map(([suffix, tree]): [string, RouteTree] => [`*${suffix}`, tree]),
      [null, this.#any],
    ];
    if (trees.every(([, tree]) => tree.find(canonical) === null)) trees.push([null, this.#aliases]);
    return trees.flatMap(([host, tree]) => {
      const routes = tree.find(canonical);
      return routes === null ? [] : [{ host, routes }];
    });
  };

  #find(host: string, path: string): readonly MethodRoute[] | null {
    const found = this.#exact.get(host)?.find(path) ?? null;
    if (found !== null) return found;
    for (const [suffix, tree] of this.#wildcards) {
      if (!isWithin(host, suffix)) continue;
      const routes = tree.find(path);
      if (routes !== null) return routes;
    }
    return this.#any.find(path);
  }

  #treeOf(host: string | null): RouteTree {
    if (host === null) return this.#any;
    const isWildcard = host.startsWith("*.");
    const [trees, key] = isWildcard ? [this.#bySuffix, host.slice(1)] : [this.#exact, host];
    let tree = trees.get(key);
    if (tree === undefined) {
      tree = new RouteTree();
      trees.set(key, tree);
    }
    return tree;
  }
}

function addRoute(
  tree: RouteTree,
  route: Pick<RouteSnapshot, "path" | "match">,
  methods: readonly string[] | null,
  target: RouteTarget,
): void {
  const entry: RouteEntry = { methods, match: null, target: () => target };
  for (const segments of routeSegments(route)) tree.add(segments, entry);
}

/** `*` stands for one or more labels: `suffix` is what follows it. */
function isWithin(host: string, suffix: string): boolean {
  return host.length > suffix.length && host.endsWith(suffix);
}

/** `pattern`: as of a route; null: any host. */
export function matchesHost(pattern: string | null, host: string): boolean {
  if (pattern === null) return true;
  return pattern.startsWith("*.") ? isWithin(host, pattern.slice(1)) : pattern === host;
}

function selectByMethod(routes: readonly MethodRoute[], method: string): RouteMatch {
  for (const { methods, target } of routes) {
    if (methods === null || methods.has(method)) return { found: true, target };
  }
  // Another release may have a wider route for the method.
  const open = routes.find(({ target }) => target.kind === "rest" && target.releases !== null);
  if (open !== undefined) return { found: true, target: open.target };
  const allowed = new Set<string>();
  for (const { methods } of routes) for (const name of methods ?? []) allowed.add(name);
  return { found: false, allowedMethods: [...allowed] };
}
