import type {
  ModelDestinationSnapshot,
  ModelTargetSnapshot,
  RouteConditionsSnapshot,
  StickToSnapshot,
} from "../../contracts/model-routing.ts";
import type { ModelRouteSnapshot } from "../../contracts/snapshot.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { Configuration } from "../schema/configuration.ts";
import { compileCircuitBreaker, compileModelTimeouts, compileRetries } from "./common.ts";
import { compilePrice, factsAt } from "./providers.ts";

type Route = Configuration["models"][number];
type Destination = Pick<Route["rules"][number], "model" | "strategy" | "stick_to" | "targets">;

type Target = Route["targets"][number];
/** Of the kind of the provider of that id; undefined: not known. */
type EntryOf = (provider: string) => CatalogueEntry | undefined;

export function compileModelRoute(route: Route, entryOf: EntryOf): ModelRouteSnapshot {
  const { hedging, on_broken_stream: onBrokenStream } = route;
  const { aliases, rules, canary, mirror, client_hints: hints, unsupported_fields: unsupportedFields } = route;
  return {
    name: route.name,
    ...(aliases.length === 0 ? {} : { aliases }),
    strategy: route.strategy,
    ...stickTo(route),
    targets: route.targets.map((target) => compileModelTarget(target, entryOf)),
    ...(rules.length === 0 ? {} : { rules: rules.map((rule, index) => compileRule(rule, index, entryOf)) }),
    ...(canary === null ? {} : { canary: compileCanary(canary, entryOf) }),
    ...(mirror === null
      ? {}
      : { mirror: { percent: mirror.percent, timeoutMs: mirror.timeout, to: destinationOf(mirror, entryOf) } }),
    ...(hints === undefined ? {} : { clientHints: [...new Set(hints)] }),
    ...(unsupportedFields === undefined ? {} : { unsupportedFields }),
    timeouts: compileModelTimeouts(route.timeouts),
    retries: compileRetries(route.retries),
    circuitBreaker: compileCircuitBreaker(route.circuit_breaker),
    ...(hedging === undefined
      ? {}
      : { hedging: { after: hedging.after, minDelayMs: hedging.min_delay, maxShare: hedging.max_share } }),
    ...(onBrokenStream === "error" ? {} : { onBrokenStream }),
  };
}

function compileRule(rule: Route["rules"][number], index: number, entryOf: EntryOf) {
  return { name: rule.name ?? String(index + 1), when: conditionsOf(rule.when), to: destinationOf(rule, entryOf) };
}

function compileCanary(canary: NonNullable<Route["canary"]>, entryOf: EntryOf) {
  const { percent, header, sticky } = canary;
  return { percent, header, sticky, to: destinationOf(canary, entryOf) };
}

/** Either is there: see checks/model-routes.ts. */
function destinationOf(destination: Destination, entryOf: EntryOf): ModelDestinationSnapshot {
  const { model, strategy = "failover", targets = [] } = destination;
  if (model !== undefined) return { model };
  return { strategy, ...stickTo(destination), targets: targets.map((target) => compileModelTarget(target, entryOf)) };
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

function compileModelTarget(
  { api, timeouts, prefill, price, ...target }: Target,
  entryOf: EntryOf,
): ModelTargetSnapshot {
  return {
    ...target,
    ...(api === undefined ? {} : { api }),
    ...(price === undefined ? {} : { price: compilePrice(price) }),
    ...factsAt(entryOf(target.provider), target.model),
    ...(timeouts === undefined ? {} : { timeouts: compileTargetTimeouts(timeouts) }),
    ...(prefill === undefined ? {} : { prefill }),
  };
}

function compileTargetTimeouts(timeouts: NonNullable<Target["timeouts"]>) {
  const { connect, first_byte, idle, first_token, between_tokens, total } = timeouts;
  return {
    ...(connect === undefined ? {} : { connectMs: connect }),
    ...(first_byte === undefined ? {} : { firstByteMs: first_byte }),
    ...(idle === undefined ? {} : { idleMs: idle }),
    ...(first_token === undefined ? {} : { firstTokenMs: first_token }),
    ...(between_tokens === undefined ? {} : { betweenTokensMs: between_tokens }),
    ...(total === undefined ? {} : { totalMs: total }),
  };
}
