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
import type { Configuration } from "../schema/configuration.ts";
import { compileHeaderEdits, compileLimits, compileRetries, compileTimeouts } from "./common.ts";
import { withPolicies } from "./policies.ts";

type ServiceConfiguration = Configuration["services"][number];
type UpstreamConfiguration = NonNullable<ServiceConfiguration["upstream"]>;

const FIRST_RELEASE = 1;
const CANARY_RELEASE = 2;

/** The service, and its canary where it has one: a release that differs in its upstream alone. */
export function compileReleases(service: ServiceConfiguration, baseDirectory: string): ServiceSnapshot[] {
  if (service.kind === "ai") return [compileAiService(service)];
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
      upstream: compileUpstream(canary.upstream, baseDirectory),
    },
  ];
}

function compileRestService(service: ServiceConfiguration, baseDirectory: string): RestServiceSnapshot {
  const { upstream } = service;
  // There is one: see checks/service-kinds.ts.
  if (upstream === undefined) throw new TypeError(`service ${service.id} has no upstream`);
  // They have fields of their own, which the policies of the same kinds may stand in for.
  const { request_headers, response_headers, max_body_size, ...policies } = service.policies;
  return {
    ...compileCommon(service),
    kind: "rest",
    upstream: compileUpstream(upstream, baseDirectory),
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
    routes: compileRoutes(service.routes),
    access: service.access,
    limits: compileLimits(service.limits),
  };
}

function compileDeprecation(deprecation: ServiceConfiguration["deprecation"]): DeprecationSnapshot | null {
  if (deprecation === null) return null;
  return { atMs: deprecation.at, sunsetAtMs: deprecation.sunset, link: deprecation.link };
}

/** Routes without an id are called by their path; a second one of the same path gets a number. */
function compileRoutes(routes: ServiceConfiguration["routes"]): RouteSnapshot[] {
  const taken = new Set(routes.map((route) => route.id));
  return routes.map((route) => {
    let id = route.id ?? route.path;
    for (let number = 2; route.id === undefined && taken.has(id); number++) id = `${route.path}#${number}`;
    taken.add(id);
    return {
      id,
      path: route.match === "prefix" ? withoutTrailingSlash(route.path) : route.path,
      match: route.match,
      methods: route.methods === null ? null : [...new Set(route.methods)],
      host: route.host,
      stripPrefix: route.strip_prefix,
      rewrite: route.rewrite,
      ...withPolicies(route.policies),
    };
  });
}

function compileUpstream(upstream: UpstreamConfiguration, baseDirectory: string): UpstreamSnapshot {
  const { active, passive } = upstream.health;
  return {
    balance: upstream.balance,
    hashOn: compileHashOn(upstream.hash_on),
    targets: upstream.targets,
    active: active && {
      path: active.path,
      intervalMs: active.interval,
      timeoutMs: active.timeout,
      healthyAfter: active.healthy_after,
      unhealthyAfter: active.unhealthy_after,
      expectStatus: active.expect_status,
    },
    passive: passive && { failures: passive.failures, ejectMs: passive.eject },
    timeouts: compileTimeouts(upstream.timeouts),
    retries: compileRetries(upstream.retries),
    hostHeader: upstream.host_header,
    caFile: upstream.ca_file === null ? null : resolve(baseDirectory, upstream.ca_file),
  };
}

function compileHashOn(hashOn: UpstreamConfiguration["hash_on"]): UpstreamSnapshot["hashOn"] {
  if (hashOn.type === "address" || hashOn.name === undefined) return { type: "address" };
  return { type: hashOn.type, name: hashOn.name };
}
