import findMyWay from "find-my-way";
import type { RouteSnapshot, ServiceSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import { inboundDialects } from "../../dialects/index.ts";
import { cachingServices } from "./cache/cache-scope.ts";
import { type AiEndpoint, type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { compilePathRewriter } from "./path-rewriter.ts";
import { mostSpecific } from "./policies/compile-policies.ts";
import { ServiceLayers } from "./policies/layers.ts";
import { routeLimits } from "./policies/shared-limits.ts";
import { releaseHeaders } from "./releases/lifecycle.ts";
import { compileLiveReleases, defaultRelease, isSelective, type LiveReleases } from "./releases/live-releases.ts";
import { canonicalPath, isBelow, staticPrefix, treePaths } from "./route-paths.ts";

export interface MethodRoute {
  /** null: every method. */
  methods: ReadonlySet<string> | null;
  target: RouteTarget;
}

export type RouteMatch =
  | { found: true; target: RouteTarget }
  | { found: false; allowedMethods: readonly string[] | null };

export interface Router {
  (method: string, host: string, path: string): RouteMatch;
  /** Whether the host of a call has a say. */
  readonly byHost: boolean;
  /** Whether some route has a policy for pages of other origins. */
  readonly hasCors: boolean;
  /** All services with each of their releases and routes that have limits, the unified API included. */
  readonly services: readonly CompiledService[];
  /** The narrowest routes of a path for each host pattern that has some, whatever the host and method of the call. */
  byPath(path: string): readonly PathRoutes[];
}

export interface PathRoutes {
  /** null: any. */
  host: string | null;
  routes: readonly MethodRoute[];
}

/** All routes of one host pattern and path, whatever their methods. */
interface RouteGroup {
  host: string | null;
  path: string;
  routes: MethodRoute[];
}

const NOT_FOUND: RouteMatch = { found: false, allowedMethods: null };
const MAX_SEGMENT_LENGTH = 64 * 1024;

/** The endpoints of the unified API and the dialect each is spoken in. */
const AI_ENDPOINTS: { method: string; path: string; endpoint: AiEndpoint; dialect: keyof typeof inboundDialects }[] = [
  { method: "POST", path: "/v1/chat/completions", endpoint: "chat", dialect: "openai" },
  { method: "POST", path: "/v1/messages", endpoint: "chat", dialect: "anthropic" },
  { method: "POST", path: "/v1/embeddings", endpoint: "embeddings", dialect: "openai" },
  { method: "GET", path: "/v1/models", endpoint: "models", dialect: "openai" },
  { method: "GET", path: "/v1/models/*", endpoint: "model", dialect: "openai" },
];

/** Compiles the routes of all services, the unified API and the health checks into one radix tree. */
export function compileRouter(snapshot: Snapshot): Router {
  const groups = new RouteGroups();
  const { add } = groups;
  // What is Tidegate's own comes first: a service can't take it over by naming the same path.
  for (const check of ["liveness", "readiness"] as const) {
    add(null, `/health/${check}`, ["GET", "HEAD"], { kind: "health", check });
  }
  const layers = new ServiceLayers(snapshot);
  const services = [addAiEndpoints(snapshot, layers, add), ...addServices(snapshot, layers, add)];
  const { all } = groups;
  const byHost = all.some(({ host }) => host !== null);
  findHoles(all, byHost);
  const { find, byPath } = createRouter(all);
  return Object.assign(find, { byHost, hasCors: layers.haveCors, services, byPath });
}

class RouteGroups {
  readonly #byPlace = new Map<string, RouteGroup>();

  get all(): RouteGroup[] {
    return [...this.#byPlace.values()];
  }

  readonly add: AddRoute = (host, path, methods, target) => {
    const key = `${host ?? ""} ${path}`;
    let group = this.#byPlace.get(key);
    if (group === undefined) {
      group = { host, path, routes: [] };
      this.#byPlace.set(key, group);
    }
    group.routes.push({ methods: methods === null ? null : new Set(methods), target });
  };
}

/** Notes for each prefix what lies below it, so that all else below it can be taken for its own without a look. */
function findHoles(groups: readonly RouteGroup[], byHost: boolean): void {
  const statics = groups
    .map((group) => ({ group, path: staticPrefix(group.path) }))
    // What begins alike stands together: each prefix looks at its own alone.
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const group of groups) {
    if (!group.path.endsWith("/*")) continue;
    // A host of its own is looked at first: nobody else's routes can come before its own.
    if (byHost && (group.host === null || group.host.startsWith("*."))) continue;
    const base = group.path.slice(0, -2);
    const prefixes = group.routes.filter(({ target }) => target.kind === "rest" && target.route.match === "prefix");
    if (prefixes.length !== group.routes.length || base.includes("::")) continue;
    const holes = beginningWith(base, statics)
      .filter((other) => other.group !== group && other.group.host === group.host && isBelow(other.path, base))
      // The prefix itself, as a path: the same routes, unless another one has it as well.
      .filter((other) => other.group.path !== base || other.group.routes.length !== group.routes.length)
      .map((other) => other.path);
    for (const { target } of prefixes) if (target.kind === "rest") target.holes = holes.includes(base) ? null : holes;
  }
}

/** Of a list that is sorted by path. */
function beginningWith<Entry extends { path: string }>(base: string, sorted: readonly Entry[]): Entry[] {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] as Entry).path < base) from = middle + 1;
    else to = middle;
  }
  let end = from;
  while (end < sorted.length && (sorted[end] as Entry).path.startsWith(base)) end++;
  return sorted.slice(from, end);
}

type AddRoute = (host: string | null, path: string, methods: readonly string[] | null, target: RouteTarget) => void;

function addAiEndpoints(snapshot: Snapshot, serviceLayers: ServiceLayers, add: AddRoute): CompiledService {
  const service: CompiledService = {
    id: "ai",
    team: "default",
    access: snapshot.ai.access,
    limits: [...compileLimits(snapshot.ai.limits, "service", "service ai"), ...serviceLayers.limits],
    release: null,
  };
  const layers = serviceLayers.ofAi(snapshot.ai);
  const policies = serviceLayers.compiled(layers);
  for (const { method, path, endpoint, dialect } of AI_ENDPOINTS) {
    add(null, path, method === "GET" ? ["GET", "HEAD"] : [method], {
      kind: "ai",
      service,
      endpoint,
      routeId: path,
      inbound: inboundDialects[dialect],
      maxBodyBytes: snapshot.ai.maxBodyBytes,
      layers,
      policies,
    });
  }
  return service;
}

function addServices(snapshot: Snapshot, layers: ServiceLayers, add: AddRoute): CompiledService[] {
  const byId = new Map<string, ServiceSnapshot[]>();
  const isCaching = cachingServices(snapshot);
  for (const service of snapshot.services) {
    const releases = byId.get(service.id);
    if (releases === undefined) byId.set(service.id, [service]);
    else releases.push(service);
  }
  return [...byId.values()].flatMap((releases) => addReleases(releases, layers, isCaching, add));
}

/** The routes of all releases of a service; which release a call is for is found out where that is not said by its path. */
function addReleases(
  releases: readonly ServiceSnapshot[],
  layers: ServiceLayers,
  isCaching: ReturnType<typeof cachingServices>,
  add: AddRoute,
): CompiledService[] {
  const byDefault = defaultRelease(releases);
  const invalidates = isCaching(byDefault, byDefault.team);
  const services = new Map(releases.map((release) => [release, compileService(release, byDefault, layers)]));
  const withLimits = new Map<RouteSnapshot, CompiledService>();
  for (const [release, service] of services) {
    for (const route of release.routes) {
      const limits = routeLimits(release.id, route);
      if (limits.length > 0) withLimits.set(route, { ...service, limits: [...service.limits, ...limits] });
    }
  }
  const targetOf = (release: ServiceSnapshot, route: RouteSnapshot): RestTarget => ({
    kind: "rest",
    service: withLimits.get(route) ?? (services.get(release) as CompiledService),
    snapshot: release,
    route,
    rewritePath: compilePathRewriter(route),
    ...policiesOf(layers, release, byDefault.team, route),
    releaseHeaders: releaseHeaders(release),
    releases: null,
    invalidates,
    isChosen: false,
    holes: null,
  });
  const live = releases.length === 1 ? null : compileLiveReleases(releases, (release) => finderOf(release, targetOf));
  for (const release of releases) {
    for (const route of release.routes) {
      const target = targetOf(release, route);
      if (live !== null && (isSelective(live) || hasRivals(route, release, live))) target.releases = live;
      for (const path of treePaths(route)) add(route.host, path, route.methods, target);
    }
  }
  return [...services.values(), ...withLimits.values()];
}

type RestTarget = Extract<RouteTarget, { kind: "rest" }>;

function policiesOf(
  serviceLayers: ServiceLayers,
  release: ServiceSnapshot,
  team: string,
  route: RouteSnapshot,
): Pick<RestTarget, "layers" | "policies" | "maxBodyBytes"> {
  const layers = serviceLayers.ofRoute(release, team, route);
  return { layers, policies: serviceLayers.compiled(layers), maxBodyBytes: mostSpecific(layers, "maxBodyBytes") };
}

/** Limits are named after the service: those that two releases share are counted in one. */
function compileService(release: ServiceSnapshot, byDefault: ServiceSnapshot, layers: ServiceLayers): CompiledService {
  return {
    id: release.id,
    team: byDefault.team,
    access: byDefault.access,
    limits: [...compileLimits(release.limits, "service", `service ${release.id}`), ...layers.limits],
    release: release.release,
  };
}

function finderOf(
  release: ServiceSnapshot,
  targetOf: (release: ServiceSnapshot, route: RouteSnapshot) => RestTarget,
): RouteFinder {
  const groups = new RouteGroups();
  for (const route of release.routes) {
    const target = { ...targetOf(release, route), isChosen: true };
    for (const path of treePaths(route)) groups.add(route.host, path, route.methods, target);
  }
  return createRouter(groups.all).find;
}

/** Whether another release may have a route for the same calls; told by the beginnings of paths, so at times too often. */
function hasRivals(route: RouteSnapshot, release: ServiceSnapshot, { releases }: LiveReleases): boolean {
  const own = treePaths(route).map(staticPrefix);
  return releases.some(
    ({ snapshot }) =>
      snapshot !== release &&
      snapshot.routes.some((other) =>
        treePaths(other).some((path) => {
          const base = staticPrefix(path);
          return own.some((one) => isBelow(one, base) || isBelow(base, one));
        }),
      ),
  );
}

type Tree = (path: string) => RouteGroup | null;
type RouteFinder = (method: string, host: string, path: string) => RouteMatch;

/** What stands for one host is looked at before what stands for many: who has a host of their own has all of it. */
function createRouter(groups: readonly RouteGroup[]): { find: RouteFinder; byPath: Router["byPath"] } {
  const byHost = new Map<string | null, RouteGroup[]>();
  for (const group of groups) byHost.set(group.host, [...(byHost.get(group.host) ?? []), group]);
  const exact = new Map<string, Tree>();
  const wildcards: { suffix: string; tree: Tree }[] = [];
  let any: Tree = () => null;
  for (const [host, ofHost] of byHost) {
    const tree = createTree(ofHost);
    if (host === null) any = tree;
    else if (host.startsWith("*.")) wildcards.push({ suffix: host.slice(1), tree });
    else exact.set(host, tree);
  }
  // The longest, and so the narrowest, first.
  wildcards.sort((a, b) => b.suffix.length - a.suffix.length);
  const hasHosts = exact.size + wildcards.length > 0;

  const findByHost = (host: string, path: string): RouteGroup | null => {
    const found = exact.get(host)?.(path) ?? null;
    if (found !== null) return found;
    for (const { suffix, tree } of wildcards) {
      if (!isWithin(host, suffix)) continue;
      const group = tree(path);
      if (group !== null) return group;
    }
    return any(path);
  };

  const find: RouteFinder = (method, host, path) => {
    const canonical = canonicalPath(path);
    const group = hasHosts ? findByHost(host, canonical) : any(canonical);
    return group === null ? NOT_FOUND : selectByMethod(group.routes, method);
  };
  const trees = [...exact.values(), ...wildcards.map(({ tree }) => tree), any];
  const byPath: Router["byPath"] = (path) => {
    const canonical = canonicalPath(path);
    return trees.map((tree) => tree(canonical)).filter((group) => group !== null);
  };
  return { find, byPath };
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

/** The narrowest path wins: literal segments before parameters, parameters before the rest of a prefix or `*`. */
function createTree(groups: readonly RouteGroup[]): Tree {
  const tree = findMyWay({ maxParamLength: MAX_SEGMENT_LENGTH });
  for (const group of groups) {
    // What is Tidegate's own stays first (the sort is stable), then `exact` beats `prefix` on one path.
    group.routes.sort((a, b) => rank(a.target) - rank(b.target));
    // Methods are told apart by us: one tree for all, and a 405 that knows what is allowed.
    tree.on("GET", group.path, () => {}, group);
  }
  return (path) => (tree.find("GET", path)?.store as RouteGroup | undefined) ?? null;
}

function rank(target: RouteTarget): number {
  if (target.kind !== "rest") return 0;
  return target.route.match === "prefix" ? 2 : 1;
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
