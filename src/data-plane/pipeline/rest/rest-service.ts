import type { Dispatcher } from "../../../contracts/dispatcher.ts";
import type { HeaderEditsSnapshot, RestServiceSnapshot } from "../../../contracts/snapshot.ts";
import { parseUnixUrl } from "../../../platform/unix-url.ts";
import { type BalancedTarget, type Balancer, createBalancer } from "../../../upstream/balancing/balancer.ts";
import { TargetState } from "../../../upstream/target-state.ts";
import type { Context } from "../context.ts";
import type { CompiledPolicies } from "../policies/compile-policies.ts";
import { withReleaseHeaders } from "../releases/lifecycle.ts";
import type { Runtime } from "../runtime.ts";
import { compileRequestHeaders, type RequestHeaderBuilder } from "./request-headers.ts";
import { compileResponseHeaders, type ResponseHeaderBuilder } from "./response-headers.ts";

export interface RestTarget extends BalancedTarget {
  readonly origin: string;
  /** `host:port` or `unix:/path`, as it is called in the log. */
  readonly host: string;
  /** As in the Host header. */
  readonly authority: string;
  /** Put before every path; "" or without a trailing slash. */
  readonly pathPrefix: string;
  /** The path of its URL as it is, from `/` on. */
  readonly endpoint: string;
  readonly dispatcher: Dispatcher;
}

/** A service with its upstream resolved. */
export interface RestService {
  readonly snapshot: RestServiceSnapshot;
  /** Whose header edits it has; null: its own alone. */
  readonly edits: CompiledPolicies["edits"];
  readonly targets: readonly RestTarget[];
  readonly balance: Balancer;
  readonly hashKey: (context: Context) => string;
  readonly requestHeaders: RequestHeaderBuilder;
  readonly responseHeaders: ResponseHeaderBuilder;
  /** What `responseHeaders` does beyond what every answer gets. */
  readonly answerEdits: HeaderEditsSnapshot;
}

export function compileRestService(service: RestServiceSnapshot, runtime: Runtime): RestService {
  const { upstream } = service;
  const targets = upstream.targets.map((target): RestTarget => {
    const place = placeOf(target.url);
    return {
      url: target.url,
      weight: target.weight,
      ...place,
      state: targetState(runtime, service.id, target.url),
      dispatcher: dispatcherOf(service, place.origin, runtime),
    };
  });
  return {
    targets,
    balance: createBalancer(upstream.balance, targets),
    hashKey: compileHashKey(service),
    ...compileEdits(service, null),
  };
}

/** The one that was compiled before, of the same service, as long as its connections are there. */
export function keptRestService(service: RestServiceSnapshot, runtime: Runtime): RestService {
  const known = runtime.restServices.get(service);
  // Asked for, so that they are not given up: see DispatcherRegistry.nextGeneration.
  if (
    known?.targets.every(({ origin, dispatcher }) => dispatcherOf(service, origin, runtime) === dispatcher) === true
  ) {
    return known;
  }
  const compiled = compileRestService(service, runtime);
  runtime.restServices.set(service, compiled);
  return compiled;
}

function dispatcherOf({ upstream }: RestServiceSnapshot, origin: string, runtime: Runtime): Dispatcher {
  return runtime.dispatchers.get({ origin, connectTimeoutMs: upstream.timeouts.connectMs, caFile: upstream.caFile });
}

/** The service with the header edits of all levels in place of its own. */
export function withEdits(service: RestService, edits: NonNullable<CompiledPolicies["edits"]>): RestService {
  const snapshot = { ...service.snapshot, requestHeaders: edits.request, responseHeaders: edits.response };
  return { ...service, ...compileEdits(snapshot, edits) };
}

function compileEdits(
  snapshot: RestServiceSnapshot,
  edits: CompiledPolicies["edits"],
): Pick<RestService, "snapshot" | "edits" | "requestHeaders" | "responseHeaders" | "answerEdits"> {
  const answerEdits = withReleaseHeaders(snapshot);
  return {
    snapshot,
    edits,
    requestHeaders: compileRequestHeaders(snapshot.requestHeaders, snapshot.upstream.hostHeader),
    responseHeaders: compileResponseHeaders(answerEdits),
    answerEdits,
  };
}

export function placeOf(target: string): Pick<RestTarget, "origin" | "host" | "authority" | "pathPrefix" | "endpoint"> {
  const unix = parseUnixUrl(target);
  if (unix !== null) {
    const host = `unix:${unix.socketPath}`;
    const { pathPrefix } = unix;
    const endpoint = target.endsWith("/") || pathPrefix === "" ? `${pathPrefix}/` : pathPrefix;
    return { origin: `http://${host}`, host, authority: "localhost", pathPrefix, endpoint };
  }
  const { origin, host, pathname } = new URL(target);
  return { origin, host, authority: host, pathPrefix: pathname.replace(/\/+$/, ""), endpoint: pathname };
}

function targetState(runtime: Runtime, serviceId: string, url: string): TargetState {
  const key = `${serviceId} ${url}`;
  let state = runtime.targetStates.get(key);
  if (state === undefined) {
    state = new TargetState(runtime.targetNumbers.of(`service ${key}`));
    runtime.targetStates.set(key, state);
  }
  return state;
}

/** What consistent hashing hashes; callers without the header or cookie are told apart by their address. */
function compileHashKey(service: RestServiceSnapshot): (context: Context) => string {
  const { balance, hashOn } = service.upstream;
  if (balance !== "consistent-hash" || hashOn.type === "address") return (context) => context.exchange.clientAddress;
  const { name, type } = hashOn;
  if (type === "header") return ({ exchange }) => exchange.header(name) ?? exchange.clientAddress;
  return ({ exchange }) => cookieOf(exchange.header("cookie"), name) ?? exchange.clientAddress;
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
