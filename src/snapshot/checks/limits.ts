import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { policiesOf } from "./policies-of.ts";
import { isAi } from "./service-kinds.ts";

export const LIMIT_UNITS = ["requests", "tokens", "cost_usd"] as const;

export const checkLimits: Check = (context) => {
  const { root } = context;
  const owners = [root.at("ai"), ...root.at("services").items(), ...root.at("applications").items()];
  for (const owner of owners) {
    for (const limit of owner.at("limits").items()) {
      checkUnit(context, limit);
      if (owner.path[0] === "services" && !isAi(owner)) checkCountable(context, limit);
      warnIfNobodyCalls(context, owner, limit, "service");
    }
  }
  for (const { policies } of policiesOf(root)) {
    for (const limit of policies.at("limits").items()) checkUnit(context, limit);
  }
  for (const service of root.at("services").items()) {
    const limits = service
      .at("routes")
      .items()
      .flatMap((route) => route.at("policies", "limits").items());
    for (const limit of limits) {
      if (!isAi(service)) checkCountable(context, limit);
      warnIfNobodyCalls(context, service, limit, "route");
    }
  }
};

/** `otherwise`: what the limit can be for, and what a limit of a route is for by default. */
function warnIfNobodyCalls(
  { warn }: CheckContext,
  service: Cursor,
  limit: Cursor,
  otherwise: "service" | "route",
): void {
  const per = limit.at("per").text() ?? (otherwise === "route" ? "route" : "application");
  if (per !== "application" || service.at("access").text() !== "open") return;
  warn(limit.path, `an open service is called without an application: use per: address or per: ${otherwise}`);
}

export function checkUnit({ report }: CheckContext, limit: Cursor): void {
  const given = LIMIT_UNITS.filter((unit) => limit.at(unit).exists);
  if (given.length === 1) return;
  const found = given.length === 0 ? "none" : given.join(" and ");
  report(limit.path, `expected exactly one of ${LIMIT_UNITS.join(", ")}; found ${found}`);
}

/** Only calls to models use tokens and cost money. */
export function checkCountable({ report }: CheckContext, limit: Cursor): void {
  for (const unit of ["tokens", "cost_usd"]) {
    if (limit.at(unit).exists) report(limit.at(unit).path, "a service of kind rest uses no tokens: limit its requests");
  }
}
