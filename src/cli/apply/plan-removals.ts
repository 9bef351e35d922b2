import type { PlanNotebook } from "./plan-notebook.ts";
import { subscriptionSubject } from "./plan-subscriptions.ts";
import { type ActualService, type ActualState, type DesiredState, teamsNamed } from "./state.ts";
import type { Action, Subject } from "./steps.ts";

/**
 * What is there but not in the files: subscriptions of applications that list theirs, and applications and services of the
 * teams that the files name, where the files list such things at all. Callers go before what they call.
 */
export function planRemovals(
  notebook: PlanNotebook,
  desired: DesiredState,
  actual: ActualState,
  { prune }: { prune: boolean },
): void {
  const remove = (subject: Subject, action: Action) => {
    if (prune) notebook.step(subject, action);
    else notebook.surplus(subject);
  };
  const lists = new Map(desired.applications.map(({ id, subscriptions }) => [id, subscriptions]));
  for (const { id, application, application_team, service, state, revision } of actual.subscriptions) {
    const listed = lists.get(application) ?? null;
    if (
      listed === null ||
      listed.some((one) => one.service === service) ||
      (state !== "approved" && state !== "pending")
    )
      continue;
    const action: Action = { type: "cancel-subscription", id, revision };
    remove(subscriptionSubject(application, service, application_team), action);
  }
  const teams = new Set(teamsNamed(desired));
  if (desired.lists.applications) {
    for (const { id, team, revision } of actual.applications) {
      if (!teams.has(team) || lists.has(id)) continue;
      remove({ kind: "application", id, team }, { type: "delete-application", id, revision });
    }
  }
  if (desired.lists.services) {
    const wanted = new Set(desired.services.map(({ id }) => id));
    for (const service of actual.services) {
      const { id, team, state } = service;
      if (!teams.has(team) || wanted.has(id) || state === "retired") continue;
      remove({ kind: "service", id, team }, removalOf(service));
    }
  }
}

/** Of what was published, callers and the audit trail still speak: it is retired, not deleted. */
function removalOf({ id, state, current_release, revision }: ActualService): Action {
  if (state === "draft" && current_release === null) return { type: "delete-service", id, revision };
  return { type: "retire-service", id };
}
