import { isDeepStrictEqual } from "node:util";
import { differencesOf, differencesOfNew, mayBeSecretInTeam } from "../diff.ts";
import type { PlanNotebook } from "./plan-notebook.ts";
import type { ServiceOutlook } from "./plan-services.ts";
import type {
  ActualState,
  ActualSubscription,
  DesiredApplication,
  DesiredState,
  DesiredSubscription,
  Terms,
} from "./state.ts";
import type { Subject } from "./steps.ts";

/** Requests what applications want to call and have not asked for. Whether they get it is others' to say. */
export function planSubscriptions(
  notebook: PlanNotebook,
  desired: DesiredState,
  actual: ActualState,
  outlook: ServiceOutlook,
): void {
  for (const application of desired.applications) {
    const seen = new Set<string>();
    for (const subscription of application.subscriptions ?? []) {
      if (seen.has(subscription.service)) continue;
      seen.add(subscription.service);
      planSubscription(notebook, application, subscription, actual, outlook);
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
  { service, terms }: DesiredSubscription,
  actual: ActualState,
  outlook: ServiceOutlook,
): void {
  const subject = subscriptionSubject(application, service, team);
  const before = actual.subscriptions.find((one) => one.application === application && one.service === service);
  const state = before?.state ?? "none";
  notebook.wanted(subject);
  if (before !== undefined && (state === "approved" || (state === "expired" && endsLater(terms)))) {
    planTerms(notebook, subject, before, terms);
    return;
  }
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
      notebook.step(
        subject,
        { type: "request-subscription", application, service, terms },
        differencesOfNew({ expires_at: null, limits: [], policies: {} }, terms, mayBeSecretInTeam),
      );
  }
}

/** The service's team decides of them: whoever is not of it can't even see what headers they set. */
function planTerms(notebook: PlanNotebook, subject: Subject, before: ActualSubscription, terms: Terms): void {
  const changed = Object.entries(terms).filter(([key, value]) => !isDeepStrictEqual(before[key], value));
  if (changed.length === 0) return;
  if (!before.termsAreOurs) {
    notebook.note(`subscription ${subject.id}: its terms are for the service's team to apply`);
    return;
  }
  const fields: Terms = Object.fromEntries(changed);
  const was = Object.fromEntries(Object.keys(fields).map((key) => [key, before[key]]));
  const { id, revision } = before;
  const differences = differencesOf(was, fields, mayBeSecretInTeam);
  notebook.step(subject, { type: "update-subscription", id, terms: fields, revision }, differences);
}

function endsLater({ expires_at }: Terms): boolean {
  return expires_at === null || (expires_at !== undefined && Date.parse(expires_at) > Date.now());
}

export function subscriptionSubject(application: string, service: string, team: string): Subject {
  return { kind: "subscription", id: `${application} → ${service}`, team };
}
