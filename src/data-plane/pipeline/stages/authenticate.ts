import type { Snapshot } from "../../../contracts/snapshot.ts";
import { type CompiledApplication, compileLimits } from "../compiled.ts";
import { Authenticator } from "../credentials/authenticator.ts";
import type { CompiledCredentials } from "../credentials/compile-credentials.ts";
import type { Stage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";
import { indexSubscriptions } from "../subscriptions.ts";

export function compileApplications(snapshot: Snapshot): readonly CompiledApplication[] {
  const applications: CompiledApplication[] = [];
  for (const application of snapshot.applications) {
    const compiled: CompiledApplication = {
      id: application.id,
      team: application.team,
      subscriptions: application.subscriptions,
      subscriptionIndex: indexSubscriptions(application.subscriptions),
      limits: compileLimits(application.limits, `application ${application.id}`, application.id),
      snapshot: application,
    };
    applications.push(compiled);
  }
  return applications;
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
