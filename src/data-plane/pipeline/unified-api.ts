import type { ProviderSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import { inboundDialects } from "../../dialects/index.ts";
import { AI_ENDPOINTS, type EndpointPath, endpointAliases } from "./ai/endpoints.ts";
import { type CompiledService, compileLimits, type RouteTarget } from "./compiled.ts";
import { HostRoutes } from "./host-routes.ts";
import { passThroughRoutes } from "./pass-through/passed-provider.ts";
import type { ServiceLayers } from "./policies/layers.ts";
import type { RouteFinder, Router } from "./router.ts";

export type AiTargetRoute = Extract<RouteTarget, { kind: "ai" }>;

type UnifiedSnapshot = Pick<Snapshot, "ai" | "providers">;

/** The paths of the unified API, as the built-in service `ai` has them. Services of kind `ai` have them below their own. */
export class UnifiedApi {
  readonly #snapshot: UnifiedSnapshot;
  readonly #layers: ServiceLayers;
  readonly #targetOf: (entry: Omit<EndpointPath, "method">, provider?: ProviderSnapshot) => AiTargetRoute;
  #routes: { find: RouteFinder; byPath: Router["byPath"] } | null = null;

  constructor(snapshot: UnifiedSnapshot, serviceLayers: ServiceLayers) {
    const { ai } = snapshot;
    const service: CompiledService = {
      id: "ai",
      team: "default",
      access: ai.access,
      limits: [...compileLimits(ai.limits, "service", "service ai"), ...serviceLayers.limits],
      release: null,
    };
    const layers = serviceLayers.ofAi(ai.policies);
    const policies = serviceLayers.compiled(layers);
    this.#snapshot = snapshot;
    this.#layers = serviceLayers;
    this.#targetOf = ({ path, endpoint, dialect }, provider) => ({
      kind: "ai",
      service,
      endpoint,
      routeId: path,
      inbound: inboundDialects[dialect],
      provider: provider?.id ?? null,
      signsBodies: provider?.keys.some(({ credential }) => credential?.type === "aws") ?? false,
      maxBodyBytes: ai.maxBodyBytes,
      layers,
      policies,
      models: ai.policies?.models ?? null,
      mountSegments: 0,
      snapshot: null,
      releaseHeaders: [],
      releases: null,
      isChosen: false,
    });
  }

  /** Whether it was made with these. */
  isOf(layers: ServiceLayers): boolean {
    return layers === this.#layers;
  }

  addTo(routes: HostRoutes): void {
    for (const entry of AI_ENDPOINTS) routes.addOwn(entry.path, methodsOf(entry), this.#targetOf(entry));
    for (const entry of endpointAliases()) routes.addAlias(entry.alias, methodsOf(entry), this.#targetOf(entry));
    for (const provider of this.#snapshot.providers) {
      for (const { path, match, methods } of passThroughRoutes(provider)) {
        const target = this.#targetOf({ path, endpoint: "pass-through", dialect: provider.dialect }, provider);
        routes.addOwn(path, methods, target, match);
      }
    }
  }

  /** What a path within it leads to. */
  get routes(): { find: RouteFinder; byPath: Router["byPath"] } {
    if (this.#routes === null) {
      const routes = new HostRoutes();
      this.addTo(routes);
      this.#routes = { find: routes.finder(), byPath: routes.byPath };
    }
    return this.#routes;
  }
}

/** What of a provider its paths depend on. */
export function unifiedPartOf({ id, dialect, baseUrl, passThrough, keys }: ProviderSnapshot): unknown[] {
  return [id, dialect, baseUrl, passThrough, keys.some(({ credential }) => credential?.type === "aws")];
}

function methodsOf({ method }: EndpointPath): string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}
