import fc from "fast-check";
import {
  type ActualCredential,
  type ActualIdentityProvider,
  type ActualService,
  type ActualState,
  type ActualTokenIssuer,
  type DesiredCredential,
  type DesiredIdentityProvider,
  type DesiredService,
  type DesiredState,
  type DesiredTokenIssuer,
  listsBy,
} from "../../../src/cli/apply/state.ts";
import { credentialOf, newService, subscriptionOf } from "./server-model.ts";

const TEAMS = ["finance", "shop", "others"];
const SERVICES = ["billing", "ledger", "catalogue"];
const APPLICATIONS = ["web", "batch", "mobile"];

const some = <One>(ids: readonly string[], make: (id: string) => fc.Arbitrary<One>): fc.Arbitrary<One[]> =>
  fc.subarray([...ids]).chain((chosen) => fc.tuple(...chosen.map(make)) as unknown as fc.Arbitrary<One[]>);

/** Each thing belongs to one team for ever: what would be refused is tested apart. */
const teamOf = (id: string) => TEAMS[(id.charCodeAt(0) + id.length) % 2] ?? "finance";

const words = fc.constantFrom("", "one", "two");
const draft = fc.constantFrom("http://127.0.0.1:1", "http://127.0.0.1:2").map((url) => ({
  routes: [{ path: "/x" }],
  upstream: { targets: [{ url }] },
}));
const limits = fc.constantFrom<Record<string, unknown>[]>(
  [],
  [{ requests: 1, window: "1m" }],
  [{ requests: 2, window: "1m" }],
);
const policies = fc.constantFrom<Record<string, unknown>>(
  {},
  { addresses: { allow: ["10.0.0.0/8"] } },
  { request_headers: { set: { "x-a": "b" } } },
);
/** Of a subscription: each of them may be left unsaid. */
const terms = fc.record({ limits, policies, expires_at: fc.constant(null) }, { requiredKeys: [] });
const methods = ["client_secret_basic", "client_secret_post", "none"];
const desiredProvider: fc.Arbitrary<DesiredIdentityProvider> = fc.record({
  id: fc.constant("acme"),
  issuer: fc.constant("https://idp.example.org"),
  clientSecret: fc.constant("secret"),
  authMethod: fc.constantFrom(null, ...methods),
  fields: fc.record({ name: words, enabled: fc.boolean() }),
});
const actualProvider: fc.Arbitrary<ActualIdentityProvider> = fc
  .record({ name: words, enabled: fc.boolean(), method: fc.constantFrom(...methods), secretFits: fc.boolean() })
  .map(({ method, secretFits, ...fields }) => {
    const has_client_secret = method !== "none";
    const own = { id: "acme", issuer: "https://idp.example.org", revision: 5, token_endpoint_auth_method: method };
    return {
      ...own,
      ...fields,
      has_client_secret,
      client_secret_reference: null,
      secretFits: secretFits && has_client_secret,
    };
  });
const ISSUER = { id: "corp", issuer: "https://login.example.org/" };
const issuerFields = fc.record({
  algorithms: fc.constant<string[]>(["HS256"]),
  audiences: fc.constantFrom<string[][]>([], ["tidegate"]),
  forward_token: fc.boolean(),
});
const desiredIssuer: fc.Arbitrary<DesiredTokenIssuer> = issuerFields.map((fields) => {
  return { ...ISSUER, keys: { keys: [{ secret: "secret" }] }, fields: { ...fields, jwks_url: null } };
});
const actualIssuer: fc.Arbitrary<ActualTokenIssuer> = fc.tuple(issuerFields, fc.boolean()).map(([fields, keysFit]) => ({
  ...ISSUER,
  ...fields,
  jwks_url: null,
  jwk_set: null,
  keys: [],
  keysFit,
  revision: 6,
}));
const USERS = ["cron", "till"];
const credentialTerms = fc.record({
  name: fc.constantFrom("one", "two"),
  expires_at: fc.constantFrom(null, "2100-01-01T00:00:00.000Z"),
  addresses: fc.constantFrom<string[][]>([], ["10.0.0.0/8"]),
});
const desiredCredentials: fc.Arbitrary<DesiredCredential[]> = some(USERS, (username) =>
  credentialTerms.map((terms) => {
    return { ...terms, kind: "basic", text: `user ${username}`, fields: { username }, secret: { password: "secret" } };
  }),
);
const actualCredentials = (application: string): fc.Arbitrary<ActualCredential[]> =>
  some(USERS, (username) =>
    fc
      .tuple(credentialTerms, fc.boolean())
      .map(([terms, secretFits]) => ({ ...credentialOf(application, { ...terms, basic: { username } }), secretFits })),
  );
const openapi = fc.constantFrom(null, "openapi: 3.1.0\n");
const shares = fc.subarray(TEAMS);

const desiredService = (id: string): fc.Arbitrary<DesiredService> =>
  fc.record({
    id: fc.constant(id),
    team: fc.constant(teamOf(id)),
    name: fc.constantFrom(id, "Another"),
    description: words,
    category: words,
    tags: fc.subarray(["a", "b"]),
    documentation: words,
    openapi,
    visibility: fc.constantFrom("team", "organisation"),
    approval: fc.constantFrom("manual", "automatic"),
    sharedWith: shares,
    draft,
    publish: fc.boolean(),
    note: words,
  });

const actualService = (id: string): fc.Arbitrary<ActualService> =>
  fc
    .record({
      description: words,
      draft,
      openapi,
      shared_with: shares,
      released: fc.option(fc.record({ configuration: draft, openapi })),
    })
    .map(({ released, ...fields }) => ({
      ...newService(id, teamOf(id)),
      ...fields,
      released,
      revision: 7,
      ...(released === null ? {} : { state: "published", current_release: 3 }),
    }));

export const desiredStates: fc.Arbitrary<DesiredState> = fc
  .record({
    description: words,
    ofOrganisation: fc.option(policies),
    ofTeams: policies,
    provider: fc.option(desiredProvider),
    issuer: fc.option(desiredIssuer),
    prunesIssuers: fc.boolean(),
    permissions: fc.subarray(["team.read", "service.read"]),
    services: some(SERVICES, desiredService),
    applications: some(APPLICATIONS, (id) =>
      fc.record({
        id: fc.constant(id),
        team: fc.constant(teamOf(id)),
        name: fc.constantFrom(id, "Another"),
        description: words,
        limits,
        policies,
        credentials: fc.option(desiredCredentials),
        subscriptions: fc.option(
          fc
            .subarray(SERVICES)
            .chain((chosen) => fc.tuple(...chosen.map((service) => terms.map((some) => ({ service, terms: some }))))),
        ),
      }),
    ),
  })
  .map(
    ({
      description,
      ofOrganisation,
      ofTeams,
      provider,
      issuer,
      permissions,
      services,
      applications,
      prunesIssuers,
    }) => {
      const publishable = services.filter(({ publish }) => publish).map(({ id }) => id);
      return {
        teams: TEAMS.slice(0, 2).map((id) => ({ id, name: id, description, policies: ofTeams })),
        policies: ofOrganisation,
        roles: [{ id: "reader", name: "reader", scope: "team", permissions }],
        identityProviders: provider === null ? [] : [provider],
        tokenIssuers: issuer === null ? [] : [issuer],
        services,
        // To what will not be published nobody can subscribe.
        applications: applications.map((one) => ({
          ...one,
          subscriptions: one.subscriptions?.filter(({ service }) => publishable.includes(service)) ?? null,
        })),
        lists: listsBy((section) => section !== "token_issuers" || prunesIssuers),
      };
    },
  );

export const actualStates: fc.Arbitrary<ActualState> = fc
  .record({
    teams: some(TEAMS, (id) =>
      fc
        .tuple(words, policies)
        .map(([description, some]) => ({ id, name: id, description, policies: some, revision: 4 })),
    ),
    ofOrganisation: policies,
    hasRole: fc.boolean(),
    provider: fc.option(actualProvider),
    issuer: fc.option(actualIssuer),
    credentials: fc.tuple(...APPLICATIONS.map(actualCredentials)),
    services: some(SERVICES, actualService),
    applications: some(APPLICATIONS, (id) =>
      fc.tuple(limits, policies).map(([some, own]) => {
        return { id, team: teamOf(id), name: id, description: "", limits: some, policies: own, revision: 2 };
      }),
    ),
    subscribed: fc.subarray(APPLICATIONS.flatMap((one) => SERVICES.map((service) => [one, service] as const))),
    state: fc.constantFrom("approved", "pending", "cancelled", "expired"),
  })
  .map(({ teams, ofOrganisation, hasRole, provider, issuer, services, applications, credentials, ...held }) => {
    const { subscribed, state } = held;
    const ids = applications.map(({ id }) => id);
    const ours = subscribed.filter(([application]) => ids.includes(application));
    const role = {
      id: "reader",
      name: "Reader",
      scope: "team" as const,
      permissions: ["team.read"],
      built_in: false,
      revision: 5,
    };
    return {
      actor: "somebody",
      teams,
      policies: ofOrganisation,
      roles: hasRole ? [role] : [],
      identityProviders: provider === null ? [] : [provider],
      tokenIssuers: issuer === null ? [] : [issuer],
      services,
      applications,
      credentials: credentials.flat().filter(({ application }) => ids.includes(application)),
      subscriptions: ours.map(([application, service]) => {
        const ended = state === "expired" ? { expires_at: "2026-01-01T00:00:00.000Z" } : {};
        return { ...subscriptionOf(application, teamOf(application), service, state), ...ended };
      }),
    };
  });
