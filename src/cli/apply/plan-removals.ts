import type { PlanNotebook } from "./plan-notebook.ts";
import { subscriptionSubject } from "./plan-subscriptions.ts";
import { NOT_OURS } from "./providers.ts";
import { type ActualService, type ActualState, type DesiredState, teamsNamed } from "./state.ts";
import type { Action, Subject } from "./steps.ts";

/**
 * What is there but not in the files: subscriptions of applications that list theirs, applications and services of the
 * teams that the files name, and what is the organisation's, where the files list such things at all. Callers go before what they
 * call. Teams and identity providers are never removed: people would be shut out.
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
  // Files that list some are stopped by these already.
  if (prune && actual.ai === null && listsNone(desired)) {
    notebook.obstacle({ kind: "provider", id: "*", team: null }, NOT_OURS);
  }
  planRemovalsOfModels(desired, actual, remove);
  planRemovalsOfOrganisation(desired, actual, remove);
}

/** Whether there are to be no providers, or no models, any more. */
function listsNone({ lists, providers = [], models = [] }: DesiredState): boolean {
  return (lists.providers || lists.models) && providers.length + models.length === 0;
}

type Remove = (subject: Subject, action: Action) => void;

/** Those of the server's configuration file are not ours to remove. Routes go before the providers that they lead to. */
function planRemovalsOfModels(desired: DesiredState, { ai }: ActualState, remove: Remove): void {
  const { lists, providers = [], models = [] } = desired;
  if (lists.models) {
    const wanted = new Set(models.map(({ name }) => name));
    for (const { name, source, revision } of ai?.models ?? []) {
      if (source !== "database" || revision === null || wanted.has(name)) continue;
      remove({ kind: "model route", id: name, team: null }, { type: "delete-model-route", name, revision });
    }
  }
  if (!lists.providers) return;
  const wanted = new Map(providers.map((one) => [one.id, one]));
  for (const { id, source, revision, keys } of ai?.providers ?? []) {
    if (source !== "database" || revision === null) continue;
    const listed = wanted.get(id);
    if (listed === undefined) {
      remove({ kind: "provider", id, team: null }, { type: "delete-provider", id, revision });
    } else if (listed.listsKeys) {
      for (const key of keys) {
        if (key.revision === null || listed.keys.some((one) => one.id === key.id)) continue;
        const subject: Subject = { kind: "provider key", id: `${id}/${key.id}`, team: null };
        remove(subject, { type: "delete-provider-key", provider: id, id: key.id, revision: key.revision });
      }
    }
  }
}

/** Credentials for an issuer's tokens, and members with a role, keep it: the server says so. */
function planRemovalsOfOrganisation(
  { lists, tokenIssuers, roles }: DesiredState,
  actual: ActualState,
  remove: Remove,
): void {
  if (lists.token_issuers) {
    for (const { id, revision } of actual.tokenIssuers ?? []) {
      if (tokenIssuers.some((one) => one.id === id)) continue;
      remove({ kind: "token issuer", id, team: null }, { type: "delete-token-issuer", id, revision });
    }
  }
  if (lists.roles) {
    for (const { id, built_in, revision } of actual.roles) {
      if (built_in || revision === null || roles.some((one) => one.id === id)) continue;
      remove({ kind: "role", id, team: null }, { type: "delete-role", id, revision });
    }
  }
}

/** Of what was published, callers and the audit trail still speak: it is retired, not deleted. */
function removalOf({ id, state, current_release, revision }: ActualService): Action {
  if (state === "draft" && current_release === null) return { type: "delete-service", id, revision };
  return { type: "retire-service", id };
}
