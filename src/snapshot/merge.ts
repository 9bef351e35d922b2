import type { ModelDestinationSnapshot } from "../contracts/model-routing.ts";
import type { PoliciesSnapshot } from "../contracts/policies.ts";
import type {
  ApplicationSnapshot,
  CredentialSnapshot,
  JwtIssuerSnapshot,
  ModelRouteSnapshot,
  ProviderSnapshot,
  ServiceSnapshot,
  Snapshot,
  TeamSnapshot,
} from "../contracts/snapshot.ts";
import { digestsOf } from "./packed/digests.ts";
import { type RouteShape, routeShapes } from "./route-shapes.ts";

export interface Merged {
  /** Its hash is the configuration's: it gets its own when it is packed. */
  snapshot: Snapshot;
  /** What was added but is not served, with the reason, for the log. */
  leftOut: string[];
}

/**
 * A compiled configuration with services and applications from elsewhere. What the configuration itself defines comes first, and
 * wins where both have the same id or the same route.
 */
export function mergeSnapshot(
  base: Snapshot,
  additions: {
    policies?: PoliciesSnapshot;
    teams?: readonly TeamSnapshot[];
    services: readonly ServiceSnapshot[];
    applications: readonly ApplicationSnapshot[];
    jwtIssuers?: readonly JwtIssuerSnapshot[];
    providers?: readonly ProviderSnapshot[];
    models?: readonly ModelRouteSnapshot[];
    cachePurges?: Readonly<Record<string, number>>;
  },
): Merged {
  const leftOut: string[] = [];
  const addedPolicies = policiesFor(base, additions.policies, leftOut);
  const addedTeams = withoutTaken("policies of team", base.teams ?? [], additions.teams ?? [], leftOut);
  const services = withoutTaken("service", base.services, additions.services, leftOut);
  const taken = methodsByShape(base.services.flatMap(routeShapes));
  const reachable = services.filter((service) => {
    const rival = routeShapes(service).find(({ shape, method }) => overlaps(taken.get(shape), method));
    if (rival !== undefined) leftOut.push(`service ${service.id}: the configuration has a route ${rival.path} already`);
    return rival === undefined;
  });
  const own = ownOf(base);
  const applications = withoutTaken("application", base.applications, additions.applications, leftOut).map((one) =>
    withoutOwn(one, own, leftOut),
  );
  const addedIssuers = issuersFor(base, additions.jwtIssuers ?? [], leftOut);
  const providers = withoutTaken("provider", base.providers, additions.providers ?? [], leftOut);
  const models = modelsFor(base, [...base.providers, ...providers], additions.models ?? [], leftOut);
  const parts = [reachable, applications, addedTeams, addedIssuers, providers, models];
  const { cachePurges } = additions;
  if (addedPolicies === undefined && cachePurges === undefined && parts.every(({ length }) => length === 0))
    return { snapshot: base, leftOut };
  const merged = {
    ...base,
    ...(addedPolicies === undefined ? {} : { policies: addedPolicies }),
    ...(addedTeams.length === 0 ? {} : { teams: [...(base.teams ?? []), ...addedTeams] }),
    providers: [...base.providers, ...providers],
    models: [...base.models, ...models],
    services: [...base.services, ...reachable],
    applications: [...base.applications, ...applications],
    jwtIssuers: [...base.jwtIssuers, ...addedIssuers],
    ...(cachePurges === undefined ? {} : { cachePurges: { ...cachePurges } }),
  };
  return { snapshot: merged, leftOut };
}

/**
 * What becomes of one application, as `mergeSnapshot` would have it: null when it is not there; undefined: the configuration
 * has one of this id, which stays.
 */
export function applicationMerger(
  base: Snapshot,
): (id: string, added: ApplicationSnapshot | null) => ApplicationSnapshot | null | undefined {
  const taken = new Set(base.applications.map(({ id }) => id));
  const own = ownOf(base);
  return (id, added) => {
    if (taken.has(id)) return undefined;
    return added === null ? null : withoutOwn(added, own, []);
  };
}

/** What is the configuration's own, and nobody else's to speak of. */
interface Own {
  services: ReadonlySet<string>;
  /** Digests of what its credentials are found by, but of keys: those nobody has by chance. */
  credentials: ReadonlySet<string>;
  issuers: ReadonlySet<string>;
}

function ownOf({ services, applications, jwtIssuers }: Snapshot): Own {
  const named = applications.flatMap(({ credentials }) => credentials.filter(({ kind }) => kind !== "api-key"));
  const digests = named.flatMap(digestsOf).map((digest) => digest.toString("hex"));
  const idsOf = (entities: readonly { id: string }[]) => new Set(entities.map(({ id }) => id));
  return { services: idsOf(services), credentials: new Set(digests), issuers: idsOf(jwtIssuers) };
}

/**
 * Subscriptions are to a service of that id from elsewhere, by whoever made it: not to the configuration's; so are tokens. And who
 * calls with a user name, key id, claim or certificate that the configuration knows is who the configuration says.
 */
function withoutOwn(application: ApplicationSnapshot, own: Own, leftOut: string[]): ApplicationSnapshot {
  const loses = application.credentials.some((credential) => isTaken(credential, own));
  if (!loses && application.subscriptions.every(({ service }) => !own.services.has(service))) return application;
  if (loses) {
    leftOut.push(`credentials of application ${application.id}: the configuration has some that are found by the same`);
  }
  return {
    ...application,
    credentials: application.credentials.filter((credential) => !isTaken(credential, own)),
    subscriptions: application.subscriptions.filter(({ service }) => !own.services.has(service)),
  };
}

function isTaken(credential: CredentialSnapshot, { credentials, issuers }: Own): boolean {
  if (credential.kind === "jwt" && issuers.has(credential.issuer)) return true;
  if (credentials.size === 0 || credential.kind === "api-key") return false;
  return digestsOf(credential).some((digest) => credentials.has(digest.toString("hex")));
}

function policiesFor(
  base: Snapshot,
  added: PoliciesSnapshot | undefined,
  leftOut: string[],
): PoliciesSnapshot | undefined {
  if (base.policies === undefined || added === undefined) return added;
  leftOut.push("policies of the organisation: the configuration has some");
  return undefined;
}

/** What a target's provider is not served for, its routes go without. */
function modelsFor(
  base: Snapshot,
  providers: readonly ProviderSnapshot[],
  added: readonly ModelRouteSnapshot[],
  leftOut: string[],
): ModelRouteSnapshot[] {
  const taken = new Set(base.models.map(({ name }) => name));
  const served = new Set(providers.map(({ id }) => id));
  return added.flatMap((route) => {
    if (taken.has(route.name)) {
      leftOut.push(`model route ${route.name}: the configuration has one of this name`);
      return [];
    }
    const targets = route.targets.filter(({ provider }) => served.has(provider));
    if (targets.length === 0) {
      leftOut.push(`model route ${route.name}: none of its providers is served`);
      return [];
    }
    const merged = withServed({ ...route, targets }, served);
    if (JSON.stringify(merged) === JSON.stringify(route)) return [route];
    leftOut.push(`some targets of model route ${route.name}: their providers are not served`);
    return [merged];
  });
}

/** A rule that leads nowhere does not hold: the route's own targets take its calls. */
function withServed(route: ModelRouteSnapshot, served: ReadonlySet<string>): ModelRouteSnapshot {
  const { rules, canary, mirror, ...rest } = route;
  const kept = <Part extends { to: ModelDestinationSnapshot }>(part: Part): Part[] => {
    if ("model" in part.to) return [part];
    const targets = part.to.targets.filter(({ provider }) => served.has(provider));
    return targets.length === 0 ? [] : [{ ...part, to: { ...part.to, targets } }];
  };
  const left = {
    rules: rules?.flatMap(kept) ?? [],
    canary: canary === undefined ? [] : kept(canary),
    mirror: mirror === undefined ? [] : kept(mirror),
  };
  return {
    ...rest,
    ...(left.rules.length === 0 ? {} : { rules: left.rules }),
    ...(left.canary[0] === undefined ? {} : { canary: left.canary[0] }),
    ...(left.mirror[0] === undefined ? {} : { mirror: left.mirror[0] }),
  };
}

/** A token has one issuer, by its `iss`. None of these speaks for the configuration's own applications. */
function issuersFor(base: Snapshot, added: readonly JwtIssuerSnapshot[], leftOut: string[]): JwtIssuerSnapshot[] {
  const own = new Set(base.jwtIssuers.map(({ issuer }) => issuer));
  const others = withoutTaken("token issuer", base.jwtIssuers, added, leftOut).filter(({ id, issuer }) => {
    if (own.has(issuer)) leftOut.push(`token issuer ${id}: the configuration has one for ${issuer}`);
    return !own.has(issuer);
  });
  const notApplications = base.applications.map(({ id }) => id);
  return others.map((one) =>
    one.applicationClaim === null || notApplications.length === 0 ? one : { ...one, notApplications },
  );
}

function withoutTaken<One extends { id: string }>(
  what: string,
  own: readonly One[],
  added: readonly One[],
  leftOut: string[],
): One[] {
  const taken = new Set(own.map(({ id }) => id));
  return added.filter(({ id }) => {
    if (taken.has(id)) leftOut.push(`${what} ${id}: the configuration has one of this id`);
    return !taken.has(id);
  });
}

function methodsByShape(routes: readonly RouteShape[]): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  for (const { shape, method } of routes) methods.set(shape, (methods.get(shape) ?? new Set()).add(method));
  return methods;
}

function overlaps(taken: ReadonlySet<string> | undefined, method: string): boolean {
  return taken !== undefined && (method === "*" || taken.has("*") || taken.has(method));
}
