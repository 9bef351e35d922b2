import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectParity, type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { headerValues, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** API keys that are bound to a time and to addresses, in the stages and on the fast path; user names and passwords. */

const PASSWORD = "generated-password-0123456789";
const SALT = "00112233445566778899aabbccddeeff";
const DIGEST = createHash("sha256").update(Buffer.from(SALT, "hex")).update(PASSWORD).digest("hex");
const FUTURE = "2100-01-01T00:00:00+01:00";
const PAST = "2020-01-01T00:00:00Z";

const yaml = (soon = FUTURE) => `
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
trusted_proxies: ["127.0.0.0/8"]
applications:
  - id: web
    keys:
      - plain-key-0123456789
      - { id: by-digest, digest: ${createHash("sha256").update("digested-key-0123456789").digest("hex")} }
      - { id: future, value: future-key-0123456789, expires_at: "${FUTURE}" }
      - { id: past, value: past-key-0123456789, expires_at: "${PAST}" }
      - { id: soon, value: soon-key-0123456789, expires_at: "${soon}" }
      - { id: near, value: near-key-0123456789, addresses: ["127.0.0.1", "10.1.0.0/16", "2001:db8::/32"] }
      - { id: far, value: far-key-0123456789, addresses: ["10.1.0.0/16"] }
    credentials:
      - { basic: { username: web, password: ${PASSWORD} } }
      - { id: salted, basic: { username: salted, password_digest: "sha256$${SALT}$${DIGEST}" } }
      - { id: old, basic: { username: old, password: ${PASSWORD} }, expires_at: "${PAST}" }
      - { id: elsewhere, basic: { username: elsewhere, password: ${PASSWORD} }, addresses: ["10.1.0.0/16"] }
services:
  - { id: keyed, access: key, routes: [{ path: /keyed }], upstream: { targets: [{ url: "${upstream.url}" }] } }
  - { id: open, access: open, routes: [{ path: /open }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`;

let upstream: TestUpstream;
let gateway: FastGateway;
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startFastGateway(yaml());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const get = (headers: string, path = "/keyed"): Promise<RawResponse> =>
  rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
const key = (name: string, more = "") => `x-api-key: ${name}-key-0123456789\r\n${more}`;
const basic = (username: string, password = PASSWORD) =>
  `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString("base64")}\r\n`;
const from = (address: string) => `X-Forwarded-For: ${address}\r\n`;

async function expectRefused(answer: Promise<RawResponse>, status: number, code: string): Promise<string> {
  const { status: found, body } = await answer;
  const text = body.toString();
  expect(JSON.parse(text)).toMatchObject({ error: { code } });
  expect(found).toBe(status);
  expect(text).not.toMatch(/0123456789/);
  return text;
}

describe("keys on the fast path", () => {
  it.each([
    ["without terms", key("plain")],
    ["given by its digest", key("digested")],
    ["that expires some day", key("future")],
    ["from its one address", key("near")],
    ["from a range of its own, through a proxy", key("near", from("10.1.2.3"))],
    ["from an IPv6 range, through a proxy", key("near", from("2001:db8::7"))],
    ["in Authorization", "Authorization: Bearer far-key-0123456789\r\nX-Forwarded-For: 10.1.255.255\r\n"],
  ])("a key %s is served natively, like by the stages", async (_name, headers) => {
    const path = `/keyed/${createHash("sha256").update(headers).digest("hex").slice(0, 8)}`;
    await gateway.relearn(yaml());
    const bytes = `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
    const seen = await expectParity(gateway, { bytes, seen: () => upstream.requests }, "native");
    expect(seen.record).toMatchObject({ application: "web", status: 200 });
    expect(JSON.stringify(seen.upstream)).not.toContain("0123456789");
  });

  it.each([
    ["that has expired", key("past"), 401, "credential_expired"],
    ["from another address", key("far"), 403, "address_not_allowed"],
    ["from another address, through a proxy", key("near", from("10.2.0.1")), 403, "address_not_allowed"],
  ])("a key %s is refused, also when the route is known", async (_name, headers, status, code) => {
    for (let i = 0; i < 2; i++) expect((await get(key("plain"))).status).toBe(200);
    const seen = upstream.requests.length;
    const way = await gateway.way(() => expectRefused(get(headers), status, code));
    expect(way).toBe("stages");
    await expectRefused(get(headers, "/open"), status, code);
    expect(upstream.requests).toHaveLength(seen);
  });

  it("the record of a refused call names no application", async () => {
    const answer = await get(key("past"));
    expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({
      application: null,
      errorCode: "credential_expired",
    });
  });

  it("a key that expires while it is in use is refused from then on", async () => {
    await gateway.reload(yaml(new Date(Date.now() + 3000).toISOString()));
    expect((await get(key("soon"))).status).toBe(200);
    expect(await gateway.way(async () => expect((await get(key("soon"))).status).toBe(200))).toBe("native");
    let status = 200;
    while (status === 200) status = (await get(key("soon"))).status;
    await expectRefused(get(key("soon")), 401, "credential_expired");
    expect((await get(key("plain"))).status).toBe(200);
  });

  it("beside a key that is good, one that is not does not matter, and neither goes on", async () => {
    const answer = await get(`${key("past")}Authorization: Bearer plain-key-0123456789\r\n`);
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty("x-api-key");
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty("authorization");
  });
});

describe("user name and password", () => {
  it.each(["web", "salted"])("%s is the application, and its password stays here", async (username) => {
    const answer = await get(basic(username));
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty("authorization");
    expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({ application: "web" });
  });

  it.each([
    ["another password", basic("web", `${PASSWORD}x`), 401, "invalid_credentials"],
    ["no password", basic("web", ""), 401, "invalid_credentials"],
    ["an unknown user", basic("nobody"), 401, "invalid_credentials"],
    ["a name of JavaScript's", basic("__proto__"), 401, "invalid_credentials"],
    ["no base64", "Authorization: Basic !!!\r\n", 401, "invalid_credentials"],
    ["no colon", `Authorization: Basic ${Buffer.from("web").toString("base64")}\r\n`, 401, "invalid_credentials"],
    ["an expired password", basic("old"), 401, "credential_expired"],
    ["another address", basic("elsewhere"), 403, "address_not_allowed"],
  ])("%s is refused", async (_name, headers, status, code) => {
    await expectRefused(get(headers), status, code);
  });

  it("of an upstream's own goes on where none is needed, or a key is sent besides", async () => {
    expect((await get(basic("theirs"), "/open")).status).toBe(200);
    expect(headerValues(upstream.requests.at(-1), "authorization")).toHaveLength(1);
    expect((await get(key("plain") + basic("theirs"))).status).toBe(200);
    expect(headerValues(upstream.requests.at(-1), "authorization")).toHaveLength(1);
    expect((await get(key("plain") + basic("web"))).status).toBe(200);
    expect(headerValues(upstream.requests.at(-1), "authorization")).toHaveLength(0);
  });
});
