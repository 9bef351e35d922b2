import type { ApplicationSnapshot } from "../../../contracts/snapshot.ts";
import { type CompiledApplication, type CompiledLimit, compileLimits } from "../compiled.ts";
import type { SharedLimits } from "../policies/shared-limits.ts";
import { indexSubscriptions } from "../subscriptions.ts";

/** `number`: as in the snapshot's chunks. */
export function compileApplication(
  application: ApplicationSnapshot,
  number: Buffer,
  shared: SharedLimits,
): CompiledApplication {
  return {
    id: application.id,
    number,
    team: application.team,
    subscriptions: application.subscriptions,
    subscriptionIndex: indexSubscriptions(application.subscriptions),
    limits: limitsOf(application, shared.ofTeam(application.team)),
    snapshot: application,
  };
}

/** Its own, and those that its team has for it. Most applications of most teams have none: they share a list. */
function limitsOf({ id, limits }: ApplicationSnapshot, ofTeam: readonly CompiledLimit[]): readonly CompiledLimit[] {
  if (limits.length === 0) return ofTeam;
  return [...compileLimits(limits, "application", `application ${id}`, { application: id }), ...ofTeam];
}
