import type { Application, IdentityProvider } from "../../../src/cli/admin/answers.ts";
import { credentialText } from "../../../src/cli/apply/credentials.ts";
import { isProviderAction } from "../../../src/cli/apply/providers.ts";
import type {
  ActualCredential,
  ActualService,
  ActualState,
  ActualSubscription,
  ActualTokenIssuer,
  Terms,
} from "../../../src/cli/apply/state.ts";
import type { Action, Step } from "../../../src/cli/apply/steps.ts";

const AT = "2026-01-01T00:00:00.000Z";

/** What the admin API makes of a plan's steps, without a server: the oracle of the plan's tests. */
export function applied(state: ActualState, steps: readonly Step[]): ActualState {
  return steps.reduce((before, { action }) => after(before, action), state);
}

function after(state: ActualState, action: Action): ActualState {
  // Theirs are looked at against a server, in cli.test.ts.
  if (isProviderAction(action)) return state;
  switch (action.type) {
    case "update-organisation":
      return { ...state, policies: action.policies };
    case "create-identity-provider": {
      const { client_secret: secret, ...fields } = action.provider;
      const made = {
        ...fields,
        has_client_secret: secret !== undefined,
        client_secret_reference: null,
        revision: 1,
      } as unknown as IdentityProvider;
      return { ...state, identityProviders: [...(state.identityProviders ?? []), { ...made, secretFits: true }] };
    }
    case "update-identity-provider": {
      const { client_secret: secret, ...fields } = action.fields;
      const stored = secret === undefined ? {} : { has_client_secret: secret !== null, secretFits: true };
      const change = { ...action, fields: { ...fields, ...stored } };
      return { ...state, identityProviders: changed(state.identityProviders ?? [], change) };
    }
    case "create-team":
      return { ...state, teams: [...state.teams, { ...action.team, revision: 1 }] };
    case "update-team":
      return { ...state, teams: changed(state.teams, action) };
    case "put-role": {
      const others = state.roles.filter(({ id }) => id !== action.role.id);
      const { permissions } = action.role;
      return {
        ...state,
        roles: [
          ...others,
          { ...action.role, permissions: [...permissions], built_in: false, revision: (action.revision ?? 0) + 1 },
        ],
      };
    }
    case "create-application": {
      const { subscriptions: _requestedLater, credentials: _madeLater, ...application } = action.application;
      const made: Application = { ...application, limits: [...application.limits], revision: 1 };
      return { ...state, applications: [...state.applications, made] };
    }
    case "update-application":
      return { ...state, applications: changed(state.applications, action) };
    case "create-token-issuer": {
      const { jwks_url = null, jwk_set = null, keys = null, ...fields } = action.issuer;
      const made = { ...fields, jwks_url, jwk_set, keys, keysFit: true, revision: 1 } as unknown as ActualTokenIssuer;
      return { ...state, tokenIssuers: [...(state.tokenIssuers ?? []), made] };
    }
    case "update-token-issuer": {
      const fields = { ...action.fields, keysFit: true };
      return { ...state, tokenIssuers: changed(state.tokenIssuers ?? [], { ...action, fields }) };
    }
    case "delete-token-issuer":
      return { ...state, tokenIssuers: (state.tokenIssuers ?? []).filter(({ id }) => id !== action.id) };
    case "delete-role":
      return { ...state, roles: state.roles.filter(({ id }) => id !== action.id) };
    case "create-credential":
      return { ...state, credentials: [...state.credentials, credentialOf(action.application, action.credential)] };
    case "update-credential":
      return { ...state, credentials: changed(state.credentials, action) };
    case "rotate-credential": {
      const old = state.credentials.find(({ id }) => id === action.id);
      const made = { ...old, expires_at: null, secretFits: true, revision: 1, ...action.fields };
      const ending = (one: ActualCredential) => ({ ...one, expires_at: AT, revision: one.revision + 1 });
      const others = state.credentials.map((one) => (one.id === action.id ? ending(one) : one));
      return { ...state, credentials: [...others, { ...made, id: `${action.id}-rotated` } as ActualCredential] };
    }
    case "revoke-credential": {
      const revoked = (one: ActualCredential) => (one.id === action.id ? { ...one, state: "revoked" } : one);
      return { ...state, credentials: state.credentials.map(revoked) };
    }
    case "request-subscription":
      return { ...state, subscriptions: requested(state, action.application, action.service, action.terms) };
    case "update-subscription":
      // Whatever it was: it ends later now.
      return {
        ...state,
        subscriptions: changed(state.subscriptions, { ...action, fields: { ...action.terms, state: "approved" } }),
      };
    case "cancel-subscription": {
      const fields = { state: "cancelled" };
      return { ...state, subscriptions: changed(state.subscriptions, { ...action, fields }) };
    }
    case "delete-application":
      return {
        ...state,
        applications: state.applications.filter(({ id }) => id !== action.id),
        subscriptions: state.subscriptions.filter(({ application }) => application !== action.id),
      };
    case "delete-service":
      return { ...state, services: state.services.filter(({ id }) => id !== action.id) };
    case "create-service": {
      const { id, team, sharedWith: _shared, publish: _publish, note: _note, ...fields } = action.service;
      return { ...state, services: [...state.services, { ...newService(id, team), ...fields } as ActualService] };
    }
    case "update-service":
      return {
        ...state,
        services: changed(state.services, action as { id: string; fields: object; revision: number }),
      };
    case "share-service": {
      const shared = (one: ActualService) => ({ ...one, shared_with: [...action.teams] });
      return { ...state, services: state.services.map((one) => (one.id === action.id ? shared(one) : one)) };
    }
    case "publish-service":
      return { ...state, services: state.services.map((one) => (one.id === action.id ? published(one) : one)) };
    case "retire-service": {
      const fields = { state: "retired", current_release: null, released: null };
      return { ...state, services: state.services.map((one) => (one.id === action.id ? { ...one, ...fields } : one)) };
    }
  }
}

/** As the server has one that was made of `fields`: without its secret. */
export function credentialOf(application: string, fields: Readonly<Record<string, unknown>>): ActualCredential {
  const { basic, hmac } = fields as { basic?: { username: string }; hmac?: { key_id: string; max_age: string } };
  const shown = {
    ...(basic === undefined ? {} : { basic: { username: basic.username } }),
    ...(hmac === undefined ? {} : { hmac: { key_id: hmac.key_id, max_age: hmac.max_age } }),
  };
  const kind = ["basic", "hmac", "jwt", "mtls"].find((one) => one in fields) ?? "api-key";
  const id = `${application}-${credentialText({ ...fields })}`;
  const common = { id, application, kind, prefix: null, state: "active", created_at: AT, expires_at: null };
  return { ...common, name: "main", addresses: [], revision: 1, secretFits: true, ...fields, ...shown };
}

/** Refuses what is not what the plan thinks it is, as `If-Match` does. */
function changed<One extends { id: string; revision: number }>(
  all: readonly One[],
  { id, fields, revision }: { id: string; fields?: object; revision: number },
): One[] {
  return all.map((one) => {
    if (one.id !== id) return one;
    if (one.revision !== revision) throw new Error(`${id} is at ${one.revision}, not at ${revision}`);
    return { ...one, ...fields, revision: revision + 1 };
  });
}

function published(one: ActualService): ActualService {
  const released = { configuration: one.draft, openapi: one.openapi };
  return { ...one, state: "published", current_release: (one.current_release ?? 0) + 1, released };
}

/** By somebody whose word is enough: it is approved, and has its terms at once. */
function requested(state: ActualState, application: string, service: string, terms: Terms): ActualSubscription[] {
  const isOther = (one: ActualSubscription) => one.application !== application || one.service !== service;
  return [
    ...state.subscriptions.filter(isOther),
    { ...subscriptionOf(application, "any", service, "approved"), ...terms } as ActualSubscription,
  ];
}

export function subscriptionOf(application: string, team: string, service: string, state: string): ActualSubscription {
  return {
    id: `${application}-${service}`,
    application,
    application_team: team,
    service,
    service_team: "any",
    state,
    reason: "",
    note: "",
    requested_by: "somebody",
    created_at: AT,
    expires_at: null,
    limits: [],
    policies: {},
    termsAreOurs: true,
    revision: 1,
  };
}

export function newService(id: string, team: string): ActualService {
  return {
    id,
    team,
    kind: "rest",
    name: id,
    description: "",
    category: "",
    tags: [],
    documentation: "",
    has_openapi: false,
    visibility: "team",
    approval: "manual",
    state: "draft",
    current_release: null,
    review: null,
    sunset_at: null,
    deprecation_link: null,
    updated_at: AT,
    revision: 1,
    draft: {},
    shared_with: [],
    openapi: null,
    released: null,
  };
}
