import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENDPOINTS } from "../../../src/control-plane/admin-api/endpoints.ts";
import type { AdminClient, Asked } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { type Dump, draftAt, OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";
import { record } from "../../unit/platform/call-log-fixtures.ts";

/** What of the team `finance` there is to be touched. */
interface Fixture {
  user: string;
  personalToken: string;
  machineToken: string;
  credential: string;
  subscription: string;
  pending: string;
  webhook: string;
  delivery: string;
  identity: string;
}

interface Example {
  path: string;
  body?: object;
  /** Answers with a list, of which others see nothing that belongs to `finance`. */
  list?: true;
  /** Everybody who is known may do it to what is their own, or see it: not denied, and not by a body of 404. */
  forAll?: true;
  /** A viewer of the team may do it. */
  reads?: true;
  /** Machines have no password and no personal tokens. */
  people?: true;
}

const F = "finance";
const CALL = "01m8n8a64e78hpn6fch5000003";

/** One call for every endpoint, against something of the team `finance`. An endpoint that is missing here fails the test. */
function examples(fixture: Fixture): Record<string, Example> {
  const { user, personalToken, machineToken, credential, subscription, pending } = fixture;
  const { webhook, delivery, identity } = fixture;
  return {
    listUsers: { path: "/users", reads: true },
    createUser: { path: "/users", body: { email: "new@example.org", name: "New", password: PASSWORD } },
    getUser: { path: `/users/${user}`, reads: true },
    updateUser: { path: `/users/${user}`, body: { disabled: true } },
    resetPassword: { path: `/users/${user}/password`, body: { password: "another battery staple" } },
    changePassword: {
      path: "/me/password",
      body: { current: "not my password", next: "whatever it is" },
      forAll: true,
      people: true,
    },
    listTeams: { path: "/teams", list: true, forAll: true, reads: true },
    createTeam: { path: "/teams", body: { id: "new", name: "New" } },
    getTeam: { path: `/teams/${F}`, reads: true },
    updateTeam: { path: `/teams/${F}`, body: { name: "Renamed" } },
    deleteTeam: { path: `/teams/${F}` },
    listMembers: { path: `/teams/${F}/members`, reads: true },
    setMember: { path: `/teams/${F}/members/${user}`, body: { role: "viewer" } },
    removeMember: { path: `/teams/${F}/members/${user}` },
    listRoles: { path: "/roles", forAll: true, reads: true },
    putRole: { path: "/roles/reader", body: { name: "Reader", scope: "team", permissions: ["team.read"] } },
    deleteRole: { path: "/roles/unused" },
    listPersonalTokens: { path: "/me/tokens", list: true, forAll: true, reads: true },
    createPersonalToken: { path: "/me/tokens", body: { name: "mine" }, forAll: true, people: true },
    revokePersonalToken: { path: `/me/tokens/${personalToken}` },
    listMachineTokens: { path: `/teams/${F}/tokens` },
    createMachineToken: { path: `/teams/${F}/tokens`, body: { name: "robot" } },
    revokeMachineToken: { path: `/teams/${F}/tokens/${machineToken}` },
    listServices: { path: "/services", list: true, forAll: true, reads: true },
    createService: { path: "/services", body: { id: "another", team: F } },
    getService: { path: "/services/billing", reads: true },
    updateService: { path: "/services/billing", body: { name: "Renamed" } },
    deleteService: { path: "/services/unpublished" },
    getDraftOpenapi: { path: "/services/billing/openapi", reads: true },
    setShares: { path: "/services/billing/shares", body: { teams: [] } },
    publishService: { path: "/services/billing/publish", body: { note: "now" } },
    listReleases: { path: "/services/billing/releases", reads: true },
    getRelease: { path: "/services/billing/releases/1", reads: true },
    rollBackService: { path: "/services/billing/rollback", body: { release: 1 } },
    setCanary: { path: "/services/billing/canary", body: { release: 1, percent: 5 } },
    removeCanary: { path: "/services/billing/canary" },
    purgeCache: { path: "/services/billing/cache" },
    deprecateService: { path: "/services/billing/deprecate", body: {} },
    listCallers: { path: "/services/billing/callers", reads: true },
    lintService: { path: "/services/billing/lint", reads: true },
    diffService: { path: "/services/billing/diff", reads: true },
    getRuleset: { path: `/teams/${F}/ruleset`, reads: true },
    setRuleset: { path: `/teams/${F}/ruleset`, body: { ruleset: null } },
    retireService: { path: "/services/billing/retire", body: { force: true } },
    listCatalogue: { path: "/catalogue", list: true, forAll: true, reads: true },
    getCatalogueEntry: { path: "/catalogue/billing", reads: true },
    getOpenapi: { path: "/catalogue/billing/openapi", reads: true },
    tryService: { path: "/catalogue/billing/try", body: { application: "ledger", path: "/billing" } },
    listApplications: { path: "/applications", list: true, forAll: true, reads: true },
    createApplication: { path: "/applications", body: { id: "another", team: F } },
    getApplication: { path: "/applications/ledger", reads: true },
    updateApplication: { path: "/applications/ledger", body: { name: "Renamed" } },
    deleteApplication: { path: "/applications/ledger" },
    listCredentials: { path: "/applications/ledger/credentials", reads: true },
    createCredential: { path: "/applications/ledger/credentials", body: { name: "second" } },
    getCredential: { path: `/applications/ledger/credentials/${credential}`, reads: true },
    updateCredential: { path: `/applications/ledger/credentials/${credential}`, body: { addresses: ["192.0.2.1"] } },
    rotateCredential: { path: `/applications/ledger/credentials/${credential}/rotate`, body: {} },
    compareCredentialSecret: {
      path: `/applications/ledger/credentials/${credential}/compare-secret`,
      body: { password: "canary-password-0123456789" },
    },
    revokeCredential: { path: `/applications/ledger/credentials/${credential}` },
    listSubscriptions: { path: "/subscriptions", list: true, forAll: true, reads: true },
    requestSubscription: { path: "/subscriptions", body: { application: "ledger", service: "ai" } },
    getSubscription: { path: `/subscriptions/${subscription}`, reads: true },
    approveSubscription: { path: `/subscriptions/${pending}/approve`, body: {} },
    updateSubscription: { path: `/subscriptions/${subscription}`, body: {} },
    rejectSubscription: { path: `/subscriptions/${pending}/reject`, body: {} },
    revokeSubscription: { path: `/subscriptions/${subscription}/revoke`, body: {} },
    cancelSubscription: { path: `/subscriptions/${pending}/cancel`, body: {} },
    getSettings: { path: "/settings", reads: true },
    changeSettings: { path: "/settings", body: { publish_needs_second_person: false } },
    listAudit: { path: "/audit", reads: true },
    verifyAudit: { path: "/audit/verification", reads: true },
    exportAudit: { path: "/audit/export", reads: true },
    listWebhooks: { path: "/webhooks", list: true, forAll: true, reads: true },
    createWebhook: {
      path: "/webhooks",
      body: { team: F, name: "another", url: "http://127.0.0.1:9/", events: ["*"] },
    },
    getWebhook: { path: `/webhooks/${webhook}` },
    updateWebhook: { path: `/webhooks/${webhook}`, body: { enabled: false } },
    deleteWebhook: { path: `/webhooks/${webhook}` },
    testWebhook: { path: `/webhooks/${webhook}/test`, body: {} },
    listDeliveries: { path: `/webhooks/${webhook}/deliveries` },
    redeliver: { path: `/webhooks/${webhook}/deliveries/${delivery}/redeliver`, body: {} },
    listIdentityProviders: { path: "/identity-providers", reads: true },
    createIdentityProvider: {
      path: "/identity-providers",
      body: { id: "another", name: "Another", issuer: "https://another.example.org", client_id: "tidegate" },
    },
    getIdentityProvider: { path: "/identity-providers/acme", reads: true },
    updateIdentityProvider: { path: "/identity-providers/acme", body: { name: "Renamed" } },
    checkIdentityProvider: { path: "/identity-providers/acme/check", reads: true },
    compareClientSecret: {
      path: "/identity-providers/acme/compare-client-secret",
      body: { client_secret: "canary-client" },
    },
    deleteIdentityProvider: { path: "/identity-providers/acme" },
    listTokenIssuers: { path: "/token-issuers", reads: true },
    createTokenIssuer: {
      path: "/token-issuers",
      body: { id: "another", issuer: "another", algorithms: ["RS256"], jwks_url: "https://another.example.org/" },
    },
    getTokenIssuer: { path: "/token-issuers/corp", reads: true },
    updateTokenIssuer: { path: "/token-issuers/corp", body: { forward_token: true } },
    compareTokenIssuerKeys: {
      path: "/token-issuers/corp/compare-keys",
      body: { keys: [{ secret: "canary-secret-of-the-issuer-0123456789" }] },
    },
    deleteTokenIssuer: { path: "/token-issuers/corp" },
    listCalls: { path: "/calls", list: true, forAll: true, reads: true },
    getCall: { path: `/calls/${CALL}`, reads: true },
    listProviders: { path: "/providers", reads: true },
    createProvider: { path: "/providers", body: { id: "another", kind: "simulated" } },
    testNewProvider: { path: "/providers/test", body: { provider: { id: "another", kind: "simulated" } } },
    testProvider: { path: "/providers/models/test", body: {} },
    getProvider: { path: "/providers/models", reads: true },
    updateProvider: { path: "/providers/models", body: { models: [] } },
    deleteProvider: { path: "/providers/models" },
    listProviderKeys: { path: "/providers/models/keys", reads: true },
    listProviderKeyStates: { path: "/providers/models/key-states", reads: true },
    createProviderKey: { path: "/providers/models/keys", body: { value: "canary-another-provider-key" } },
    getProviderKey: { path: "/providers/models/keys/key-1", reads: true },
    updateProviderKey: { path: "/providers/models/keys/key-1", body: { weight: 2 } },
    deleteProviderKey: { path: "/providers/models/keys/key-1" },
    compareProviderKey: { path: "/providers/models/keys/key-1/compare", body: { value: "canary-provider-key" } },
    listProviderKinds: { path: "/provider-kinds", reads: true },
    searchModels: { path: "/model-catalogue?search=gpt", reads: true },
    listModelRoutes: { path: "/models", reads: true },
    createModelRoute: { path: "/models", body: { name: "new", targets: [{ provider: "models", model: "m" }] } },
    getModelRoute: { path: "/models/fast", reads: true },
    updateModelRoute: { path: "/models/fast", body: { strategy: "weighted" } },
    deleteModelRoute: { path: "/models/fast" },
    listIdentities: { path: `/users/${user}/identities`, reads: true },
    deleteIdentity: { path: `/users/${user}/identities/${identity}` },
  };
}

describe.each(DATABASES)("who may not, on %s", (kind) => {
  let test: TestPlane;
  let fixture: Fixture;
  const others = new Map<string, AdminClient>();
  let nobody: AdminClient;

  beforeAll(async () => {
    const of = { id: CALL, application: "ledger", team: F, service: "billing" };
    test = await TestPlane.open(kind, {
      searchCalls: async ({ visible }) =>
        visible === null || visible.teams.includes(F) || visible.services.includes("billing") ? [record(1, of)] : [],
    });
    const { owner } = test;
    await test.team(F, "shop");
    await owner.do("PUT", "/roles/unused", { name: "Unused", scope: "team", permissions: ["team.read"] });
    const user = await test.user("finn@example.org", { teams: { [F]: "owner" } });
    const finn = await test.client().signIn("finn@example.org", PASSWORD);
    await owner.do("POST", "/services", { id: "billing", team: F, openapi: "{}", draft: draftAt("/billing") });
    await owner.do("POST", "/services/billing/publish");
    await owner.do("POST", "/services", { id: "unpublished", team: F });
    await owner.do("POST", "/services", { id: "reports", team: F, draft: draftAt("/reports") });
    await owner.do("POST", "/services/reports/publish");
    await owner.do("POST", "/applications", { id: "ledger", team: F });
    const { id: credential } = await owner.do("POST", "/applications/ledger/credentials", { name: "main" });
    const ask = (service: string) => owner.do("POST", "/subscriptions", { application: "ledger", service });
    const { id: subscription } = await ask("billing");
    await owner.do("POST", `/subscriptions/${subscription}/approve`);
    const { id: pending } = await ask("reports");
    const { id: personalToken } = await finn.do("POST", "/me/tokens", { name: "finn's" });
    const machine = await owner.do("POST", `/teams/${F}/tokens`, { name: "robot", role: "owner" });
    const hook = { team: F, name: "ours", url: "http://127.0.0.1:9/", events: ["service.create"] };
    const { id: webhook } = await owner.do("POST", "/webhooks", hook);
    const { delivery } = await owner.do("POST", `/webhooks/${webhook}/test`);
    await test.run(`update webhook_deliveries set state = 'dead' where id = '${delivery}'`);
    const acme = { id: "acme", name: "Acme", issuer: "http://127.0.0.1:9", client_id: "tidegate" };
    await owner.do("POST", "/identity-providers", acme);
    const keys = [{ secret: "canary-secret-of-the-issuer-0123456789" }];
    await owner.do("POST", "/token-issuers", { id: "corp", issuer: "corp", algorithms: ["HS256"], keys });
    const models = { id: "models", kind: "openai", base_url: "https://models.example.org/v1" };
    await owner.do("POST", "/providers", { ...models, keys: [{ value: "canary-provider-key" }] });
    await owner.do("POST", "/models", { name: "fast", targets: [{ provider: "models", model: "m" }] });
    const identity = "finn-at-acme";
    const of_acme = { provider_id: "acme", issuer: acme.issuer, subject: "finn", created_at: 1, last_sign_in_at: 1 };
    await test.database.db
      .insertInto("identities")
      .values({ id: identity, user_id: user, ...of_acme })
      .execute();
    const touched = { credential, subscription, pending, webhook, delivery, identity };
    fixture = { user, personalToken, machineToken: machine.id, ...touched };

    nobody = test.client();
    others.set("a member of another team", await test.person("sam@example.org", { teams: { shop: "owner" } }));
    others.set("a member without any team", await test.person("lone@example.org"));
    const foreign = await owner.do("POST", "/teams/shop/tokens", { name: "shop's robot", role: "owner" });
    others.set("a machine token of another team", nobody.withToken(foreign.token));
    others.set("a viewer of the team", await test.person("vera@example.org", { teams: { [F]: "viewer" } }));
  });
  afterAll(() => test.close());

  it("has an example for every endpoint", () => {
    const known = Object.keys(examples(fixture)).sort();
    expect(known).toEqual(ENDPOINTS.map(({ spec }) => spec.operationId).sort());
  });

  const call = (client: AdminClient, operationId: string) => {
    const { method } = specOf(operationId);
    const { path, body } = exampleOf(operationId);
    return client.ask(method.toUpperCase(), path, body);
  };
  const specOf = (operationId: string) => {
    const found = ENDPOINTS.find(({ spec }) => spec.operationId === operationId);
    if (found === undefined) throw new Error(`no endpoint ${operationId}`);
    return found.spec;
  };
  const exampleOf = (operationId: string): Example => {
    const example = examples(fixture)[operationId];
    if (example === undefined) throw new Error(`no example for ${operationId}`);
    return example;
  };
  const operationIds = ENDPOINTS.map(({ spec }) => spec.operationId);

  it("answers 401 to nobody, and to tokens that are over, as for what does not exist", async () => {
    const { owner } = test;
    const revoked = await owner.do("POST", `/teams/${F}/tokens`, { name: "revoked", role: "owner" });
    await owner.do("DELETE", `/teams/${F}/tokens/${revoked.id}`);
    const expires_at = new Date(test.nowMs + 1_000).toISOString();
    const expired = await owner.do("POST", `/teams/${F}/tokens`, { name: "expired", role: "owner", expires_at });
    test.nowMs += 1_000;
    const clients = [
      nobody,
      nobody.withToken(revoked.token),
      nobody.withToken(expired.token),
      nobody.withToken(`tgm_${"x".repeat(40)}`),
      nobody.with({ cookie: `tidegate_session=tgs_${"x".repeat(40)}` }),
      nobody.with({ authorization: "Basic b3duZXI6cGFzc3dvcmQ=" }),
    ];
    const before = await stateOf(test);
    for (const client of clients) {
      const nothing = await client.get("/nothing/here");
      expect(nothing.status).toBe(401);
      for (const operationId of operationIds) {
        const answer = await call(client, operationId);
        expect([operationId, answer.status, answer.body]).toEqual([operationId, 401, nothing.body]);
      }
    }
    expect(await stateOf(test)).toEqual(before);
  });

  it("answers 404 to whoever may not, as for what does not exist, and nothing changes", async () => {
    const missing = await test.owner.get("/teams/nowhere");
    for (const [who, client] of others) {
      const before = await stateOf(test);
      for (const operationId of operationIds) {
        const example = exampleOf(operationId);
        if (example.forAll) continue;
        const ofTheirOrganisation =
          /^(listUsers|getUser|getSettings|listAudit|verifyAudit|exportAudit|\w+(?:IdentityProvider|TokenIssuer)s?|compareTokenIssuerKeys|listIdentities)$/.test(
            operationId,
          );
        if (who === "a viewer of the team" && example.reads && !ofTheirOrganisation) continue;
        const answer = await call(client, operationId);
        expect([who, operationId, answer.status, answer.body]).toEqual([who, operationId, 404, missing.body]);
      }
      expect(await stateOf(test)).toEqual(before);
    }
  });

  it("shows nothing of a team in the lists of others", async () => {
    for (const [who, client] of others) {
      if (who === "a viewer of the team") continue;
      for (const operationId of operationIds.filter((id) => exampleOf(id).list)) {
        const answer = await call(client, operationId);
        expect([who, operationId, answer.status]).toEqual([who, operationId, 200]);
        const text = JSON.stringify(answer.body);
        const secrets = [F, "billing", "reports", "unpublished", "ledger", "finn", ...Object.values(fixture)];
        expect(
          secrets.filter((secret) => text.includes(secret)),
          `${who}: ${operationId}`,
        ).toEqual([]);
      }
    }
  });

  it("lets members without a password of their own do nothing about passwords and personal tokens", async () => {
    const machine = others.get("a machine token of another team") ?? nobody;
    const before = await stateOf(test);
    for (const operationId of operationIds.filter((id) => exampleOf(id).people)) {
      expect([operationId, (await call(machine, operationId)).status]).toEqual([operationId, 404]);
    }
    expect(await stateOf(test)).toEqual(before);
  });

  it("lets a viewer read", async () => {
    const viewer = others.get("a viewer of the team") ?? nobody;
    for (const operationId of [
      "getTeam",
      "listMembers",
      "getService",
      "getRelease",
      "getApplication",
      "getOpenapi",
      "lintService",
    ]) {
      expect([operationId, (await call(viewer, operationId)).status]).toEqual([operationId, 200]);
    }
  });

  // The last: it takes everything apart.
  it("lets whoever may do everything", async () => {
    const last = [
      "revokePersonalToken",
      "deleteApplication",
      "retireService",
      "deleteService",
      "deleteWebhook",
      "deleteIdentity",
      "deleteIdentityProvider",
      "deleteTeam",
    ];
    for (const operationId of [...operationIds.filter((id) => !last.includes(id)), ...last]) {
      const who = operationId === "revokePersonalToken" ? await finnAgain(test) : test.owner;
      const answer: Asked = await call(who, operationId);
      expect(answer.status, `${operationId}: ${JSON.stringify(answer.body)}`).not.toBe(404);
      if (operationId !== "changePassword") expect(answer.status, operationId).not.toBe(401);
      expect(answer.status, operationId).not.toBe(400);
    }
  });
});

/** Finn was disabled and got another password on the way. */
async function finnAgain(test: TestPlane): Promise<AdminClient> {
  const users = await test.owner.do("GET", "/users");
  const { id } = users.items.find(({ email }: { email: string }) => email === "finn@example.org");
  await test.owner.do("PATCH", `/users/${id}`, { disabled: false });
  expect(users.items.map(({ email }: { email: string }) => email)).toContain(OWNER);
  return test.client().signIn("finn@example.org", "another battery staple");
}

/** Everything but when somebody was seen last. */
async function stateOf(test: TestPlane): Promise<Dump> {
  const dump = await test.dump();
  const without = ({ last_used_at, last_seen_at, ...row }: Record<string, unknown>) => row;
  return Object.fromEntries(Object.entries(dump).map(([table, rows]) => [table, rows.map(without)]));
}
