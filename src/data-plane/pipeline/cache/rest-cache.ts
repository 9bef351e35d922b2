import type { ServedSnapshot } from "../../../contracts/packed-snapshot.ts";
import type { CachePolicySnapshot } from "../../../contracts/policies.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { CompiledPolicies } from "../policies/compile-policies.ts";
import { RestCall } from "../rest/rest-call.ts";
import type { RestService } from "../rest/rest-service.ts";
import type { Runtime } from "../runtime.ts";
import { bypassReason } from "./bypass.ts";
import { type CachingServices, namespaceOf } from "./cache-scope.ts";
import { CachedCall } from "./cached-call.ts";
import { ForwardedCall } from "./forwarded-call.ts";

type Route = Extract<RouteTarget, { kind: "rest" }>;

/** Calls of ordinary services for which a cache policy holds, over one snapshot. */
export class RestCache {
  readonly #runtime: Runtime;
  readonly #purges: Readonly<Record<string, number>>;
  /** What depends on policies and route alone. */
  readonly #namespaces = new WeakMap<CompiledPolicies, WeakMap<Route, string>>();

  /** Throws when what workers tell each other by can't be opened. */
  constructor(snapshot: ServedSnapshot, caching: CachingServices, runtime: Runtime) {
    this.#runtime = runtime;
    this.#purges = snapshot.cachePurges ?? {};
    if (caching.any) runtime.cache.open();
  }

  /** Answers, or has the upstream answer. Whether the upstream is asked now. */
  call(
    context: Context,
    service: RestService,
    route: Route,
    policies: CompiledPolicies,
    policy: CachePolicySnapshot,
  ): boolean {
    const reason = bypassReason(context);
    if (reason !== null) {
      this.forward(context, service, route, reason);
      return true;
    }
    const namespace = this.#namespaceOf(service, route, policies, policy);
    return new CachedCall(context, service, route, this.#runtime, policy, namespace).start();
  }

  /** A call that is not looked up, but may make invalid what is stored. `reason` null: no policy holds for it. */
  forward(context: Context, service: RestService, route: Route, reason: "method" | "request" | null): void {
    const watcher = new ForwardedCall(context, service.snapshot.id, this.#runtime, reason);
    new RestCall(context, service, route, this.#runtime, watcher).start();
  }

  #namespaceOf(service: RestService, route: Route, policies: CompiledPolicies, policy: CachePolicySnapshot): string {
    let ofPolicies = this.#namespaces.get(policies);
    if (ofPolicies === undefined) {
      ofPolicies = new WeakMap();
      this.#namespaces.set(policies, ofPolicies);
    }
    let namespace = ofPolicies.get(route);
    if (namespace === undefined) {
      const { snapshot } = service;
      namespace = namespaceOf(snapshot, route.route, policy, this.#purges[snapshot.id] ?? 0);
      ofPolicies.set(route, namespace);
    }
    return namespace;
  }
}
