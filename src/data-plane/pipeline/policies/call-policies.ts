import type { PoliciesSnapshot } from "../../../contracts/policies.ts";
import type { SubscriptionSnapshot } from "../../../contracts/snapshot.ts";
import type { CompiledApplication, RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import { type CompiledPolicies, compilePolicies, type PolicyLayer } from "./compile-policies.ts";
import { withCaller } from "./layers.ts";

type Target = Exclude<RouteTarget, { kind: "health" }>;

/** Callers with policies of their own are few; beyond so many combinations with routes they are compiled anew. */
const MAX_KNOWN = 10_000;

/** The policies of callers that have some, compiled when they first call. */
export class CallPolicies {
  #known = new Map<readonly PolicyLayer[], Map<CompiledApplication, Map<SubscriptionSnapshot | null, Compiled>>>();
  #count = 0;

  /** Those of the route, unless the caller has its own. */
  of(target: Target, application: CompiledApplication | null, subscription: SubscriptionSnapshot | null): Compiled {
    if (application === null) return target.policies;
    if (!hasCallPolicies(application.snapshot) && (subscription === null || !hasCallPolicies(subscription))) {
      return target.policies;
    }
    const ofRoute =
      this.#known.get(target.layers) ?? new Map<CompiledApplication, Map<SubscriptionSnapshot | null, Compiled>>();
    const ofCaller = ofRoute.get(application) ?? new Map<SubscriptionSnapshot | null, Compiled>();
    const known = ofCaller.get(subscription);
    if (known !== undefined) return known;
    if (this.#count++ >= MAX_KNOWN) {
      this.#known = new Map();
      this.#count = 1;
    }
    const compiled = compilePolicies(layersOf(target, application, subscription));
    this.#known.set(target.layers, ofRoute.set(application, ofCaller.set(subscription, compiled)));
    return compiled;
  }
}

/** Whether there are policies that are looked at for each call. Which models and tools may be called is known before. */
export function hasCallPolicies({ policies }: { policies?: PoliciesSnapshot }): boolean {
  return policies !== undefined && Object.keys(policies).some((kind) => kind !== "models" && kind !== "tools");
}

type Compiled = CompiledPolicies | null;

/** What holds for a call, from the most general level to the most specific. */
export function layersOf(
  target: Target,
  application: CompiledApplication | null,
  subscription: SubscriptionSnapshot | null,
): readonly PolicyLayer[] {
  return withCaller(target.layers, application?.snapshot ?? null, subscription, target.kind === "ai");
}

/** A call for which more holds than what its route says: another caller's may not be made like it. */
export function isOfCaller({ target, policies }: Pick<Context, "target" | "policies">): boolean {
  return target !== null && target.kind !== "health" && policies !== target.policies;
}
