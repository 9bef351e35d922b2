import type { RouteSnapshot } from "../../contracts/snapshot.ts";

/** The paths of find-my-way that stand for a route. */
export function treePaths(route: RouteSnapshot): string[] {
  const segments = canonicalPath(route.path.replace(NOT_ASCII, encodeURIComponent)).split("/");
  if (route.match === "pattern") {
    // Patterns that differ in the names of their parameters alone are one path with several methods.
    // Without an expression, a parameter would stand for an empty segment too.
    return [segments.map((segment, i) => (segment.startsWith(":") ? `:p${i}(^[^/]+$)` : segment)).join("/")];
  }
  // A colon begins a parameter there; doubled, it is a colon.
  const path = segments.join("/").replaceAll(":", "::");
  if (route.match === "exact") return [path];
  const base = path.replace(/\/+$/, "");
  return base === "" ? ["/*"] : [base, `${base}/*`];
}

const NOT_ASCII = /[^!-~]+/g;
const ENCODED = /%([0-9A-Fa-f]{2})|%/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** Stands for `%` in the tree. No path holds it. */
const ESCAPE = "\u0001";

/**
 * One spelling for equivalent paths (RFC 3986 §6.2.2): unreserved characters plain, all else as upper-case hexadecimal.
 * find-my-way would decode every `%` it sees, and give up where that is not UTF-8: so it sees none.
 */
export function canonicalPath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(ENCODED, (_sequence, hexadecimal: string | undefined) => {
    if (hexadecimal === undefined) return ESCAPE;
    const character = String.fromCharCode(Number.parseInt(hexadecimal, 16));
    return UNRESERVED.test(character) ? character : ESCAPE + hexadecimal.toUpperCase();
  });
}

/** A path up to its first parameter, wildcard or escaped colon. */
export function staticPrefix(path: string): string {
  const end = path.search(/\/[^/]*[:*]/);
  return (end < 0 ? path : path.slice(0, end)).replace(/\/+$/, "");
}

export function isBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}
