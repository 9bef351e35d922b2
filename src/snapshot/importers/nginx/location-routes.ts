import type { Proxied, ServerContext } from "./location-draft.ts";
import { describeLocation, type Location, staticPrefix } from "./locations.ts";
import type { Directive } from "./parse.ts";
import { mapExact, mapPrefix, type PathRoute, regexRoutes, routeFault } from "./paths.ts";
import { type RegexPath, translateRegex, translateReplacement } from "./regex-pattern.ts";

export interface LocationRoutes {
  routes: readonly PathRoute[];
  /** As in `MappedPaths`. */
  base: string;
}

/** The routes of a location whose calls go to an upstream; null, and a note, where routes can't say it. */
export function locationRoutes(location: Location, handler: Proxied, context: ServerContext): LocationRoutes | null {
  const plain = matchedRoutes(location, handler, context);
  if (plain === null) return null;
  const rewritten = handler.pass.keepsPath ? [] : rewrittenRoutes(location, context);
  const all =
    rewritten.length === 0 ? plain : withRewrites(plain, rewritten, staticPrefix(location.matcher).endsWith("/"));
  const good = all.routes.filter((route) => {
    const fault = routeFault(route);
    if (fault !== null) {
      const instead = "write the route by hand, or rename the path";
      context.notes.leftOut(
        location.directive.place,
        describeLocation(location),
        `its path is no path of a route: ${fault}`,
        instead,
      );
    }
    return fault === null;
  });
  return good.length === 0 ? null : { ...all, routes: good };
}

function matchedRoutes(
  location: Location,
  { pass, directive }: Proxied,
  context: ServerContext,
): LocationRoutes | null {
  const { matcher } = location;
  const { notes } = context;
  const what = describeLocation(location);
  if (matcher.kind === "regex") return regexLocation(location, context);
  if (matcher.kind === "named") return null;
  const uri = hasBreak(location) ? null : pass.uri;
  const mapped = matcher.kind === "exact" ? mapExact(matcher.path, uri) : mapPrefix(matcher.path, uri);
  if (mapped === null) {
    const example = `${matcher.path.replace(/\/$/, "")}/x`;
    const why =
      uri !== null && /[?#]/.test(uri)
        ? "the URI of proxy_pass has a query, which routes can't add"
        : `nginx joins paths as text (${example} becomes ${example.replace(matcher.path, uri ?? "")}), routes by whole segments`;
    notes.leftOut(
      directive.place,
      `${what} with proxy_pass`,
      why,
      "end both the location and the URI of proxy_pass with `/`, or neither, and import again",
    );
    return null;
  }
  if (mapped.remark === "doubled-slash") {
    const why =
      "nginx doubles the slash between the URI and what follows the location (`/remote//x`); here there is one";
    notes.changed(
      directive.place,
      "proxy_pass with a URI that ends with `/`, in a location that does not",
      why,
      "nothing, unless the upstream wants the doubled slash",
    );
  }
  if (matcher.kind === "prefix") notePrefix(location, context);
  return { routes: mapped.routes.map((route) => besidesSibling(route, location, context)), base: mapped.base };
}

function notePrefix(location: Location, { notes }: ServerContext): void {
  const path = staticPrefix(location.matcher);
  if (path === "/") return;
  if (path.endsWith("/")) {
    const why =
      "nginx answers a call to the path without its final slash (`/api` for `location /api/`) with a redirect; here it is forwarded like the others";
    notes.changed(location.directive.place, "location with a final slash", why, "nothing");
    return;
  }
  const why = "nginx matches the beginning of a path (`/api` also matches `/apis`); here whole segments count";
  notes.changed(
    location.directive.place,
    "location without a final slash",
    why,
    "add routes for other paths that begin with it, if there are any",
  );
}

/** With `location /api` beside it, `location /api/` is what lies below alone. */
function besidesSibling(route: PathRoute, { matcher, scope }: Location, { locations }: ServerContext): PathRoute {
  if (matcher.kind !== "prefix" || !matcher.path.endsWith("/") || matcher.path === "/" || route.match !== "prefix")
    return route;
  const sibling = matcher.path.slice(0, -1);
  const hasSibling = locations.some(
    (other) => other.scope !== scope && other.matcher.kind === "prefix" && other.matcher.path === sibling,
  );
  return hasSibling ? { ...route, path: `${route.path}/*`, match: "pattern" } : route;
}

function regexLocation(location: Location, context: ServerContext): LocationRoutes | null {
  const { matcher, directive } = location;
  if (matcher.kind !== "regex") return null;
  const { notes } = context;
  const what = describeLocation(location);
  const translation = translateRegex(matcher.expression);
  if (translation === null) {
    const why = "routes match whole segments of a path, which can't say this regular expression";
    notes.leftOut(
      directive.place,
      what,
      why,
      "write routes for the paths it is meant for; until then its calls go where those of the longest other location go",
    );
    return null;
  }
  if (translation.approximate) {
    const why = "routes match whole segments: a parameter stands for any text, and a path ends where a segment does";
    notes.changed(directive.place, what, why, "compare the routes with what is meant");
  }
  if (matcher.caseless) {
    notes.changed(
      directive.place,
      what,
      "routes tell upper and lower case apart",
      "add routes for other spellings, if there are any",
    );
  }
  noteOrder(
    location,
    translation.paths.map(({ path }) => path.replace(/\/:.*$/, "")),
    context,
  );
  return { routes: translation.paths.flatMap((path) => regexRoutes(path, null)), base: "" };
}

/** nginx prefers the first regular expression to any longer prefix; routes prefer the narrowest path. */
function noteOrder(location: Location, own: readonly string[], { locations, notes }: ServerContext): void {
  const index = locations.indexOf(location);
  const rivals = locations.filter(({ matcher, stopsRegex }, at) => {
    const path = staticPrefix(matcher);
    if (at === index || !own.some((prefix) => path.length > prefix.length && path.startsWith(`${prefix}/`)))
      return false;
    return matcher.kind === "prefix" ? !stopsRegex : matcher.kind === "regex" && at > index;
  });
  for (const rival of rivals) {
    const why = `where both match, nginx takes the regular expression \`${describeLocation(location)}\` (line ${location.directive.place.line}), and Tidegate the narrower path`;
    notes.changed(
      rival.directive.place,
      describeLocation(rival),
      why,
      "see which of both is meant, and remove or narrow the other route",
    );
  }
}

function hasBreak({ scope }: Location): boolean {
  return scope.allOwn("rewrite").some(({ args }) => args[2] === "break");
}

interface Rewritten {
  path: RegexPath;
  routes: readonly PathRoute[];
}

/** The `rewrite` directives of the location itself: they are not inherited. */
function rewrittenRoutes(location: Location, context: ServerContext): Rewritten[] {
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
  const rewritten =
    translation?.paths.map((path) => ({ path, replacement: translateReplacement(replacement, path) })) ?? [];
  if (translation === null || rewritten.some((one) => one.replacement === null)) {
    const why = "routes rewrite whole segments of a path, and no queries, which can't say this";
    notes.leftOut(place, "rewrite", why, REWRITE_INSTEAD);
    return null;
  }
  if (flag !== "break" && leavesLocation(rewritten, location, context)) {
    const why = "the rewritten path is looked up again, and belongs to another location";
    notes.leftOut(place, `rewrite with ${args[2] ?? "no flag"}`, why, REWRITE_INSTEAD);
    return null;
  }
  if (translation.approximate && rewritten.some(({ path }) => path.path.includes("/:"))) {
    notes.changed(
      place,
      "rewrite",
      "a parameter of a route stands for any text in its segment",
      "compare the route with what is meant",
    );
  }
  return rewritten.map(({ path, replacement }) => ({ path, routes: regexRoutes(path, replacement) }));
}

/** `last`: whether the new path is another location's, which has its own upstream. */
function leavesLocation(
  rewritten: readonly { replacement: string | null }[],
  location: Location,
  { locations }: ServerContext,
): boolean {
  return rewritten.some(({ replacement }) => {
    const path = replacement?.replace(/(?:\*|:p\d+).*$/s, "") ?? "";
    const candidates = locations.filter(({ matcher }) => matcher.kind === "prefix" && path.startsWith(matcher.path));
    const best = candidates.sort((a, b) => staticPrefix(b.matcher).length - staticPrefix(a.matcher).length)[0];
    return best !== location;
  });
}

/**
 * Rewritten paths first; the plain routes stay for what no rewrite covers. Of `location /api/`, `/api` itself is no call
 * that nginx forwards: it goes along with the others.
 */
function withRewrites(plain: LocationRoutes, rewritten: readonly Rewritten[], endsWithSlash: boolean): LocationRoutes {
  const stripped = (route: PathRoute): PathRoute => {
    if (!endsWithSlash || route.match !== "pattern" || route.rewrite !== "/*" || route.path.includes("/:"))
      return route;
    const path = route.path.slice(0, -2);
    return path === "" ? { path: "/", match: "prefix" } : { path, match: "prefix", strip_prefix: true };
  };
  const routes = rewritten.flatMap((one) => one.routes).map(stripped);
  const rest = plain.routes.flatMap((route): PathRoute[] => {
    if (route.match !== "prefix") return rewritten.some(({ path }) => path.path === route.path) ? [] : [route];
    const base = route.path === "/" ? "" : route.path;
    const cover = rewritten.find(({ path }) => path.path === base && path.match !== "exact");
    if (cover === undefined) return [route];
    return cover.path.match === "prefix" || base === "" || endsWithSlash ? [] : [{ path: base, match: "exact" }];
  });
  return { routes: [...routes, ...rest], base: plain.base };
}
