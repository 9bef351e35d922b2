import type { RouteSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import type { CachingServices } from "./cache/cache-scope.ts";
import { type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { compilePathRewriter } from "./path-rewriter.ts";
import { mostSpecific, type PolicyLayer } from "./policies/compile-policies.ts";
import type { ServiceLayers } from "./policies/layers.ts";
import { routeLimits } from "./policies/shared-limits.ts";
import { releaseHeaders } from "./releases/lifecycle.ts";
import { compileLiveReleases, defaultRelease, isSelective, type LiveReleases } from "./releases/live-releases.ts";
import { isBelow, staticPrefix } from "./route-paths.ts";
import type { RouteEntry } from "./route-tree.ts";
import type { RouteFinder } from "./router.ts";

type RestTarget = Extract<RouteTarget, { kind: "rest" }>;

/** What is needed of a service as soon as it is called. */
interface Compiled {
  services: ReadonlyMap<ServiceSnapshot, CompiledService>;
  /** Null: there is one release. */
  live: LiveReleases | null;
}

/**
 * The routes of all releases of a service; which release a call is for is found out where that is not said by its path. What they
 * lead to is made when it is first called, but what has policies, which may be refused, at once.
 */
export class ServiceRoutes {
  readonly entries: readonly (readonly [RouteSnapshot, RouteEntry])[];
  readonly #releases: readonly ServiceSnapshot[];
  readonly #byDefault: ServiceSnapshot;
  readonly #layers: ServiceLayers;
  readonly #invalidates: boolean;
  readonly #findAmong: (entries: readonly [RouteSnapshot, RouteEntry][]) => RouteFinder;
  /** Of routes that have policies of their own. */
  readonly #ownLayers = new Map<RouteSnapshot, readonly PolicyLayer[]>();
  #compiled: Compiled | null = null;

  /** Throws where releases don't go together, and for policies that can't be compiled. `findAmong`: makes a router of these routes alone. */
  constructor(
    releases: readonly ServiceSnapshot[],
    layers: ServiceLayers,
    isCaching: CachingServices,
    findAmong: (entries: readonly [RouteSnapshot, RouteEntry][]) => RouteFinder,
  ) {
    this.#releases = releases;
    this.#byDefault = defaultRelease(releases);
    this.#layers = layers;
    this.#invalidates = isCaching(this.#byDefault, this.#byDefault.team);
    this.#findAmong = findAmong;
    for (const release of releases) {
      for (const route of release.routes) {
        const ofRoute = layers.ofRoute(release, this.#byDefault.team, route);
        layers.compiled(ofRoute);
        if (route.policies !== undefined) this.#ownLayers.set(route, ofRoute);
      }
    }
    this.entries = releases.flatMap((release) =>
      release.routes.map((route) => [route, this.#entryOf(release, route)] as const),
    );
  }

  /** Whether it would come out the same of these. */
  isOf(releases: readonly ServiceSnapshot[], isCaching: CachingServices): boolean {
    if (releases.length !== this.#releases.length || releases.some((one, at) => one !== this.#releases[at]))
      return false;
    return isCaching(this.#byDefault, this.#byDefault.team) === this.#invalidates;
  }

  #entryOf(release: ServiceSnapshot, route: RouteSnapshot): RouteEntry {
    let target: RestTarget | null = null;
    return {
      methods: route.methods,
      match: route.match,
      target: () => {
        target ??= this.#target(release, route);
        return target;
      },
    };
  }

  #target(release: ServiceSnapshot, route: RouteSnapshot): RestTarget {
    const { services, live } = this.#compile();
    const releases = live !== null && (isSelective(live) || hasRivals(route, release, live)) ? live : null;
    return { ...this.#targetOf(services, release, route), releases };
  }

  #compile(): Compiled {
    if (this.#compiled === null) {
      const services = new Map(this.#releases.map((release) => [release, this.#compileService(release)]));
      const live =
        this.#releases.length === 1
          ? null
          : compileLiveReleases(this.#releases, (release) => this.#finderOf(services, release));
      this.#compiled = { services, live };
    }
    return this.#compiled;
  }

  #finderOf(services: Compiled["services"], release: ServiceSnapshot): RouteFinder {
    return this.#findAmong(
      release.routes.map((route): [RouteSnapshot, RouteEntry] => {
        const target = { ...this.#targetOf(services, release, route), isChosen: true };
        return [route, { methods: route.methods, match: route.match, target: () => target }];
      }),
    );
  }

  #targetOf(services: Compiled["services"], release: ServiceSnapshot, route: RouteSnapshot): RestTarget {
    const layers = this.#ownLayers.get(route) ?? this.#layers.ofRoute(release, this.#byDefault.team, route);
    return {
      kind: "rest",
      service: this.#serviceOf(services, release, route),
      snapshot: release,
      route,
      rewritePath: compilePathRewriter(route),
      layers,
      policies: this.#layers.compiled(layers),
      maxBodyBytes: mostSpecific(layers, "maxBodyBytes"),
      releaseHeaders: releaseHeaders(release),
      releases: null,
      invalidates: this.#invalidates,
      isChosen: false,
      holes: null,
    };
  }

  /** Routes with limits of their own have one of their own. */
  #serviceOf(services: Compiled["services"], release: ServiceSnapshot, route: RouteSnapshot): CompiledService {
    const service = services.get(release) as CompiledService;
    const limits = routeLimits(release.id, route);
    return limits.length === 0 ? service : { ...service, limits: [...service.limits, ...limits] };
  }

  /** Limits are named after the service: those that two releases share are counted in one. */
  #compileService(release: ServiceSnapshot): CompiledService {
    const { team, access } = this.#byDefault;
    return {
      id: release.id,
      team,
      access,
      limits: [...compileLimits(release.limits, "service", `service ${release.id}`), ...this.#layers.limits],
      release: release.release,
    };
  }
}

/** Whether another release may have a route for the same calls; told by the beginnings of paths, so at times too often. */
function hasRivals(route: RouteSnapshot, release: ServiceSnapshot, { releases }: LiveReleases): boolean {
  const own = staticPrefix(route);
  return releases.some(
    ({ snapshot }) =>
      snapshot !== release &&
      snapshot.routes.some((other) => {
        const base = staticPrefix(other);
        return isBelow(own, base) || isBelow(base, own);
      }),
  );
}
