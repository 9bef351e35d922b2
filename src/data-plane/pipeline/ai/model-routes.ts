import { GatewayError } from "../../../contracts/errors.ts";
import type { ModelRouteSnapshot, RetriesSnapshot, Snapshot, TimeoutsSnapshot } from "../../../contracts/snapshot.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import { type AiTarget, compileAiTarget } from "./ai-target.ts";

/** What a model name leads to. */
export interface ModelRoute {
  name: string;
  /** `direct`: a `provider/model` name. */
  strategy: ModelRouteSnapshot["strategy"] | "direct";
  targets: readonly AiTarget[];
  timeouts: TimeoutsSnapshot;
  retries: RetriesSnapshot;
  /** The order in which the targets are to be tried for the next call: indices. */
  order(): readonly number[];
}

export interface ModelRoutes {
  /** Throws `model_not_found`. */
  resolve(name: string): ModelRoute;
  /** Names for `GET /v1/models`. */
  readonly listed: readonly { id: string; ownedBy: string }[];
}

/** `provider/model` names are compiled when first used; callers must not be able to fill the memory with them. */
const MAX_DIRECT_ROUTES = 10_000;
const MAX_NAMES_IN_ERROR = 8;

export function compileModelRoutes(snapshot: Snapshot, runtime: AiRuntime): ModelRoutes {
  const providers = new Map(snapshot.providers.map((provider) => [provider.id, provider]));
  const named = new Map(snapshot.models.map((route) => [route.name, compileNamed(route)]));
  const direct = new Map<string, ModelRoute>();

  function compileNamed(route: ModelRouteSnapshot): ModelRoute {
    const targets = route.targets.flatMap(({ provider, model, weight }) => {
      const found = providers.get(provider);
      if (found === undefined) return [];
      return [compileAiTarget(found, model, weight, route.timeouts.connectMs, route.circuitBreaker, runtime)];
    });
    return {
      name: route.name,
      strategy: route.strategy,
      targets,
      timeouts: route.timeouts,
      retries: route.retries,
      order: compileOrder(route.strategy, targets),
    };
  }

  function compileDirect(name: string): ModelRoute | undefined {
    const slash = name.indexOf("/");
    const provider = slash > 0 ? providers.get(name.slice(0, slash)) : undefined;
    const model = name.slice(slash + 1);
    if (provider === undefined || model === "" || !isModelName(model)) return undefined;
    const { timeouts, retries, circuitBreaker } = provider;
    const target = compileAiTarget(provider, model, 1, timeouts.connectMs, circuitBreaker, runtime);
    const route: ModelRoute = { name, strategy: "direct", targets: [target], timeouts, retries, order: () => [0] };
    if (direct.size >= MAX_DIRECT_ROUTES) direct.clear();
    direct.set(name, route);
    return route;
  }

  const listed = [
    ...snapshot.models.map((route) => ({ id: route.name, ownedBy: "tidegate" })),
    ...snapshot.providers.flatMap((provider) =>
      provider.models.map((model) => ({ id: `${provider.id}/${model}`, ownedBy: provider.id })),
    ),
  ];
  return {
    listed,
    resolve(name) {
      const route = named.get(name) ?? direct.get(name) ?? compileDirect(name);
      if (route !== undefined) return route;
      const known = listed.slice(0, MAX_NAMES_IN_ERROR).map((model) => model.id);
      throw new GatewayError(
        "model_not_found",
        `model \`${name.slice(0, 200)}\` is not known: use \`provider/model\` or a model route (${known.join(", ")}${listed.length > known.length ? ", …" : ""})`,
        { param: "model" },
      );
    },
  };
}

/** Model names go into paths of some dialects. */
function isModelName(model: string): boolean {
  return model.length <= 200 && /^[\w.:@/+-]+$/.test(model) && !model.split("/").includes("..");
}

function compileOrder(strategy: ModelRouteSnapshot["strategy"], targets: readonly AiTarget[]): () => readonly number[] {
  const inOrder = targets.map((_, index) => index);
  switch (strategy) {
    case "failover":
      return () => inOrder;
    case "weighted":
      return () => weightedOrder(targets);
    case "latency":
      return () => sortedBy((target) => target.load.firstByteMs);
    case "least-busy":
      return () => sortedBy((target) => target.load.inFlight / target.weight);
  }

  function sortedBy(cost: (target: AiTarget) => number): number[] {
    return inOrder.slice().sort((a, b) => cost(targets[a] as AiTarget) - cost(targets[b] as AiTarget));
  }
}

/** Draws without putting back, each with a chance in proportion to its weight: the rest is the order of failover. */
function weightedOrder(targets: readonly AiTarget[]): number[] {
  const left = targets.map((_, index) => index);
  const order: number[] = [];
  while (left.length > 0) {
    let draw = Math.random() * left.reduce((sum, index) => sum + (targets[index] as AiTarget).weight, 0);
    let chosen = 0;
    while (chosen < left.length - 1) {
      draw -= (targets[left[chosen] as number] as AiTarget).weight;
      if (draw < 0) break;
      chosen++;
    }
    order.push(...left.splice(chosen, 1));
  }
  return order;
}
