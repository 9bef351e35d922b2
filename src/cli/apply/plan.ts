import { type Difference, differencesOf, differencesOfNew, mayBeSecretInTeam } from "../diff.ts";
import { changedFields } from "./fields.ts";
import { planCredentials, planTokenIssuers } from "./plan-credentials.ts";
import { PlanNotebook } from "./plan-notebook.ts";
import { planIdentityProviders, planPolicies } from "./plan-organisation.ts";
import { planRemovals } from "./plan-removals.ts";
import { planServices, type ServiceOutlook } from "./plan-services.ts";
import { planSubscriptions } from "./plan-subscriptions.ts";
import { planProviders } from "./providers.ts";
import type { ActualState, DesiredApplication, DesiredRole, DesiredState, DesiredTeam } from "./state.ts";
import type { Plan, Subject } from "./steps.ts";

export interface PlanOptions {
  /** Removes what is in the files' teams, but not in the files. */
  prune: boolean;
}

/** The steps from what is to what should be, in the order in which they have to be done. Pure. */
export function planFor(desired: DesiredState, actual: ActualState, options: PlanOptions): Plan {
  const notebook = new PlanNotebook();
  planPolicies(notebook, desired, actual);
  for (const team of desired.teams) planTeam(notebook, team, actual);
  requireTeams(notebook, desired, actual);
  for (const role of desired.roles) planRole(notebook, role, actual);
  planIdentityProviders(notebook, desired, actual);
  planTokenIssuers(notebook, desired, actual);
  const { providers = [], models = [] } = desired;
  planProviders(notebook, { providers, models }, actual.ai ?? null);
  const outlook: ServiceOutlook = planServices(notebook, desired, actual);
  for (const application of desired.applications) planApplication(notebook, application, actual);
  planCredentials(notebook, desired, actual, options);
  planSubscriptions(notebook, desired, actual, outlook);
  planRemovals(notebook, desired, actual, options);
  return notebook.plan;
}

function planTeam(notebook: PlanNotebook, team: DesiredTeam, { teams }: ActualState): void {
  const subject: Subject = { kind: "team", id: team.id, team: team.id };
  notebook.wanted(subject);
  const before = teams.find(({ id }) => id === team.id);
  if (before === undefined) {
    notebook.step(subject, { type: "create-team", team }, newDifferences({ name: team.id }, withoutId(team)));
    return;
  }
  const { revision } = before;
  const fields = changedFields(withoutId(before), withoutId(team));
  if (fields === null) return;
  notebook.step(subject, { type: "update-team", id: team.id, fields, revision }, plainDifferences(before, fields));
}

/** A service of a team that is not there could not be made. */
function requireTeams(notebook: PlanNotebook, desired: DesiredState, actual: ActualState): void {
  const known = new Set([...desired.teams, ...actual.teams].map(({ id }) => id));
  const require = (subject: Subject & { team: string }) => {
    if (known.has(subject.team)) return;
    notebook.obstacle(subject, `there is no team ${subject.team}, or none that you may see; list it under \`teams\``);
  };
  for (const { id, team } of desired.services) require({ kind: "service", id, team });
  for (const { id, team } of desired.applications) require({ kind: "application", id, team });
}

function planRole(notebook: PlanNotebook, role: DesiredRole, { roles }: ActualState): void {
  const subject: Subject = { kind: "role", id: role.id, team: null };
  notebook.wanted(subject);
  const before = roles.find(({ id }) => id === role.id);
  if (before?.built_in === true) {
    notebook.obstacle(subject, `${role.id} is a built-in role: choose another id`);
    return;
  }
  if (before !== undefined && before.scope !== role.scope) {
    notebook.obstacle(subject, `it is a role of the ${before.scope} already: choose another id`);
    return;
  }
  const comparable = ({ name, permissions }: Pick<DesiredRole, "name" | "permissions">) => {
    return { name, permissions: [...permissions].sort() };
  };
  const after = { ...comparable(role), ...(before === undefined ? { scope: role.scope } : {}) };
  const differences = plainDifferences(before === undefined ? {} : comparable(before), after);
  if (differences.length === 0) return;
  notebook.step(subject, { type: "put-role", role, revision: before?.revision ?? null }, differences);
}

function planApplication(notebook: PlanNotebook, application: DesiredApplication, { applications }: ActualState): void {
  const { id, team, name, description, limits, policies } = application;
  const subject: Subject = { kind: "application", id, team };
  notebook.wanted(subject);
  const wanted = { name, description, limits, policies };
  const before = applications.find((one) => one.id === id);
  if (before === undefined) {
    const differences = newDifferences({ name: id }, wanted);
    notebook.step(subject, { type: "create-application", application }, differences);
    return;
  }
  if (before.team !== team) {
    notebook.obstacle(subject, `it belongs to team ${before.team}: an application can't go to another team`);
    return;
  }
  const is = {
    name: before.name,
    description: before.description,
    limits: before.limits,
    policies: before.policies,
  };
  const fields = changedFields(is, wanted);
  if (fields === null) return;
  const { revision } = before;
  notebook.step(subject, { type: "update-application", id, fields, revision }, plainDifferences(is, wanted));
}

/** Those that `after` does not have are left out. */
function plainDifferences(before: object, after: object): Difference[] {
  const was = Object.fromEntries(Object.entries(before).filter(([key]) => key in after));
  return differencesOf(was, after, mayBeSecretInTeam);
}

/** What something new has unless it is said. */
const DEFAULTS = { description: "", limits: [], policies: {} };

function newDifferences(defaults: Readonly<Record<string, unknown>>, fields: object): Difference[] {
  return differencesOfNew({ ...DEFAULTS, ...defaults }, fields, mayBeSecretInTeam);
}

function withoutId({ name, description, policies }: DesiredTeam): Omit<DesiredTeam, "id"> {
  return { name, description, policies };
}
