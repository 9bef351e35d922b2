import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient, Asked } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

describe.each(DATABASES)("the life of a service, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  let ada: AdminClient;
  let bob: AdminClient;
  let count = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    owner = test.owner;
    await test.team("finance", "shop");
    ada = await test.person("ada@example.org", { teams: { finance: "owner" } });
    bob = await test.person("bob@example.org", { teams: { finance: "owner" } });
  });
  afterAll(() => test.close());

  /** A service with a draft; the path is its id. */
  const make = async (draft: object | null = null): Promise<string> => {
    const id = `service-${++count}`;
    await ada.do("POST", "/services", { id, team: "finance", draft: draft ?? draftAt(`/${id}`) });
    return id;
  };
  const published = async (draft: object | null = null): Promise<string> => {
    const id = await make(draft);
    await ada.do("POST", `/services/${id}/publish`, { note: "first" });
    return id;
  };
  const outcome = ({ status, body }: Asked) => [status, body.code];
  const redraft = (id: string, path: string) => ada.do("PATCH", `/services/${id}`, { draft: draftAt(path) });

  it("publishes releases that never change, and rolls back to any of them", async () => {
    const id = await published();
    await redraft(id, `/${id}-two`);
    await ada.do("POST", `/services/${id}/publish`, { note: "second" });
    const back = await ada.do("POST", `/services/${id}/rollback`, { release: 1 });
    expect(back).toMatchObject({ current_release: 1, draft: { routes: [{ path: `/${id}` }] } });
    await redraft(id, `/${id}-three`);
    expect((await ada.do("POST", `/services/${id}/publish`)).current_release).toBe(3);
    const { configuration } = await ada.do("GET", `/services/${id}/releases/2`);
    expect(configuration.routes).toEqual([{ path: `/${id}-two` }]);
    expect(outcome(await ada.post(`/services/${id}/rollback`, { release: 9 }))).toEqual([404, "not_found"]);
  });

  it("bug: release numbers beyond an integer of PostgreSQL failed", async () => {
    const id = await published();
    const release = 99_999_999_999;
    const answers = [
      await ada.get(`/services/${id}/releases/${release}`),
      await ada.post(`/services/${id}/rollback`, { release }),
      await ada.put(`/services/${id}/canary`, { release, percent: 1 }),
    ];
    for (const answer of answers) expect([answer.status, answer.body.errors[0].path]).toEqual([400, "release"]);
  });

  it("names every field of a bad draft by its path", async () => {
    const id = await make();
    const upstream = { targets: [{ url: "ftp://x" }], balance: "random" };
    const draft = { routes: [{ path: "no-slash" }, { path: "/a", methds: ["GET"] }], upstream };
    const { status, body } = await ada.patch(`/services/${id}`, { draft });
    expect([status, body.code]).toEqual([400, "invalid_request"]);
    const paths = body.errors.map(({ path }: { path: string }) => path).sort();
    expect(paths).toEqual([
      "draft.routes[0].path",
      "draft.routes[1].methds",
      "draft.upstream.balance",
      "draft.upstream.targets[0].url",
    ]);
    const empty = await ada.do("POST", "/services", { id: "empty", team: "finance" });
    expect(empty.draft).toEqual({});
    const refused = await ada.post("/services/empty/publish");
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0].path).toBe("draft.routes");
  });

  it("bug: a draft named files and sockets of the gateway's machine", async () => {
    const id = await make();
    const patch = (draft: object) => ada.patch(`/services/${id}`, { draft });
    const socket = draftAt("/x", { upstream: { targets: [{ url: "http://unix:/var/run/docker.sock" }] } });
    const target = [{ url: "https://example.org" }];
    const file = draftAt("/x", { upstream: { targets: target, ca_file: "/etc/shadow" } });
    const missing = draftAt("/x", { upstream: { targets: target, ca_file: "/etc/no-such-file" } });
    expect((await patch(socket)).body.errors[0].path).toBe("draft.upstream.targets[0].url");
    const [there, notThere] = [await patch(file), await patch(missing)];
    expect(there.body.errors).toEqual([{ ...there.body.errors[0], path: "draft.upstream.ca_file" }]);
    expect(notThere.body).toEqual(there.body);
  });

  it("bug: a draft's own `id` and `team` were kept, and had no effect", async () => {
    const id = await make();
    const { status, body } = await ada.patch(`/services/${id}`, {
      draft: draftAt("/x", { id: "other", team: "shop" }),
    });
    expect(status).toBe(400);
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(["draft.id", "draft.team"]);
  });

  it("lets no header out of its line, and repeats no value of one", async () => {
    const id = await make();
    for (const [name, value] of [
      ["x-a", "b\r\nset-cookie: canary-value"],
      ["x-a", "canary-value\n"],
      ["x-a\r\nx-b", "canary-value"],
      ["transfer-encoding", "canary-value"],
    ] as const) {
      const answer = await ada.patch(`/services/${id}`, {
        draft: draftAt("/x", { response_headers: { set: { [name]: value } } }),
      });
      expect([name, answer.status]).toEqual([name, 400]);
      expect(answer.body.errors[0].path).toContain("draft.response_headers.set");
      expect(JSON.stringify(answer.body)).not.toContain("canary-value");
    }
  });

  it("gives out documents as documents, whatever is in them", async () => {
    const id = await make();
    await ada.do("PATCH", `/services/${id}`, { openapi: "<script>alert(1)</script>" });
    const { headers } = await ada.get(`/catalogue/${id}/openapi`);
    expect(headers.get("content-type")).toBe("application/yaml; charset=utf-8");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect((await ada.get("/nothing")).headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("asks for a second person where the organisation wants one: other people, not other tokens", async () => {
    await owner.do("PATCH", "/settings", { publish_needs_second_person: true });
    try {
      const id = await make();
      const asked = await ada.do("POST", `/services/${id}/publish`, { note: "please" });
      expect(asked).toMatchObject({ state: "draft", current_release: null });
      expect(asked.review).toEqual({
        requested_by: "ada@example.org",
        requested_at: new Date(test.nowMs).toISOString(),
        note: "please",
      });
      const { token } = await ada.do("POST", "/me/tokens", { name: "second me" });
      const machine = await ada.do("POST", "/teams/finance/tokens", { name: "a machine", role: "publisher" });
      for (const own of [ada, test.client().withToken(token), test.client().withToken(machine.token)]) {
        // bug: one's own tokens counted as somebody else.
        expect((await own.do("POST", `/services/${id}/publish`)).state).toBe("draft");
      }
      expect((await bob.do("POST", `/services/${id}/publish`)).state).toBe("published");

      // bug: what was published was not what the second person had been asked about.
      await redraft(id, `/${id}-new`);
      await ada.do("POST", `/services/${id}/publish`);
      expect((await redraft(id, `/${id}-other`)).review).toBeNull();
      const pending = await bob.do("POST", `/services/${id}/publish`);
      expect([pending.current_release, pending.review.requested_by]).toEqual([1, "bob@example.org"]);
      expect((await ada.do("POST", `/services/${id}/publish`)).current_release).toBe(2);
    } finally {
      await owner.do("PATCH", "/settings", { publish_needs_second_person: false });
    }
  });

  it("sends a share to another release than the current one", async () => {
    const id = await published();
    expect(outcome(await ada.put(`/services/${id}/canary`, { release: 1, percent: 5 }))).toEqual([409, "conflict"]);
    expect(outcome(await ada.put(`/services/${id}/canary`, { release: 2, percent: 5 }))).toEqual([404, "not_found"]);
    await redraft(id, `/${id}`);
    await ada.do("POST", `/services/${id}/publish`);
    for (const percent of [-1, 100.1, "5"]) {
      expect((await ada.put(`/services/${id}/canary`, { release: 1, percent })).status).toBe(400);
    }
    const header = { name: "X-Canary", value: "yes" };
    const { canary } = await ada.do("PUT", `/services/${id}/canary`, { release: 1, percent: 2.5, header });
    expect(canary).toEqual({
      release: 1,
      percent: 2.5,
      header: { name: "x-canary", value: "yes" },
      sticky: true,
    });
    expect(
      (await ada.do("GET", `/services/${id}/releases`)).items.map((one: { serves: string }) => one.serves),
    ).toEqual(["current", "canary"]);
    expect((await ada.do("POST", `/services/${id}/rollback`, { release: 1 })).canary).toBeNull();
    const unpublished = await make();
    expect(outcome(await ada.put(`/services/${unpublished}/canary`, { release: 1, percent: 5 }))).toEqual([
      409,
      "conflict",
    ]);
  });

  it("bug: line breaks in a canary's header and a deprecation's link would have come to answers", async () => {
    const id = await published();
    await ada.do("POST", `/services/${id}/publish`);
    for (const header of [
      { name: "x\r\nset-cookie", value: "a" },
      { name: "x-a", value: "a\r\nset-cookie: b=c" },
      { name: "x a", value: "b" },
      { name: "x-a", value: "b", more: 1 },
    ]) {
      expect((await ada.put(`/services/${id}/canary`, { release: 1, percent: 5, header })).status).toBe(400);
    }
    for (const link of ["javascript:alert(1)", "no url", "ftp://example.org"]) {
      expect([link, (await ada.post(`/services/${id}/deprecate`, { link })).status]).toEqual([link, 400]);
    }
    const broken = await ada.do("POST", `/services/${id}/deprecate`, {
      link: "https://example.org/a\r\nSet-Cookie: b",
    });
    expect(broken.deprecation_link).toBe("https://example.org/aSet-Cookie:%20b");
  });

  it("bug: routes of a canary went to another service with the next release", async () => {
    const id = await published();
    const path = `/${id}-canary`;
    await redraft(id, path);
    await ada.do("POST", `/services/${id}/publish`);
    await ada.do("POST", `/services/${id}/rollback`, { release: 1 });
    await ada.do("PUT", `/services/${id}/canary`, { release: 2, percent: 5 });
    await ada.do("POST", `/services/${id}/publish`);
    const rival = await make(draftAt(path));
    expect(outcome(await bob.post(`/services/${rival}/publish`))).toEqual([409, "conflict"]);
    await ada.do("DELETE", `/services/${id}/canary`);
    expect((await bob.post(`/services/${rival}/publish`)).status).toBe(200);
  });

  it("leads a call to one service only", async () => {
    const route = (path: string, more: object = {}) => draftAt("", { routes: [{ path, ...more }] });
    await published(route("/taken", { methods: ["GET", "POST"] }));
    const of = async (draft: object) => outcome(await ada.post(`/services/${await make(draft)}/publish`));
    expect(await of(route("/taken", { methods: ["POST", "PUT"] }))).toEqual([409, "conflict"]);
    expect(await of(route("/taken"))).toEqual([409, "conflict"]);
    expect(await of(route("/taken/"))).toEqual([409, "conflict"]);
    expect(await of(route("/taken", { methods: ["PUT"] }))).toEqual([200, undefined]);
    expect(await of(route("/taken", { host: "A.example.org" }))).toEqual([200, undefined]);
    expect(await of(route("/taken", { host: "a.example.org" }))).toEqual([409, "conflict"]);
    await published(route("/any"));
    expect(await of(route("/any", { methods: ["GET"] }))).toEqual([409, "conflict"]);
    await published(route("/orders/:id", { match: "pattern" }));
    const refused = await ada.post(`/services/${await make(route("/orders/:order", { match: "pattern" }))}/publish`);
    expect(refused.body.detail).toMatch(/\/orders\/:order is a route of service service-\d+ already/);
  });

  it("bug: a route that was spelled otherwise took the calls of another service", async () => {
    const route = (path: string) => draftAt("", { routes: [{ path }] });
    await published(route("/caf\u00e9/m~"));
    for (const path of ["/caf%c3%a9/m~", "/c%61f%C3%A9/%6d~", "/caf\u00e9/%6D%7e/"]) {
      const answer = await ada.post(`/services/${await make(route(path))}/publish`);
      expect([path, ...outcome(answer)]).toEqual([path, 409, "conflict"]);
    }
    // Encoded, a slash is none.
    expect(outcome(await ada.post(`/services/${await make(route("/caf\u00e9%2Fm~"))}/publish`))).toEqual([
      200,
      undefined,
    ]);
    expect(outcome(await ada.post("/services", { id: "half", team: "finance", draft: route("/\ud800") }))).toEqual([
      400,
      "invalid_request",
    ]);
  });

  it("bug: of two services that took a route at once, by `*` and by a method, both had it", async () => {
    for (let round = 0; round < 4; round++) {
      const routes = (methods: string[] | null) => draftAt("", { routes: [{ path: `/race-${round}`, methods }] });
      const ids = [await make(routes(null)), await make(routes(["GET"])), await make(routes(["GET", "PUT"]))];
      const answers = await Promise.all(ids.map((id) => ada.post(`/services/${id}/publish`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    }
  });

  it("numbers the releases of two who publish at once", async () => {
    const id = await make();
    const answers = await Promise.all([ada, bob, ada, bob].map((who) => who.post(`/services/${id}/publish`)));
    expect(answers.map(({ body }) => body.current_release).sort()).toEqual([1, 2, 3, 4]);
  });

  it("refuses to retire while somebody may still call, unless forced, and for good", async () => {
    const id = await published();
    await ada.do("POST", "/applications", { id: `app-${id}`, team: "finance" });
    const asked = await ada.do("POST", "/subscriptions", { application: `app-${id}`, service: id });
    await ada.do("POST", `/subscriptions/${asked.id}/approve`);
    const refused = await ada.post(`/services/${id}/retire`);
    expect(outcome(refused)).toEqual([409, "in_use"]);
    expect(refused.body.detail).toContain(`app-${id} (finance)`);
    expect((await ada.do("GET", `/services/${id}/callers`)).items).toEqual([
      { application: `app-${id}`, team: "finance", subscription: asked.id },
    ]);
    const retired = await ada.do("POST", `/services/${id}/retire`, { force: true });
    expect(retired).toMatchObject({ state: "retired", current_release: null, canary: null });
    for (const [verb, body] of [
      ["publish", {}],
      ["rollback", { release: 1 }],
      ["deprecate", {}],
      ["retire", { force: true }],
    ] as const) {
      expect(outcome(await ada.post(`/services/${id}/${verb}`, body))).toEqual([409, "conflict"]);
    }
    const heir = await make(draftAt(`/${id}`));
    expect((await ada.post(`/services/${heir}/publish`)).status).toBe(200);
    expect(outcome(await ada.delete(`/services/${id}`))).toEqual([409, "conflict"]);
  });

  it("bug: subscriptions that had expired kept a service from being retired", async () => {
    const id = await published();
    await ada.do("POST", "/applications", { id: `app-${id}`, team: "finance" });
    const asked = await ada.do("POST", "/subscriptions", { application: `app-${id}`, service: id });
    const expires_at = new Date(test.nowMs + 60_000).toISOString();
    await ada.do("POST", `/subscriptions/${asked.id}/approve`, { expires_at });
    expect((await ada.post(`/services/${id}/retire`)).status).toBe(409);
    test.nowMs += 60_000;
    expect((await ada.do("GET", `/services/${id}/callers`)).items).toEqual([]);
    expect((await ada.post(`/services/${id}/retire`)).status).toBe(200);
  });

  it("gives a subscription another end, also one that has expired; what is not given stays", async () => {
    const id = await published();
    await ada.do("POST", "/applications", { id: `app-${id}`, team: "finance" });
    const asked = await ada.do("POST", "/subscriptions", { application: `app-${id}`, service: id });
    const path = `/subscriptions/${asked.id}`;
    const inMs = (ms: number) => new Date(test.nowMs + ms).toISOString();
    expect(outcome(await ada.patch(path, { expires_at: null }))).toEqual([409, "conflict"]);
    const limits = [{ requests: 5, window: "1m" }];
    await ada.do("POST", `${path}/approve`, { note: "for the trial", expires_at: inMs(60_000), limits });
    test.nowMs += 60_000;
    expect((await ada.do("GET", path)).state).toBe("expired");
    const past = await ada.patch(path, { expires_at: inMs(0) });
    expect([...outcome(past), past.body.errors[0].path]).toEqual([400, "invalid_request", "expires_at"]);
    const expires_at = inMs(30_000);
    expect(await ada.do("PATCH", path, { expires_at })).toMatchObject({
      state: "approved",
      expires_at,
      limits,
      note: "for the trial",
    });
    expect((await ada.do("GET", `/services/${id}/callers`)).items).toHaveLength(1);
    const changed = await ada.do("PATCH", path, { note: "they pay", limits: [] });
    expect(changed).toMatchObject({ state: "approved", expires_at, note: "they pay", limits: [] });
    expect((await ada.do("PATCH", path, { expires_at: null })).expires_at).toBeNull();
    expect((await ada.patch(path, { limits: [{ requests: 0, window: "1m" }] })).status).toBe(400);
  });

  it("bug: a retired service showed its callers the OpenAPI document of its draft", async () => {
    const id = await make();
    await ada.do("PATCH", `/services/${id}`, { openapi: '{"released":1}', visibility: "organisation" });
    await ada.do("POST", `/services/${id}/publish`);
    await ada.do("PATCH", `/services/${id}`, { openapi: '{"secret":"plan"}' });
    const lone = await test.person(`lone-${id}@example.org`);
    expect((await lone.get(`/catalogue/${id}/openapi`)).body).toEqual({ released: 1 });
    await ada.do("POST", `/services/${id}/retire`);
    expect((await lone.get(`/catalogue/${id}/openapi`)).body).toEqual({ released: 1 });
  });

  it("removes what nothing depends on, and says what does", async () => {
    const id = await make();
    expect((await ada.delete(`/services/${id}`)).status).toBe(204);
    expect((await ada.get(`/services/${id}`)).status).toBe(404);
    const refused = await owner.delete("/teams/finance");
    expect(outcome(refused)).toEqual([409, "in_use"]);
    expect(refused.body.detail).toMatch(/still owns services, e\.g\. /);
    await test.team("brief");
    await owner.do("PUT", "/services/empty/shares", { teams: ["brief"] });
    expect((await owner.delete("/teams/brief")).status).toBe(204);
    expect((await owner.do("GET", "/services/empty")).shared_with).toEqual([]);
  });

  it("shows services to whom they are shared with, and to nobody else", async () => {
    const id = await published();
    const sam = await test.person(`sam-${id}@example.org`, { teams: { shop: "developer" } });
    const seen = async () => {
      const { items } = await sam.do("GET", "/catalogue?limit=500");
      const listed = items.some((one: { id: string }) => one.id === id);
      return [listed, (await sam.get(`/catalogue/${id}`)).status];
    };
    expect(await seen()).toEqual([false, 404]);
    expect((await ada.put(`/services/${id}/shares`, { teams: ["nowhere"] })).body.errors[0].path).toBe("teams");
    await ada.do("PUT", `/services/${id}/shares`, { teams: ["shop", "shop"] });
    expect(await seen()).toEqual([true, 200]);
    await ada.do("PATCH", `/services/${id}`, { visibility: "private" });
    expect(await seen()).toEqual([false, 404]);
    await ada.do("PATCH", `/services/${id}`, { visibility: "organisation" });
    await ada.do("PUT", `/services/${id}/shares`, { teams: [] });
    expect(await seen()).toEqual([true, 200]);
    const details = JSON.stringify(await sam.do("GET", `/catalogue/${id}`));
    expect(details).not.toContain("127.0.0.1:9001");
  });

  it("lets a subscription go its way, and no other", async () => {
    const id = await published();
    await owner.do("POST", "/applications", { id: `web-${id}`, team: "shop" });
    const sam = await test.person(`dev-${id}@example.org`, { teams: { shop: "developer" } });
    const ask = () => sam.post("/subscriptions", { application: `web-${id}`, service: id });
    expect((await ask()).status).toBe(404);
    await ada.do("PUT", `/services/${id}/shares`, { teams: ["shop"] });
    const { id: subscription } = (await ask()).body;
    const decide = (who: AdminClient, verb: string) => who.post(`/subscriptions/${subscription}/${verb}`);
    const states: (string | number)[] = [];
    const step = async (who: AdminClient, verb: string) => {
      const { status, body } = await decide(who, verb);
      states.push(status === 200 ? body.state : status);
    };
    for (const verb of ["approve", "reject", "revoke"]) await step(sam, verb);
    await step(ada, "cancel");
    await step(ada, "revoke");
    await step(ada, "reject");
    await step(ada, "approve");
    await step(ada, "reject");
    await step(ada, "revoke");
    expect((await ask()).status).toBe(409);
    await step(ada, "approve");
    await step(sam, "cancel");
    await step(ada, "approve");
    // Ada has all rights in finance, and none in shop.
    expect(states).toEqual([
      404,
      404,
      404,
      404,
      409,
      "rejected",
      "approved",
      409,
      "revoked",
      "approved",
      "cancelled",
      409,
    ]);
    expect((await ask()).body).toMatchObject({ id: subscription, state: "pending" });
    await ada.do("PATCH", `/services/${id}`, { approval: "automatic" });
    await decide(sam, "cancel");
    expect((await ask()).body).toMatchObject({ state: "approved", decided_by: "system" });
  });
});
