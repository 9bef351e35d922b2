import { GatewayError } from "../../../../contracts/errors.ts";
import type { ModelDestinationSnapshot } from "../../../../contracts/model-routing.ts";
import type { ModelRouteSnapshot } from "../../../../contracts/snapshot.ts";
import { stickyPoint } from "../../releases/choose-release.ts";
import { callerOf } from "../../stages/select-release.ts";
import type { ModelRoute } from "../model-routes.ts";
import { type Condition, compileConditions, type RouteFacts } from "./conditions.ts";

/** Which of several sets of targets a call of one model name is for. */
export interface RouteSelector {
  readonly rules: readonly { name: string; holds: Condition; to: Destination }[];
  readonly canary: {
    percent: number;
    header: { name: string; value: string } | null;
    sticky: boolean;
    to: Destination;
  } | null;
}

/** Targets, or another name to look up. */
export type Destination = ModelRoute | string;

/** Null: there is nothing to select, calls of the name all go to its targets. */
export function compileSelector(
  { rules = [], canary }: Pick<ModelRouteSnapshot, "rules" | "canary">,
  compile: (to: ModelDestinationSnapshot) => Destination,
): RouteSelector | null {
  if (rules.length === 0 && canary === undefined) return null;
  return {
    rules: rules.map(({ name, when, to }) => ({ name, holds: compileConditions(when), to: compile(to) })),
    canary: canary === undefined ? null : { ...canary, to: compile(canary.to) },
  };
}

/** What decided: `rule pictures`, `canary`; of several, one after the other. */
export interface RouteChoice {
  route: ModelRoute;
  by: string | null;
}

/** A configuration that is refused for leading in a circle goes no further than this. */
const MAX_STEPS = 16;

/** `draw`: 0 (inclusive) to 100 (exclusive), for canaries that stick to nobody. */
export function chooseRoute(
  named: ModelRoute,
  facts: RouteFacts,
  resolve: (name: string) => ModelRoute,
  draw: () => number = drawShare,
): RouteChoice {
  let route = named;
  let by: string | null = null;
  for (let step = 0; step < MAX_STEPS; step++) {
    const chosen = route.selector === null ? null : select(route.selector, route.name, facts, resolve, draw);
    if (chosen === null) return { route, by };
    by = by === null ? chosen.by : `${by}, ${chosen.by}`;
    route = typeof chosen.to === "string" ? resolve(chosen.to) : chosen.to;
  }
  throw new GatewayError("internal_error", `the rules of model \`${named.name}\` lead in a circle`);
}

function select(
  { rules, canary }: RouteSelector,
  name: string,
  facts: RouteFacts,
  resolve: (name: string) => ModelRoute,
  draw: () => number,
): { to: Destination; by: string } | null {
  for (const rule of rules) if (rule.holds(facts)) return { to: rule.to, by: `rule ${rule.name}` };
  if (canary === null) return null;
  const { header, percent, sticky, to } = canary;
  const isAsked = header !== null && facts.context.exchange.header(header.name) === header.value;
  if (isAsked) return { to, by: "canary" };
  if (percent === 0) return null;
  // Its share is of the calls that can be made there.
  const { targets } = typeof to === "string" ? resolve(to) : to;
  if (!targets.some((target) => facts.mayServe(target))) return null;
  const point = percent === 100 ? 0 : sticky ? stickyPoint(`model ${name}`, callerOf(facts.context)) : draw();
  return point < percent ? { to, by: "canary" } : null;
}

function drawShare(): number {
  return Math.random() * 100;
}
