import { isDeepStrictEqual } from "node:util";
import { type Difference, differencesOf, differencesOfNew, mayBeSecretInTeam } from "../diff.ts";
import type { PlanNotebook } from "./plan-notebook.ts";
import type { ActualIdentityProvider, ActualState, DesiredIdentityProvider, DesiredState } from "./state.ts";
import type { Subject } from "./steps.ts";

export function planPolicies(notebook: PlanNotebook, { policies }: DesiredState, actual: ActualState): void {
  if (policies === null) return;
  const subject: Subject = { kind: "organisation", id: "policies", team: null };
  notebook.wanted(subject);
  const before = actual.policies;
  if (before === null) {
    notebook.obstacle(subject, "they are not yours to see: who may change the settings applies them");
  } else if (!isDeepStrictEqual(before, policies)) {
    const differences = differencesOf({ policies: before }, { policies }, mayBeSecretInTeam);
    notebook.step(subject, { type: "update-organisation", policies }, differences);
  }
}

/** None is ever removed: those who sign in with it would be shut out. */
export function planIdentityProviders(notebook: PlanNotebook, desired: DesiredState, actual: ActualState): void {
  for (const provider of desired.identityProviders) {
    const subject: Subject = { kind: "identity provider", id: provider.id, team: null };
    notebook.wanted(subject);
    if (actual.identityProviders === null) {
      notebook.obstacle(subject, "identity providers are not yours to see: an owner applies them");
      continue;
    }
    const before = actual.identityProviders.find(({ id }) => id === provider.id);
    if (before === undefined) planNew(notebook, subject, provider);
    else planChange(notebook, subject, provider, before);
  }
}

function planNew(notebook: PlanNotebook, subject: Subject, provider: DesiredIdentityProvider): void {
  const { id, issuer, clientSecret, fields } = provider;
  const method = authMethodOf(provider, clientSecret !== null);
  if (method !== "none" && clientSecret === null) {
    notebook.obstacle(subject, `\`client_secret\` is missing: a new provider needs it for ${method}`);
    return;
  }
  const wanted = { issuer, ...fields, token_endpoint_auth_method: method, ...secretField(clientSecret, method) };
  const differences = differencesOfNew({ ...DEFAULTS, name: id }, wanted, isSecret);
  notebook.step(subject, { type: "create-identity-provider", provider: { id, ...wanted } }, differences);
}

function planChange(
  notebook: PlanNotebook,
  subject: Subject,
  provider: DesiredIdentityProvider,
  before: ActualIdentityProvider,
): void {
  const { id, issuer, clientSecret, fields } = provider;
  if (before.issuer !== issuer) {
    notebook.obstacle(subject, `its issuer is ${before.issuer}, which can't be changed: choose another id`);
    return;
  }
  const method = authMethodOf(provider, clientSecret !== null || before.has_client_secret);
  if (method !== "none" && clientSecret === null && !before.has_client_secret) {
    notebook.obstacle(subject, `\`client_secret\` is missing: none is stored, and ${method} needs it`);
    return;
  }
  const wanted: Record<string, unknown> = { ...fields, token_endpoint_auth_method: method };
  const changed = Object.entries(wanted).filter(([key, value]) => !isDeepStrictEqual(before[key], value));
  const changes = Object.fromEntries(changed);
  if (method === "none" && before.has_client_secret) changes.client_secret = null;
  if (method !== "none" && !before.secretFits) changes.client_secret = clientSecret;
  if (Object.keys(changes).length === 0) return;
  const was: Record<string, unknown> = { ...before, client_secret: before.has_client_secret ? STORED : undefined };
  const differences: Difference[] = Object.entries(changes).flatMap(([key, value]) => {
    return differencesOf({ [key]: was[key] }, { [key]: value ?? undefined }, isSecret);
  });
  const { revision } = before;
  notebook.step(subject, { type: "update-identity-provider", id, fields: changes, revision }, differences);
}

function authMethodOf({ authMethod }: DesiredIdentityProvider, hasSecret: boolean): string {
  return authMethod ?? (hasSecret ? "client_secret_basic" : "none");
}

function secretField(clientSecret: string | object | null, method: string): object {
  return clientSecret === null || method === "none" ? {} : { client_secret: clientSecret };
}

/** In the place of a secret that nobody is shown. */
const STORED = "stored";

function isSecret([key]: readonly (string | number)[]): boolean {
  return key === "client_secret";
}

/** What a new provider has unless it is said. */
const DEFAULTS = {
  scopes: ["openid", "profile", "email"],
  email_claim: "email",
  name_claim: "name",
  groups_claim: "groups",
  group_roles: [],
  default_role: "member",
  required_groups: [],
  allowed_email_domains: [],
  require_verified_email: true,
  create_users: true,
  link_existing_users: false,
  enabled: true,
};
