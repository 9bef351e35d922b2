import type { PlanNotebook } from "./plan-notebook.ts";
import type { ServiceOutlook } from "./plan-services.ts";
import type { ActualState, DesiredApplication, DesiredState } from "./state.ts";
import type { Subject } from "./steps.ts";

/** Requests what applications want to call and have not asked for. Whether they get it is others' to say. */
export function planSubscriptions(
  notebook: PlanNotebook,
  desired: DesiredState,
  actual: ActualState,
  outlook: ServiceOutlook,
): void {
  for (const application of desired.applications) {
    for (const service of new Set(application.subscriptions ?? [])) {
      planSubscription(notebook, application, service, actual, outlook);
    }
  }
}

const HINTS: Readonly<Record<string, string>> = {
  pending: "it waits for approval",
  rejected: "it was rejected: `tidegate subscriptions request` asks again",
  revoked: "it was revoked: ask the service's team",
};

function planSubscription(
  notebook: PlanNotebook,
  { id: application, team }: DesiredApplication,
  service: string,
  actual: ActualState,
  outlook: ServiceOutlook,
): void {
  const subject = subscriptionSubject(application, service, team);
  const before = actual.subscriptions.find((one) => one.application === application && one.service === service);
  const state = before?.state ?? "none";
  notebook.wanted(subject);
  if (state === "approved") return;
  // Asking again each time would wear down whoever said no.
  const hint = HINTS[state];
  if (hint !== undefined) {
    notebook.note(`subscription ${subject.id}: ${hint}`);
    return;
  }
  switch (outlook.get(service)) {
    case "waits for a second person":
      notebook.note(`subscription ${subject.id}: it is requested once the service is published`);
      return;
    case "not published":
      notebook.obstacle(subject, `service ${service} is not published: give it \`publish: true\``);
      return;
    case "retired":
      notebook.obstacle(subject, `service ${service} is retired`);
      return;
    default:
      notebook.step(subject, { type: "request-subscription", application, service });
  }
}

export function subscriptionSubject(application: string, service: string, team: string): Subject {
  return { kind: "subscription", id: `${application} → ${service}`, team };
}
