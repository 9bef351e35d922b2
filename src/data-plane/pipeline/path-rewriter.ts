import type { RouteSnapshot } from "../../contracts/snapshot.ts";
import type { PathRewriter } from "./compiled.ts";

const PLACEHOLDER = /:[A-Za-z_][A-Za-z0-9_]*|\*/g;

/**
 * Compiles `strip_prefix` and `rewrite`. They work on the path as the caller sent it, segment by segment, and never
 * decode: what is percent-encoded stays so, and an encoded slash stays within its segment.
 */
export function compilePathRewriter(route: RouteSnapshot): PathRewriter {
  if (route.rewrite !== null) return compileRewrite(route.path, route.rewrite);
  if (!route.stripPrefix) return (path) => path;
  const kept = route.match === "pattern" ? route.path.replace(/\/?\*$/, "") : route.path;
  const count = segmentsOf(kept).length;
  return (path) => afterSegments(path, count);
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/** What follows the first `count` segments, with its slash; at least `/`. */
function afterSegments(path: string, count: number): string {
  if (count === 0) return path;
  let at = 0;
  for (let i = 0; i < count; i++) {
    at = path.indexOf("/", at + 1);
    if (at < 0) return "/";
  }
  return path.slice(at);
}

function compileRewrite(pattern: string, rewrite: string): PathRewriter {
  const positions = new Map<string, number>();
  const segments = segmentsOf(pattern);
  segments.forEach((segment, index) => {
    if (segment.startsWith(":")) positions.set(segment, index);
    else if (segment === "*") positions.set("*", index);
  });
  if (positions.size === 0) return () => rewrite;
  return (path) => {
    const actual = path.split("/").slice(1);
    return rewrite.replace(PLACEHOLDER, (name) => {
      const position = positions.get(name);
      if (position === undefined) return name;
      return name === "*" ? actual.slice(position).join("/") : (actual[position] ?? "");
    });
  };
}
