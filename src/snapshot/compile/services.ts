import { resolve } from "node:path";
import type {
  AiServiceSnapshot,
  DeprecationSnapshot,
  RestServiceSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
  UpstreamSnapshot,
} from "../../contracts/snapshot.ts";
import { withoutTrailingSlash } from "../checks/route-path.ts";
import { SERVICE_TIMEOUTS } from "../schema/common.ts";
import type { Configuration } from "../schema/configuration.ts";
import { parseDuration } from "../schema/scalars.ts";
import { compileHeaderEdits, compileLimits, compileRetries, compileTimeouts } from "./common.ts";
import { withPolicies } from "./policies.ts";

type ServiceConfiguration = Configuration["services"][number];
type UpstreamConfiguration = NonNullable<ServiceConfiguration["upstream"]>;

const FIRST_RELEASE = 1;
const CANARY_RELEASE = 2;

/** Of an endpoint of the Streamable HTTP transport (MCP specification 2025-11-25, basic/transports). */
const MCP_METHODS = ["POST", "GET", "DELETE"];

/** The service, and its canary where it has one: a release that differs in its upstream alone. */
export function compileReleases(service: ServiceConfiguration, baseDirectory: string): ServiceSnapshot[] {
  const { kind } = service;
  if (kind === "ai") return [compileAiService(service)];
  const compiled = compileRestService(service, baseDirectory);
  const { canary } = service;
  if (canary === null) return [compiled];
  const { percent, header, sticky } = canary;
  const selection = { isDefault: true, version: null, canary: null };
  return [
    { ...compiled, release: FIRST_RELEASE, selection },
    {
      ...compiled,
      release: CANARY_RELEASE,
      selection: { isDefault: false, version: null, canary: { percent, header, sticky } },
      upstream: compileUpstream(canary.upstream, kind, baseDirectory),
    },
  ];
}

function compileRestService(service: ServiceConfiguration, baseDirectory: string): RestServiceSnapshot {
  const { upstream, kind } = service;
  if (kind === "ai") throw new TypeError(`service ${service.id} is one of models`);
  // There is one: see checks/service-kinds.ts.
  if (upstream === undefined) throw new TypeError(`service ${service.id} has no upstream`);
  // They have fields of their own, which the policies of the same kinds may stand in for.
  const { request_headers, response_headers, max_body_size, ...policies } = service.policies;
  return {
    ...compileCommon(service),
    kind,
    upstream: compileUpstream(upstream, kind, baseDirectory),
    requestHeaders: compileHeaderEdits(request_headers ?? service.request_headers),
    responseHeaders: compileHeaderEdits(response_headers ?? service.response_headers),
    maxBodyBytes: max_body_size ?? service.max_body_size,
    ...withPolicies(policies),
  };
}

function compileAiService(service: ServiceConfiguration): AiServiceSnapshot {
  return {
    ...compileCommon(service),
    kind: "ai",
    maxBodyBytes: service.max_body_size,
    ...withPolicies(service.policies),
  };
}

function compileCommon(service: ServiceConfiguration) {
  return {
    id: service.id,
    release: null,
    selection: null,
    deprecation: compileDeprecation(service.deprecation),
    retired: service.retired,
    team: service.team,
    routes: compileRoutes(service),
    access: service.access,
    limits: compileLimits(service.limits),
  };
}

function compileDeprecation(deprecation: ServiceConfiguration["deprecation"]): DeprecationSnapshot | null {
  if (deprecation === null) return null;
  return { atMs: deprecation.at, sunsetAtMs: deprecation.sunset, link: deprecation.link };
}

/** Routes without an id are called by their path; a second one of the same path gets a number. */
function compileRoutes({ routes, kind }: ServiceConfiguration): RouteSnapshot[] {
  const taken = new Set(routes.map((route) => route.id));
  return routes.map((route) => {
    let id = route.id ?? route.path;
    for (let number = 2; route.id === undefined && taken.has(id); number++) id = `${route.path}#${number}`;
    taken.add(id);
    const match = kind === "mcp" ? "exact" : (route.match ?? "prefix");
    const methods = kind === "mcp" ? MCP_METHODS : route.methods;
    return {
      id,
      path: match === "prefix" ? withoutTrailingSlash(route.path) : route.path,
      match,
      methods: methods === null ? null : [...new Set(methods)],
      host: route.host,
      stripPrefix: route.strip_prefix,
      rewrite: route.rewrite,
      ...withPolicies(route.policies),
    };
  });
}

function compileUpstream(
  upstream: UpstreamConfiguration,
  kind: RestServiceSnapshot["kind"],
  baseDirectory: string,
): UpstreamSnapshot {
  const { active, passive } = upstream.health;
  return {
    balance: upstream.balance,
    hashOn: compileHashOn(upstream.hash_on),
    // Of an ordinary service it is put before the paths of calls, which begin with a slash.
    targets:
      kind === "mcp"
        ? upstream.targets
        : upstream.targets.map(({ url, weight }) => ({ url: url.replace(/\/+$/, ""), weight })),
    active: active && {
      path: active.path,
      intervalMs: active.interval,
      timeoutMs: active.timeout,
      healthyAfter: active.healthy_after,
      unhealthyAfter: active.unhealthy_after,
      expectStatus: active.expect_status,
    },
    passive: passive && { failures: passive.failures, ejectMs: passive.eject },
    timeouts: compileTimeouts({ ...defaultTimeouts(kind), ...given(upstream.timeouts) }),
    retries: compileRetries(upstream.retries),
    hostHeader: upstream.host_header,
    caFile: upstream.ca_file === null ? null : resolve(baseDirectory, upstream.ca_file),
  };
}

function defaultTimeouts(kind: RestServiceSnapshot["kind"]): { first_byte: number; idle: number } {
  const { first_byte, idle } = SERVICE_TIMEOUTS[kind];
  return { first_byte: parseDuration(first_byte) ?? 0, idle: parseDuration(idle) ?? 0 };
}

/** Without what is not said. */
function given<Timeouts extends UpstreamConfiguration["timeouts"]>({ first_byte, idle, ...others }: Timeouts) {
  return {
    ...others,
    ...(first_byte === undefined ? {} : { first_byte }),
    ...(idle === undefined ? {} : { idle }),
  };
}

function compileHashOn(hashOn: UpstreamConfiguration["hash_on"]): UpstreamSnapshot["hashOn"] {
  if (hashOn.type === "address" || hashOn.name === undefined) return { type: "address" };
  return { type: hashOn.type, name: hashOn.name };
}
