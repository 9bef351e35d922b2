import type { RoutePathMatch } from "../../contracts/snapshot.ts";

const PARAMETER = /^:([A-Za-z_][A-Za-z0-9_]*)$/;

/** What is wrong with a route's path, or null. */
export function pathFault(path: string, match: RoutePathMatch): string | null {
  const segments = path.slice(1).split("/");
  if (segments.slice(0, -1).includes("")) return "the path must not hold `//`";
  if (segments.some((segment) => segment === "." || segment === "..")) return "the path must not hold `.` or `..`";
  if (!isPercentEncoded(path)) return "`%` must be followed by two hexadecimal digits (write %25 for itself)";
  return match === "pattern" ? patternFault(segments) : literalFault(segments);
}

function literalFault(segments: string[]): string | null {
  if (segments.some((segment) => PARAMETER.test(segment))) return "parameters such as `:id` need match: pattern";
  if (segments.some((segment) => segment.includes("*"))) return "`*` needs match: pattern (match: prefix needs none)";
  return null;
}

function patternFault(segments: string[]): string | null {
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    if (segment.includes("*")) {
      if (segment !== "*") return "invalid pattern: `*` must be a segment of its own";
      if (index < segments.length - 1) return "invalid pattern: `*` must be the last segment";
    }
    if (!segment.includes(":")) continue;
    const parameter = PARAMETER.exec(segment)?.[1];
    if (parameter === undefined) {
      return "invalid pattern: a parameter is a whole segment, `:` and a name of letters, digits and `_`";
    }
    if (names.has(parameter)) return `invalid pattern: the parameter \`:${parameter}\` is there twice`;
    names.add(parameter);
  }
  return null;
}

/** What is wrong with a rewrite of a valid path, or null. */
export function rewriteFault(rewrite: string, path: string, match: RoutePathMatch): string | null {
  const available = match === "pattern" ? path.slice(1).split("/") : [];
  for (const segment of rewrite.slice(1).split("/")) {
    const isPlaceholder = PARAMETER.test(segment) || segment.includes("*");
    if (isPlaceholder && !available.includes(segment)) {
      return `\`${segment}\` is not in the path, so there is nothing to insert`;
    }
  }
  return null;
}

const NOT_ASCII = /[^!-~]+/g;
const ENCODED = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** One spelling for equivalent paths (RFC 3986 §6.2.2): calls are looked up by theirs, however a route was written. */
export function plainPath(path: string): string {
  const ascii = path.replace(NOT_ASCII, (text) => encodeURIComponent(text.replace(/\p{Cs}/gu, "\uFFFD")));
  return ascii.replace(ENCODED, (_sequence, hexadecimal: string) => {
    const character = String.fromCharCode(Number.parseInt(hexadecimal, 16));
    return UNRESERVED.test(character) ? character : `%${hexadecimal.toUpperCase()}`;
  });
}

/** Equal for paths that match the same calls: the names of parameters don't matter, nor does a prefix's last `/`. */
export function routeShape(written: string, match: RoutePathMatch): string {
  const path = plainPath(written);
  if (match === "prefix") return `prefix ${withoutTrailingSlash(path)}`;
  if (match === "exact" || !/[:*]/.test(path)) return `exact ${path}`;
  return `pattern ${path.replace(/:[^/]+/g, ":")}`;
}

export function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function isPercentEncoded(path: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(path);
}
