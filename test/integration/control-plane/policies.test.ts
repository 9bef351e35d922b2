import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Touched } from "../../../src/control-plane/plane.ts";
import { DatabaseSource } from "../../../src/control-plane/snapshot-source/source.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

const SECRET = "canary-credential-for-the-upstream";
const HEADERS = { request_headers: { set: { authorization: SECRET } } };
const COMPILED = { requestHeaders: { add: [], set: [["authorization", SECRET]], remove: [] } };
const addresses = (...deny: string[]) => ({ addresses: { deny } });
const denied = (...deny: string[]) => ({ addresses: { allow: null, deny } });

describe.each(DATABASES)("policies, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  let source: DatabaseSource;
  let touched: Touched[] = [];

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    owner = test.owner;
    await test.team("finance", "shop");
    const draft = draftAt("/billing", {
      policies: addresses("192.0.2.1"),
      routes: [{ path: "/billing", policies: HEADERS }],
    });
    await owner.do("POST", "/services", { id: "billing", team: "finance", visibility: "organisation", draft });
    await owner.do("POST", "/services/billing/publish");
    await owner.do("POST", "/applications", { id: "web", team: "shop" });
    source = new DatabaseSource(test.plane);
    await source.load();
    test.plane.onTouched((more) => touched.push(...more));
  });
  afterAll(() => test.close());

  /** What gateways get now; a fresh start must get the same. */
  const served = async () => {
    const now = touched;
    touched = [];
    await source.update(now);
    const fresh = new DatabaseSource(test.plane);
    await fresh.load();
    expect(source.additions).toEqual(fresh.additions);
    return source.additions;
  };

  it("of a service and its routes are in its releases", async () => {
    const { services } = await served();
    expect(services[0]?.policies).toEqual(denied("192.0.2.1"));
    expect(services[0]?.routes[0]?.policies).toEqual(COMPILED);
  });

  it("that name models of a subscription to `ai` let its caller in", async () => {
    await owner.do("POST", "/applications", { id: "chat", team: "shop" });
    const { id } = await owner.do("POST", "/subscriptions", { application: "chat", service: "ai", reason: "" });
    await owner.do("POST", `/subscriptions/${id}/approve`, { policies: { models: { allow: ["fast"] } } });
    await served();
    expect(source.application("chat")?.subscriptions).toMatchObject([
      { service: "ai", policies: { models: { allow: ["fast"], deny: [] } } },
    ]);
    await owner.do("DELETE", "/applications/chat");
  });

  it("of organisation, team, application and subscription reach the gateways, and go again", async () => {
    expect(await served()).not.toHaveProperty("policies");
    await owner.do("PATCH", "/settings", { policies: addresses("203.0.113.0/24") });
    await owner.do("PATCH", "/teams/finance", { policies: { ...addresses("192.0.2.2"), max_body_size: "1KiB" } });
    await owner.do("PATCH", "/applications/web", { policies: addresses("192.0.2.3") });
    const { id } = await owner.do("POST", "/subscriptions", { application: "web", service: "billing", reason: "" });
    await owner.do("POST", `/subscriptions/${id}/approve`, { policies: HEADERS });
    expect(await served()).toMatchObject({
      policies: denied("203.0.113.0/24"),
      teams: [{ id: "finance", policies: { ...denied("192.0.2.2"), maxBodyBytes: 1024 } }],
      applications: [{ policies: denied("192.0.2.3"), subscriptions: [{ policies: COMPILED }] }],
    });
    expect((await owner.get("/settings")).body.policies).toEqual(addresses("203.0.113.0/24"));
    expect((await owner.get("/teams/finance")).body.policies).toMatchObject({ max_body_size: "1KiB" });
    expect((await owner.get("/applications/web")).body.policies).toEqual(addresses("192.0.2.3"));

    await owner.do("PATCH", "/settings", { policies: {} });
    await owner.do("PATCH", "/teams/finance", { policies: {} });
    await owner.do("PATCH", "/applications/web", { policies: {} });
    await owner.do("POST", `/subscriptions/${id}/revoke`);
    await owner.do("POST", `/subscriptions/${id}/approve`, {});
    const after = await served();
    expect(after).not.toHaveProperty("policies");
    expect(after.teams).toEqual([]);
    expect(after.applications[0]).not.toHaveProperty("policies");
    expect(after.applications[0]?.subscriptions[0]).not.toHaveProperty("policies");
  });

  it("limits of organisation, team and route reach the gateways", async () => {
    const limits = [{ requests: 5, window: "1m" }];
    await owner.do("PATCH", "/settings", { policies: { limits } });
    await owner.do("PATCH", "/teams/shop", {
      policies: { limits: [{ per: "application", cost_usd: 2.5, window: "30d" }] },
    });
    const draft = draftAt("/limited", { routes: [{ path: "/limited", policies: { limits } }] });
    await owner.do("POST", "/services", { id: "limited", team: "finance", draft });
    await owner.do("POST", "/services/limited/publish");
    const compiled = { per: "organisation", algorithm: "window", unit: "requests", amount: 5, windowMs: 60_000 };
    const now = await served();
    expect(now.policies?.limits).toEqual([compiled]);
    expect(now.teams[0]?.policies.limits).toEqual([
      { ...compiled, per: "application", unit: "cost_usd", amount: 2.5, windowMs: 30 * 86_400_000 },
    ]);
    const route = now.services.find(({ id }) => id === "limited")?.routes[0];
    expect(route?.policies).toEqual({ limits: [{ ...compiled, per: "route" }] });
    const refused = await owner.patch("/teams/shop", {
      policies: { limits: [{ per: "route", requests: 1, window: "1m" }] },
    });
    expect([refused.status, refused.body.errors[0].path]).toEqual([400, "policies.limits[0].per"]);
    const unclear = await owner.patch("/settings", { policies: { limits: [{ window: "1m" }] } });
    expect([unclear.status, unclear.body.errors[0].path]).toEqual([400, "policies.limits[0]"]);
    await owner.do("PATCH", "/settings", { policies: {} });
    await owner.do("PATCH", "/teams/shop", { policies: {} });
    await owner.do("POST", "/services/limited/retire");
    await served();
  });

  it("that are wrong are refused with the path of what is wrong", async () => {
    const refusals = await Promise.all([
      owner.patch("/settings", { policies: addresses("nonsense") }),
      owner.patch("/teams/finance", { policies: { max_body_size: "much" } }),
      owner.patch("/applications/web", { policies: { max_body_size: "1KiB" } }),
      owner.patch("/services/billing", { draft: draftAt("/billing", { policies: { addresses: {} } }) }),
      owner.patch("/services/billing", {
        draft: draftAt("/billing", { policies: { mirror: { url: "http://unix:/run/docker.sock" } } }),
      }),
      owner.patch("/applications/web", { policies: addresses(...Array.from({ length: 1_001 }, () => "192.0.2.1")) }),
    ]);
    expect(refusals.map(({ status, body }) => [status, body.code, body.errors[0].path])).toEqual([
      [400, "invalid_request", "policies.addresses.deny[0]"],
      [400, "invalid_request", "policies.max_body_size"],
      [400, "invalid_request", "policies.max_body_size"],
      [400, "invalid_request", "draft.policies.addresses"],
      [400, "invalid_request", "draft.policies.mirror.url"],
      [400, "invalid_request", "policies.addresses.deny"],
    ]);
  });

  it("leave no header's value in the audit trail, and show those of the service's side to no caller", async () => {
    await owner.do("PATCH", "/settings", { policies: HEADERS });
    await owner.do("PATCH", "/teams/finance", { policies: HEADERS });
    await owner.do("PATCH", "/applications/web", { policies: HEADERS });
    const [subscription] = (await owner.do("GET", "/subscriptions")).items;
    await owner.do("POST", `/subscriptions/${subscription.id}/revoke`);
    await owner.do("POST", `/subscriptions/${subscription.id}/approve`, { policies: HEADERS });
    const trail = JSON.stringify((await test.dump()).audit);
    expect(trail).toContain("authorization");
    expect(trail).not.toContain(SECRET);

    const path = `/subscriptions/${subscription.id}`;
    const caller = await test.person("caller@example.org", { teams: { shop: "developer" } });
    expect((await caller.get(path)).body.policies).toEqual({
      request_headers: { set: { authorization: "[redacted]" } },
    });
    expect(JSON.stringify((await caller.get("/subscriptions")).body)).not.toContain(SECRET);
    const publisher = await test.person("publisher@example.org", { teams: { finance: "publisher" } });
    expect((await publisher.get(path)).body.policies).toEqual(HEADERS);
    await owner.do("PATCH", "/settings", { policies: {} });
  });

  it("that can't be read let nobody in, rather than everybody", async () => {
    await test.run(`update teams set policies = '{"addresses": {"deny": ["nonsense"]}}' where id = 'finance'`);
    await test.run(`update applications set policies = '{' where id = 'web'`);
    touched.push({ kind: "team", id: "finance" }, { kind: "application", id: "web" });
    const { teams, applications } = await served();
    const closed = { addresses: { allow: [], deny: [] } };
    expect(teams).toEqual([{ id: "finance", policies: closed }]);
    expect(applications[0]?.policies).toEqual(closed);
    expect(test.log.join("\n")).toContain("policies can't be read: nobody is let in");
  });
});
