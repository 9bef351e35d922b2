import { GatewayError } from "../../contracts/errors.ts";
import type { ProviderKeySnapshot } from "../../contracts/provider-keys.ts";
import type { Snapshot } from "../../contracts/snapshot.ts";
import { packSnapshot } from "../../snapshot/packed/packer.ts";
import { basePathOf } from "../pipeline/ai/provider-address.ts";
import { unifiedPath } from "../pipeline/ai/unified-path.ts";
import { aiBypassReason, bypassReason } from "../pipeline/cache/bypass.ts";
import { modelTtlMs } from "../pipeline/cache/model-cache.ts";
import type { RouteTarget } from "../pipeline/compiled.ts";
import type { Context } from "../pipeline/context.ts";
import { asGatewayError } from "../pipeline/errors.ts";
import { providerPath } from "../pipeline/pass-through/passed-provider.ts";
import { isDrawn, type LiveReleases } from "../pipeline/releases/live-releases.ts";
import { compileRouter, type Router } from "../pipeline/router.ts";
import { counterKey, isCounted, limitsOf } from "../pipeline/stages/admit.ts";
import { stateAt } from "../pipeline/subscriptions.ts";
import { ModelExplainer } from "./explained-model.ts";
import { explainedPolicies } from "./explained-policies.ts";
import type {
  ExplainedKey,
  ExplainedLimit,
  ExplainedRelease,
  ExplainedUpstream,
  ExplainRequest,
  Explanation,
} from "./explanation.ts";
import { nearMisses, takenRoute } from "./near-misses.ts";
import { Trial, type TrialResult } from "./trial.ts";

/** What a gateway that serves `snapshot` would do with the call. Pure: counts nothing, dials nobody. */
export function explain(snapshot: Snapshot, request: ExplainRequest): Explanation {
  return compileExplain(snapshot)(request);
}

/** As `explain`, for many calls. The parts are those that a gateway compiles. */
export function compileExplain(snapshot: Snapshot): (request: ExplainRequest) => Explanation {
  const packed = packSnapshot(snapshot);
  const router = compileRouter({ ...snapshot, callers: packed.head.callers });
  const trial = new Trial(packed, router);
  const keysOf = (provider: string, atMs: number) =>
    explainedKeys(snapshot.providers.find(({ id }) => id === provider)?.keys ?? [], atMs);
  const models = new ModelExplainer(snapshot, keysOf);
  return (request) => {
    const result = trial.run(request);
    const { context } = result;
    const isMocked = result.isAdmitted && context.policies !== null && context.policies.mock !== null;
    const upstream = isMocked ? null : upstreamOf(result, request, snapshot, models);
    const error = result.error ?? (upstream instanceof GatewayError ? upstream : null);
    const { target, application, subscription } = context;
    return {
      verdict:
        error !== null ? "refused" : result.isAnswered || isMocked || isOwnAnswer(target) ? "answered" : "forwarded",
      error: error === null ? null : { code: error.code, status: error.status, message: error.message },
      route: isUnchosen(target) ? null : takenRoute(router, request, target),
      nearMisses: nearMisses(router, request, target),
      service: serviceOf(target),
      release: releaseOf(context, router),
      application:
        application === null
          ? null
          : { id: application.id, team: application.team, recognisedBy: context.credentialHeaders },
      subscription:
        subscription === null
          ? null
          : { state: stateAt(subscription, request.atMs), expiresAtMs: subscription.expiresAtMs },
      policies: explainedPolicies(context),
      limits: result.isAdmitted ? explainedLimits(context) : [],
      cache: result.isAdmitted && error === null && !isMocked ? cacheOf(context) : null,
      upstream: upstream instanceof GatewayError || error !== null ? null : upstream,
    };
  };
}

function cacheOf(context: Context): Explanation["cache"] {
  const { target, policies } = context;
  if (policies === null || policies.cache === null || isOwnAnswer(target)) return null;
  if (target?.kind === "rest" && target.snapshot.kind === "mcp") return null;
  if (target?.kind === "ai" && target.endpoint === "pass-through") return null;
  if (target?.kind === "ai" && modelTtlMs(policies.cache) === null) return null;
  const because = target?.kind === "ai" ? aiBypassReason(context) : bypassReason(context);
  return { isLookedUp: because === null, because };
}

/** Lists of models. */
function isOwnAnswer(target: RouteTarget | null): boolean {
  return target?.kind === "ai" && (target.endpoint === "models" || target.endpoint === "model");
}

/** Refused before a release was chosen. */
function isUnchosen(target: RouteTarget | null): boolean {
  return target !== null && target.kind !== "health" && target.releases !== null;
}

function serviceOf(target: RouteTarget | null): Explanation["service"] {
  if (target === null || target.kind === "health") return null;
  const { id, team, access } = target.service;
  return { id, team, access };
}

function releaseOf(context: Context, router: Router): ExplainedRelease | null {
  const { target, releaseBy, exchange } = context;
  if (target === null || target.kind === "health" || target.releases !== null) return null;
  if (target.snapshot === null) return null;
  const isByChance = releaseBy === "default" || releaseBy === "route";
  const live = isByChance ? liveReleasesOf(router, context) : null;
  const chances = (live?.canaries ?? []).filter(
    (canary) => isDrawn(canary) && canary.release.find(exchange.method, exchange.host, exchange.path).found,
  );
  return {
    release: target.service.release,
    by: releaseBy,
    chances: chances.map(({ release, from, to }) => ({ release: release.snapshot.release, percent: to - from })),
  };
}

function liveReleasesOf(router: Router, { exchange }: Context): LiveReleases | null {
  const match = router(exchange.method, exchange.host, exchange.path);
  return match.found && match.target.kind !== "health" ? match.target.releases : null;
}

function explainedLimits(context: Context): ExplainedLimit[] {
  return limitsOf(context).flatMap((limits) =>
    limits
      .filter((compiled) => isCounted(compiled, context))
      .map((compiled) => ({
        source: compiled.level,
        ...compiled.limit,
        cluster: compiled.limit.cluster ?? context.pipeline.snapshot.limitsCluster ?? "shared",
        counter: counterKey(compiled, context),
      })),
  );
}

function explainedKeys(keys: readonly ProviderKeySnapshot[], atMs: number): ExplainedKey[] {
  return keys.map(({ id, weight, priority = 0, expiresAtMs = null, limits = [] }) => ({
    id,
    weight,
    priority,
    expiresAtMs,
    isExpired: expiresAtMs !== null && expiresAtMs <= atMs,
    limits: limits.map(({ unit, amount, windowMs }) => ({ unit, amount, windowMs })),
  }));
}

/** An error where the model is not known, or where what the caller says of its call makes no sense. */
function upstreamOf(
  { context, isAdmitted }: TrialResult,
  request: ExplainRequest,
  { providers }: Pick<Snapshot, "providers">,
  models: ModelExplainer,
): ExplainedUpstream | GatewayError | null {
  const { target } = context;
  if (!isAdmitted || target === null || target.kind === "health") return null;
  if (target.kind === "rest") {
    const { balance, targets } = target.snapshot.upstream;
    const isMcp = target.snapshot.kind === "mcp";
    const path = request.path === "*" ? "*" : target.rewritePath(request.path);
    // The path of an MCP server is in its URL.
    return {
      strategy: balance,
      path: isMcp ? null : path,
      targets: targets.map(({ url, weight }) => ({ name: url, weight, keys: [] })),
    };
  }
  if (isOwnAnswer(target)) return null;
  if (target.endpoint === "pass-through") {
    const provider = providers.find(({ id }) => id === target.provider);
    if (provider === undefined) return null;
    const { id, baseUrl } = provider;
    const targets = [{ name: id, weight: 1, keys: explainedKeys(provider.keys, request.atMs) }];
    return {
      strategy: "direct",
      path: providerPath(basePathOf(baseUrl), unifiedPath(target, request.path)),
      targets,
    };
  }
  try {
    return models.explain(context, target, request);
  } catch (error) {
    return asGatewayError(error);
  }
}
