import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";

export const LIMIT_UNITS = ["requests", "tokens", "cost_usd"] as const;

export const checkLimits: Check = (context) => {
  const { root } = context;
  const owners = [root.at("ai"), ...root.at("services").items(), ...root.at("applications").items()];
  for (const owner of owners) {
    for (const limit of owner.at("limits").items()) {
      checkUnit(context, limit);
      if (owner.path[0] === "services") checkCountable(context, limit);
      if (owner.at("access").text() === "open" && (limit.at("per").text() ?? "application") === "application") {
        context.warn(limit.path, "an open service is called without an application: use per: address or per: service");
      }
    }
  }
};

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
