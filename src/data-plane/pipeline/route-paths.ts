import type { RouteSnapshot } from "../../contracts/snapshot.ts";
import type { RouteSegment } from "./route-tree.ts";

/** What of a path a route stands for: of a prefix the path itself, and all below it. */
export function routeSegments(route: Pick<RouteSnapshot, "path" | "match">): RouteSegment[][] {
  const segments = canonicalPath(route.path.replace(NOT_ASCII, encodeURIComponent)).split("/").slice(1);
  if (route.match === "pattern") return [segments.map(patternSegment)];
  const literals = segments.map((literal): RouteSegment => ({ literal }));
  if (route.match === "exact") return [literals];
  const base = segments.findLastIndex((segment) => segment !== "") + 1;
  const rest: RouteSegment[] = [...literals.slice(0, base), "rest"];
  return base === 0 ? [rest] : [literals.slice(0, base), rest];
}

function patternSegment(segment: string): RouteSegment {
  if (segment === "*") return "rest";
  // Patterns that differ in the names of their parameters alone are one path with several methods.
  return segment.startsWith(":") ? "parameter" : { literal: segment };
}

const NOT_ASCII = /[^!-~]+/g;
const ENCODED = /%([0-9A-Fa-f]{2})|%/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** Stands for a `%` that is none. No path holds it. */
const ESCAPE = "\u0001";

/** One spelling for equivalent paths (RFC 3986 §6.2.2): unreserved characters plain, all else as upper-case hexadecimal. */
export function canonicalPath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(ENCODED, (_sequence, hexadecimal: string | undefined) => {
    if (hexadecimal === undefined) return ESCAPE;
    const character = String.fromCharCode(Number.parseInt(hexadecimal, 16));
    return UNRESERVED.test(character) ? character : ESCAPE + hexadecimal.toUpperCase();
  });
}

/** The beginning that all paths of a route have. */
export function staticPrefix(route: Pick<RouteSnapshot, "path" | "match">): string {
  const [segments = []] = routeSegments(route);
  const end = segments.findIndex((segment) => typeof segment === "string" || segment.literal === "");
  const literals = (end < 0 ? segments : segments.slice(0, end)) as { literal: string }[];
  return literals.map(({ literal }) => `/${literal}`).join("");
}

export function isBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}
