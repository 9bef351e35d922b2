import type { RoutePathMatch, RouteSnapshot } from "../../contracts/snapshot.ts";
import type { RouteTarget } from "./compiled.ts";
import { canonicalPath, routeSegments } from "./route-paths.ts";
import { type RouteEntry, RouteTree, type TreeRoute } from "./route-tree.ts";
import type { MethodRoute, PathRoutes, RouteFinder, RouteMatch } from "./router.ts";

const NOT_FOUND: RouteMatch = { found: false, allowedMethods: null };

/** What stands for one host is looked at before what stands for many: who has a host of their own has all of it. */
export class HostRoutes {
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
      return routes === null ? NOT_FOUND : selectByMethod(routes, method, canonical);
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
      const routes = tree.find(canonical)?.flatMap((route) => unmounted(route, canonical)) ?? [];
      return routes.length === 0 ? [] : [{ host, routes }];
    });
  };

  #find(host: string, path: string): readonly TreeRoute[] | null {
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

/** `path`: canonical. */
function selectByMethod(routes: readonly TreeRoute[], method: string, path: string): RouteMatch {
  for (const { methods, target } of routes) {
    if (methods !== null && !methods.has(method)) continue;
    return target.kind === "mount" ? target.find(method, path) : { found: true, target };
  }
  // Another release may have a wider route for the method.
  const open = routes.map(({ target }) => target).find((target) => target.kind === "rest" && target.releases !== null);
  if (open !== undefined && open.kind !== "mount") return { found: true, target: open };
  const allowed = new Set<string>();
  for (const { methods } of routes) for (const name of methods ?? []) allowed.add(name);
  return { found: false, allowedMethods: [...allowed] };
}

function unmounted({ methods, target }: TreeRoute, path: string): readonly MethodRoute[] {
  return target.kind === "mount" ? target.byPath(path) : [{ methods, target }];
}
