import type { ApplicationSnapshot, Snapshot } from "../../../contracts/snapshot.ts";
import { type CompiledApplication, type CompiledLimit, compileLimits } from "../compiled.ts";
import { Authenticator } from "../credentials/authenticator.ts";
import type { CompiledCredentials } from "../credentials/compile-credentials.ts";
import type { Stage } from "../pipeline.ts";
import { SharedLimits } from "../policies/shared-limits.ts";
import type { Runtime } from "../runtime.ts";
import { indexSubscriptions } from "../subscriptions.ts";

export function compileApplications(snapshot: Snapshot): readonly CompiledApplication[] {
  const applications: CompiledApplication[] = [];
  const shared = new SharedLimits(snapshot);
  for (const application of snapshot.applications) {
    const compiled: CompiledApplication = {
      id: application.id,
      team: application.team,
      subscriptions: application.subscriptions,
      subscriptionIndex: indexSubscriptions(application.subscriptions),
      limits: limitsOf(application, shared.ofTeam(application.team)),
      snapshot: application,
    };
    applications.push(compiled);
  }
  return applications;
}

/** Its own, and those that its team has for it. Most applications of most teams have none: they share a list. */
function limitsOf({ id, limits }: ApplicationSnapshot, ofTeam: readonly CompiledLimit[]): readonly CompiledLimit[] {
  if (limits.length === 0) return ofTeam;
  return [...compileLimits(limits, "application", `application ${id}`, { application: id }), ...ofTeam];
}

/** Stage 3. The application that calls, by its credentials: keys are neither stored nor compared in the clear. */
export function compile(credentials: CompiledCredentials, runtime: Pick<Runtime, "limits" | "fastPath">): Stage {
  const authenticator = new Authenticator(credentials, runtime);
  return (context) => {
    const { target } = context;
    if (target === null || target.kind === "health") return "next";
    return authenticator.authenticate(context);
  };
}
