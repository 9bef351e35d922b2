import type { Proxied, ServerContext } from "./location-draft.ts";
import { describeLocation, type Location, staticPrefix } from "./locations.ts";
import { mapExact, mapPrefix, type PathRoute, regexRoutes, routeFault } from "./paths.ts";
import { translateRegex } from "./regex-pattern.ts";
import { rewrittenRoutes, withRewrites } from "./rewrites.ts";

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
  const routes = rewritten.length === 0 ? plain.routes : withRewrites(plain.routes, rewritten, location);
  const good = routes.filter((route) => {
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
  return good.length === 0 ? null : { ...plain, routes: good };
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
  return { routes: besidesSibling(mapped.routes, location, context), base: mapped.base };
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

/** With `location /api/` beside it, `location /api` is that path alone, for the longer one takes all below it. */
function besidesSibling(
  routes: readonly PathRoute[],
  { matcher }: Location,
  { locations }: ServerContext,
): readonly PathRoute[] {
  const path = staticPrefix(matcher);
  if (matcher.kind !== "prefix" || path.endsWith("/")) return routes;
  const sibling = locations.find((other) => other.matcher.kind === "prefix" && other.matcher.path === `${path}/`);
  if (sibling === undefined || sibling.scope.own("proxy_pass") === null) return routes;
  return routes.flatMap((route): PathRoute[] => {
    if (route.match === "pattern") return [];
    if (route.match === "exact") return [route];
    const { strip_prefix, ...plain } = route;
    return [{ ...plain, match: "exact", ...(strip_prefix === true ? { rewrite: "/" } : {}) }];
  });
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
