import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENDPOINTS } from "../../../src/control-plane/admin-api/endpoints.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const UPSTREAM_SECRET = "Bearer canary-upstream-secret";
const ISSUER_SECRET = "canary-secret-of-the-issuer-0123456789";
const PROVIDER_SECRET = "canary-secret-of-the-provider-0123456789";

/** What is sent has no place in a URL. */
const ONLY_ASKS = new Set([
  "compareClientSecret",
  "compareCredentialSecret",
  "compareTokenIssuerKeys",
  "compareProviderKey",
]);

describe.each(DATABASES)("the audit trail, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  /** In a gateway's place. */
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    test = await TestPlane.open(kind, {
      gateway: () => ({ url: upstream.url, isOwnListener: true, believedHeaders: [] }),
    });
    owner = test.owner;
  });
  afterAll(() => Promise.all([test.close(), upstream.close()]));

  const verification = () => owner.do("GET", "/audit/verification");
  const entries = () => test.database.db.selectFrom("audit").selectAll().orderBy("sequence").execute();

  it("has exactly one entry for each change, which says what it was", async () => {
    const done = new Set<string>();
    const change = async (operationId: string, path: string, body: object | null, action: string, who = owner) => {
      const method = ENDPOINTS.find(({ spec }) => spec.operationId === operationId)?.spec.method ?? "none";
      const before = await entries();
      const answer = await who.do(method.toUpperCase(), path, body ?? undefined);
      const added = (await entries()).slice(before.length);
      expect([operationId, added.map((entry) => entry.action)]).toEqual([operationId, [action]]);
      const entry = added[0];
      expect(entry?.address).toBe("192.0.2.1");
      expect([operationId, entry?.at]).toEqual([operationId, test.nowMs]);
      done.add(operationId);
      return { answer, entry };
    };

    const user = (
      await change("createUser", "/users", { email: "u@example.org", name: "U", password: PASSWORD }, "user.create")
    ).answer;
    await change("updateUser", `/users/${user.id}`, { name: "V" }, "user.update");
    await change("resetPassword", `/users/${user.id}/password`, { password: PASSWORD }, "user.password_reset");
    const made = await change("createTeam", "/teams", { id: "finance", name: "Finance" }, "team.create");
    expect(made.entry).toMatchObject({ subject_type: "team", subject_id: "finance", team_id: "finance", before: null });
    await change("updateTeam", "/teams/finance", { name: "Money" }, "team.update");
    await change("setRuleset", "/teams/finance/ruleset", { ruleset: "extends: tidegate:default" }, "team.ruleset");
    await change("setMember", `/teams/finance/members/${user.id}`, { role: "owner" }, "member.add");
    await change("setMember", `/teams/finance/members/${user.id}`, { role: "viewer" }, "member.update");
    await change("removeMember", `/teams/finance/members/${user.id}`, null, "member.remove");
    const role = { name: "R", scope: "team", permissions: ["team.read"] };
    await change("putRole", "/roles/r", role, "role.create");
    await change("putRole", "/roles/r", role, "role.update");
    await change("deleteRole", "/roles/r", null, "role.delete");
    const mine = (await change("createPersonalToken", "/me/tokens", { name: "t" }, "token.create")).answer;
    await change("revokePersonalToken", `/me/tokens/${mine.id}`, null, "token.revoke");
    const robot = (await change("createMachineToken", "/teams/finance/tokens", { name: "robot" }, "token.create"))
      .answer;
    await change("revokeMachineToken", `/teams/finance/tokens/${robot.id}`, null, "token.revoke");

    const service = { id: "billing", team: "finance", draft: draftAt("/billing") };
    await change("createService", "/services", service, "service.create");
    await change("updateService", "/services/billing", { name: "B" }, "service.update");
    await change("setShares", "/services/billing/shares", { teams: ["finance"] }, "service.share");
    await owner.do("PATCH", "/settings", { publish_needs_second_person: true });
    await change("publishService", "/services/billing/publish", {}, "service.publish_request");
    await change("changeSettings", "/settings", { publish_needs_second_person: false }, "setting.update");
    await change("publishService", "/services/billing/publish", {}, "service.publish");
    await owner.do("POST", "/services/billing/publish");
    await change("tryService", "/catalogue/billing/try", { path: "/billing/x?token=canary-query" }, "service.try");
    expect(JSON.stringify(await entries())).not.toContain("canary-query");
    await change("setCanary", "/services/billing/canary", { release: 1, percent: 5 }, "service.canary");
    await change("removeCanary", "/services/billing/canary", null, "service.canary");
    await change("purgeCache", "/services/billing/cache", null, "service.cache_purge");
    const back = await change("rollBackService", "/services/billing/rollback", { release: 1 }, "service.roll_back");
    expect(JSON.parse(back.entry?.before ?? "")).toMatchObject({ current_release: 2 });
    expect(JSON.parse(back.entry?.after ?? "")).toMatchObject({ current_release: 1 });

    await change("createApplication", "/applications", { id: "web", team: "finance" }, "application.create");
    await change(
      "updateApplication",
      "/applications/web",
      { limits: [{ requests: 5, window: "1m" }] },
      "application.update",
    );
    const key = await change("createCredential", "/applications/web/credentials", { name: "k" }, "credential.create");
    const path = `/applications/web/credentials/${key.answer.id}`;
    await change("updateCredential", path, { addresses: ["192.0.2.1"] }, "credential.update");
    const rotated = await change("rotateCredential", `${path}/rotate`, { overlap_seconds: 60 }, "credential.rotate");
    // bug: that the old key ends, and when, was nowhere.
    expect(JSON.parse(rotated.entry?.before ?? "")).toMatchObject({
      id: key.answer.id,
      expires_at: new Date(test.nowMs + 60_000).toISOString(),
    });
    await change("revokeCredential", path, null, "credential.revoke");
    const asking = { application: "web", service: "billing" };
    const { id } = (await change("requestSubscription", "/subscriptions", asking, "subscription.request")).answer;
    await change("rejectSubscription", `/subscriptions/${id}/reject`, {}, "subscription.reject");
    await change("approveSubscription", `/subscriptions/${id}/approve`, {}, "subscription.approve");
    await change("updateSubscription", `/subscriptions/${id}`, { note: "longer" }, "subscription.update");
    await change("revokeSubscription", `/subscriptions/${id}/revoke`, {}, "subscription.revoke");
    await owner.do("POST", `/subscriptions/${id}/approve`);
    await change("cancelSubscription", `/subscriptions/${id}/cancel`, {}, "subscription.cancel");
    await change("deprecateService", "/services/billing/deprecate", {}, "service.deprecate");
    await change("retireService", "/services/billing/retire", {}, "service.retire");
    await owner.do("POST", "/services", { id: "never", team: "finance" });
    await change("deleteService", "/services/never", null, "service.delete");
    await change("deleteApplication", "/applications/web", null, "application.delete");
    await owner.do("POST", "/teams", { id: "short", name: "S" });
    await change("deleteTeam", "/teams/short", null, "team.delete");
    const self = await test.client().signIn("u@example.org", PASSWORD);
    const next = { current: PASSWORD, next: "another password" };
    await change("changePassword", "/me/password", next, "user.password", self);

    const hook = { team: null, name: "h", url: "http://127.0.0.1:9/", events: ["*"] };
    const { id: hookId } = (await change("createWebhook", "/webhooks", hook, "webhook.create")).answer;
    await change("updateWebhook", `/webhooks/${hookId}`, { name: "i" }, "webhook.update");
    const { delivery } = (await change("testWebhook", `/webhooks/${hookId}/test`, {}, "webhook.test")).answer;
    await test.run(`update webhook_deliveries set state = 'dead' where id = '${delivery}'`);
    await change("redeliver", `/webhooks/${hookId}/deliveries/${delivery}/redeliver`, {}, "webhook.redeliver");
    await change("deleteWebhook", `/webhooks/${hookId}`, null, "webhook.delete");

    const acme = { id: "acme", name: "Acme", issuer: "https://idp.example.org", client_id: "tidegate" };
    await change("createIdentityProvider", "/identity-providers", acme, "identity_provider.create");
    const secret = { client_secret: "canary-client", token_endpoint_auth_method: "client_secret_post" };
    const updated = await change(
      "updateIdentityProvider",
      "/identity-providers/acme",
      secret,
      "identity_provider.update",
    );
    expect(JSON.parse(updated.entry?.after ?? "")).toMatchObject({ id: "acme", client_secret: "[changed]" });
    const compared = "/identity-providers/acme/compare-client-secret";
    const before = (await entries()).length;
    expect(await owner.do("POST", compared, { client_secret: "canary-client" })).toEqual({ same: true });
    expect(await owner.do("POST", compared, { client_secret: "another" })).toEqual({ same: false });
    expect((await entries()).length).toBe(before);
    const linked = { provider_id: "acme", user_id: user.id, issuer: acme.issuer, subject: "u" };
    const { db } = test.database;
    await db
      .insertInto("identities")
      .values({ id: "u-at-acme", ...linked, created_at: 1, last_sign_in_at: 1 })
      .execute();
    await change("deleteIdentity", `/users/${user.id}/identities/u-at-acme`, null, "identity.unlink");
    await change("deleteIdentityProvider", "/identity-providers/acme", null, "identity_provider.delete");

    const corp = { id: "corp", issuer: "corp", algorithms: ["HS256"], keys: [{ secret: ISSUER_SECRET }] };
    await change("createTokenIssuer", "/token-issuers", corp, "token_issuer.create");
    const other = { keys: [{ id: "next", secret: `${ISSUER_SECRET}-next` }] };
    const newKeys = await change("updateTokenIssuer", "/token-issuers/corp", other, "token_issuer.update");
    expect(JSON.parse(newKeys.entry?.after ?? "")).toMatchObject({
      keys_changed: true,
      keys: [{ id: "next", has_secret: true }],
    });
    await change("deleteTokenIssuer", "/token-issuers/corp", null, "token_issuer.delete");
    expect(JSON.stringify(await entries())).not.toContain(ISSUER_SECRET);

    const models = {
      id: "models",
      kind: "openai",
      base_url: "http://127.0.0.1:9/v1",
      headers: { "x-a": PROVIDER_SECRET },
    };
    const made_provider = await change(
      "createProvider",
      "/providers",
      { ...models, keys: [{ value: PROVIDER_SECRET }] },
      "provider.create",
    );
    expect(JSON.parse(made_provider.entry?.after ?? "")).toMatchObject({
      headers: { "x-a": "[redacted]" },
      keys: [{ id: "key-1", kind: "value" }],
    });
    await change("updateProvider", "/providers/models", { models: ["m"] }, "provider.update");
    const second = { id: "second", value: `${PROVIDER_SECRET}-2` };
    await change("createProviderKey", "/providers/models/keys", second, "provider_key.create");
    const replaced = await change(
      "updateProviderKey",
      "/providers/models/keys/second",
      { value: `${PROVIDER_SECRET}-3` },
      "provider_key.update",
    );
    expect(JSON.parse(replaced.entry?.after ?? "")).toMatchObject({ id: "second", secret_changed: true });
    const tested = await change("testProvider", "/providers/models/test", {}, "provider.test");
    expect(tested.answer).toMatchObject({ ok: false, results: [{ result: "connection_refused" }, {}] });
    expect(JSON.parse(tested.entry?.after ?? "")).toMatchObject(tested.answer);
    const unsaved = { provider: { id: "unsaved", kind: "simulated" } };
    await change("testNewProvider", "/providers/test", unsaved, "provider.test");
    const fast = { name: "fast", targets: [{ provider: "models", model: "m" }] };
    await change("createModelRoute", "/models", fast, "model_route.create");
    await change("updateModelRoute", "/models/fast", { strategy: "weighted" }, "model_route.update");
    await change("deleteModelRoute", "/models/fast", null, "model_route.delete");
    await change("deleteProviderKey", "/providers/models/keys/second", null, "provider_key.delete");
    await change("deleteProvider", "/providers/models", null, "provider.delete");
    expect(JSON.stringify(await entries())).not.toContain(PROVIDER_SECRET);

    const changing = ENDPOINTS.map(({ spec }) => spec)
      .filter(({ method, operationId }) => method !== "get" && !ONLY_ASKS.has(operationId))
      .map(({ operationId }) => operationId);
    expect([...done].sort()).toEqual(changing.sort());
    expect(await verification()).toMatchObject({ intact: true, broken_at: null });
  });

  it("has no entry of what was refused", async () => {
    const before = (await entries()).length;
    await owner.post("/teams", { id: "finance", name: "Again" });
    await owner.post("/services/billing/publish");
    await owner.patch("/services/billing", { draft: {} });
    expect((await entries()).length).toBe(before);
  });

  it("bug: credentials for upstreams in a draft's headers came to the audit trail", async () => {
    const request_headers = { set: { authorization: UPSTREAM_SECRET }, remove: ["x-a"] };
    const draft = draftAt("/upstream", { request_headers, response_headers: { add: { "x-b": UPSTREAM_SECRET } } });
    await owner.do("POST", "/services", { id: "upstream", team: "finance", draft });
    await owner.do("PATCH", "/services/upstream", { name: "Renamed" });
    const kept = JSON.parse((await entries()).at(-1)?.after ?? "").draft;
    expect(kept.request_headers).toEqual({ set: { authorization: "[redacted]" }, remove: ["x-a"] });
    expect(JSON.stringify(await entries())).not.toContain("canary-upstream");
    expect(test.log.join()).not.toContain("canary-upstream");
  });

  it("is kept by the database itself", async () => {
    const first = (await entries())[0]?.sequence;
    const refused = [
      `update audit set action = 'nothing' where sequence = ${first}`,
      `delete from audit where sequence = ${first}`,
      "delete from audit",
      // bug: these went around the triggers.
      ...(kind === "postgres" ? ["truncate audit"] : []),
      ...(kind === "sqlite" ? [`insert or replace into audit select * from audit where sequence = ${first}`] : []),
    ];
    for (const text of refused) await expect(test.run(text), text).rejects.toThrow("append-only");
    expect(await verification()).toMatchObject({ intact: true });
  });

  it("is exported whole, with what it takes to check it elsewhere", async () => {
    const text: string = await owner.do("GET", "/audit/export");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(await entries());
    const { last_hash, entries: count } = await verification();
    expect([lines.at(-1).hash, lines.length]).toEqual([last_hash, count]);
    for (const [index, line] of lines.entries()) {
      expect(line.previous_hash).toBe(index === 0 ? "0".repeat(64) : lines[index - 1].hash);
    }
  });

  it("keeps one chain, however many write at once", async () => {
    const before = (await entries()).length;
    const writers = Array.from({ length: 24 }, (_, n) => owner.post("/teams", { id: `many-${n}`, name: "Many" }));
    const statuses = (await Promise.all(writers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([201]));
    expect((await entries()).length).toBe(before + 24);
    expect(await verification()).toMatchObject({ intact: true });
  });

  // The last: the trail is broken afterwards.
  it("names the first entry that was changed, removed, swapped or put in", async () => {
    const drops =
      kind === "sqlite"
        ? ["audit_no_update", "audit_no_delete", "audit_no_replace"].map((name) => `drop trigger ${name}`)
        : ["drop trigger audit_append_only on audit", "drop trigger audit_no_truncate on audit"];
    for (const drop of drops) await test.run(drop);
    const all = await entries();
    const [victim, next] = all.slice(5, 7);
    if (victim === undefined || next === undefined) throw new Error("there are too few entries");
    const { db } = test.database;
    const restore = async () => {
      await db.deleteFrom("audit").execute();
      await db.insertInto("audit").values(all).execute();
      expect(await verification()).toMatchObject({ intact: true, entries: all.length });
    };
    const broken = async (sequence: number) => {
      expect(await verification()).toMatchObject({ intact: false, broken_at: sequence });
      await restore();
    };
    for (const change of [
      { action: "x" },
      { actor_name: "x" },
      { at: 1 },
      { after: "{}" },
      { team_id: "x" },
      { address: "" },
    ]) {
      await db.updateTable("audit").set(change).where("sequence", "=", victim.sequence).execute();
      await broken(victim.sequence);
    }
    await db.deleteFrom("audit").where("sequence", "=", victim.sequence).execute();
    await broken(next.sequence);
    await db.deleteFrom("audit").where("sequence", "in", [victim.sequence, next.sequence]).execute();
    const swapped = [
      { ...victim, sequence: next.sequence },
      { ...next, sequence: victim.sequence },
    ];
    for (const row of swapped) await db.insertInto("audit").values(row).execute();
    await broken(victim.sequence);
    const last = all.at(-1);
    await db
      .insertInto("audit")
      .values({ ...victim, sequence: (last?.sequence ?? 0) + 1, previous_hash: "f".repeat(64) })
      .execute();
    await broken((last?.sequence ?? 0) + 1);
    // A trail that was cut off at its end is whole in itself: the last hash tells.
    const { last_hash } = await verification();
    await db
      .deleteFrom("audit")
      .where("sequence", "=", last?.sequence ?? 0)
      .execute();
    const cut = await verification();
    expect([cut.intact, cut.last_hash === last_hash]).toEqual([true, false]);
  });
});
