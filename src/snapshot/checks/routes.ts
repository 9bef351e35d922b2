import type { RoutePathMatch } from "../../contracts/snapshot.ts";
import { formatPath } from "../problems/problem.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { pathFault, plainPath, rewriteFault, routeShape } from "./route-path.ts";

/** Paths of the unified API and the health checks, which a service can't take over. */
export const BUILT_IN_PATHS: readonly string[] = [
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/messages",
  "/v2/chat",
  "/v1/embeddings",
  "/v1/realtime",
  "/v1/models",
  "/v1/models/*",
  "/v1beta/models",
  "/v1beta/models/*",
  "/model/:model/converse",
  "/model/:model/converse-stream",
  "/health/liveness",
  "/health/readiness",
];

interface Route {
  cursor: Cursor;
  path: string;
  match: RoutePathMatch;
  host: string | null;
  /** null: any. */
  methods: string[] | null;
}

export const checkRoutes: Check = (context) => {
  const byShape = new Map<string, Route[]>();
  for (const service of context.root.at("services").items()) {
    for (const cursor of service.at("routes").items()) {
      const route = readRoute(cursor, service.at("kind").value === "mcp");
      if (route === undefined || !checkRoute(context, route)) continue;
      const shape = `${route.host ?? "*"} ${routeShape(route.path, route.match)}`;
      const alike = byShape.get(shape) ?? [];
      byShape.set(shape, [...alike, route]);
      const rival = alike.find((other) => overlap(other.methods, route.methods));
      if (rival !== undefined) {
        const message = `the same host, path and methods as ${formatPath(rival.cursor.path)}: a call could go to either`;
        context.report(cursor.at("path").path, message);
      }
    }
  }
};

function readRoute(cursor: Cursor, isMcp: boolean): Route | undefined {
  const path = cursor.at("path").text();
  const match = cursor.at("match").exists && !isMcp ? cursor.at("match").value : isMcp ? "exact" : "prefix";
  if (path === undefined || !path.startsWith("/")) return undefined;
  if (match !== "exact" && match !== "prefix" && match !== "pattern") return undefined;
  const methods = cursor
    .at("methods")
    .items()
    .map((method) => String(method.value).toUpperCase());
  const host = cursor.at("host").text()?.toLowerCase() ?? null;
  return { cursor, path, match, host, methods: methods.length === 0 ? null : methods };
}

/** False when the path itself is at fault, so that it is not compared with others. */
function checkRoute({ report }: CheckContext, { cursor, path, match, host }: Route): boolean {
  const rewrite = cursor.at("rewrite");
  if (rewrite.exists && cursor.at("strip_prefix").value === true) {
    report(rewrite.path, "`rewrite` and `strip_prefix` exclude each other: choose one");
  }
  const fault = pathFault(path, match);
  if (fault !== null) {
    report(cursor.at("path").path, fault);
    return false;
  }
  const target = rewrite.text();
  const mistake = target === undefined ? null : rewriteFault(target, path, match);
  if (mistake !== null) report(rewrite.path, mistake);
  if (host === null && match !== "prefix" && BUILT_IN_PATHS.includes(plainPath(path))) {
    report(cursor.at("path").path, `${path} belongs to Tidegate itself; choose another path, or give a host`);
  }
  return true;
}

function overlap(a: string[] | null, b: string[] | null): boolean {
  return a === null || b === null || a.some((method) => b.includes(method));
}
