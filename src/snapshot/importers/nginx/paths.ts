import { pathFault, rewriteFault } from "../../checks/route-path.ts";
import { routePath } from "../../schema/common.ts";
import type { RoutePart } from "../configuration-part.ts";
import type { RegexPath } from "./regex-pattern.ts";

/** A route's path and what becomes of it; the rest of the route comes later. */
export type PathRoute = Pick<RoutePart, "path" | "match" | "strip_prefix" | "rewrite">;

export interface MappedPaths {
  routes: readonly PathRoute[];
  /** Put before every path by the upstream's URL; "" or without a trailing slash. */
  base: string;
  /** What nginx does otherwise. */
  remark: "doubled-slash" | null;
}

/** A path of nginx, which is decoded, as routes have it. */
export function encodePath(path: string): string {
  return path.replace(/[\s%?#\p{Cc}]/gu, (character) => encodeURIComponent(character));
}

export function prefixRoute(prefix: string): PathRoute {
  const path = encodePath(prefix);
  return { path: path.length > 1 ? path.replace(/\/$/, "") : path, match: "prefix" };
}

/**
 * What `proxy_pass` does with the path in a `location` with a prefix. Without a URI nothing; with one, the part of the
 * path that matched the location is replaced by it, as text: with `location /name/` and the URI `/remote`, `/name/x`
 * becomes `/remotex`. null where routes, which replace whole segments, can't say it.
 * Source: ngx_http_proxy_module, "proxy_pass".
 */
export function mapPrefix(prefix: string, uri: string | null): MappedPaths | null {
  const route = prefixRoute(prefix);
  const path = prefix === "/" ? "" : route.path;
  if (uri === null || encodePath(prefix) === uri) return { routes: [route], base: "", remark: null };
  if (/[?#\s]/.test(uri)) return null;
  const base = uri.replace(/\/$/, "");
  const strip: PathRoute = path === "" ? route : { ...route, strip_prefix: true };
  if (prefix.endsWith("/")) return uri.endsWith("/") ? { routes: [strip], base, remark: null } : null;
  // `/name/x` becomes `/remote//x`.
  if (uri.endsWith("/")) return { routes: [strip], base, remark: "doubled-slash" };
  const routes: PathRoute[] = [
    { path, match: "exact", rewrite: uri },
    { path: `${path}/*`, match: "pattern", rewrite: `${uri}/*` },
  ];
  return { routes, base: "", remark: null };
}

/** The same for `location =`: the URI replaces the path as a whole. */
export function mapExact(path: string, uri: string | null): MappedPaths | null {
  const route: PathRoute = { path: encodePath(path), match: "exact" };
  if (uri === null || uri === route.path) return { routes: [route], base: "", remark: null };
  return /[?#\s]/.test(uri) ? null : { routes: [{ ...route, rewrite: uri }], base: "", remark: null };
}

/** The routes for a path that a regular expression matches; `replacement` is what `rewrite` makes of it. */
export function regexRoutes({ match, path, captures }: RegexPath, replacement: string | null): PathRoute[] {
  const rewrite = replacement === null ? {} : { rewrite: replacement };
  const below: PathRoute = { path: `${path}/*`, match: "pattern", ...rewrite };
  if (match === "rest") return [path === "" && replacement === null ? { path: "/", match: "prefix" } : below];
  const hasParameters = path.includes("/:");
  const itself: PathRoute = { path: path === "" ? "/" : path, match: hasParameters ? "pattern" : "exact" };
  if (match === "exact") return [{ ...itself, ...rewrite }];
  if (replacement === null) return hasParameters ? [itself, below] : [{ ...itself, match: "prefix" }];
  if (replacement === "/*" && !hasParameters) {
    return [{ ...itself, match: "prefix", ...(path === "" ? {} : { strip_prefix: true as const }) }];
  }
  if (path === "") return [below];
  // For the path itself there is nothing to insert.
  const isSlashed = [...captures.values()].some(({ kind }) => kind === "slash-and-rest");
  const alone = replacement.replace(isSlashed ? "/*" : "*", "");
  return [{ ...itself, rewrite: alone === "" ? "/" : alone }, below];
}

/** Why the schema would refuse the route, or null. */
export function routeFault({ path, match, rewrite }: PathRoute): string | null {
  const isPath = routePath.safeParse(path).success && routePath.optional().safeParse(rewrite).success;
  if (!isPath) return "it does not begin with `/`, or holds what a path can't hold";
  return pathFault(path, match) ?? (rewrite === undefined ? null : rewriteFault(rewrite, path, match));
}
