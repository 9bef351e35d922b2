import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { PlaneWithGateway } from "../../helpers/plane-with-gateway.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

const FILE = `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
providers: [{ id: simulated, kind: simulated }]
models: [{ name: fast, targets: [{ provider: simulated, model: echo }] }]
`;

/** A team's own models, from a draft to the end: published, found, asked for, called, limited, taken back, changed, retired. */
describe.each(DATABASES)("a team's service of kind ai, on %s", (kind) => {
  let both: PlaneWithGateway;
  let owner: AdminClient;
  let publisher: AdminClient;
  let developer: AdminClient;
  let key = "";
  let subscription = "";

  const draft = (models: object, more: object = {}) => ({
    kind: "ai",
    routes: [{ path: "/care" }],
    policies: { models },
    ...more,
  });

  beforeAll(async () => {
    both = await PlaneWithGateway.open(kind, FILE);
    owner = both.test.owner;
    await both.test.team("care", "shop");
    publisher = await both.test.person("publisher@example.org", { teams: { care: "owner" } });
    developer = await both.test.person("developer@example.org", { teams: { shop: "developer" } });
  });
  afterAll(() => both.close());

  const client = () => new OpenAI({ baseURL: `${both.gateway.url}/care/v1`, apiKey: key, maxRetries: 0 });
  const call = async (model = "fast"): Promise<string> => {
    await both.serve();
    const messages = [{ role: "user" as const, content: "hi" }];
    try {
      const { choices } = await client().chat.completions.create({ model, messages });
      return choices[0]?.message.content ?? "";
    } catch (error) {
      return String((error as { code?: string }).code);
    }
  };
  const listed = async () => {
    await both.serve();
    return (await client().models.list()).data.map(({ id }) => id).sort();
  };

  it("is refused as a draft where it says what is not of its kind", async () => {
    const { status, body } = await publisher.post("/services", {
      id: "care",
      team: "care",
      draft: draft({ allow: [] }, { upstream: { targets: [{ url: "http://127.0.0.1" }] } }),
    });
    expect(status).toBe(400);
    expect(body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      "draft.policies.models.allow",
      "draft.upstream",
    ]);
  });

  it("is published, and found by its kind, with the models that it has", async () => {
    const made = await publisher.do("POST", "/services", {
      id: "care",
      team: "care",
      visibility: "organisation",
      draft: draft({ allow: ["fast"] }, { limits: [{ tokens: 100_000, window: "1h" }] }),
    });
    expect(made.kind).toBe("ai");
    // The organisation pays for its calls.
    expect(await publisher.do("POST", "/services/care/publish", { note: "for care" })).toMatchObject({
      state: "draft",
      review: { requested_by: "publisher@example.org", note: "for care" },
    });
    expect((await developer.get("/catalogue/care")).status).toBe(404);
    await owner.do("POST", "/services/care/publish");
    const found = async (query: string) =>
      (await developer.get(`/catalogue${query}`)).body.items.map(({ id, kind: one }: { id: string; kind: string }) => [
        id,
        one,
      ]);
    expect(await found("?kind=ai")).toEqual([["care", "ai"]]);
    expect(await found("?kind=rest")).toEqual([]);
    expect((await owner.get("/services?kind=ai")).body.items).toHaveLength(1);
    expect((await owner.get("/services?kind=rest")).body.items).toHaveLength(0);
    expect((await developer.get("/catalogue/care")).body).toMatchObject({
      kind: "ai",
      routes: [{ host: null, path: "/care", match: "prefix", methods: null }],
      models: { allow: ["fast"], deny: [] },
    });
  });

  it("is called once the subscription is approved, with the models that both allow", async () => {
    await developer.do("POST", "/applications", { id: "web", team: "shop" });
    key = (await developer.do("POST", "/applications/web/credentials", { name: "web" })).key;
    expect(await call()).toBe("subscription_required");
    ({ id: subscription } = await developer.do("POST", "/subscriptions", {
      application: "web",
      service: "care",
      reason: "to answer",
    }));
    expect(await call()).toBe("subscription_pending");
    const unlike = await publisher.post(`/subscriptions/${subscription}/approve`, {
      policies: { request_headers: { set: { "x-a": "b" } } },
    });
    expect([unlike.status, unlike.body.errors]).toMatchObject([400, [{ path: "policies.request_headers" }]]);
    await publisher.do("POST", `/subscriptions/${subscription}/approve`, {
      limits: [{ cost_usd: 5, window: "1d" }],
      policies: { models: { deny: ["simulated/*"] } },
    });
    expect(await call()).toContain("hi");
    expect(await call("simulated/echo")).toBe("model_not_allowed");
    expect(await listed()).toEqual(["fast"]);
    expect(both.gateway.records.at(-1)).toMatchObject({ service: "care", application: "web" });
  });

  it("has its next release for some callers first, and goes back", async () => {
    await publisher.do("PATCH", "/services/care", { draft: draft({ deny: ["fast"] }) });
    expect(await call()).toContain("hi");
    await publisher.do("POST", "/services/care/publish");
    expect(await call()).toContain("hi");
    await owner.do("POST", "/services/care/publish");
    expect(await call()).toBe("model_not_allowed");
    // What was narrowed is not to be widened again by those who may not offer models.
    const rolled = await publisher.post("/services/care/rollback", { release: 1 });
    expect([rolled.status, rolled.body.detail]).toEqual([409, expect.stringContaining("`model.publish`")]);
    await owner.do("POST", "/services/care/rollback", { release: 1 });
    expect(await call()).toContain("hi");
    const canary = { release: 2, percent: 0, header: { name: "x-next", value: "1" }, sticky: false };
    expect((await publisher.put("/services/care/canary", canary)).status).toBe(409);
    await owner.do("PUT", "/services/care/canary", canary);
    await both.serve();
    const headers = { "x-next": "1", authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify({ model: "fast", messages: [{ role: "user", content: "hi" }] });
    const next = await fetch(`${both.gateway.url}/care/v1/chat/completions`, { method: "POST", headers, body });
    expect([next.status, next.headers.get("x-tidegate-release")]).toEqual([403, "2"]);
    expect(await call()).toContain("hi");
  });

  it("stays of its kind", async () => {
    const rest = { routes: [{ path: "/care" }], upstream: { targets: [{ url: "http://127.0.0.1:1" }] } };
    const refused = await publisher.patch("/services/care", { draft: rest });
    expect([refused.status, refused.body.detail]).toEqual([
      400,
      "draft.kind: service care was published as `ai` and stays that: make another service",
    ]);
    await publisher.do("POST", "/services", { id: "undecided", team: "care", draft: rest });
    const changed = await publisher.do("PATCH", "/services/undecided", {
      draft: { kind: "ai", routes: [{ path: "/other" }] },
    });
    expect(changed.kind).toBe("ai");
  });

  it("is taken back, deprecated and retired", async () => {
    await publisher.do("POST", `/subscriptions/${subscription}/revoke`, { note: "enough" });
    expect(await call()).toBe("subscription_revoked");
    await publisher.do("POST", "/services/care/deprecate", { link: "https://example.org/next" });
    await publisher.do("POST", "/services/care/retire", { force: true });
    await both.serve();
    const gone = await fetch(`${both.gateway.url}/care/v1/models`);
    expect([gone.status, gone.headers.get("link")]).toEqual([410, '<https://example.org/next>; rel="deprecation"']);
  });

  it("like the built-in one, gives models by subscription to applications in the database", async () => {
    const { id } = await developer.do("POST", "/subscriptions", { application: "web", service: "ai", reason: "" });
    await owner.do("POST", `/subscriptions/${id}/approve`, { policies: { models: { allow: ["fast"] } } });
    await both.serve();
    const builtIn = new OpenAI({ baseURL: `${both.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    expect((await builtIn.models.list()).data.map((one) => one.id)).toEqual(["fast"]);
  });
});
