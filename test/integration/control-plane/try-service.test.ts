import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "../../../src/control-plane/ids.ts";
import { matchingRoute } from "../../../src/control-plane/try-it/match-route.ts";
import { readServiceDocument } from "../../../src/snapshot/service-document.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

describe.each(DATABASES)("trying a service, on %s", (kind) => {
  let test: TestPlane;
  /** In a gateway's place. */
  let gateway: TestUpstream;
  let respond: Parameters<typeof startUpstream>[0];

  beforeAll(async () => {
    gateway = await startUpstream((request, response, message) => respond?.(request, response, message));
    test = await TestPlane.open(kind, {
      gateway: () => ({ url: gateway.url, isOwnListener: true, believedHeaders: ["x-client-cert"] }),
    });
    await test.team("finance", "shop");
    const draft = {
      ...draftAt("/billing"),
      routes: [
        { path: "/billing", methods: ["GET", "POST"] },
        { path: "/v", host: "b.example.org" },
      ],
    };
    await test.owner.do("POST", "/services", { id: "billing", team: "finance", visibility: "organisation", draft });
    await test.owner.do("POST", "/services/billing/publish");
    await test.owner.do("POST", "/services", { id: "narrow", team: "finance", draft: draftAt("/billing/narrow") });
    await test.owner.do("POST", "/services/narrow/publish");
    await test.owner.do("POST", "/services", { id: "draft", team: "finance", draft: draftAt("/draft") });
    await test.owner.do("POST", "/applications", { id: "web", team: "shop" });
  });
  afterAll(() => Promise.all([test.close(), gateway.close()]));
  beforeEach(() => {
    gateway.requests.length = 0;
    respond = (_request, response) => response.writeHead(200, { "x-a": "b" }).end("ok");
  });

  const attempt = (body: object, service = "billing") => test.owner.post(`/catalogue/${service}/try`, body);

  it("sends one request as it is given, and gives the answer with its times", async () => {
    respond = (_request, response) => response.writeHead(418, { "set-cookie": ["a=1", "b=2"] }).end("grün");
    const { status, body } = await attempt({
      method: "POST",
      path: "/billing/a?b=c%20d",
      headers: { "x-b": "c" },
      body: "é",
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 418, body: "grün", body_encoding: "utf-8", body_truncated: false });
    expect(body.headers.filter(([name]: [string]) => name === "set-cookie")).toHaveLength(2);
    expect(body.first_byte_ms).toBeLessThanOrEqual(body.total_ms);
    const [request] = gateway.requests;
    expect(request).toMatchObject({ method: "POST", headers: { "x-b": "c", "user-agent": "tidegate-try-it" } });
    expect(request?.headers["x-api-key"]).toBeUndefined();
    expect(gateway.requests).toHaveLength(1);
    await attempt({ path: "/v/x" });
    expect(gateway.requests.at(-1)?.headers.host).toBe("b.example.org");
  });

  it("calls with a key of its own, made once, which nobody sees", async () => {
    let refusals = 2;
    respond = (_request, response) => response.writeHead(refusals-- > 0 ? 401 : 200).end();
    // Gateways have not heard of the key at first.
    expect((await attempt({ application: "web", path: "/billing" })).body.status).toBe(200);
    const key = String(gateway.requests.at(-1)?.headers["x-api-key"]);
    const { items } = await test.owner.do("GET", "/applications/web/credentials");
    expect(items).toMatchObject([{ name: "try-it (Tidegate's own)", prefix: key.slice(0, 11), state: "active" }]);
    const dump = await test.dump();
    expect(dump.credentials).toMatchObject([{ digest: sha256Hex(key) }]);
    expect(JSON.stringify(dump).includes(key)).toBe(false);
    await attempt({ application: "web", path: "/billing" });
    expect(gateway.requests.at(-1)?.headers["x-api-key"]).toBe(key);
    // A 401 of a key that is known is the answer.
    respond = (_request, response) => response.writeHead(401).end();
    expect((await attempt({ application: "web", path: "/billing" })).body.status).toBe(401);
    await test.owner.do("DELETE", `/applications/web/credentials/${items[0].id}`);
    respond = (_request, response) => response.end();
    await attempt({ application: "web", path: "/billing" });
    expect(gateway.requests.at(-1)?.headers["x-api-key"]).not.toBe(key);
    expect(test.log.join().includes(key)).toBe(false);
  });

  it("is for those who see the service, and in an application's name for those who manage its keys", async () => {
    const statusOf = async (roles: object, body: object, service = "billing") => {
      const person = await test.person(`${Object.keys(roles).length}-${Math.random()}@example.org`, {
        teams: roles as Record<string, string>,
      });
      return (await person.post(`/catalogue/${service}/try`, body)).status;
    };
    expect(await statusOf({ shop: "developer" }, { application: "web", path: "/billing" })).toBe(200);
    expect(await statusOf({ shop: "viewer" }, { path: "/billing" })).toBe(200);
    expect(await statusOf({ shop: "viewer" }, { application: "web", path: "/billing" })).toBe(404);
    expect(await statusOf({ finance: "owner" }, { application: "web", path: "/billing" })).toBe(404);
    expect(await statusOf({ shop: "developer" }, { path: "/billing/narrow" }, "narrow")).toBe(404);
    expect(await statusOf({ finance: "owner" }, { path: "/draft" }, "draft")).toBe(409);
  });

  it("calls nothing but the service, and in nobody else's name", async () => {
    for (const body of [
      { path: "/elsewhere" },
      { path: "/billings" },
      { path: "/billing/../elsewhere" },
      { path: "//other.example.org/billing" },
      { path: "/\\other.example.org/billing" },
      { path: "http://169.254.169.254/billing" },
      { path: "/billing", method: "DELETE" },
      { path: "/v", host: "c.example.org" },
      { path: "/billing/narrow/x" },
      { path: "/billing", headers: { "X-Api-Key": "tg_other" } },
      { path: "/billing", headers: { authorization: "Bearer x" } },
      { path: "/billing", headers: { "X-Forwarded-For": "10.0.0.1" } },
      { path: "/billing", headers: { "X-Client-Cert": "CN=other" } },
      { path: "/billing", headers: { "transfer-encoding": "chunked" } },
      { path: "/billing", headers: { "x-a": "b\r\nx-api-key: c" } },
    ]) {
      expect([body, (await attempt(body)).status]).toEqual([body, 400]);
    }
    expect(gateway.requests).toEqual([]);
  });

  it("takes so much of an answer and no more, and says when there is none", async () => {
    respond = (_request, response) => {
      response.writeHead(200);
      // Without an end.
      const more = () => response.write(Buffer.alloc(64 * 1024, "x")) && setImmediate(more);
      response.on("drain", more);
      more();
    };
    const long = await attempt({ path: "/billing" });
    expect([long.body.body.length, long.body.body_truncated]).toEqual([256 * 1024, true]);
    respond = (_request, response) => response.end(Buffer.from([0xff, 0xfe]));
    expect((await attempt({ path: "/billing" })).body).toMatchObject({ body: "//4=", body_encoding: "base64" });
    respond = (_request, response) => response.destroy();
    const none = await attempt({ path: "/billing" });
    expect([none.status, none.body.code]).toEqual([503, "unavailable"]);
  });
});

it("routes are found as the gateway finds them", () => {
  const read = readServiceDocument("a", "t", {
    routes: [
      { path: "/exact", match: "exact" },
      { path: "/p/:id/x", match: "pattern" },
      { path: "/rest/:id/*", match: "pattern" },
      { path: "/h", host: "*.example.org", methods: ["GET"] },
    ],
    upstream: { targets: [{ url: "http://127.0.0.1" }] },
  });
  if (!read.ok) expect.fail("a draft that is wrong");
  const find = (path: string, host: string | null = null) =>
    matchingRoute(read.service.routes, { method: "GET", path, host })?.path ?? null;
  expect([find("/exact"), find("/exact/"), find("/p/1/x"), find("/p//x"), find("/p/1/x/y")]).toEqual([
    "/exact",
    null,
    "/p/:id/x",
    null,
    null,
  ]);
  expect([
    find("/rest/1/a/b"),
    find("/rest/1"),
    find("/h"),
    find("/h", "a.example.org"),
    find("/h", "example.org"),
  ]).toEqual(["/rest/:id/*", null, null, "/h", null]);
});
