import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectParity, type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import { type KeySetServer, startKeySetServer } from "../../helpers/key-set-server.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** JSON Web Tokens: whose they are, all that is refused, keys that are fetched, and tokens that are known already. */

const SECRET = "shared-secret-of-the-issuer-0123456789-0123456789-0123456789-0123456789";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ format: "pem", type: "spki" }).toString();
const jwk = ({ publicKey }: { publicKey: KeyObject }, more: object) => ({
  ...publicKey.export({ format: "jwk" }),
  ...more,
});

let upstream: TestUpstream;
let keySet: KeySetServer;
let gateway: FastGateway;

const yaml = (more = "") => `
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
trusted_proxies: ["127.0.0.0/8"]
jwt_issuers:
  - { id: shared, issuer: shared, audiences: [tidegate, other], algorithms: [HS256, HS512], keys: [{ secret: ${SECRET} }], clock_tolerance: 0 }
  - id: inline
    issuer: https://inline.test/
    audiences: [tidegate]
    algorithms: [RS256, PS256, ES256, EdDSA]
    application_claim: client_id
    keys:
      - { id: rsa, public_key: ${JSON.stringify(pem(rsa))} }
      - { id: ec, public_key: ${JSON.stringify(pem(ec))} }
      - { public_key: ${JSON.stringify(pem(ed))} }
  - { id: fetched, issuer: https://fetched.test, algorithms: [RS256], jwks_url: "${keySet.url}" }
  - { id: forwarding, issuer: forwarding, algorithms: [HS256], keys: [{ secret: ${SECRET} }], forward_token: true, require_expiry: false }
${more}
applications:
  - id: web
    keys: [plain-key-0123456789]
    credentials:
      - { jwt: { issuer: shared, claim: azp, values: [web-frontend, web-backend] } }
      - { jwt: { issuer: inline, claim: groups, values: [web-users] } }
      - { jwt: { issuer: fetched, claim: sub, values: [web] } }
      - { jwt: { issuer: forwarding, claim: sub, values: [web] } }
      - { id: near, jwt: { issuer: shared, claim: azp, values: [near] }, addresses: ["10.0.0.0/8"] }
      - { id: old, jwt: { issuer: shared, claim: azp, values: [old] }, expires_at: 2020-01-01T00:00:00Z }
  - { id: mobile }
services:
  - { id: keyed, access: key, routes: [{ path: /keyed }], upstream: { targets: [{ url: "${upstream.url}" }] } }
  - { id: open, access: open, routes: [{ path: /open }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`;

beforeAll(async () => {
  upstream = await startUpstream();
  keySet = await startKeySetServer([jwk(rsa, { kid: "first", use: "sig", alg: "RS256" })]);
  gateway = await startFastGateway(yaml());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await keySet.close();
});

const nowS = () => Math.floor(Date.now() / 1000);

type Claims = Record<string, unknown>;

interface TokenOptions {
  header?: { alg: string; kid?: string; typ?: string };
  key?: KeyObject | Uint8Array;
}

let serial = 0;
/** A token like no other, with good claims of issuer `shared` unless others are given. */
function token(claims: Claims = {}, { header = { alg: "HS256" }, key = Buffer.from(SECRET) }: TokenOptions = {}) {
  const payload = {
    iss: "shared",
    aud: "tidegate",
    exp: nowS() + 600,
    azp: "web-frontend",
    jti: `t${++serial}`,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader(header).sign(key);
}
const inline = (claims: Claims = {}, header = { alg: "RS256", kid: "rsa" }, key = rsa.privateKey) =>
  token({ iss: "https://inline.test/", client_id: "mobile", ...claims }, { header, key });
const fetched = (kid: string | null, key = rsa.privateKey) =>
  token(
    { iss: "https://fetched.test", sub: "web" },
    { header: { alg: "RS256", ...(kid === null ? {} : { kid }) }, key },
  );

const unsecured = (header: object, claims: object, signature = "") =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.${signature}`;

const get = (bearer: string, path = "/keyed", more = ""): Promise<RawResponse> =>
  rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${bearer}\r\n${more}\r\n`);

async function expectRefused(bearer: string, code: string, message: string, status = 401): Promise<void> {
  const before = upstream.requests.length;
  const answer = await get(bearer);
  const text = answer.body.toString();
  expect(JSON.parse(text)).toMatchObject({ error: { code } });
  expect(answer.status).toBe(status);
  expect(text).toContain(message);
  expect(upstream.requests).toHaveLength(before);
  for (const part of bearer.split(".")) if (part.length > 8) expect(text).not.toContain(part);
}

async function applicationOf(bearer: string, path?: string): Promise<string | null> {
  const answer = await get(bearer, path);
  expect(answer.body.toString()).not.toContain('"error"');
  expect(answer.status).toBe(200);
  return (await gateway.record(answer.header("x-request-id"))).application;
}

describe("whose a token is", () => {
  it.each<[string, () => Promise<string>, string]>([
    ["by a claim that is a text", () => token(), "web"],
    ["by another value of it", () => token({ azp: "web-backend" }), "web"],
    ["by a claim that is a list", () => inline({ groups: ["others", "web-users"] }), "web"],
    ["by the claim that is an application's id", () => inline(), "mobile"],
    ["with one of several audiences", () => token({ aud: ["x", "other"] }), "web"],
    ["with HS512", () => token({}, { header: { alg: "HS512" } }), "web"],
    ["with PS256", () => inline({}, { alg: "PS256", kid: "rsa" }), "mobile"],
    ["with ES256", () => inline({}, { alg: "ES256", kid: "ec" }, ec.privateKey), "mobile"],
    ["with EdDSA, by a key without an id", () => inline({}, { alg: "EdDSA", kid: "any" }, ed.privateKey), "mobile"],
    ["with a key that was fetched", () => fetched("first"), "web"],
    ["without a kid", () => fetched(null), "web"],
  ])("%s", async (_name, make, application) => {
    expect(await applicationOf(await make())).toBe(application);
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty("authorization");
  });

  it.each<[string, Claims]>([
    ["no value that is known", { azp: "stranger" }],
    ["a name of JavaScript's", { azp: "__proto__" }],
    ["a number", { azp: 7 }],
    ["nothing", { azp: undefined }],
  ])("nobody's with %s in the claim", async (_name, claims) => {
    await expectRefused(await token(claims), "invalid_credentials", "name no application");
  });

  it("an id of an application counts for issuers that are asked for it alone", async () => {
    await expectRefused(await token({ azp: "x", client_id: "mobile" }), "invalid_credentials", "name no application");
  });
});

describe("a token is refused", () => {
  it.each<[string, () => Promise<string> | string, string, string]>([
    ["expired", () => token({ exp: nowS() - 5 }), "credential_expired", "has expired"],
    ["without exp", () => token({ exp: undefined }), "invalid_token", "has no `exp`"],
    ["not valid yet", () => token({ nbf: nowS() + 60 }), "invalid_token", "`nbf` is in the future"],
    ["of another issuer", () => token({ iss: "https://elsewhere.test" }), "invalid_token", "`iss` is no issuer"],
    ["without iss", () => token({ iss: undefined }), "invalid_token", "`iss` is no issuer"],
    ["for somebody else", () => token({ aud: "billing" }), "invalid_token", "`aud` names none"],
    ["for nobody", () => token({ aud: undefined }), "invalid_token", "has no `aud`"],
    ["with another secret", () => token({}, { key: Buffer.alloc(64, 1) }), "invalid_token", "signature does not fit"],
    ["with another key", () => inline({}, undefined, stranger.privateKey), "invalid_token", "signature does not fit"],
    [
      "with an algorithm of another issuer",
      () => token({}, { header: { alg: "HS384" } }),
      "invalid_token",
      "`alg` is not",
    ],
    ["with an unknown kid", () => inline({}, { alg: "RS256", kid: "other" }), "invalid_token", "of the token's `kid`"],
    ["longer than 8 KiB", () => token({ padding: "x".repeat(8192) }), "invalid_token", "longer than 8192 characters"],
    ["that is no JSON", () => "eyJhbGciOiJub25lIn0.bm9uc2Vuc2U.c2lnbmF0dXJl", "invalid_token", "malformed"],
    ["of five parts", () => "eyJhbGciOiJkaXIifQ.AAAA.BBBB.CCCC.DDDD", "invalid_token", "malformed"],
    ["with alg none", () => unsecured({ alg: "none" }, goodClaims()), "invalid_token", "`alg` is not"],
    ["with alg None", () => unsecured({ alg: "None" }, goodClaims(), "AAAA"), "invalid_token", "`alg` is not"],
    ["with an extension it must not ignore", critical, "invalid_token", "malformed"],
    ["of a credential that has expired", () => token({ azp: "old" }), "credential_expired", "credential old"],
  ])("%s", async (_name, make, code, message) => {
    await expectRefused(await make(), code, message);
  });

  const goodClaims = () => ({ iss: "shared", aud: "tidegate", exp: nowS() + 600, azp: "web-frontend" });

  function critical(): string {
    const text = unsecured({ alg: "HS256", crit: ["x-new"], "x-new": 1 }, goodClaims()).slice(0, -1);
    return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
  }

  it("signed with HMAC and the public key of a pair as its secret", async () => {
    const claims = { ...goodClaims(), iss: "https://inline.test/", client_id: "mobile" };
    for (const secret of [pem(rsa), pem(rsa).trim(), JSON.stringify(jwk(rsa, {}))]) {
      const text = unsecured({ alg: "HS256", kid: "rsa" }, claims).slice(0, -1);
      const forged = `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
      await expectRefused(forged, "invalid_token", "`alg` is not");
    }
  });

  it("from an address that its application does not allow, also when it is known", async () => {
    const bearer = await token({ azp: "near" });
    const near = "X-Forwarded-For: 10.1.2.3\r\n";
    for (let i = 0; i < 3; i++) {
      expect((await get(bearer, "/keyed", near)).status).toBe(200);
      await expectRefused(bearer, "address_not_allowed", "may not be used from 127.0.0.1", 403);
    }
    expect(await gateway.way(() => get(bearer, "/keyed", near))).toBe("native");
  });
});

describe("tokens on the fast path", () => {
  it("a token that was verified is served natively, like by the stages", async () => {
    await gateway.relearn(yaml());
    const bytes = `GET /keyed/hot HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await token()}\r\n\r\n`;
    const seen = await expectParity(gateway, { bytes, seen: () => upstream.requests }, "native");
    expect(seen.record).toMatchObject({ application: "web", status: 200 });
    expect(seen.upstream).toHaveLength(1);
    expect(JSON.stringify(seen.upstream)).not.toContain("authorization");
  });

  it("not in another field, where it is no key", async () => {
    const bearer = await token();
    expect((await get(bearer)).status).toBe(200);
    const answer = await rawRequest(gateway.port, `GET /keyed HTTP/1.1\r\nHost: a\r\nx-api-key: ${bearer}\r\n\r\n`);
    expect(answer.status).toBe(401);
  });

  it("one that expires while it is in use is refused from then on", async () => {
    const bearer = await token({ exp: nowS() + 4 });
    expect((await get(bearer)).status).toBe(200);
    expect(await gateway.way(async () => expect((await get(bearer)).status).toBe(200))).toBe("native");
    let status = 200;
    while (status === 200) status = (await get(bearer)).status;
    await expectRefused(bearer, "credential_expired", "has expired");
  });

  it("a new configuration forgets them", async () => {
    const bearer = await token();
    expect((await get(bearer)).status).toBe(200);
    await gateway.reload(yaml().replaceAll("web-frontend", "nobody"));
    await expectRefused(bearer, "invalid_credentials", "name no application");
    await gateway.reload(yaml());
    expect((await get(bearer)).status).toBe(200);
  });

  it("64 calls with a new token at once are all served", async () => {
    const bearer = await token();
    const answers = await Promise.all(Array.from({ length: 64 }, () => get(bearer)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 200));
  });
});

describe("where no token is needed, or it is not ours", () => {
  it("a token of an issuer that nobody knows goes on to an open service", async () => {
    const bearer = await token({ iss: "https://theirs.test" });
    expect(await applicationOf(bearer, "/open")).toBeNull();
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${bearer}`);
  });

  it("one of an issuer of ours tells the application, and is refused when it is not in order", async () => {
    expect(await applicationOf(await token(), "/open")).toBe("web");
    expect((await get(await token({ exp: nowS() - 60 }), "/open")).status).toBe(401);
  });

  it("beside a key the key counts, and the token goes on", async () => {
    const bearer = await token({ azp: "stranger" });
    const answer = await get(bearer, "/keyed", "x-api-key: plain-key-0123456789\r\n");
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${bearer}`);
  });

  it("an issuer's tokens go on where the configuration says so, known ones as well", async () => {
    const bearer = await token({ iss: "forwarding", sub: "web", exp: undefined });
    for (let i = 0; i < 3; i++) {
      expect(await applicationOf(bearer)).toBe("web");
      expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${bearer}`);
    }
  });
});

describe("keys that are fetched", () => {
  let other: KeySetServer | null = null;
  afterEach(async () => {
    await other?.close();
    other = null;
    await gateway.reload(yaml());
  });

  const withOther = async (url: string, more = "") => {
    const issuer = `  - { id: other, issuer: https://other.test, algorithms: [RS256], jwks_url: "${url}", application_claim: sub${more} }`;
    await gateway.reload(yaml(issuer));
  };
  const ofOther = (kid: string, key = rsa.privateKey) =>
    token({ iss: "https://other.test", sub: "mobile" }, { header: { alg: "RS256", kid }, key });

  it("are there before a call needs them, and calls don't fetch", async () => {
    other = await startKeySetServer([jwk(rsa, { kid: "one" })]);
    await withOther(other.url);
    const server = other;
    await waitFor(() => server.asked.length === 1, "the set to be fetched");
    for (let i = 0; i < 5; i++) expect(await applicationOf(await ofOther("one"))).toBe("mobile");
    await gateway.reload(yaml(`  - { id: more, issuer: more, algorithms: [RS256], jwks_url: "${other.url}" }`));
    expect(other.asked).toEqual(["/keys"]);
  });

  it("a call with a new kid waits for the set once; unknown ones after it don't fetch", async () => {
    other = await startKeySetServer([jwk(rsa, { kid: "one" })]);
    // Which go through the stages every time.
    await withOther(other.url, ", forward_token: true");
    const known = await ofOther("one");
    expect(await applicationOf(known)).toBe("mobile");
    other.keys = [jwk(stranger, { kid: "two" })];
    const calls = Array.from({ length: 8 }, async () => get(await ofOther("two", stranger.privateKey)));
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200, 200]);
    for (let i = 0; i < 5; i++)
      await expectRefused(await ofOther(`made up ${i}`), "invalid_token", "of the token's `kid`");
    // The withdrawn one as well; a token that was verified with it is not verified again for a while.
    await expectRefused(await ofOther("one"), "invalid_token", "of the token's `kid`");
    expect(await applicationOf(known)).toBe("mobile");
    expect(other.asked).toHaveLength(2);
  });

  it("those that are here go on while the URL is down, and it is said in the log", async () => {
    other = await startKeySetServer([jwk(rsa, { kid: "one" })]);
    await withOther(other.url, ", jwks_refresh: 20ms");
    expect(await applicationOf(await ofOther("one"))).toBe("mobile");
    other.answer = (_request, response) => {
      response.statusCode = 500;
      response.end();
    };
    await waitFor(() => gateway.log.find(({ message }) => message.includes("those fetched before go on")), "a line");
    expect(await applicationOf(await ofOther("one"))).toBe("mobile");
    other.answer = null;
    other.keys = [jwk(stranger, { kid: "two" })];
    const { asked } = other;
    const before = asked.length;
    await waitFor(() => asked.length > before + 1, "the set to be fetched again");
    expect(await applicationOf(await ofOther("two", stranger.privateKey))).toBe("mobile");
  });

  it("none is there: 503, and when to try again", async () => {
    other = await startKeySetServer([]);
    await withOther(other.url);
    const answer = await get(await ofOther("one"));
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code: "token_keys_unavailable" } });
    expect(answer.header("retry-after")).toBe("5");
  });

  it.each<[string, KeySetServer["answer"], string]>([
    [
      "a redirect to another host",
      (_request, response) => void response.writeHead(302, { location: keySet.url }).end(),
      "another host",
    ],
    [
      "a redirect without an end",
      (_request, response) => void response.writeHead(302, { location: "/again" }).end(),
      "more than 3",
    ],
    ["more than 256 KiB", (_request, response) => void response.end("x".repeat(300_000)), "longer than"],
    ["no JSON", (_request, response) => void response.end("<html>"), "not JSON"],
    ["no keys", (_request, response) => void response.end('{"keys":{}}'), "no list"],
    [
      "only secrets",
      (_request, response) => void response.end(JSON.stringify({ keys: [{ kty: "oct", k: "c2VjcmV0" }] })),
      "no key that can verify",
    ],
    ["a broken connection", (_request, response) => void response.destroy(), "other side closed"],
  ])("%s gives no keys, and the log says why", async (_name, answer, reason) => {
    other = await startKeySetServer([]);
    other.answer = answer;
    gateway.log.length = 0;
    await withOther(other.url);
    const line = await waitFor(
      () => gateway.log.find(({ message }) => message.includes("its tokens can't be verified")),
      "a line of the log",
    );
    expect(String((line.fields as { err: Error }).err)).toContain(reason);
    expect((await get(await ofOther("one"))).status).toBe(503);
  });

  it("a redirect within the host is followed", async () => {
    other = await startKeySetServer([]);
    other.answer = (request, response) => {
      if (request.url === "/keys") response.writeHead(307, { location: "/moved" }).end();
      else response.end(JSON.stringify({ keys: [jwk(rsa, { kid: "one" })] }));
    };
    await withOther(other.url);
    expect(await applicationOf(await ofOther("one"))).toBe("mobile");
  });
});

it("a client that leaves while its token is verified leaves a record, and nothing goes on", async () => {
  const slow = await startKeySetServer([]);
  let answered: (() => void) | null = null;
  slow.answer = (_request, response) => {
    answered = () => void response.end(JSON.stringify({ keys: [jwk(rsa, { kid: "late" })] }));
  };
  await gateway.reload(
    yaml(`  - { id: slow, issuer: slow, algorithms: [RS256], application_claim: sub, jwks_url: "${slow.url}" }`),
  );
  const bearer = await token(
    { iss: "slow", sub: "mobile" },
    { header: { alg: "RS256", kid: "late" }, key: rsa.privateKey },
  );
  const records = gateway.records.length;
  const before = upstream.requests.length;
  const aborted = new AbortController();
  const call = fetch(`${gateway.url}/keyed`, {
    headers: { authorization: `Bearer ${bearer}` },
    signal: aborted.signal,
  });
  await waitFor(() => answered !== null && gateway.gateway.openExchanges === 1, "the call to wait for keys");
  aborted.abort();
  await expect(call).rejects.toThrow();
  const record = await waitFor(() => gateway.records[records], "a record");
  expect(record).toMatchObject({ outcome: "client_aborted", status: 499, application: null });
  (answered as (() => void) | null)?.();
  // Whoever comes next finds the keys.
  expect(await applicationOf(bearer)).toBe("mobile");
  expect(upstream.requests).toHaveLength(before + 1);
  expect(gateway.records).toHaveLength(records + 2);
  await slow.close();
});
