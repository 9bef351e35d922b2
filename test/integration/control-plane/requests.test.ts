import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

const cursorOf = (text: string) => Buffer.from(text).toString("base64url");

describe.each(DATABASES)("requests to the admin API, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  let count = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    owner = test.owner;
    await test.team("finance", "shop");
    await owner.do("POST", "/services", { id: "billing", team: "finance", draft: draftAt("/billing") });
    await owner.do("POST", "/applications", { id: "web", team: "shop" });
  });
  afterAll(() => test.close());

  const raw = async (
    method: string,
    path: string,
    body: string | ReadableStream<Uint8Array>,
    type: string | null = "application/json",
  ) => {
    const { token } = await owner.do("POST", "/me/tokens", { name: "raw" });
    const headers = { authorization: `Bearer ${token}`, ...(type === null ? {} : { "content-type": type }) };
    const init = { method, headers, body, duplex: "half" } as RequestInit;
    const response = await test.app.request(`/api/v1${path}`, init, { remoteAddress: "192.0.2.9" });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    return (await response.json()) as { status: number; code: string; errors: { path: string; message: string }[] };
  };

  describe("bodies", () => {
    it("says what is no JSON, of which type, and too large", async () => {
      expect(await raw("POST", "/teams", "{")).toMatchObject({ status: 400, code: "invalid_json" });
      expect(await raw("POST", "/teams", "")).toMatchObject({ status: 400, code: "invalid_json" });
      expect(await raw("POST", "/teams", "\ufeff{}")).toMatchObject({ status: 400 });
      const unsupported = { status: 415, code: "unsupported_media_type" };
      expect(await raw("POST", "/teams", "id=a", "application/x-www-form-urlencoded")).toMatchObject(unsupported);
      expect(await raw("POST", "/teams", "{}", "text/plain")).toMatchObject(unsupported);
      expect(await raw("POST", "/teams", "{}", "application/jsonx")).toMatchObject(unsupported);
      const large = JSON.stringify({ id: "a", name: "x".repeat(4 * 1024 * 1024) });
      expect(await raw("POST", "/teams", large)).toMatchObject({ status: 413, code: "body_too_large" });
      const stream = new Blob([large]).stream() as ReadableStream<Uint8Array>;
      expect(await raw("POST", "/teams", stream)).toMatchObject({ status: 413, code: "body_too_large" });
    });

    it("bug: fields that are not known were not named by their path", async () => {
      const { body } = await owner.post("/teams", { id: "a", name: "A", descripton: "x" });
      expect(body).toMatchObject({ status: 400, code: "invalid_request", errors: [{ path: "descripton" }] });
      const header = { name: "x", value: "y", extra: 1 };
      const nested = await owner.put("/services/billing/canary", { release: 1, percent: 1, header });
      expect(nested.body.errors).toMatchObject([{ path: "header.extra" }]);
    });

    it("bug: said `found a text`, or what its library says, in place of what is allowed", async () => {
      const errorsOf = async (path: string, body: object, method: "post" | "patch" = "post") =>
        (await owner[method](path, body)).body.errors;
      expect(
        await errorsOf("/services", { id: "Bad Id", team: 5, tags: "x", visibility: "public", approve: true }),
      ).toEqual([
        { path: "tags", message: "expected a list; found a text" },
        { path: "visibility", message: "expected one of private, team, organisation" },
        { path: "id", message: "lower-case letters, digits, `-`, `_` and `.`; at most 63 characters" },
        { path: "team", message: "expected a text; found a number" },
        { path: "approve", message: expect.stringMatching(/^unknown; the fields here are name, .*approval/) },
      ]);
      expect(await errorsOf("/webhooks", { team: "finance", name: "", url: "x", events: ["service.publish"] })).toEqual(
        [
          { path: "name", message: "must not be empty" },
          { path: "url", message: "expected an absolute http:// or https:// URL" },
        ],
      );
      expect(await errorsOf("/users", { email: "pat" })).toEqual([
        { path: "email", message: "expected an e-mail address, such as pat@example.org" },
        { path: "name", message: "required, but missing: expected a text" },
      ]);
      expect(await errorsOf("/settings", { idempotency_hours: 0, policies: [] }, "patch")).toEqual([
        { path: "policies", message: "expected a mapping; found a list" },
        { path: "idempotency_hours", message: "at least 1" },
      ]);
      const credentials = "/applications/web/credentials";
      const addresses = (range: string) => errorsOf(credentials, { name: "x", addresses: [range] });
      expect(await addresses("office")).toEqual([
        { path: "addresses[0]", message: "expected an IP address or a CIDR range such as 10.0.0.0/8" },
      ]);
      expect(await addresses("10.0.0.0/33")).toEqual([
        { path: "addresses[0]", message: 'what follows the "/" of a CIDR range is a number from 0 to 32 for IPv4' },
      ]);
      expect(await errorsOf(credentials, { name: "x", expires_at: "tomorrow" })).toEqual([
        { path: "expires_at", message: "expected a time with its zone, such as 2026-12-01T00:00:00Z" },
      ]);
      const draft = { draft: { limits: [{ requests: 1, window: "soon", algorithm: "leaky" }] } };
      expect(await errorsOf("/services/billing", draft, "patch")).toMatchObject(
        expect.arrayContaining([
          { path: "draft.limits[0].window", message: "expected a duration such as 500ms, 5s, 1m, 24h or 30d, above 0" },
          { path: "draft.limits[0].algorithm", message: "expected one of window, sliding-window, token-bucket" },
        ]),
      );
    });

    it("does not repeat what was wrong: it may be a secret", async () => {
      const { body } = await owner.post("/users", { email: "canary-secret", name: "A", password: 12 });
      expect(JSON.stringify(body)).not.toContain("canary-secret");
    });

    it("bug: U+0000 and halves of surrogate pairs came to the database, which does not keep them", async () => {
      const bad = ["a\u0000b", "\ud800", "x\udc00y"];
      for (const text of bad) {
        const answers = [
          await owner.post("/teams", { id: "nul", name: text }),
          await owner.post("/teams/finance/tokens", { name: text }),
          await owner.patch("/services/billing", { tags: ["fine", text] }),
          await owner.patch("/services/billing", { draft: { ...draftAt("/billing"), [text]: 1 } }),
          await test.client().post("/session", { email: text, password: "x" }),
        ];
        for (const answer of answers) expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
        expect(answers[2]?.body.errors).toEqual([{ path: "tags[1]", message: expect.any(String) }]);
      }
      for (const path of ["/users/%00", "/subscriptions/a%00", "/catalogue?search=%00", "/audit?actor=%00"]) {
        expect([path, (await owner.get(path)).status]).toEqual([path, 400]);
      }
      for (const path of ["/users", "/teams", "/services", "/subscriptions", "/audit"]) {
        expect([path, (await owner.get(`${path}?cursor=${cursorOf("a\0")}`)).status]).toEqual([path, 400]);
      }
      expect((await owner.post("/teams", { id: "smile", name: "😀" })).body.name).toBe("😀");
      expect((await owner.do("GET", "/audit/verification")).intact).toBe(true);
    });

    it("bears deep and wide JSON", async () => {
      const deep = `{"id":"deep","name":"Deep","description":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
      expect(await raw("POST", "/teams", deep)).toMatchObject({ status: 400, code: "invalid_request" });
      const inDraft = `{"draft":{"routes":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}}`;
      expect(await raw("PATCH", "/services/billing", inDraft)).toMatchObject({ status: 400, code: "invalid_request" });
      const routes = JSON.stringify({ draft: { ...draftAt("/a"), routes: Array(20_000).fill({ path: "/a" }) } });
      const wide = await raw("PATCH", "/services/billing", routes);
      expect(wide).toMatchObject({ status: 400, errors: [{ path: "draft.routes" }] });
      const permissions = JSON.stringify({ name: "R", scope: "team", permissions: Array(10_000).fill("no") });
      const many = await raw("PUT", "/roles/wide", permissions);
      expect(many.status).toBe(400);
      expect(many.errors).toHaveLength(100);
    });

    it("bug: a path longer than PostgreSQL can index failed when it was published", async () => {
      const path = `/${Array.from({ length: 3_000 }, (_, n) => String.fromCharCode(97 + ((n * n) % 26))).join("")}`;
      const { status, body } = await owner.patch("/services/billing", { draft: draftAt(path) });
      expect([status, body.errors[0].path]).toEqual([400, "draft.routes[0].path"]);
      const long = draftAt(`/${path.slice(1, 1_024)}`);
      await owner.do("POST", "/services", { id: "long", team: "finance", draft: long });
      expect((await owner.post("/services/long/publish")).status).toBe(200);
    });

    it("takes `__proto__` for a name like any other", async () => {
      const body = (inner: string) => `{"draft":{"routes":[{"path":"/a"}],"upstream":{"targets":[${inner}]}}}`;
      const target = '{"url":"http://127.0.0.1:1","__proto__":{"weight":5}}';
      const refused = await raw("PATCH", "/services/billing", body(target));
      expect(refused).toMatchObject({ status: 400, errors: [{ path: expect.stringContaining("draft.upstream") }] });
      const limits = '{"limits":[{"__proto__":{"requests":1},"window":"1m"}]}';
      expect(await raw("PATCH", "/applications/web", limits)).toMatchObject({ status: 400 });
      const pollution = '{"constructor":{"prototype":{"polluted":true}},"name":"W"}';
      expect(await raw("PATCH", "/applications/web", pollution)).toMatchObject({ status: 400 });
      expect(({} as { weight?: number; polluted?: boolean }).weight).toBeUndefined();
      await owner.do("POST", "/teams", { id: "constructor", name: "C" });
      await owner.do("POST", "/applications", { id: "constructor", team: "constructor" });
      expect((await owner.do("GET", "/applications/constructor")).team).toBe("constructor");
    });

    it("knows ids of one case only", async () => {
      for (const id of ["Finance", "FINANCE", "fınance", "finance ", "../finance", "finance/", ""]) {
        expect([id, (await owner.post("/teams", { id, name: "x" })).status]).toEqual([id, 400]);
      }
      expect((await owner.get("/teams/FINANCE")).status).toBe(400);
    });
  });

  describe("revisions", () => {
    it("changes what one has read, and nothing else", async () => {
      const read = await owner.get("/applications/web");
      const etag = read.headers.get("etag") ?? "";
      expect(etag).toBe(`"${read.body.revision}"`);
      const first = await owner.with({ "if-match": etag }).patch("/applications/web", { name: "first" });
      expect(first.headers.get("etag")).toBe(`"${read.body.revision + 1}"`);
      const second = await owner.with({ "if-match": etag }).patch("/applications/web", { name: "second" });
      expect([second.status, second.body.code]).toEqual([412, "precondition_failed"]);
      expect((await owner.get("/applications/web")).body.name).toBe("first");
      expect((await owner.with({ "if-match": "*" }).patch("/applications/web", { name: "any" })).status).toBe(200);
      for (const value of ["5", 'W/"5"', '"x"', ""]) {
        const answer = await owner.with({ "if-match": value }).patch("/applications/web", { name: "any" });
        expect([value, answer.status]).toEqual([value, 400]);
      }
    });

    it("bug: of many who changed the same revision at once, more than one won", async () => {
      const { revision } = await owner.do("GET", "/applications/web");
      const client = owner.with({ "if-match": `"${revision}"` });
      const changes = Array.from({ length: 8 }, (_, n) => client.patch("/applications/web", { name: `n${n}` }));
      const statuses = (await Promise.all(changes)).map(({ status }) => status).sort();
      expect(statuses).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    });

    it("bug: If-Match had no say in sharing, canaries, rolling back, deprecating and retiring", async () => {
      const id = await service();
      await owner.do("POST", `/services/${id}/publish`);
      const stale = owner.with({ "if-match": '"1"' });
      const answers = [
        await stale.put(`/services/${id}/shares`, { teams: [] }),
        await stale.put(`/services/${id}/canary`, { release: 1, percent: 1 }),
        await stale.delete(`/services/${id}/canary`),
        await stale.post(`/services/${id}/rollback`, { release: 1 }),
        await stale.post(`/services/${id}/deprecate`),
        await stale.post(`/services/${id}/retire`),
        await stale.post(`/services/${id}/publish`),
        await stale.delete(`/services/${id}`),
      ];
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(412));
      const { revision } = await owner.do("GET", `/services/${id}`);
      expect((await owner.do("PUT", `/services/${id}/shares`, { teams: ["shop"] })).revision).toBe(revision + 1);
    });
  });

  const service = async () => {
    const id = `requested-${++count}`;
    await owner.do("POST", "/services", { id, team: "finance", draft: draftAt(`/${id}`) });
    return id;
  };

  describe("idempotency keys", () => {
    const keyed = (key: string, client = owner) => client.with({ "idempotency-key": key });
    const path = "/applications/web/credentials";

    it("gives the same answer again, also of a key that is shown once", async () => {
      const first = await keyed("create-1").post(path, { name: "once" });
      const again = await keyed("create-1").post(path, { name: "once" });
      expect(first.status).toBe(201);
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(again.body.key).toMatch(/^tg_/);
      const { items } = await owner.do("GET", path);
      expect(items.filter(({ name }: { name: string }) => name === "once")).toHaveLength(1);
      const everything = JSON.stringify(await test.dump()) + test.log.join("\n");
      expect(everything.includes(first.body.key)).toBe(false);
    });

    it("bug: answers to requests with a key had no ETag", async () => {
      const body = { id: "tagged", team: "shop" };
      const first = await keyed("tagged").post("/applications", body);
      const again = await keyed("tagged").post("/applications", body);
      expect([first.headers.get("etag"), again.headers.get("etag")]).toEqual(['"1"', '"1"']);
    });

    it("refuses another request with the same key, but not of somebody else", async () => {
      await keyed("create-2").do("POST", path, { name: "a" });
      for (const [where, body] of [
        [path, { name: "b" }],
        ["/applications/constructor/credentials", { name: "a" }],
      ] as const) {
        const answer = await keyed("create-2").post(where, body);
        expect([answer.status, answer.body.code]).toEqual([409, "idempotency_conflict"]);
      }
      const { token } = await owner.do("POST", "/me/tokens", { name: "other" });
      const other = await keyed("create-2", test.client().withToken(token)).post(path, { name: "b" });
      expect(other.status).toBe(201);
      expect((await keyed("x".repeat(256)).post(path, { name: "a" })).status).toBe(400);
    });

    it("does what comes at once just once", async () => {
      const asks = Array.from({ length: 6 }, () => keyed("at-once").post(path, { name: "at once" }));
      const answers = await Promise.all(asks);
      const keys = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.key));
      expect(keys.size).toBe(1);
      for (const { status } of answers) expect([201, 409]).toContain(status);
      const { items } = await owner.do("GET", path);
      expect(items.filter(({ name }: { name: string }) => name === "at once")).toHaveLength(1);
    });

    it("lets what failed be tried again, and forgets in time", async () => {
      const body = { application: "web", service: "later" };
      expect((await keyed("retry").post("/subscriptions", body)).status).toBe(404);
      await owner.do("POST", "/services", { id: "later", team: "finance", draft: draftAt("/later") });
      await owner.do("POST", "/services/later/publish");
      expect((await keyed("retry").post("/subscriptions", body)).status).toBe(201);
      expect((await keyed("retry").post("/subscriptions", body)).status).toBe(201);
      test.nowMs += 24 * 3_600_000 + 1;
      const { token } = await (await test.client().signIn("owner@example.org", "correct horse battery")).do(
        "POST",
        "/me/tokens",
        { name: "next day" },
      );
      owner = test.client().withToken(token);
      expect((await keyed("retry").post("/subscriptions", body)).status).toBe(409);
    });

    it("bug: a process that ended after the change, before it noted the answer, made it twice", async () => {
      const row = { actor_id: "", key: "cut", request_digest: "", status: 0, body: "", created_at: test.nowMs };
      const { id } = (await owner.do("GET", "/me/tokens")).items.at(-1);
      const first = await keyed("cut").post(path, { name: "cut" });
      expect(first.status).toBe(201);
      const { request_digest } = await test.database.db
        .selectFrom("idempotency")
        .select("request_digest")
        .where("key", "=", "cut")
        .executeTakeFirstOrThrow();
      await test.database.db.deleteFrom("idempotency").where("key", "=", "cut").execute();
      await test.database.db
        .insertInto("idempotency")
        .values({ ...row, actor_id: id, request_digest })
        .execute();
      const soon = await keyed("cut").post(path, { name: "cut" });
      expect([soon.status, soon.body.detail]).toEqual([409, expect.stringContaining("under way")]);
      test.nowMs += 60_000;
      const late = await keyed("cut").post(path, { name: "cut" });
      expect([late.status, late.body.detail]).toEqual([409, expect.stringContaining("broken off")]);
    });
  });

  describe("lists", () => {
    const ids = (items: { id: string }[]) => items.map(({ id }) => id);

    it("shows each row once, page by page, while others come and go", async () => {
      await owner.do("POST", "/teams", { id: "many", name: "Many" });
      const rows = Array.from({ length: 120 }, (_, n) => {
        const id = `app-${String(n).padStart(4, "0")}`;
        const times = { created_at: 0, revision: 1 };
        return { id, team_id: "many", name: id, description: "", limits: "[]", ...times };
      });
      await test.database.db.insertInto("applications").values(rows).execute();
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let page = 0; page === 0 || cursor !== null; page++) {
        const after: string = cursor === null ? "" : `&cursor=${cursor}`;
        const answer = await owner.do("GET", `/applications?team=many&limit=25${after}`);
        seen.push(...ids(answer.items));
        cursor = answer.next_cursor;
        if (page !== 1) continue;
        await owner.do("DELETE", "/applications/app-0049");
        await owner.do("POST", "/applications", { id: "app-0000-early", team: "many" });
        await owner.do("DELETE", "/applications/app-0070");
      }
      const expected = rows.map(({ id }) => id).filter((id) => id !== "app-0070");
      expect(seen).toEqual(expected);
      const whole = await owner.do("GET", "/applications?team=many&limit=500");
      expect(whole.next_cursor).toBeNull();
      expect(whole.items).toHaveLength(119);
    });

    it("pages through the audit trail from the newest to the oldest", async () => {
      const all: number[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: { items: { sequence: number }[]; next_cursor: string | null } = await owner.do(
          "GET",
          `/audit?limit=40${cursor === "" ? "" : `&cursor=${cursor}`}`,
        );
        all.push(...page.items.map(({ sequence }) => sequence));
        cursor = page.next_cursor;
      }
      expect(all).toEqual([...all].sort((a, b) => b - a));
      expect(new Set(all).size).toBe(all.length);
      const { entries } = await owner.do("GET", "/audit/verification");
      expect(all.length).toBe(entries);
    });

    it("bug: a cursor that is no number failed in the audit trail", async () => {
      for (const key of ["abc", "1 or 1=1", "-1", "1e3", "9".repeat(30), "NaN"]) {
        const { status, body } = await owner.get(`/audit?cursor=${cursorOf(key)}`);
        expect([key, status, body.errors?.[0]?.path]).toEqual([key, 400, "cursor"]);
      }
    });

    it("refuses what is no cursor and no limit", async () => {
      for (const query of [
        "cursor=%20",
        "cursor=",
        "cursor=====",
        "cursor=a'b",
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=1.5",
      ]) {
        expect([query, (await owner.get(`/teams?${query}`)).status]).toEqual([query, 400]);
      }
      const injected = await owner.do("GET", `/teams?cursor=${cursorOf("' or '1'='1")}`);
      expect(ids(injected.items)).toContain("finance");
    });

    it("filters", async () => {
      const query = async (path: string) => (await owner.do("GET", path)).items;
      expect(ids(await query("/services?state=draft&team=finance"))).toContain("billing");
      expect(ids(await query("/services?state=retired"))).toEqual([]);
      expect(await query("/subscriptions?application=web&service=later&state=pending")).toHaveLength(1);
      expect(await query("/subscriptions?application=web&state=approved")).toEqual([]);
      const created = await query("/audit?action=team.create&subject_id=finance&actor=owner@example.org&team=finance");
      expect(created).toMatchObject([{ action: "team.create", subject: { type: "team", id: "finance" } }]);
      const from = new Date(test.nowMs + 1).toISOString();
      expect(await query(`/audit?from=${from}`)).toEqual([]);
      expect((await owner.get("/services?state=nothing")).status).toBe(400);
      expect((await owner.get("/audit?from=yesterday")).status).toBe(400);
    });

    it("bug: a search for `_`, `%` or quotes found nothing, or too much", async () => {
      const publish = async (id: string, more: object) => {
        await owner.do("POST", "/services", { id, team: "finance", draft: draftAt(`/search-${id}`), ...more });
        await owner.do("POST", `/services/${id}/publish`);
      };
      await publish("snake_case", { tags: ['so "called"', "in_voices"], name: "100% École!" });
      await publish("snakexcase", { tags: ["inxvoices"], name: "1000 ecole" });
      const found = async (query: string) => ids((await owner.do("GET", `/catalogue?${query}`)).items);
      expect(await found("search=snake_case")).toEqual(["snake_case"]);
      expect(await found("search=100%25")).toEqual(["snake_case"]);
      expect(await found("search=ecole!")).toEqual([]);
      expect(await found("search=%C3%89COLE!")).toEqual(["snake_case"]);
      expect(await found("tag=in_voices")).toEqual(["snake_case"]);
      expect(await found(`tag=${encodeURIComponent('so "called"')}`)).toEqual(["snake_case"]);
      expect(await found("tag=in_voice")).toEqual([]);
      expect(await found("search=%25")).toEqual(["snake_case"]);
      expect(await found(`search=${encodeURIComponent("' or 1=1 --")}`)).toEqual([]);
    });
  });

  it("answers unknown places and methods alike", async () => {
    const missing = await owner.get("/nothing");
    expect(missing.status).toBe(404);
    expect((await owner.ask("PATCH", "/teams", {})).body).toEqual(missing.body);
    expect((await owner.delete("/settings")).body).toEqual(missing.body);
  });
});
