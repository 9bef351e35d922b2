import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** The CORS protocol of the Fetch standard, with what a browser would send. */

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    response.writeHead(request.url?.includes("missing") ? 404 : 200, {
      "access-control-allow-origin": "https://upstream.test",
      "access-control-allow-credentials": "true",
      vary: "accept-encoding",
      "x-total": "3",
    });
    response.end("body");
  });
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
policies: { cors: { origins: ["*"], exposed_headers: [x-request-id] } }
providers: [{ id: sim, kind: simulated }]
services:
  - { id: public, access: open, routes: [{ path: /public, methods: [GET] }], ${to} }
  - id: app
    ${to}
    routes:
      - { path: /app }
      - { path: /app/own, policies: { cors: null } }
    policies:
      cors:
        origins: ["https://app.test", "https://*.app.test:8443", "http://localhost:3000"]
        methods: [GET, PUT]
        request_headers: [content-type, x-api-key]
        exposed_headers: [x-total, etag]
        credentials: true
        max_age: 1h
  - id: versioned
    access: open
    ${to}
    routes: [{ path: /versioned }]
    policies: { cors: { origins: ["https://app.test"] } }
    canary: { percent: 100, upstream: { targets: [{ url: "${upstream.url}" }] } }
applications: [{ id: web, keys: ["${TEST_KEY}"], subscriptions: [app, ai] }]
`);
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));
beforeEach(() => {
  upstream.requests.length = 0;
});

function send(method: string, path: string, headers: Record<string, string>, body = ""): Promise<RawResponse> {
  const fields = Object.entries({ host: "api.test", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === "" ? "" : `content-length: ${body.length}\r\n`;
  return rawRequest(gateway.port, `${method} ${path} HTTP/1.1\r\n${fields.join("")}${length}\r\n${body}`);
}

const preflight = (path: string, origin: string, method = "GET", headers: Record<string, string> = {}) =>
  send("OPTIONS", path, { origin, "access-control-request-method": method, ...headers });

/** What the answer says by the protocol. */
function said({ headers }: RawResponse): Record<string, string> {
  const ours = headers.filter(([name]) => /^access-control-/i.test(name));
  expect(new Set(ours.map(([name]) => name)).size).toBe(ours.length);
  return Object.fromEntries(ours.map(([name, value]) => [name.replace("access-control-", ""), value]));
}

const varies = (answer: RawResponse): string[] =>
  answer.values("vary").flatMap((value) => value.split(",").map((name) => name.trim()));

describe("a preflight request", () => {
  it("is answered by the gateway, without credentials, and counts as a call", async () => {
    const answer = await preflight("/app/items?page=2", "https://app.test", "PUT", {
      "access-control-request-headers": "content-type,x-api-key",
    });
    expect(answer.status).toBe(204);
    expect(said(answer)).toEqual({
      "allow-origin": "https://app.test",
      "allow-credentials": "true",
      "allow-methods": "GET, PUT",
      "allow-headers": "content-type, x-api-key",
      "max-age": "3600",
    });
    expect(varies(answer)).toEqual(["origin", "access-control-request-method", "access-control-request-headers"]);
    expect(upstream.requests).toEqual([]);
    const record = await gateway.record(answer.header("x-request-id"));
    expect(record).toMatchObject({ status: 204, outcome: "ok", service: "app", application: null });
  });

  it.each([
    ["https://app.test", true],
    ["https://one.app.test:8443", true],
    ["https://two.one.app.test:8443", true],
    ["http://localhost:3000", true],
    ["http://app.test", false],
    ["https://app.test:444", false],
    ["https://app.test.evil.test", false],
    ["https://evilapp.test", false],
    ["https://one.app.test", false],
    ["https://.app.test:8443", false],
    ["https://x/.app.test:8443", false],
    ["https://APP.test", false],
    ["null", false],
  ])("of %s is allowed: %s", async (origin, isAllowed) => {
    const answer = await preflight("/app", origin);
    expect(answer.status).toBe(204);
    expect(said(answer)["allow-origin"]).toBe(isAllowed ? origin : undefined);
    expect(said(answer)["allow-credentials"]).toBe(isAllowed ? "true" : undefined);
    expect(varies(answer)).toContain("origin");
  });

  it("of anybody gets `*`, the method that has a route, and the headers it asks for", async () => {
    const asked = { "access-control-request-headers": "x-one, authorization" };
    expect(said(await preflight("/public", "https://any.test", "GET", asked))).toEqual({
      "allow-origin": "*",
      "allow-methods": "GET",
      "allow-headers": "x-one, authorization",
      "max-age": "600",
    });
    expect(said(await preflight("/public", "null"))).toMatchObject({ "allow-origin": "*" });
    // Not a list of names: nothing of it comes back.
    const odd = await preflight("/public", "https://any.test", "GET", { "access-control-request-headers": "a<b>" });
    expect(said(odd)).not.toHaveProperty("allow-headers");
  });

  it("about a method or a path without a route is a call like any other", async () => {
    expect((await preflight("/public", "https://any.test", "DELETE")).status).toBe(405);
    expect((await preflight("/nowhere", "https://any.test")).status).toBe(404);
  });

  it("goes to the service where no policy holds", async () => {
    expect((await preflight("/app/own", "https://app.test")).status).toBe(401);
    const answer = await send("OPTIONS", "/app/own", {
      origin: "https://app.test",
      "access-control-request-method": "GET",
      "x-api-key": TEST_KEY,
    });
    expect([answer.status, said(answer)["allow-origin"]]).toEqual([200, "https://upstream.test"]);
  });

  it("is one with both headers alone: OPTIONS is a method like any other", async () => {
    const key = { "x-api-key": TEST_KEY };
    expect((await send("OPTIONS", "/app", { ...key, origin: "https://app.test" })).status).toBe(200);
    expect((await send("OPTIONS", "/app", { ...key, "access-control-request-method": "GET" })).status).toBe(200);
    expect(upstream.requests.map(({ method }) => method)).toEqual(["OPTIONS", "OPTIONS"]);
  });

  it("to a service with several releases, and to the unified API", async () => {
    expect(said(await preflight("/versioned", "https://app.test"))).toMatchObject({
      "allow-origin": "https://app.test",
    });
    expect(said(await preflight("/v1/chat/completions", "https://any.test", "POST"))).toMatchObject({
      "allow-origin": "*",
      "allow-methods": "POST",
    });
  });
});

describe("an answer", () => {
  it("says what the policy says in place of what the upstream does", async () => {
    const answer = await send("GET", "/app", { origin: "http://localhost:3000", "x-api-key": TEST_KEY });
    expect(said(answer)).toEqual({
      "allow-origin": "http://localhost:3000",
      "allow-credentials": "true",
      "expose-headers": "x-total, etag",
    });
    expect(varies(answer)).toEqual(["accept-encoding", "origin"]);
    expect(answer.body.toString()).toBe("body");
  });

  it.each([["https://evil.test"], [undefined]])("to %s says nothing but that it varies", async (origin) => {
    const answer = await send("GET", "/app", { "x-api-key": TEST_KEY, ...(origin === undefined ? {} : { origin }) });
    expect(answer.status).toBe(200);
    expect(said(answer)).toEqual({});
    expect(varies(answer)).toContain("origin");
  });

  it("to anybody says `*`, each time alike", async () => {
    for (let i = 0; i < 3; i++) {
      const answer = await send("GET", "/public/missing", { origin: "https://any.test" });
      expect([answer.status, said(answer)]).toEqual([404, { "allow-origin": "*", "expose-headers": "x-request-id" }]);
      expect(varies(answer)).toEqual(["accept-encoding"]);
    }
  });

  it("of a service with several releases says what the chosen one's policy does", async () => {
    expect(said(await send("GET", "/versioned", { origin: "https://app.test" }))).toEqual({
      "allow-origin": "https://app.test",
    });
  });

  it("that is an error can be read by the page as well", async () => {
    const unauthenticated = await send("GET", "/app", { origin: "https://app.test" });
    expect(unauthenticated.status).toBe(401);
    expect(said(unauthenticated)).toMatchObject({ "allow-origin": "https://app.test", "allow-credentials": "true" });
  });

  it("of the unified API does too, streamed or not, good or bad", async () => {
    const ask = (body: object, key = TEST_KEY) =>
      send(
        "POST",
        "/v1/chat/completions",
        { origin: "https://any.test", "x-api-key": key, "content-type": "application/json" },
        JSON.stringify({ model: "sim/echo", messages: [{ role: "user", content: "hi" }], ...body }),
      );
    const answers = [
      await ask({}),
      await ask({}),
      await ask({ stream: true }),
      await ask({ model: "no" }),
      await ask({}, "no"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 401]);
    for (const answer of answers) expect(said(answer)).toMatchObject({ "allow-origin": "*" });
  });
});
