import type { ServerContext } from "./location-draft.ts";
import { type Location, staticPrefix } from "./locations.ts";
import type { Directive } from "./parse.ts";
import { type PathRoute, prefixRoute, regexRoutes } from "./paths.ts";
import { type RegexPath, translateRegex, translateReplacement } from "./regex-pattern.ts";

export interface Rewritten {
  path: RegexPath;
  routes: readonly PathRoute[];
}

/** The `rewrite` directives of the location itself: they are not inherited. */
export function rewrittenRoutes(location: Location, context: ServerContext): Rewritten[] {
  const found: Rewritten[] = [];
  for (const directive of location.scope.allOwn("rewrite")) {
    const rewritten = rewriteOf(directive, location, context);
    if (rewritten !== null) found.push(...rewritten);
  }
  return found;
}

const REWRITE_INSTEAD = "write the route with `rewrite` or `strip_prefix` by hand";

function rewriteOf(directive: Directive, location: Location, context: ServerContext): Rewritten[] | null {
  const { notes } = context;
  const { args, place } = directive;
  const [expression = "", replacement = "", flag = "last"] = args;
  if (flag === "redirect" || flag === "permanent" || /^(?:https?:|\$scheme)/.test(replacement)) {
    notes.leftOut(
      place,
      "rewrite to another address",
      "Tidegate forwards calls, and does not redirect callers",
      "let the upstream redirect",
    );
    return null;
  }
  const within = staticPrefix(location.matcher);
  // Without `^` it matches anywhere: that the location begins alike says where.
  const anchored =
    expression.startsWith("^") || !expression.startsWith(within) || within.length < 2 ? expression : `^${expression}`;
  const translation = translateRegex(anchored);
  const rewritten = translation?.paths.map((path) => withinLocation(path, replacement, location)) ?? [];
  if (rewritten.length === 0 || rewritten.some((one) => one === null)) {
    const why = "routes rewrite whole segments of a path, and no queries, which can't say this";
    notes.leftOut(place, "rewrite", why, REWRITE_INSTEAD);
    return null;
  }
  if (flag !== "break" && leavesLocation(rewritten, location, context)) {
    const why = "the rewritten path is looked up again, and belongs to another location";
    notes.leftOut(place, `rewrite with ${args[2] ?? "no flag"}`, why, REWRITE_INSTEAD);
    return null;
  }
  if (translation?.approximate && rewritten.some((one) => one?.path.path.includes("/:"))) {
    notes.changed(
      place,
      "rewrite",
      "a parameter of a route stands for any text in its segment",
      "compare the route with what is meant",
    );
  }
  return rewritten.flatMap((one) =>
    one === null ? [] : { path: one.path, routes: regexRoutes(one.path, one.replacement) },
  );
}

interface RewrittenPath {
  path: RegexPath;
  replacement: string;
}

/**
 * What a rewrite does within its location: `rewrite ^(.*)$ /v2$1` of `location /api` says nothing of other paths. null
 * where routes can't say it.
 */
function withinLocation(path: RegexPath, replacement: string, { matcher }: Location): RewrittenPath | null {
  const target = translateReplacement(replacement, path);
  if (target === null) return null;
  const route = matcher.kind === "regex" ? null : prefixRoute(staticPrefix(matcher)).path;
  const base = route === null ? regexBase(matcher) : route === "/" ? "" : route;
  if (base === null) return null;
  if (path.path === base || path.path.startsWith(`${base}/`)) {
    return matcher.kind === "exact" && path.match !== "exact" ? alone(path, target, "") : { path, replacement: target };
  }
  if (path.match === "exact" || path.path.includes("/:") || !base.startsWith(`${path.path}/`)) return null;
  const between = base.slice(path.path.length);
  if (matcher.kind === "exact") return alone({ ...path, path: base }, target, between);
  return {
    path: { match: "prefix", path: base, captures: path.captures },
    replacement: target.replace("/*", `${between}/*`),
  };
}

/** Of a path and all below it, the path alone. */
function alone(path: RegexPath, target: string, between: string): RewrittenPath {
  const replacement = target.replace("/*", between);
  return { path: { ...path, match: "exact" }, replacement: replacement === "" ? "/" : replacement };
}

/** The one plain path of a regular expression, if that is all it says. */
function regexBase(matcher: Location["matcher"]): string | null {
  const paths = matcher.kind === "regex" ? (translateRegex(matcher.expression)?.paths ?? []) : [];
  return paths.length === 1 ? (paths[0]?.path ?? null) : null;
}

/** `last`: whether the new path is another location's, which has its own upstream. */
function leavesLocation(
  rewritten: readonly (RewrittenPath | null)[],
  location: Location,
  { locations }: ServerContext,
): boolean {
  return rewritten.some((one) => {
    const path = one?.replacement.replace(/(?:\*|:p\d+).*$/s, "") ?? "";
    const candidates = locations.filter(({ matcher }) => matcher.kind === "prefix" && path.startsWith(matcher.path));
    const best = candidates.sort((a, b) => staticPrefix(b.matcher).length - staticPrefix(a.matcher).length)[0];
    return best !== location;
  });
}

/**
 * Rewritten paths first; the plain routes stay for what no rewrite covers. Of `location /api/`, `/api` itself is no call
 * that nginx forwards: it goes along with the others.
 */
export function withRewrites(
  plain: readonly PathRoute[],
  rewritten: readonly Rewritten[],
  { matcher }: Location,
): PathRoute[] {
  const endsWithSlash = staticPrefix(matcher).endsWith("/");
  const routes = rewritten.flatMap((one) => one.routes).map((route) => (endsWithSlash ? stripping(route) : route));
  const rest = plain.flatMap((route): PathRoute[] => {
    if (route.match !== "prefix") return rewritten.some(({ path }) => path.path === route.path) ? [] : [route];
    const base = route.path === "/" ? "" : route.path;
    const cover = rewritten.find(({ path }) => path.path === base && path.match !== "exact");
    if (cover === undefined) return [route];
    return cover.path.match === "prefix" || base === "" || endsWithSlash ? [] : [{ path: base, match: "exact" }];
  });
  return [...routes, ...rest];
}

/** `/api/*` that becomes `/*` is the prefix `/api`, stripped. */
function stripping(route: PathRoute): PathRoute {
  if (route.match !== "pattern" || route.rewrite !== "/*" || route.path.includes("/:")) return route;
  const path = route.path.slice(0, -2);
  return path === "" ? { path: "/", match: "prefix" } : { path, match: "prefix", strip_prefix: true };
}
