import findMyWay from "find-my-way";
import type { RouteSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import { inboundDialects } from "../../dialects/index.ts";
import { type AiEndpoint, type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { compilePathRewriter } from "./path-rewriter.ts";

interface MethodRoute {
  /** null: every method. */
  methods: ReadonlySet<string> | null;
  target: RouteTarget;
}

export type RouteMatch =
  | { found: true; target: RouteTarget }
  | { found: false; allowedMethods: readonly string[] | null };

export type Router = (method: string, host: string, path: string) => RouteMatch;

/** All routes of one host pattern and path, whatever their methods. */
interface RouteGroup {
  host: string | null;
  path: string;
  routes: MethodRoute[];
}

const NOT_FOUND: RouteMatch = { found: false, allowedMethods: null };
const MAX_SEGMENT_LENGTH = 64 * 1024;

/** The endpoints of the unified API and the dialect each is spoken in. */
const AI_ENDPOINTS: { method: string; path: string; endpoint: AiEndpoint; dialect: keyof typeof inboundDialects }[] = [
  { method: "POST", path: "/v1/chat/completions", endpoint: "chat", dialect: "openai" },
  { method: "POST", path: "/v1/messages", endpoint: "chat", dialect: "anthropic" },
  { method: "POST", path: "/v1/embeddings", endpoint: "embeddings", dialect: "openai" },
  { method: "GET", path: "/v1/models", endpoint: "models", dialect: "openai" },
  { method: "GET", path: "/v1/models/*", endpoint: "model", dialect: "openai" },
];

/** Compiles the routes of all services, the unified API and the health checks into one radix tree. */
export function compileRouter(snapshot: Snapshot): Router {
  const groups = new Map<string, RouteGroup>();
  const add = (host: string | null, path: string, methods: readonly string[] | null, target: RouteTarget): void => {
    const key = `${host ?? ""} ${path}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { host, path, routes: [] };
      groups.set(key, group);
    }
    group.routes.push({ methods: methods === null ? null : new Set(methods), target });
  };
  // What is Tidegate's own comes first: a service can't take it over by naming the same path.
  for (const check of ["liveness", "readiness"] as const) {
    add(null, `/health/${check}`, ["GET", "HEAD"], { kind: "health", check });
  }
  addAiEndpoints(snapshot, add);
  addServices(snapshot, add);
  return createRouter([...groups.values()]);
}

type AddRoute = (host: string | null, path: string, methods: readonly string[] | null, target: RouteTarget) => void;

function addAiEndpoints(snapshot: Snapshot, add: AddRoute): void {
  const service: CompiledService = {
    id: "ai",
    team: "default",
    access: snapshot.ai.access,
    limits: compileLimits(snapshot.ai.limits, "service ai"),
  };
  for (const { method, path, endpoint, dialect } of AI_ENDPOINTS) {
    add(null, path, method === "GET" ? ["GET", "HEAD"] : [method], {
      kind: "ai",
      service,
      endpoint,
      routeId: path,
      inbound: inboundDialects[dialect],
      maxBodyBytes: snapshot.ai.maxBodyBytes,
    });
  }
}

function addServices(snapshot: Snapshot, add: AddRoute): void {
  for (const service of snapshot.services) {
    const compiled: CompiledService = {
      id: service.id,
      team: service.team,
      access: service.access,
      limits: compileLimits(service.limits, `service ${service.id}`),
    };
    for (const route of service.routes) {
      const target: RouteTarget = {
        kind: "rest",
        service: compiled,
        snapshot: service,
        route,
        rewritePath: compilePathRewriter(route),
        maxBodyBytes: service.maxBodyBytes,
      };
      for (const path of treePaths(route)) add(route.host, path, route.methods, target);
    }
  }
}

/** The paths of find-my-way that stand for a route. */
function treePaths(route: RouteSnapshot): string[] {
  if (route.match === "pattern") return [route.path];
  // A colon begins a parameter there; doubled, it is a colon.
  const path = decodeURI(route.path).replaceAll(":", "::");
  if (route.match === "exact") return [path];
  const base = path.replace(/\/+$/, "");
  return base === "" ? ["/", "/*"] : [base, `${base}/*`];
}

function createRouter(groups: readonly RouteGroup[]): Router {
  const tree = findMyWay({ maxParamLength: MAX_SEGMENT_LENGTH });
  const hasHosts = groups.some((group) => group.host !== null);
  for (const group of groups) {
    const constraints = group.host === null ? {} : { host: hostConstraint(group.host) };
    // Methods are told apart by us: one tree for all, and a 405 that knows what is allowed.
    tree.on("GET", group.path, { constraints }, () => {}, group);
  }
  return (method, host, path) => {
    const found = tree.find("GET", path, hasHosts ? { host } : undefined);
    return found === null ? NOT_FOUND : selectByMethod((found.store as RouteGroup).routes, method);
  };
}

function selectByMethod(routes: readonly MethodRoute[], method: string): RouteMatch {
  for (const { methods, target } of routes) {
    if (methods === null || methods.has(method)) return { found: true, target };
  }
  const allowed = new Set<string>();
  for (const { methods } of routes) for (const name of methods ?? []) allowed.add(name);
  return { found: false, allowedMethods: [...allowed] };
}

function hostConstraint(host: string): string | RegExp {
  if (!host.startsWith("*.")) return host;
  return new RegExp(`^[^.]+${host.slice(1).replaceAll(".", "\\.")}$`);
}
