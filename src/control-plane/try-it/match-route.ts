import type { RouteSnapshot } from "../../contracts/snapshot.ts";

export interface RoutedCall {
  method: string;
  path: string;
  /** Null: whatever the route asks for. */
  host: string | null;
}

/** The route of a service that a call would take; null: none, and it could go anywhere else. */
export function matchingRoute(routes: readonly RouteSnapshot[], call: RoutedCall): RouteSnapshot | null {
  return routes.find((route) => matches(route, call)) ?? null;
}

function matches(route: RouteSnapshot, { method, path, host }: RoutedCall): boolean {
  if (route.methods !== null && !route.methods.includes(method)) return false;
  if (!hostMatches(route.host, host)) return false;
  if (route.match === "exact") return path === route.path;
  if (route.match === "prefix") return route.path === "/" || path === route.path || path.startsWith(`${route.path}/`);
  return patternMatches(route.path.split("/"), path.split("/"));
}

function hostMatches(pattern: string | null, host: string | null): boolean {
  if (pattern === null) return true;
  if (host === null) return !pattern.startsWith("*");
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return pattern.startsWith("*.")
    ? name.length > pattern.length - 1 && name.endsWith(pattern.slice(1))
    : name === pattern;
}

/** `:name` is one segment, a final `*` the rest. */
function patternMatches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.at(-1) === "*") return path.length >= pattern.length && segmentsMatch(pattern.slice(0, -1), path);
  return path.length === pattern.length && segmentsMatch(pattern, path);
}

function segmentsMatch(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.every((step, index) => (step.startsWith(":") ? path[index] !== "" : step === path[index]));
}
