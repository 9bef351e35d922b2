import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { headerValues, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Policies of every level, on the engine that the suite is run with. The caller's address is what a trusted proxy says. */

const PARTNER_KEY = "tg_test_key_of_application_partner";

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    response.setHeader("x-server", "upstream");
    response.end(request.body);
  });
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
trusted_proxies: [127.0.0.1]
policies:
  addresses: { deny: [203.0.113.0/24, "2001:db8:bad::/48"] }
  request_headers: { set: { x-who: organisation }, add: { x-path: organisation } }
  response_headers: { remove: [x-server], set: { x-answer: organisation } }
  max_body_size: 40
providers: [{ id: sim, kind: simulated }]
teams:
  - { id: default }
  - id: finance
    policies:
      request_headers: { add: { x-path: team } }
      max_body_size: 30
services:
  - { id: plain, access: key, routes: [{ path: /plain }], ${to} }
  - id: scarce
    access: open
    routes: [{ path: /scarce }]
    ${to}
    limits: [{ per: service, requests: 1, window: 1h }]
  - id: finance
    team: finance
    access: open
    ${to}
    policies:
      addresses: { allow: [192.0.2.0/24, "::ffff:198.51.100.0/120", "2001:db8::/32"] }
    routes:
      - { path: /finance }
      - path: /finance/office
        policies:
          addresses: { allow: [192.0.2.7] }
          request_headers: { set: { x-who: route }, remove: [x-secret] }
          response_headers: { set: { x-answer: route } }
          max_body_size: 10
  - id: shop
    team: finance
    max_body_size: 20
    request_headers: { set: { x-who: service }, add: { x-path: service } }
    ${to}
    routes: [{ path: /shop }, { path: /shop/checkout, policies: { request_headers: { add: { x-path: route } } } }]
ai: { policies: { addresses: { deny: [192.0.2.66] } } }
applications:
  - { id: web, keys: ["${TEST_KEY}"], subscriptions: [shop, ai] }
  - id: partner
    keys: ["${PARTNER_KEY}"]
    policies:
      addresses: { allow: [192.0.2.0/25] }
      request_headers: { set: { x-who: application }, add: { x-path: application } }
    subscriptions:
      - service: shop
        policies:
          addresses: { deny: [192.0.2.99] }
          request_headers: { add: { x-path: subscription }, set: { x-tier: gold } }
      - { service: ai, policies: { addresses: { deny: [192.0.2.98] } } }
`);
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));
beforeEach(() => {
  upstream.requests.length = 0;
});

interface Call {
  from?: string;
  key?: string;
  body?: string;
  headers?: string;
}

function call(path: string, { from = "192.0.2.7", key, body, headers = "" }: Call = {}): Promise<RawResponse> {
  const method = body === undefined ? "GET" : "POST";
  const length = body === undefined ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
  const auth = key === undefined ? "" : `x-api-key: ${key}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: api.test\r\nx-forwarded-for: ${from}\r\n${auth}${headers}${length}\r\n`;
  return rawRequest(gateway.port, head + (body ?? ""));
}

const codeOf = ({ body }: RawResponse): string => JSON.parse(body.toString()).error.code as string;
const seen = (name: string): string[] => {
  const [request] = upstream.requests;
  return request === undefined ? [] : headerValues(request, name);
};

describe("address lists", () => {
  it.each([
    ["the organisation's", "/plain", "203.0.113.9", TEST_KEY, "organisation"],
    ["the organisation's, of IPv6", "/finance", "2001:db8:bad::1", undefined, "organisation"],
    ["the service's, which allows others", "/finance", "10.0.0.1", undefined, "service"],
    ["the route's", "/finance/office", "192.0.2.8", undefined, "route"],
    ["the application's", "/plain", "192.0.2.200", PARTNER_KEY, "application"],
    ["the subscription's", "/shop", "192.0.2.99", PARTNER_KEY, "subscription"],
  ])("refuse with 403, %s", async (_whose, path, from, key, level) => {
    const answer = await call(path, { from, ...(key === undefined ? {} : { key }) });
    expect(answer.status).toBe(403);
    expect(codeOf(answer)).toBe("address_denied");
    expect(answer.body.toString()).toContain(`the ${level}'s address list`);
    expect(upstream.requests).toEqual([]);
    const record = await gateway.record(answer.header("x-request-id"));
    expect(record).toMatchObject({ status: 403, errorCode: "address_denied", outcome: "error" });
  });

  it.each([
    ["/finance", "192.0.2.8", undefined],
    ["/finance", "198.51.100.3", undefined],
    ["/finance", "2001:db8:0::1", undefined],
    ["/finance/office", "192.0.2.7", undefined],
    ["/plain", "192.0.2.99", PARTNER_KEY],
    ["/plain", "192.0.2.200", TEST_KEY],
    ["/shop", "192.0.2.99", TEST_KEY],
    ["/shop", "192.0.2.98", PARTNER_KEY],
  ])("let in whom all of them admit: %s from %s", async (path, from, key) => {
    expect((await call(path, { from, ...(key === undefined ? {} : { key }) })).status).toBe(200);
  });

  it("hold for the unified API: the organisation's, its own, and the caller's", async () => {
    const body = JSON.stringify({ model: "sim/echo", messages: [{ role: "user", content: "hello" }] });
    const chat = (from: string, key: string) => call("/v1/chat/completions", { from, key, body });
    for (let i = 0; i < 2; i++) expect((await chat("192.0.2.7", PARTNER_KEY)).status).toBe(200);
    for (const [from, key] of [
      ["203.0.113.1", TEST_KEY],
      ["192.0.2.66", TEST_KEY],
      ["192.0.2.98", PARTNER_KEY],
      ["192.0.2.200", PARTNER_KEY],
    ] as const) {
      const refused = await chat(from, key);
      expect([from, refused.status, codeOf(refused)]).toEqual([from, 403, "address_denied"]);
    }
    expect((await chat("192.0.2.98", TEST_KEY)).status).toBe(200);
  });

  it("come after authentication, and before limits: who is kept out uses up nobody's", async () => {
    expect((await call("/plain", { from: "203.0.113.9" })).status).toBe(401);
    for (const from of ["203.0.113.9", "203.0.113.9", "192.0.2.7"]) {
      expect((await call("/scarce", { from })).status).toBe(from === "192.0.2.7" ? 200 : 403);
    }
    expect((await call("/scarce")).status).toBe(429);
  });
});

describe("header edits", () => {
  it("are applied from the organisation to the subscription", async () => {
    expect((await call("/shop/checkout", { key: PARTNER_KEY, headers: "x-who: me\r\n" })).status).toBe(200);
    expect(seen("x-path")).toEqual(["organisation", "team", "application", "service", "route", "subscription"]);
    expect(seen("x-who")).toEqual(["service"]);
    expect(seen("x-tier")).toEqual(["gold"]);
  });

  it("of another caller hold for that one alone", async () => {
    for (const [key, who, path] of [
      [PARTNER_KEY, "application", ["organisation", "application"]],
      [TEST_KEY, "organisation", ["organisation"]],
      [PARTNER_KEY, "application", ["organisation", "application"]],
    ] as const) {
      upstream.requests.length = 0;
      await call("/plain", { key });
      expect(seen("x-who")).toEqual([who]);
      expect(seen("x-path")).toEqual(path);
    }
  });

  it("of a route hold for that route alone, on the way back as well", async () => {
    for (let i = 0; i < 2; i++) {
      upstream.requests.length = 0;
      const office = await call("/finance/office", { headers: "x-secret: 1\r\n" });
      expect([seen("x-who"), seen("x-secret"), office.header("x-answer")]).toEqual([["route"], [], "route"]);
      upstream.requests.length = 0;
      const other = await call("/finance", { headers: "x-secret: 1\r\n" });
      expect([seen("x-who"), seen("x-secret")]).toEqual([["organisation"], ["1"]]);
      expect([other.header("x-answer"), other.header("x-server")]).toEqual(["organisation", undefined]);
    }
  });
});

describe("the size of bodies", () => {
  it.each([
    ["/plain", TEST_KEY, 40],
    ["/finance", undefined, 30],
    ["/shop", TEST_KEY, 20],
    ["/finance/office", undefined, 10],
  ])("is the most specific level's, at %s", async (path, key, bytes) => {
    const send = (length: number) => call(path, { ...(key === undefined ? {} : { key }), body: "x".repeat(length) });
    for (let i = 0; i < 2; i++) expect((await send(bytes)).status).toBe(200);
    const refused = await send(bytes + 1);
    expect([refused.status, codeOf(refused)]).toEqual([413, "body_too_large"]);
  });
});
