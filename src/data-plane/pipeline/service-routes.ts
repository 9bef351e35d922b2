import type {
  AiServiceSnapshot,
  RestServiceSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
} from "../../contracts/snapshot.ts";
import { mountUnifiedApi, type OwnOfService } from "./ai-mount.ts";
import type { CachingServices } from "./cache/cache-scope.ts";
import { type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { compilePathRewriter } from "./path-rewriter.ts";
import { mostSpecific, type PolicyLayer } from "./policies/compile-policies.ts";
import type { ServiceLayers } from "./policies/layers.ts";
import { routeLimits } from "./policies/shared-limits.ts";
import { releaseHeaders } from "./releases/lifecycle.ts";
import { compileLiveReleases, defaultRelease, isSelective, type LiveReleases } from "./releases/live-releases.ts";
import { isBelow, staticPrefix } from "./route-paths.ts";
import type { Mount, RouteEntry } from "./route-tree.ts";
import type { RouteFinder } from "./router.ts";
import type { UnifiedApi } from "./unified-api.ts";

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
  readonly #unified: UnifiedApi;
  readonly #invalidates: boolean;
  readonly #findAmong: (entries: readonly [RouteSnapshot, RouteEntry][]) => RouteFinder;
  /** Of routes that have policies of their own. */
  readonly #ownLayers = new Map<RouteSnapshot, readonly PolicyLayer[]>();
  #compiled: Compiled | null = null;

  /** Throws where releases don't go together, and for policies that can't be compiled. `findAmong`: makes a router of these routes alone. */
  constructor(
    releases: readonly ServiceSnapshot[],
    layers: ServiceLayers,
    unified: UnifiedApi,
    isCaching: CachingServices,
    findAmong: (entries: readonly [RouteSnapshot, RouteEntry][]) => RouteFinder,
  ) {
    this.#releases = releases;
    this.#byDefault = defaultRelease(releases);
    this.#layers = layers;
    this.#unified = unified;
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
  isOf(releases: readonly ServiceSnapshot[], isCaching: CachingServices, unified: UnifiedApi): boolean {
    if (releases.length !== this.#releases.length || releases.some((one, at) => one !== this.#releases[at]))
      return false;
    if (unified !== this.#unified && releases.some(({ kind }) => kind === "ai")) return false;
    return isCaching(this.#byDefault, this.#byDefault.team) === this.#invalidates;
  }

  #entryOf(release: ServiceSnapshot, route: RouteSnapshot): RouteEntry {
    let target: RestTarget | Mount | null = null;
    return {
      methods: route.methods,
      match: route.match,
      target: () => {
        target ??= this.#target(release, route, () => {
          const { live } = this.#compile();
          return live !== null && (isSelective(live) || hasRivals(route, release, live)) ? live : null;
        });
        return target;
      },
    };
  }

  /** `releases`: null where it is certain that a call to this route is for this release. */
  #target(
    release: ServiceSnapshot,
    route: RouteSnapshot,
    releases: () => LiveReleases | null,
    isChosen = false,
  ): RestTarget | Mount {
    const { services } = this.#compile();
    if (release.kind !== "ai") {
      return { ...this.#restTarget(services, release, route), releases: releases(), isChosen };
    }
    const own = () => ({ ...this.#ownOfAi(services, release, route), releases: releases(), isChosen });
    return mountUnifiedApi(this.#unified, release, route, own);
  }

  #compile(): Compiled {
    if (this.#compiled === null) {
      const services = new Map(this.#releases.map((release) => [release, this.#compileService(release)]));
      const live =
        this.#releases.length === 1 ? null : compileLiveReleases(this.#releases, (release) => this.#finderOf(release));
      this.#compiled = { services, live };
    }
    return this.#compiled;
  }

  #finderOf(release: ServiceSnapshot): RouteFinder {
    return this.#findAmong(
      release.routes.map((route): [RouteSnapshot, RouteEntry] => {
        let target: RestTarget | Mount | null = null;
        const targetOf = () => {
          target ??= this.#target(release, route, () => null, true);
          return target;
        };
        return [route, { methods: route.methods, match: route.match, target: targetOf }];
      }),
    );
  }

  #restTarget(services: Compiled["services"], release: RestServiceSnapshot, route: RouteSnapshot): RestTarget {
    const layers = this.#layersOf(release, route);
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

  #ownOfAi(services: Compiled["services"], release: AiServiceSnapshot, route: RouteSnapshot): OwnOfService {
    const layers = this.#layersOf(release, route);
    return {
      service: this.#serviceOf(services, release, route),
      layers,
      policies: this.#layers.compiled(layers),
      releaseHeaders: releaseHeaders(release),
      releases: null,
      isChosen: false,
    };
  }

  #layersOf(release: ServiceSnapshot, route: RouteSnapshot): readonly PolicyLayer[] {
    return this.#ownLayers.get(route) ?? this.#layers.ofRoute(release, this.#byDefault.team, route);
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
