import { GatewayError } from "../../../../contracts/errors.ts";
import type { InboundName } from "../../../../dialects/index.ts";
import type { Context } from "../../context.ts";
import { requireNamed } from "../../policies/model-access.ts";
import type { AiTarget } from "../ai-target.ts";
import type { ModelRoute, ModelRoutes } from "../model-routes.ts";
import { resolveModel } from "../resolve-model.ts";
import type { InspectedRequest } from "../translation.ts";
import { applyHints, choosesTargets, requireAllowed } from "./apply-hints.ts";
import { type ClientHints, readHintHeaders, withBodyFallbacks } from "./client-hints.ts";
import type { RouteFacts } from "./conditions.ts";
import type { RequestFeatures } from "./request-features.ts";
import { chooseRoute, type RouteChoice } from "./route-selector.ts";

/** Null: the caller says nothing of how its call is to be made. Throws `invalid_request`. */
export function readHints(
  context: Pick<Context, "exchange">,
  inbound: InboundName,
  { model, hintFields }: InspectedRequest,
  named: ModelRoute,
): ClientHints | null {
  let hints = readHintHeaders(context.exchange);
  if (hintFields !== undefined) {
    if (takesFields(named, context, inbound)) {
      hints = withBodyFallbacks(hints, hintFields.namesModel ? model : null, hintFields);
    } else if (!hintFields.namesModel) {
      const message = `\`model\` is missing, and \`models\` is not taken for model \`${named.name}\` (client_hints)`;
      throw new GatewayError("invalid_request", message, { param: "model" });
    }
  }
  if (hints !== null) requireAllowed(named, hints);
  return hints;
}

/**
 * Whether `models` and `fallbacks` of a body are the gateway's. Where callers have no say in that, they are fields like others
 * that some provider may know; so is Anthropic's own `fallbacks`, whose callers name its beta.
 */
export function takesFields(
  { clientHints }: ModelRoute,
  { exchange }: Pick<Context, "exchange">,
  inbound: InboundName,
): boolean {
  if (!clientHints.has("fallbacks")) return false;
  return inbound !== "anthropic" || exchange.header("anthropic-beta")?.includes("fallback") !== true;
}

/**
 * What the body names to a provider by fields that are not the gateway's is for callers who may use that, too. `route`: where the
 * call goes. Throws `model_not_allowed`.
 */
export function requireFieldsAllowed(
  context: Context,
  inbound: InboundName,
  { hintFields }: InspectedRequest,
  named: ModelRoute,
  route: ModelRoute,
): void {
  if (context.modelAccess === null || hintFields === undefined || takesFields(named, context, inbound)) return;
  const providers = new Set(route.targets.map(({ provider }) => provider.id));
  requireNamed(context, providers, "models", hintFields.models);
  requireNamed(context, providers, "fallbacks", hintFields.fallbacks);
}

/**
 * Where a call goes: what its model's name leads to, by rules and canaries, and what its hints make of that. `mayServe`: some targets may
 * not get it, and a canary of none but those gets no share of such calls.
 */
export function choosePath(
  named: ModelRoute,
  hints: ClientHints | null,
  context: Context,
  routes: ModelRoutes,
  { model, stream }: InspectedRequest,
  features: () => RequestFeatures,
  mayServe: (target: AiTarget) => boolean,
  draw?: () => number,
): RouteChoice {
  const resolve = (name: string) => routes.resolve(name);
  const facts: RouteFacts = { context, model, stream, features, mayServe };
  const chosen = chooseRoute(named, facts, resolve, draw);
  if (hints === null) return chosen;
  const resolveHinted = (name: string) =>
    chooseRoute(resolveModel(context, routes, name), { ...facts, model: name }, resolve, draw).route;
  const route = applyHints(chosen.route, hints, context, resolveHinted, mayServe);
  if (!choosesTargets(hints)) return { route, by: chosen.by };
  return { route, by: chosen.by === null ? "hints" : `${chosen.by}, hints` };
}
