import type { ClientHint, ModelDestinationSnapshot, ModelTargetSnapshot } from "../../../contracts/model-routing.ts";
import type {
  ModelRouteSnapshot,
  ModelTimeoutsSnapshot,
  OpenaiApi,
  RetriesSnapshot,
  Snapshot,
} from "../../../contracts/snapshot.ts";
import { createConsistentHash } from "../../../upstream/balancing/consistent-hash.ts";
import { compileKeyPools } from "../../provider-keys/key-pool.ts";
import type { Context } from "../context.ts";
import type { Runtime } from "../runtime.ts";
import type { TargetRuntime } from "./ai-runtime.ts";
import { type AiTarget, compileAiTarget } from "./ai-target.ts";
import { HedgePolicy } from "./hedging/hedge-policy.ts";
import { compileModelNames, type NamedModel } from "./model-names.ts";
import { readsBody } from "./routing/conditions.ts";
import { ModelMirror } from "./routing/model-mirror.ts";
import { compileSelector, type Destination, type RouteSelector } from "./routing/route-selector.ts";
import { compileStickTo, type StickTo } from "./stick-to.ts";

/** What a model name leads to. */
export interface ModelRoute {
  name: string;
  strategy: NamedModel["strategy"];
  targets: readonly AiTarget[];
  timeouts: ModelTimeoutsSnapshot;
  retries: RetriesSnapshot;
  /** null: an error ends it. */
  onBrokenStream: "continue" | "restart" | null;
  /** null: nothing is hedged. */
  hedging: HedgePolicy | null;
  /** The order in which the targets are to be tried for a call: indices. */
  order(context: Context): readonly number[];
  /** Sends some of the calls of this name elsewhere; null: none. */
  selector: RouteSelector | null;
  /** Where copies of its calls go; null: there are none. */
  mirror: ModelMirror | null;
  /** Where calls of its name go is known for each of them apart: nothing is learned of them. */
  isChosen: boolean;
  /** What callers may say of their calls. */
  clientHints: ReadonlySet<ClientHint>;
  dropsUnsupported: boolean;
  /** As the caller wants it; null: as many as there are targets, or `retries` says. */
  maxAttempts: number | null;
  /** As the caller wants it, where that is shorter than the target's own; 0: it does not say. */
  askedFirstByteMs: number;
}

export interface ModelRoutes {
  /** Throws `model_not_found`. */
  resolve(name: string): ModelRoute;
  /** Some rule asks what a body holds. */
  readonly readBodies: boolean;
}

/** `provider/model` names are compiled when first used; callers must not be able to fill the memory with them. */
const MAX_DIRECT_ROUTES = 10_000;

/** `copies`: what mirrors need besides; null: no copies are made. */
export function compileModelRoutes(
  snapshot: Pick<Snapshot, "providers" | "models" | "ai">,
  runtime: TargetRuntime,
  copies: Runtime | null,
): ModelRoutes {
  const providers = new Map(snapshot.providers.map((provider) => [provider.id, provider]));
  const pools = compileKeyPools(snapshot.providers, runtime);
  const names = compileModelNames(snapshot);
  const mayHoldForeign = callsResponses(snapshot);
  const named = new Map(snapshot.models.map(({ name }) => [name, compileRoute(names.resolve(name))]));
  const direct = new Map<string, ModelRoute>();
  // Loads the list of prices, which a first call would wait for otherwise.
  for (const { priceProvider } of snapshot.providers) runtime.prices.priceOf(priceProvider, "");

  function compileRoute(model: NamedModel): ModelRoute {
    const { clientHints = snapshot.ai.clientHints, unsupportedFields = snapshot.ai.unsupportedFields } = model;
    const common = {
      selector: null,
      mirror: null,
      isChosen: false,
      clientHints: new Set(clientHints),
      dropsUnsupported: unsupportedFields === "drop",
      maxAttempts: null,
      askedFirstByteMs: 0,
    };
    const compileDestination = (to: ModelDestinationSnapshot): Destination => {
      if ("model" in to) return to.model;
      const { stickTo: _own, ...others } = model;
      return { ...compileTargets({ ...others, ...to }), ...common };
    };
    const selector = compileSelector(model, compileDestination);
    const mirror =
      model.mirror === undefined || copies === null
        ? null
        : new ModelMirror(model.mirror, compileDestination(model.mirror.to), copies);
    const isChosen = selector !== null || mirror !== null;
    return { ...compileTargets(model), ...common, selector, mirror, isChosen };
  }

  /** Targets of one destination of a route. */
  function compileTargets({
    name,
    strategy,
    stickTo,
    targets: at,
    timeouts,
    retries,
    circuitBreaker,
    onBrokenStream,
    hedging,
  }: NamedModel) {
    const targets = at.flatMap((target) => {
      const found = providers.get(target.provider);
      const keys = pools.get(target.provider);
      if (found === undefined || keys === undefined) return [];
      return [compileAiTarget(found, keys, target, mayHoldForeign, timeouts, circuitBreaker, runtime)];
    });
    if (strategy === "cost") targets.sort((one, other) => costOf(one) - costOf(other));
    const order = compileOrder(strategy, targets, stickTo);
    return {
      name,
      strategy,
      targets,
      timeouts,
      retries,
      order,
      onBrokenStream: onBrokenStream ?? null,
      hedging: hedging === undefined ? null : new HedgePolicy(hedging),
    };
  }

  function compileDirect(name: string): ModelRoute {
    const model = names.resolve(name);
    // An alias is the route itself: its mirror has one measure of what it may have under way.
    const route = named.get(model.name) ?? compileRoute(model);
    if (direct.size >= MAX_DIRECT_ROUTES) direct.clear();
    direct.set(name, route);
    return route;
  }

  return {
    readBodies: snapshot.models.some(({ rules = [] }) => rules.some(({ when }) => readsBody(when))),
    resolve: (name) => named.get(name) ?? direct.get(name) ?? compileDirect(name),
  };
}

/** Those of its rules, its canary and its mirror as well. */
function allTargets({ targets, rules = [], canary, mirror }: ModelRouteSnapshot): ModelTargetSnapshot[] {
  const others = [...rules, ...(canary === undefined ? [] : [canary]), ...(mirror === undefined ? [] : [mirror])];
  return [...targets, ...others.flatMap(({ to }) => ("model" in to ? [] : to.targets))];
}

/** Whether callers of other dialects get thinking that a provider of the Responses API has signed. */
function callsResponses({ providers, models }: Pick<Snapshot, "providers" | "models">): boolean {
  const has = ({ api }: { api?: OpenaiApi }) => api === "responses";
  return providers.some(has) || models.some((model) => allTargets(model).some(has));
}

/** US dollars for what calls use for each other, roughly. */
function costOf({ price }: AiTarget): number {
  return price === null ? Number.MAX_VALUE : 3 * price.inputPerToken + price.outputPerToken;
}

function compileOrder(
  strategy: ModelRoute["strategy"],
  targets: readonly AiTarget[],
  stickTo: NamedModel["stickTo"],
): ModelRoute["order"] {
  const inOrder = targets.map((_, index) => index);
  switch (strategy) {
    case "direct":
    case "failover":
    // The targets themselves are sorted.
    case "cost":
      return () => inOrder;
    case "weighted":
      return () => weightedOrder(targets);
    case "latency":
      return () => sortedBy((target) => target.load.firstByteMs);
    case "least-busy":
      return () => sortedBy((target) => target.load.inFlight / target.weight);
    case "sticky":
      return stickyOrder(targets, compileStickTo(stickTo));
  }

  function sortedBy(cost: (target: AiTarget) => number): number[] {
    return inOrder.slice().sort((a, b) => cost(targets[a] as AiTarget) - cost(targets[b] as AiTarget));
  }
}

/** The target that a key belongs to, then the one that it would belong to without that, and so on. */
function stickyOrder(targets: readonly AiTarget[], stickTo: StickTo): ModelRoute["order"] {
  const choose = createConsistentHash(
    targets.map(({ provider, target, weight }) => ({ url: `${provider.id} ${target.model}`, weight })),
  );
  return (context) => {
    const key = stickTo(context);
    const order: number[] = [];
    while (order.length < targets.length) {
      const next = choose((index) => !order.includes(index), key);
      // What has no weight is there for when all else fails.
      if (next < 0) return [...order, ...targets.keys()].filter((index, at, all) => all.indexOf(index) === at);
      order.push(next);
    }
    return order;
  };
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
