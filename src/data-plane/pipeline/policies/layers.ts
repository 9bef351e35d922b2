import { POLICY_LEVELS, type PoliciesSnapshot } from "../../../contracts/policies.ts";
import type {
  ApplicationSnapshot,
  HeaderEditsSnapshot,
  RestServiceSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
  Snapshot,
  SubscriptionSnapshot,
} from "../../../contracts/snapshot.ts";
import type { CompiledLimit } from "../compiled.ts";
import { type CompiledPolicies, compilePolicies, type PolicyLayer } from "./compile-policies.ts";
import { SharedLimits } from "./shared-limits.ts";

/** The layers of an organisation's services, from the most general on. Routes of a service without policies share a list. */
export class ServiceLayers {
  /** The organisation's, which all calls to its services count with. */
  readonly limits: readonly CompiledLimit[];
  readonly #organisation: readonly PolicyLayer[];
  readonly #teams: ReadonlyMap<string, PoliciesSnapshot>;
  readonly #ofServices = new WeakMap<ServiceSnapshot, readonly PolicyLayer[]>();
  #haveCors = false;
  readonly #compiled = new WeakMap<readonly PolicyLayer[], CompiledPolicies | null>();

  constructor(snapshot: Pick<Snapshot, "policies" | "teams">) {
    const { policies, teams = [] } = snapshot;
    this.limits = new SharedLimits(snapshot).ofCalls;
    this.#organisation = policies === undefined ? [] : [{ level: "organisation", policies }];
    this.#teams = new Map(teams.map((team) => [team.id, team.policies]));
  }

  /** `team`: the one that owns the service. */
  ofRoute(service: ServiceSnapshot, team: string, { policies }: RouteSnapshot): readonly PolicyLayer[] {
    const layers = this.#ofService(service, team);
    // Routes of models have limits alone, which are compiled with them.
    if (service.kind === "ai") return layers;
    return policies === undefined ? layers : [...layers, { level: "route", policies }];
  }

  /** Whether some of those compiled so far have a policy for pages of other origins. */
  get haveCors(): boolean {
    return this.#haveCors;
  }

  /** What they come to. */
  compiled(layers: readonly PolicyLayer[]): CompiledPolicies | null {
    let compiled = this.#compiled.get(layers);
    if (compiled === undefined) {
      compiled = compilePolicies(layers);
      this.#compiled.set(layers, compiled);
      if (compiled !== null && compiled.cors !== null) this.#haveCors = true;
    }
    return compiled;
  }

  #ofService(service: ServiceSnapshot, team: string): readonly PolicyLayer[] {
    let layers = this.#ofServices.get(service);
    if (layers === undefined) {
      const ofTeam = this.#teams.get(team);
      const owners: readonly PolicyLayer[] = [
        ...this.#organisation,
        ...(ofTeam === undefined ? [] : [{ level: "team" as const, policies: ofTeam }]),
      ];
      layers = service.kind === "ai" ? ofModels(owners, service.policies) : ofRest(owners, service);
      this.#ofServices.set(service, layers);
    }
    return layers;
  }

  /** The built-in unified API stands in the place of a service. */
  ofAi(policies: PoliciesSnapshot | undefined): readonly PolicyLayer[] {
    return ofModels(this.#organisation, policies);
  }
}

function ofRest(owners: readonly PolicyLayer[], service: RestServiceSnapshot): readonly PolicyLayer[] {
  const policies = servicePolicies(service);
  return policies === null ? owners : [...owners, { level: "service", policies }];
}

/** The unified API takes less than an ordinary service: see src/snapshot/schema/policies.ts. */
function ofModels(owners: readonly PolicyLayer[], policies: PoliciesSnapshot | undefined): readonly PolicyLayer[] {
  // What is stored of ordinary services is what they allow. Models allow nothing: a rule for all calls does not speak of them.
  const taken = owners.map(({ level, policies: { cache: _cache, ...all } }) => ({ level, policies: takenByAi(all) }));
  return policies === undefined ? taken : [...taken, { level: "service", policies: takenByAi(policies) }];
}

/** With those of the caller, in their places. */
export function withCaller(
  layers: readonly PolicyLayer[],
  application: Pick<ApplicationSnapshot, "policies"> | null,
  subscription: Pick<SubscriptionSnapshot, "policies"> | null,
  isAi: boolean,
): readonly PolicyLayer[] {
  const own: PolicyLayer[] = [];
  for (const [level, policies] of [
    ["application", application?.policies],
    ["subscription", subscription?.policies],
  ] as const) {
    if (policies !== undefined) own.push({ level, policies: isAi ? takenByAi(policies) : policies });
  }
  const rank = ({ level }: PolicyLayer) => POLICY_LEVELS.indexOf(level);
  return [...layers, ...own].sort((a, b) => rank(a) - rank(b));
}

function takenByAi({ addresses, cors, cache }: PoliciesSnapshot): PoliciesSnapshot {
  return {
    ...(addresses === undefined ? {} : { addresses }),
    ...(cors === undefined ? {} : { cors }),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** What a service says, its header edits and size among it; null: nothing. */
function servicePolicies(service: RestServiceSnapshot): PoliciesSnapshot | null {
  const { requestHeaders, responseHeaders, maxBodyBytes } = service;
  const policies: PoliciesSnapshot = { ...service.policies };
  if (saysSomething(requestHeaders)) policies.requestHeaders = requestHeaders;
  if (saysSomething(responseHeaders)) policies.responseHeaders = responseHeaders;
  if (maxBodyBytes !== null) policies.maxBodyBytes = maxBodyBytes;
  return Object.keys(policies).length === 0 ? null : policies;
}

function saysSomething({ add, set, remove }: HeaderEditsSnapshot): boolean {
  return add.length + set.length + remove.length > 0;
}
