import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminClient } from "../../helpers/admin-client.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const PASSWORD = "correct horse battery";
const OPENAPI = `openapi: 3.1.0
info: { title: Billing, version: 1.0.0 }
paths:
  /invoices:
    get: { operationId: listInvoices, responses: { "200": { description: OK } } }
`;

let tidegate: TidegateProcess;
let upstreams: [TestUpstream, TestUpstream];
let admin: AdminClient;

beforeAll(async () => {
  const answering = (text: string) => startUpstream((_request, response) => response.end(text));
  upstreams = [await answering("one"), await answering("two")];
  tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
  admin = await AdminClient.at(tidegate.adminUrl).signIn("admin@localhost", PASSWORD);
});

afterAll(async () => {
  await tidegate.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

const draftTo = (upstream: TestUpstream) => ({
  routes: [{ path: "/billing", strip_prefix: true }],
  upstream: { targets: [{ url: upstream.url }] },
});

async function member(email: string, team: string, role: string): Promise<AdminClient> {
  const user = await admin.do("POST", "/users", { email, name: email, password: PASSWORD });
  await admin.do("PUT", `/teams/${team}/members/${user.id}`, { role });
  return AdminClient.at(tidegate.adminUrl).signIn(email, PASSWORD);
}

async function codeOf(calling: Promise<Response>): Promise<string> {
  const { error } = (await (await calling).json()) as { error: { code: string } };
  return error.code;
}

describe("from a draft to the end of a service", () => {
  it("publishes, shares, approves, serves, limits, revokes, rolls back, deprecates, retires, and remembers it all", async () => {
    for (const id of ["finance", "shop"]) await admin.do("POST", "/teams", { id, name: id });
    const publisher = await member("pat@example.org", "finance", "publisher");
    const developer = await member("dev@example.org", "shop", "developer");

    // A team makes a service and publishes it.
    const made = await publisher.do("POST", "/services", {
      id: "billing",
      team: "finance",
      openapi: OPENAPI,
      visibility: "organisation",
      category: "money",
      tags: ["invoices"],
      draft: draftTo(upstreams[0]),
    });
    expect(made).toMatchObject({ state: "draft", current_release: null });
    expect((await developer.get("/services/billing")).status).toBe(404);
    expect((await developer.do("GET", "/catalogue")).items).toEqual([]);
    await publisher.do("POST", "/services/billing/publish", { note: "the first" });

    // Another finds it, and asks.
    const found = await developer.do("GET", "/catalogue?search=invoic&category=money");
    expect(found.items).toMatchObject([{ id: "billing", has_openapi: true, state: "published" }]);
    expect(await developer.do("GET", "/catalogue/billing/openapi")).toBe(OPENAPI);
    await developer.do("POST", "/applications", { id: "web", team: "shop", limits: [{ requests: 3, window: "1h" }] });
    const { key } = await developer.do("POST", "/applications/web/credentials", { name: "main" });
    expect(key).toMatch(/^tg_\w{40}$/);
    const call = (headers: Record<string, string> = {}) =>
      fetch(`${tidegate.url}/billing/invoices`, { headers: { ...headers, "x-api-key": key } });
    await tidegate.waitFor("the key to be known", async () => (await call()).status === 403);
    const wanted = await developer.do("POST", "/subscriptions", {
      application: "web",
      service: "billing",
      reason: "checkout",
    });
    expect(wanted.state).toBe("pending");
    await tidegate.waitFor("the request to be known", async () => (await codeOf(call())) === "subscription_pending");
    expect((await developer.post(`/subscriptions/${wanted.id}/approve`)).status).toBe(404);

    // The owner approves: the caller is served, up to its limit.
    await publisher.do("POST", `/subscriptions/${wanted.id}/approve`, { note: "welcome" });
    await tidegate.waitFor("the first good call", async () => (await call()).status === 200);
    expect(await (await call()).text()).toBe("one");
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(429);
    await developer.do("PATCH", "/applications/web", { limits: [] });
    await tidegate.waitFor("the limit to be lifted", async () => (await call()).status === 200);

    // A second release, first for those who ask for it, and back to the first.
    await publisher.do("PATCH", "/services/billing", { draft: draftTo(upstreams[1]) });
    expect(await (await call()).text()).toBe("one");
    await publisher.do("POST", "/services/billing/publish", { note: "the second" });
    await tidegate.waitFor("the second release", async () => (await (await call()).text()) === "two");
    expect((await publisher.do("GET", "/services/billing/releases")).items).toMatchObject([
      { number: 2, serves: "current" },
      { number: 1, serves: "nothing" },
    ]);
    await publisher.do("POST", "/services/billing/rollback", { release: 1 });
    await tidegate.waitFor("the first release", async () => (await (await call()).text()) === "one");
    const header = { name: "x-try", value: "second" };
    await publisher.do("PUT", "/services/billing/canary", { release: 2, percent: 0, header });
    await tidegate.waitFor("the canary", async () => (await (await call({ "x-try": "second" })).text()) === "two");
    expect(await (await call()).text()).toBe("one");
    await publisher.do("DELETE", "/services/billing/canary");
    await tidegate.waitFor("its end", async () => (await (await call({ "x-try": "second" })).text()) === "one");

    // Its end.
    await publisher.do("POST", "/services/billing/deprecate", { sunset_at: "2030-01-01T00:00:00Z" });
    await tidegate.waitFor("the deprecation", async () => (await call()).headers.has("deprecation"));
    expect((await call()).headers.get("sunset")).toBe("Tue, 01 Jan 2030 00:00:00 GMT");
    const refused = await publisher.post("/services/billing/retire");
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain("web (shop)");
    await publisher.do("POST", `/subscriptions/${wanted.id}/revoke`, { note: "contract ended" });
    await tidegate.waitFor(
      "the end of the subscription",
      async () => (await codeOf(call())) === "subscription_revoked",
    );
    await publisher.do("POST", "/services/billing/retire");
    await tidegate.waitFor("the end of the service", async () => (await codeOf(call())) === "service_retired");

    // What happened.
    const audit = await admin.do("GET", "/audit?limit=100");
    const actions = audit.items.map(({ action }: { action: string }) => action).reverse();
    expect(actions.filter((action: string) => action.startsWith("service."))).toEqual([
      "service.create",
      "service.publish",
      "service.update",
      "service.publish",
      "service.roll_back",
      "service.canary",
      "service.canary",
      "service.deprecate",
      "service.retire",
    ]);
    expect(actions).toContain("credential.create");
    expect(JSON.stringify(audit)).not.toContain(key);
    expect(await admin.do("GET", "/audit/verification")).toMatchObject({ intact: true });
  });
});
