import { describe, expect, it } from "vitest";
import { planFor } from "../../../src/cli/apply/plan.ts";
import { planText } from "../../../src/cli/apply/print-plan.ts";
import {
  type ActualCredential,
  type ActualService,
  type ActualState,
  type ActualTokenIssuer,
  type DesiredCredential,
  type DesiredIdentityProvider,
  type DesiredService,
  type DesiredState,
  listsBy,
  type Terms,
} from "../../../src/cli/apply/state.ts";
import { COLOURED, PLAIN } from "../../../src/cli/output/palette.ts";
import { TOKEN_ISSUER_DEFAULTS } from "../../../src/snapshot/schema/jwt-issuer.ts";
import { credentialOf, newService, subscriptionOf } from "./server-model.ts";

const DRAFT = { routes: [{ path: "/billing" }], upstream: { targets: [{ url: "http://127.0.0.1:9001" }] } };

const billing: DesiredService = {
  id: "billing",
  team: "finance",
  name: "billing",
  description: "",
  category: "",
  tags: [],
  documentation: "",
  openapi: null,
  visibility: "team",
  approval: "manual",
  sharedWith: [],
  draft: DRAFT,
  publish: true,
  note: "the first",
};

const web = { id: "web", team: "shop", name: "web", description: "", limits: [], policies: {}, credentials: null };

const to = (service: string, terms: Terms = {}) => ({ service, terms });

function desired(fields: Partial<DesiredState> = {}): DesiredState {
  const { tokenIssuers: token_issuers, ...others } = fields;
  const listed = { ...others, token_issuers };
  const lists = listsBy((section) => listed[section] !== undefined);
  return {
    policies: null,
    teams: [],
    roles: [],
    identityProviders: [],
    tokenIssuers: [],
    services: [],
    applications: [],
    lists,
    ...fields,
  };
}

function actual(fields: Partial<ActualState> = {}): ActualState {
  const teams = ["finance", "shop", "others"].map((id) => ({
    id,
    name: id,
    description: "",
    policies: {},
    revision: 1,
  }));
  return {
    actor: "me",
    policies: {},
    teams,
    roles: [],
    identityProviders: [],
    tokenIssuers: [],
    services: [],
    applications: [],
    credentials: [],
    subscriptions: [],
    ...fields,
  };
}

function served(fields: Partial<ActualService> = {}): ActualService {
  const released = { configuration: DRAFT, openapi: null };
  return {
    ...newService("billing", "finance"),
    draft: DRAFT,
    state: "published",
    current_release: 1,
    released,
    ...fields,
  };
}

const actions = (wanted: DesiredState, is: ActualState, prune = false) =>
  planFor(wanted, is, { prune }).steps.map(({ action }) => action.type);
const obstacles = (wanted: DesiredState, is: ActualState) =>
  planFor(wanted, is, { prune: false }).obstacles.map(({ subject, message }) => `${subject.id}: ${message}`);

describe("a plan", () => {
  it("makes things before what needs them", () => {
    const wanted = desired({
      teams: [{ id: "new", name: "New", description: "", policies: {} }],
      roles: [{ id: "reader", name: "reader", scope: "team", permissions: [] }],
      services: [{ ...billing, team: "new", sharedWith: ["shop"] }],
      applications: [{ ...web, subscriptions: [to("billing"), to("ai")] }],
    });
    expect(actions(wanted, actual())).toEqual([
      "create-team",
      "put-role",
      "create-service",
      "share-service",
      "publish-service",
      "create-application",
      "request-subscription",
      "request-subscription",
    ]);
  });

  it("publishes when the draft or its document is not what is served, and not otherwise", () => {
    const wanted = desired({ services: [billing] });
    expect(actions(wanted, actual({ services: [served()] }))).toEqual([]);
    const other = { configuration: { ...DRAFT, access: "open" }, openapi: null };
    expect(actions(wanted, actual({ services: [served({ released: other })] }))).toEqual(["publish-service"]);
    const document = { configuration: DRAFT, openapi: "openapi: 3.1.0\n" };
    expect(actions(wanted, actual({ services: [served({ released: document })] }))).toEqual(["publish-service"]);
    const unpublished = desired({ services: [{ ...billing, publish: false, draft: { ...DRAFT, access: "open" } }] });
    expect(actions(unpublished, actual({ services: [served()] }))).toEqual(["update-service"]);
  });

  it("asks a second person once, and gives one's own word to what somebody else asked for", () => {
    const wanted = desired({ services: [billing], applications: [{ ...web, subscriptions: [to("billing")] }] });
    const asked = (by: string) => {
      const review = { requested_by: by, note: "" };
      return actual({
        services: [{ ...newService("billing", "finance"), draft: DRAFT, review }],
        applications: [{ ...web, limits: [], revision: 1 }],
      });
    };
    expect(actions(wanted, asked("somebody else"))).toEqual(["publish-service", "request-subscription"]);
    const own = planFor(wanted, asked("me"), { prune: false });
    expect(own.steps).toEqual([]);
    expect(own.notes).toEqual([
      expect.stringContaining("waits for somebody else who may publish it"),
      expect.stringContaining("once the service is published"),
    ]);
  });

  it("does not ask again where somebody said no", () => {
    const wanted = desired({ applications: [{ ...web, subscriptions: [to("billing")] }] });
    for (const state of ["rejected", "revoked", "pending"]) {
      const subscriptions = [subscriptionOf("web", "shop", "billing", state)];
      const is = actual({ applications: [{ ...web, limits: [], revision: 1 }], subscriptions });
      const plan = planFor(wanted, is, { prune: false });
      expect(plan.steps).toEqual([]);
      expect(plan.notes).toHaveLength(1);
    }
  });

  it("says what stands in the way before anything is done", () => {
    const is = actual({ services: [served({ team: "others" })] });
    expect(obstacles(desired({ services: [billing] }), is)).toEqual([
      "billing: it belongs to team others: a service can't go to another team",
    ]);
    const retired = actual({ services: [served({ state: "retired" })] });
    expect(obstacles(desired({ services: [billing] }), retired)[0]).toMatch(/is retired/);
    expect(obstacles(desired({ services: [{ ...billing, team: "nobody" }] }), actual())[0]).toMatch(/no team nobody/);
    const draftOnly = desired({
      services: [{ ...billing, publish: false }],
      applications: [{ ...web, subscriptions: [to("billing")] }],
    });
    expect(obstacles(draftOnly, actual())).toEqual([
      "web → billing: service billing is not published: give it `publish: true`",
    ]);
    const builtIn = actual({
      roles: [{ id: "viewer", name: "", scope: "team", permissions: [], built_in: true, revision: null }],
    });
    const role = { id: "viewer", name: "viewer", scope: "team" as const, permissions: [] };
    expect(obstacles(desired({ roles: [role] }), builtIn)[0]).toMatch(/built-in/);
  });

  it("changes policies of teams and applications, and shows no header's value", () => {
    const policies = { request_headers: { set: { authorization: "secret" } }, addresses: { deny: ["192.0.2.1"] } };
    const wanted = desired({
      teams: [{ id: "shop", name: "shop", description: "", policies }],
      applications: [{ ...web, policies, subscriptions: [] }],
    });
    const { steps } = planFor(wanted, actual({ applications: [{ ...web, revision: 2 }] }), { prune: false });
    expect(steps.map(({ action }) => action)).toMatchObject([
      { type: "update-team", id: "shop", fields: { policies }, revision: 1 },
      { type: "update-application", id: "web", fields: { policies }, revision: 2 },
    ]);
    for (const { differences } of steps) {
      expect(differences).toMatchObject([
        { path: "policies.request_headers.set.authorization", hidden: true },
        { path: "policies.addresses.deny", hidden: false },
      ]);
    }
  });

  it("changes policies of the organisation, and nothing of them where nothing is said", () => {
    const policies = { response_headers: { set: { "x-key": "secret" } } };
    const { steps } = planFor(desired({ policies }), actual(), { prune: false });
    expect(steps).toMatchObject([
      { subject: { kind: "organisation", id: "policies" }, action: { type: "update-organisation", policies } },
    ]);
    expect(planText(planFor(desired({ policies }), actual(), { prune: false }), PLAIN)).not.toContain("secret");
    expect(actions(desired({ policies }), actual({ policies }))).toEqual([]);
    expect(actions(desired(), actual({ policies }))).toEqual([]);
    expect(obstacles(desired({ policies }), actual({ policies: null }))).toEqual([
      "policies: they are not yours to see: who may change the settings applies them",
    ]);
  });

  it("changes the terms of a subscription that are given, if they are ours to change", () => {
    const limits = [{ requests: 1, window: "1s" }];
    const held = (fields: object) =>
      actual({
        services: [served()],
        applications: [{ ...web, revision: 1 }],
        subscriptions: [{ ...subscriptionOf("web", "shop", "billing", "approved"), ...fields }],
      });
    const wanted = (terms: Terms) => desired({ applications: [{ ...web, subscriptions: [to("billing", terms)] }] });
    const before = { limits: [{ requests: 9, window: "1s" }], policies: { addresses: { deny: ["192.0.2.1"] } } };
    expect(planFor(wanted({ limits }), held(before), { prune: true }).steps).toMatchObject([
      { action: { type: "update-subscription", id: "web-billing", terms: { limits }, revision: 1 } },
    ]);
    expect(actions(wanted({}), held(before))).toEqual([]);
    expect(actions(wanted({ expires_at: null }), held({ expires_at: "2100-01-01T00:00:00.000Z" }))).toEqual([
      "update-subscription",
    ]);
    expect(actions(wanted({ expires_at: null }), held({ state: "expired", expires_at: "2026-01-01T00:00:00.000Z" })))
      // Not asked for again: it was approved, and is made longer.
      .toEqual(["update-subscription"]);
    const theirs = planFor(wanted({ limits }), held({ ...before, termsAreOurs: false }), { prune: false });
    expect(theirs.steps).toEqual([]);
    expect(theirs.notes).toEqual(["subscription web → billing: its terms are for the service's team to apply"]);
    expect(planFor(wanted({ limits }), actual({ services: [served()] }), { prune: false }).steps).toMatchObject([
      { action: { type: "create-application" } },
      { action: { type: "request-subscription", terms: { limits } } },
    ]);
  });

  it("keeps a client secret that the files do not name, and shows none", () => {
    const fields = { name: "Acme", client_id: "tidegate", scopes: ["openid"] };
    const acme: DesiredIdentityProvider = {
      id: "acme",
      issuer: "https://idp.example.org",
      clientSecret: null,
      authMethod: null,
      fields,
    };
    const provider = {
      id: "acme",
      issuer: acme.issuer,
      ...fields,
      token_endpoint_auth_method: "client_secret_basic",
      has_client_secret: true,
      client_secret_reference: null,
      revision: 3,
      secretFits: true,
    };
    const plan = (wanted: object, is: object | null) =>
      planFor(
        desired({ identityProviders: [{ ...acme, ...wanted }] }),
        actual({ identityProviders: is === null ? [] : [{ ...provider, ...is }] }),
        { prune: true },
      );
    expect(plan({}, {}).steps).toEqual([]);
    const secret = { clientSecret: "canary" };
    expect(plan(secret, {}).steps).toEqual([]);
    expect(plan({ fields: { ...fields, name: "A" } }, {}).steps).toMatchObject([{ action: { fields: { name: "A" } } }]);
    const changed = plan(secret, { secretFits: false });
    expect(changed.steps).toMatchObject([
      { action: { type: "update-identity-provider", fields: { client_secret: "canary" }, revision: 3 } },
    ]);
    expect(planText(changed, PLAIN)).toContain("~ client_secret: (hidden) → (hidden)");
    expect(plan({ authMethod: "none" }, {}).steps).toMatchObject([
      { action: { fields: { token_endpoint_auth_method: "none", client_secret: null } } },
    ]);
    const made = plan(secret, null);
    expect(made.steps).toMatchObject([
      {
        action: {
          type: "create-identity-provider",
          provider: { id: "acme", client_secret: "canary", token_endpoint_auth_method: "client_secret_basic" },
        },
      },
    ]);
    expect(planText(made, PLAIN)).not.toContain("canary");
    expect(plan({ issuer: "https://other.example.org" }, {}).obstacles).toMatchObject([
      { message: "its issuer is https://idp.example.org, which can't be changed: choose another id" },
    ]);
    expect(plan({ authMethod: "client_secret_post" }, null).obstacles).toMatchObject([
      { message: "`client_secret` is missing: a new provider needs it for client_secret_post" },
    ]);
  });

  it("makes, changes, rotates and revokes credentials, and shows no secret", () => {
    const user = (username: string, secret: string | null) => ({
      kind: "basic" as const,
      text: `user ${username}`,
      fields: { username },
      secret: secret === null ? null : { password: secret },
      name: "main",
      expires_at: null,
      addresses: ["10.0.0.0/8"],
    });
    const stored = (username: string, more: object = {}) => {
      const terms = { name: "main", addresses: ["10.0.0.0/8"] };
      return { ...credentialOf("web", { ...terms, basic: { username } }), ...more };
    };
    const plan = (wanted: DesiredCredential[], is: ActualCredential[], prune = true) => {
      const applications = [{ ...web, limits: [], revision: 3 }];
      const files = desired({ applications: [{ ...web, credentials: wanted, subscriptions: null }] });
      return planFor(files, actual({ applications, credentials: is }), { prune });
    };
    expect(plan([user("cron", "canary")], [stored("cron")]).steps).toEqual([]);
    expect(plan([user("cron", null)], [stored("cron")]).steps).toEqual([]);
    const key = { ...credentialOf("web", {}), prefix: "tg_" };
    const made = plan([user("cron", "canary")], [stored("till"), key]);
    expect(made.steps).toMatchObject([
      { action: { type: "revoke-credential", application: "web" } },
      { action: { type: "create-credential", credential: { basic: { username: "cron", password: "canary" } } } },
    ]);
    expect(planText(made, PLAIN)).toContain("- revoke credential web: user till (shop)");
    expect(planText(made, PLAIN)).toContain("+ password: (hidden)");
    const rotated = plan([user("cron", "canary")], [stored("cron", { secretFits: false, name: "old", revision: 4 })]);
    expect(rotated.steps).toMatchObject([
      { action: { type: "rotate-credential", secret: { password: "canary" }, fields: { name: "main" } } },
    ]);
    expect(planText(rotated, PLAIN)).toContain("~ password: (hidden) → (hidden)");
    expect(plan([user("cron", null)], [stored("cron", { addresses: [], revision: 4 })]).steps).toMatchObject([
      { action: { type: "update-credential", fields: { addresses: ["10.0.0.0/8"] }, revision: 4 } },
    ]);
    for (const one of [made, rotated]) expect(planText(one, PLAIN)).not.toContain("canary");
    expect(plan([], [stored("till"), key], false)).toMatchObject({ steps: [], surplus: [{ id: "web: user till" }] });
    expect(plan([user("cron", null)], []).obstacles).toMatchObject([
      { message: expect.stringMatching(/^`password` is missing: none is stored/) },
    ]);
    const hmac = { key_id: "web-1", max_age: "5m" };
    const signed = { ...user("", "canary"), kind: "hmac" as const, text: "key id web-1", fields: hmac };
    const other = credentialOf("web", { hmac: { ...hmac, max_age: "1m" } });
    expect(plan([signed], [other]).obstacles).toMatchObject([
      { message: "its max_age is 1m, which can't be changed: revoke it first" },
    ]);
    expect(plan([signed], [{ ...other, hmac: { ...hmac, max_age: "300s" } }]).obstacles).toEqual([]);
  });

  it("keeps keys of token issuers that the files do not name, and shows none", () => {
    const fields = { ...TOKEN_ISSUER_DEFAULTS, algorithms: ["HS256"] };
    const corp = { id: "corp", issuer: "corp", keys: { keys: [{ secret: "canary" }] }, fields };
    const stored = { id: "corp", issuer: "corp", ...fields, jwk_set: null, keys: [], keysFit: true, revision: 3 };
    const plan = (wanted: object, is: object | null) =>
      planFor(
        desired({ tokenIssuers: [{ ...corp, ...wanted }] }),
        actual({ tokenIssuers: is === null ? [] : [{ ...stored, ...is }] }),
        { prune: true },
      );
    expect(plan({}, {}).steps).toEqual([]);
    expect(plan({ keys: null }, {}).steps).toEqual([]);
    const changed = plan({}, { keysFit: false });
    expect(changed.steps).toMatchObject([{ action: { type: "update-token-issuer", fields: corp.keys, revision: 3 } }]);
    expect(planText(changed, PLAIN)).toContain("~ keys: (hidden) → (hidden)");
    const made = plan({}, null);
    expect(made.steps).toMatchObject([{ action: { type: "create-token-issuer", issuer: { id: "corp" } } }]);
    for (const one of [made, changed]) expect(planText(one, PLAIN)).not.toContain("canary");
    const fetched = { ...fields, algorithms: ["RS256"], jwks_url: "https://a.test/" };
    expect(plan({ keys: null, fields: fetched }, {}).steps).toMatchObject([
      { action: { fields: { algorithms: ["RS256"], jwks_url: "https://a.test/" } } },
    ]);
    expect(plan({ keys: null }, null).obstacles).toHaveLength(1);
    expect(plan({ keys: null }, { jwks_url: "https://a.test/" }).obstacles).toHaveLength(1);
    expect(plan({ issuer: "other" }, {}).obstacles).toHaveLength(1);
  });

  it("prunes only what the files list, of the teams they name", () => {
    const is = actual({
      services: [served(), { ...newService("draft", "finance") }, { ...newService("theirs", "others") }],
      applications: [
        { ...web, limits: [], revision: 3 },
        { ...web, id: "theirs", team: "others", limits: [], revision: 3 },
      ],
      subscriptions: [subscriptionOf("web", "shop", "billing", "approved")],
    });
    const teams = ["finance", "shop"].map((id) => ({ id, name: id, description: "", policies: {} }));
    expect(actions(desired({ teams }), is, true)).toEqual([]);
    expect(actions(desired({ teams, services: [] }), is, true)).toEqual(["retire-service", "delete-service"]);
    expect(actions(desired({ teams, applications: [] }), is, true)).toEqual(["delete-application"]);
    const without = desired({ applications: [{ ...web, subscriptions: [] }] });
    expect(actions(without, is, true)).toEqual(["cancel-subscription"]);
    const silent = desired({ applications: [{ ...web, subscriptions: null }] });
    expect(actions(silent, is, true)).toEqual([]);
  });

  it("prunes what is the organisation's where the files list it, but nothing of the server's configuration file", () => {
    const key = (id: string, revision: number) => ({
      ...{ id, kind: "value", hint: null, reference: null, weight: 1, priority: 0, expires_at: null, limits: [] },
      revision,
    });
    const provider = (id: string, source = "database") => ({
      ...{ id, kind: "openai", source, not_served: null, address: "", otherSecrets: [] },
      keys: [key("main", 3), key("old", 4)],
      revision: source === "database" ? 2 : null,
    });
    const route = (name: string, source = "database") => ({
      ...{ name, source, not_served: null, targets: [{ provider: "kept", model: "m", weight: 1 }] },
      revision: source === "database" ? 6 : null,
    });
    const role = (id: string, built_in: boolean) => ({
      ...{ id, name: id, scope: "team" as const, permissions: [], built_in, revision: built_in ? null : 7 },
    });
    const issuer = { id: "corp", issuer: "https://a.test", revision: 5, keysFit: true } as unknown as ActualTokenIssuer;
    const is = actual({
      ai: {
        providers: [provider("kept"), provider("gone"), provider("filed", "file")],
        models: [route("quick"), route("slow", "file")],
      },
      roles: [role("owner", true), role("approver", false)],
      tokenIssuers: [issuer],
    });
    expect(actions(desired(), is, true)).toEqual([]);
    const main = { id: "main", secret: null, terms: { weight: 1, priority: 0, expires_at: null, limits: [] } };
    const kept = { id: "kept", kind: "openai", fields: {}, keys: [main], listsKeys: true };
    const { steps } = planFor(desired({ providers: [kept], models: [], roles: [], tokenIssuers: [] }), is, {
      prune: true,
    });
    expect(steps.map(({ action }) => action)).toEqual([
      { type: "delete-model-route", name: "quick", revision: 6 },
      { type: "delete-provider-key", provider: "kept", id: "old", revision: 4 },
      { type: "delete-provider", id: "gone", revision: 2 },
      { type: "delete-token-issuer", id: "corp", revision: 5 },
      { type: "delete-role", id: "approver", revision: 7 },
    ]);
    // Fixed: who may not see them was told that there is nothing to do.
    const unseen = planFor(desired({ providers: [], models: [] }), actual({ ai: null }), { prune: true });
    expect(unseen.obstacles).toMatchObject([{ message: expect.stringContaining("not yours to see") }]);
    const silent = { ...kept, keys: [], listsKeys: false };
    const careful = planFor(desired({ providers: [silent] }), is, { prune: false });
    expect(careful.steps).toEqual([]);
    expect(planText(careful, PLAIN)).toContain("not in the files, removed with --prune: provider gone\n");
  });

  it("is printed as a diff that shows no secret and lets nobody move the cursor", () => {
    const draft = { ...DRAFT, request_headers: { set: { "x-key": "new-secret" } }, unheard_of: "new-secret" };
    const before = { ...DRAFT, request_headers: { set: { "x-key": "old-secret" } } };
    const wanted = desired({ services: [{ ...billing, draft, description: "\u001b[2J", note: "" }] });
    const text = planText(planFor(wanted, actual({ services: [served({ draft: before })] }), { prune: false }), PLAIN);
    expect(text).toBe(`~ change service billing (finance)
    ~ description: "" → "?[2J"
    ~ request_headers.set.x-key: (hidden) → (hidden)
    + unheard_of: (hidden)
^ publish service billing (finance)
0 to add, 1 to change, 1 to publish, 0 to remove, 0 unchanged
`);
    const coloured = planText(planFor(wanted, actual(), { prune: false }), COLOURED);
    expect(coloured).toContain("\u001b[32m+ create service billing\u001b[39m");
    expect(coloured).not.toContain("secret");
  });
});
