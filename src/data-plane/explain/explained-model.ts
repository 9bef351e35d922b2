import { GatewayError } from "../../contracts/errors.ts";
import type { ModelDestinationSnapshot } from "../../contracts/model-routing.ts";
import type { Snapshot } from "../../contracts/snapshot.ts";
import { createPriceBook } from "../../providers/prices.ts";
import { TargetNumbersTable } from "../../upstream/target-numbers.ts";
import type { TargetRuntime } from "../pipeline/ai/ai-runtime.ts";
import { type AiTarget, dialectAt } from "../pipeline/ai/ai-target.ts";
import { compileModelNames } from "../pipeline/ai/model-names.ts";
import { compileModelRoutes, type ModelRoute, type ModelRoutes } from "../pipeline/ai/model-routes.ts";
import { resolveModel } from "../pipeline/ai/resolve-model.ts";
import { choosePath, readHints, requireFieldsAllowed, takesFields } from "../pipeline/ai/routing/choose-path.ts";
import type { RouteFacts } from "../pipeline/ai/routing/conditions.ts";
import { withoutHints } from "../pipeline/ai/routing/hint-fields.ts";
import { type RequestFeatures, readFeatures } from "../pipeline/ai/routing/request-features.ts";
import { chooseRoute } from "../pipeline/ai/routing/route-selector.ts";
import {
  type AiOperation,
  buildAddressed,
  buildCall,
  type CallPlan,
  type InspectedRequest,
  inspectAddress,
  inspectRequest,
  parseBody,
} from "../pipeline/ai/translation.ts";
import { unifiedPath } from "../pipeline/ai/unified-path.ts";
import type { RouteTarget } from "../pipeline/compiled.ts";
import type { Context } from "../pipeline/context.ts";
import { TokenStore } from "../provider-keys/token-store.ts";
import type {
  ExplainedKey,
  ExplainedModel,
  ExplainedTarget,
  ExplainedUpstream,
  ExplainRequest,
} from "./explanation.ts";

type AiRoute = Extract<RouteTarget, { kind: "ai" }>;
type KeysOf = (provider: string, atMs: number) => ExplainedKey[];

/** Says where calls to the models of a snapshot go. The parts are those that a gateway compiles, without a way to anybody. */
export class ModelExplainer {
  readonly #snapshot: Snapshot;
  readonly #keysOf: KeysOf;
  #routes: ModelRoutes | null = null;

  constructor(snapshot: Snapshot, keysOf: KeysOf) {
    this.#snapshot = snapshot;
    this.#keysOf = keysOf;
  }

  /** Null: nothing says which model. Throws what the call would be refused with. */
  explain(context: Context, target: AiRoute, request: ExplainRequest): ExplainedUpstream | null {
    const call = callOf(context, target, request);
    if (call === null) return null;
    this.#routes ??= compileModelRoutes(withoutKeys(this.#snapshot), detachedRuntime(), null);
    const routes = this.#routes;
    const { inspected, inbound } = call;
    const named = resolveModel(context, routes, inspected.model);
    const hints = readHints(context, inbound, inspected, named);
    if (call.body !== null && inspected.hintFields !== undefined && takesFields(named, context, inbound)) {
      call.body = withoutHints(call.body, inspected.hintFields.namesModel ? null : inspected.model);
    }
    const features = () => featuresOf(call);
    let chosen = { route: named, by: null as string | null };
    let isDecided = true;
    try {
      // Chance is for nobody here.
      chosen = choosePath(named, hints, context, routes, inspected, features, ANY, () => 100);
    } catch (error) {
      if (error !== BODY_UNKNOWN) throw error;
      isDecided = false;
    }
    const { route } = chosen;
    requireFieldsAllowed(context, inbound, inspected, named, route);
    const facts: RouteFacts = { context, model: inspected.model, stream: inspected.stream, features, mayServe: ANY };
    const targets = inOrder(route, context).map((one) => this.#target(one, route, call, request.atMs));
    const [refused] = targets.flatMap((one) => one.refused ?? []);
    if (refused !== undefined && targets.every((one) => one.refused != null)) {
      const { code, param, message } = refused;
      throw new GatewayError(code, message, param === null ? {} : { param });
    }
    return {
      strategy: route.strategy,
      path: null,
      targets,
      model: {
        asked: inspected.model,
        route: named.name,
        routedBy: chosen.by,
        isDecided,
        rules: explainedRules(named, facts),
        canary: this.#canary(named, facts, routes),
        mirror: this.#mirror(named.name),
        hints: hints === null ? [] : [...hints.said.values()],
        maxAttempts: route.maxAttempts,
        timeouts: timeoutsOf(route),
        hedging: this.#model(route.name)?.hedging ?? null,
        onBrokenStream: route.onBrokenStream ?? "error",
        unsupportedFields: route.dropsUnsupported ? "drop" : "refuse",
      },
    };
  }

  #target(
    target: AiTarget,
    { dropsUnsupported }: ModelRoute,
    call: ExplainedCallToModel,
    atMs: number,
  ): ExplainedTarget {
    const { provider, weight } = target;
    const explained = {
      name: `${provider.id}/${target.target.model}`,
      weight,
      keys: this.#keysOf(provider.id, atMs),
    };
    return call.body === null ? explained : { ...explained, ...fieldsAt(target, call, call.body, dropsUnsupported) };
  }

  #canary({ name }: ModelRoute, facts: RouteFacts, routes: ModelRoutes): ExplainedModel["canary"] {
    const canary = this.#model(name)?.canary;
    if (canary === undefined) return null;
    const { percent, header, sticky, to } = canary;
    const selector = routes.resolve(name).selector;
    // Whichever rule would come first.
    const alone = { ...routes.resolve(name), selector: selector === null ? null : { ...selector, rules: [] } };
    const { by } = chooseRoute(
      alone,
      facts,
      () => ({ ...alone, selector: null }),
      () => 100,
    );
    return { percent, header: header?.name ?? null, sticky, to: describeDestination(to), isChosen: by !== null };
  }

  #mirror(name: string): ExplainedModel["mirror"] {
    const mirror = this.#model(name)?.mirror;
    return mirror === undefined ? null : { percent: mirror.percent, to: describeDestination(mirror.to) };
  }

  #model(name: string) {
    return compileModelNames(this.#snapshot).resolve(name);
  }
}

/** Ids of what providers keep are not looked at: they are signed with a key that is not here. */
const ANY = () => true;

interface ExplainedCallToModel {
  operation: AiOperation;
  inbound: AiRoute["inbound"]["name"];
  address: CallPlan["address"] | null;
  inspected: InspectedRequest;
  bytes: Buffer | null;
  /** Null: it is not known. */
  body: Record<string, unknown> | null;
}

function callOf(context: Context, target: AiRoute, request: ExplainRequest): ExplainedCallToModel | null {
  const { inbound, endpoint } = target;
  const address = inbound.readAddress?.(unifiedPath(target, request.path), request.query) ?? null;
  const bytes = request.body ?? null;
  const operation = endpoint === "chat" || endpoint === "embeddings" ? endpoint : (address?.operation ?? "chat");
  const body = bytes === null ? null : parseBody(bytes);
  // What sticks to users looks into it.
  context.body = bytes;
  const call = { operation, inbound: inbound.name, address, bytes, body };
  if (address !== null) return { ...call, inspected: inspectAddress(address, bytes ?? Buffer.alloc(0)) };
  if (body !== null) return { ...call, inspected: inspectRequest(body, inbound.name) };
  if (request.model === null) return null;
  const inspected = { model: request.model, stream: false, includeUsage: true, encodingFormat: "float" as const };
  return { ...call, inspected };
}

/** Thrown where a rule asks for a body that is not known. */
const BODY_UNKNOWN = new Error("the body is not known");

function featuresOf({ body, inbound }: ExplainedCallToModel): RequestFeatures {
  if (body === null) throw BODY_UNKNOWN;
  return readFeatures(body, inbound);
}

function explainedRules({ selector }: ModelRoute, facts: RouteFacts): ExplainedModel["rules"] {
  const explained: ExplainedModel["rules"] = [];
  for (const { name, holds } of selector?.rules ?? []) {
    let outcome: boolean | null = null;
    try {
      outcome = holds(facts);
    } catch (error) {
      if (error !== BODY_UNKNOWN) throw error;
    }
    explained.push({ name, holds: outcome });
    if (outcome === true) break;
  }
  return explained;
}

/** What is left to chance, or to how targets do at the moment. */
const UNDECIDED: ReadonlySet<string> = new Set(["weighted", "latency", "least-busy"]);

function inOrder(route: ModelRoute, context: Context): AiTarget[] {
  const { targets } = route;
  if (UNDECIDED.has(route.strategy)) return [...targets];
  return route.order(context).map((index) => targets[index] as AiTarget);
}

function fieldsAt(
  target: AiTarget,
  { operation, inbound, address, bytes }: ExplainedCallToModel,
  body: Record<string, unknown>,
  dropsUnsupported: boolean,
): Pick<ExplainedTarget, "dropped" | "refused"> {
  const plan: CallPlan = {
    operation,
    inbound,
    outbound: dialectAt(target, operation, inbound),
    target: target.target,
    mayHoldForeign: target.mayHoldForeign || inbound === "openai-responses",
    ...(address == null ? {} : { address }),
    ...(dropsUnsupported ? { dropsUnsupported: true } : {}),
  };
  try {
    const built = buildAddressed(bytes ?? Buffer.alloc(0), plan) ?? buildCall(body, plan);
    return { dropped: [...(built.dropped ?? [])], refused: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { dropped: [], refused: { code: error.code, param: error.param, message: error.message } };
  }
}

function describeDestination(to: ModelDestinationSnapshot): string {
  return "model" in to ? to.model : to.targets.map(({ provider, model }) => `${provider}/${model}`).join(", ");
}

function withoutKeys({ providers, models, ai }: Snapshot): Pick<Snapshot, "providers" | "models" | "ai"> {
  return { models, ai, providers: providers.map((provider) => ({ ...provider, keys: [] })) };
}

function detachedRuntime(): TargetRuntime {
  const nobody = () => {
    throw new Error("explain calls nobody");
  };
  const dispatcher = {
    dispatch: nobody,
    stats: () => ({ connected: 0, running: 0 }),
    destroy: () => Promise.resolve(),
  };
  return {
    prices: createPriceBook(),
    loads: new Map(),
    breakers: new Map(),
    targetNumbers: new TargetNumbersTable(),
    keyPools: new Map(),
    providerTokens: new TokenStore({ warn() {} }),
    limits: { reserve: nobody, settle: nobody },
    logger: { debug() {}, info() {}, warn() {}, error() {}, child: nobody },
    dispatchers: { get: () => dispatcher },
  };
}

function timeoutsOf({ timeouts }: ModelRoute): ExplainedModel["timeouts"] {
  const { firstByteMs, firstTokenMs, betweenTokensMs, totalMs } = timeouts;
  return { firstByteMs, firstTokenMs, betweenTokensMs, totalMs };
}
