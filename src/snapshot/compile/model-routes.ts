import type {
  ModelDestinationSnapshot,
  ModelTargetSnapshot,
  RouteConditionsSnapshot,
  StickToSnapshot,
} from "../../contracts/model-routing.ts";
import type { ModelRouteSnapshot } from "../../contracts/snapshot.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileRetries, compileTimeouts } from "./common.ts";

type Route = Configuration["models"][number];
type Destination = Pick<Route["rules"][number], "model" | "strategy" | "stick_to" | "targets">;

export function compileModelRoute(route: Route): ModelRouteSnapshot {
  const { aliases, rules, canary, mirror, client_hints: hints, unsupported_fields: unsupportedFields } = route;
  return {
    name: route.name,
    ...(aliases.length === 0 ? {} : { aliases }),
    strategy: route.strategy,
    ...stickTo(route),
    targets: route.targets.map(targetOf),
    ...(rules.length === 0 ? {} : { rules: rules.map(compileRule) }),
    ...(canary === null ? {} : { canary: compileCanary(canary) }),
    ...(mirror === null
      ? {}
      : { mirror: { percent: mirror.percent, timeoutMs: mirror.timeout, to: destinationOf(mirror) } }),
    ...(hints === undefined ? {} : { clientHints: [...new Set(hints)] }),
    ...(unsupportedFields === undefined ? {} : { unsupportedFields }),
    timeouts: compileTimeouts(route.timeouts),
    retries: compileRetries(route.retries),
    circuitBreaker: compileCircuitBreaker(route.circuit_breaker),
  };
}

function compileRule(rule: Route["rules"][number], index: number) {
  return { name: rule.name ?? String(index + 1), when: conditionsOf(rule.when), to: destinationOf(rule) };
}

function compileCanary(canary: NonNullable<Route["canary"]>) {
  const { percent, header, sticky } = canary;
  return { percent, header, sticky, to: destinationOf(canary) };
}

/** Either is there: see checks/model-routes.ts. */
function destinationOf(destination: Destination): ModelDestinationSnapshot {
  const { model, strategy = "failover", targets = [] } = destination;
  if (model !== undefined) return { model };
  return { strategy, ...stickTo(destination), targets: targets.map(targetOf) };
}

function conditionsOf(when: Route["rules"][number]["when"]): RouteConditionsSnapshot {
  const { model, headers, metadata, input_tokens: tokens, content, stream, application, team } = when;
  return {
    ...(model === undefined ? {} : { models: model }),
    ...(headers === undefined ? {} : { headers: valuesByName(headers) }),
    ...(metadata === undefined ? {} : { metadata: valuesByName(metadata) }),
    ...(tokens === undefined ? {} : { inputTokens: { min: tokens.min, max: tokens.max ?? null } }),
    ...(content === undefined ? {} : { content }),
    ...(stream === undefined ? {} : { stream }),
    ...(application === undefined ? {} : { applications: application }),
    ...(team === undefined ? {} : { teams: team }),
  };
}

/** `*`: any value. */
function valuesByName(values: Record<string, string[]>): { name: string; values: string[] }[] {
  return Object.entries(values).map(([name, list]) => ({ name, values: list.includes("*") ? [] : list }));
}

function stickTo({ stick_to: given }: Pick<Destination, "stick_to">): { stickTo?: StickToSnapshot } {
  if (given === undefined) return {};
  const { type, name } = given;
  return { stickTo: type === "header" ? { type, name: name ?? "" } : { type } };
}

function targetOf({ api, ...target }: Route["targets"][number]): ModelTargetSnapshot {
  return api === undefined ? target : { ...target, api };
}
