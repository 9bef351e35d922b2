import { createHash, randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RelyingParty } from "../../../src/control-plane/oidc/relying-party.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import { type MaliciousProvider, startMaliciousProvider } from "../../helpers/malicious-provider.ts";
import { browserOf, CALLBACK, makeProvider, PUBLIC_URL, START } from "../../helpers/oidc-sign-in.ts";
import { freePorts } from "../../helpers/ports.ts";
import { TestPlane } from "../../helpers/test-plane.ts";

const DISCOVERY = "/.well-known/openid-configuration";

/** What no honest provider sends: the database has no part in it. */
describe("answers of an identity provider", () => {
  let test: TestPlane;
  let server: MaliciousProvider;
  let addresses = 0;

  beforeAll(async () => {
    test = await TestPlane.open("sqlite");
    await test.owner.do("PATCH", "/settings", { public_url: PUBLIC_URL });
    server = await startMaliciousProvider();
    await makeProvider(test, server.issuer);
  });
  afterAll(async () => {
    await test.close();
    await server.close();
  });
  beforeEach(async () => {
    server.metadata = {};
    server.answers.clear();
    server.asked.length = 0;
    server.forms.length = 0;
    // Nothing is remembered of what was said before.
    await test.owner.do("PATCH", "/identity-providers/acme", { name: "Acme" });
  });

  /** Begins, and comes back with whatever ID token is made of the nonce. */
  const signIn = async (tokenOf: (nonce: string) => string | Promise<string>) => {
    const browser = browserOf(test, `198.51.100.${++addresses}`);
    browser.headers.accept = "*/*";
    const { url } = await browser.open(START, { stopAt: /\/auth\?/ });
    const asked = new URL(url).searchParams;
    server.idToken = await tokenOf(asked.get("nonce") ?? "");
    const query = new URLSearchParams({ code: "canary-code", state: asked.get("state") ?? "" });
    const page = await browser.open(`${CALLBACK}?${query}`, { from: server.issuer });
    return { asked, page, session: browser.cookie(PUBLIC_URL, "tidegate_session") };
  };
  const refused = async (tokenOf: (nonce: string) => string | Promise<string>, status = 502) => {
    const { page, session } = await signIn(tokenOf);
    expect([page.status, session]).toEqual([status, undefined]);
    return JSON.parse(page.text);
  };
  const start = async () => {
    const answer = await test.app.request(START, {}, { remoteAddress: "192.0.2.7" });
    if (answer.status === 302) return [302];
    const { code, detail } = (await answer.json()) as { code: string; detail: string };
    return [answer.status, code, detail];
  };
  const nowS = () => Math.floor(Date.now() / 1000);

  it("let in whoever they are right for, and the code goes with its verifier", async () => {
    const { asked, page, session } = await signIn((nonce) => server.sign(nonce));
    expect([page.status, session]).toEqual([200, expect.stringMatching(/^tgs_/)]);
    const [form] = server.forms;
    const challenge = createHash("sha256")
      .update(form?.get("code_verifier") ?? "")
      .digest("base64url");
    expect(challenge).toBe(asked.get("code_challenge"));
    expect([form?.get("code"), form?.get("redirect_uri")]).toEqual(["canary-code", CALLBACK]);
    expect(server.asked).toContain("/keys");
  });

  const unsigned = (claims: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none" })}.${part(claims)}.`;
  };

  it.each<[string, (nonce: string) => string | Promise<string>]>([
    ["for another client", (nonce) => server.sign(nonce, { aud: "another" })],
    ["for several clients, without saying who asked", (nonce) => server.sign(nonce, { aud: ["tidegate", "another"] })],
    ["that is over", (nonce) => server.sign(nonce, { exp: nowS() - 60 })],
    ["without an end", (nonce) => server.sign(nonce, { exp: undefined })],
    ["that is not good yet", (nonce) => server.sign(nonce, { nbf: nowS() + 600 })],
    ["with another nonce", () => server.sign("x".repeat(43))],
    ["without a nonce", (nonce) => server.sign(nonce, { nonce: undefined })],
    ["of another issuer", (nonce) => server.sign(nonce, { iss: "https://other.example.org" })],
    ["without a subject", (nonce) => server.sign(nonce, { sub: undefined })],
    ["with an empty subject", (nonce) => server.sign(nonce, { sub: "" })],
    ["with a subject that can't be kept", (nonce) => server.sign(nonce, { sub: "a\0b" })],
    ["signed with another key", (nonce) => server.signWithOther(nonce)],
    ["that was altered", async (nonce) => (await server.sign(nonce)).replace(/.{6}$/, "AAAAAA")],
    ["that is no token", () => "canary-no-token"],
    [
      "that is not signed",
      (nonce) => unsigned({ iss: server.issuer, sub: "x", aud: "tidegate", iat: nowS(), exp: nowS() + 60, nonce }),
    ],
    [
      "signed with a secret that everybody can see",
      (nonce) =>
        new SignJWT({ nonce })
          .setProtectedHeader({ alg: "HS256", kid: "own" })
          .setIssuer(server.issuer)
          .setSubject("x")
          .setAudience("tidegate")
          .setIssuedAt()
          .setExpirationTime("5m")
          .sign(Buffer.from("canary-client-secret-of-40-characters-00")),
    ],
  ])("are refused with an ID token %s", async (_what, tokenOf) => {
    const problem = await refused(tokenOf);
    expect(problem.code).toBe("identity_provider_failed");
    expect(JSON.stringify([problem, test.log])).not.toMatch(/canary-(code|access|no-token|client)/);
  });

  it("without an ID token are refused", async () => {
    const body = JSON.stringify({ access_token: "canary-access-token", token_type: "bearer" });
    server.answers.set("/token", (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
    expect((await refused(() => "")).code).toBe("identity_provider_failed");
  });

  it("that come without `iss`, though the provider always says it, are refused", async () => {
    server.metadata = { authorization_response_iss_parameter_supported: true };
    expect((await refused((nonce) => server.sign(nonce), 400)).code).toBe("sign_in_invalid");
  });

  it("about somebody else from the UserInfo endpoint are refused", async () => {
    server.metadata = { userinfo_endpoint: `${server.issuer}/me` };
    server.answers.set("/me", (_request, response) => {
      const body = { sub: "somebody else", email: "ceo@example.org", email_verified: true };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const problem = await refused((nonce) => server.sign(nonce, { email: undefined, email_verified: undefined }));
    expect(problem.code).toBe("identity_provider_failed");
  });

  it("with groups in a nested claim are understood", async () => {
    await test.owner.do("PATCH", "/identity-providers/acme", {
      groups_claim: "realm_access.roles",
      group_roles: [{ group: "auditors", role: "auditor" }],
    });
    const claims = { sub: "nested", email: "nested@example.org", realm_access: { roles: ["auditors", 7, null] } };
    const { session } = await signIn((nonce) => server.sign(nonce, claims));
    const { user } = await test
      .client()
      .with({ cookie: `tidegate_session=${session}` })
      .do("GET", "/session");
    expect(user).toMatchObject({ role: "auditor", role_from_groups: true });
    // A name with dots in it is a name.
    await test.owner.do("PATCH", "/identity-providers/acme", { groups_claim: "https://example.org/groups" });
    const named = { sub: "nested", email: "nested@example.org", "https://example.org/groups": "auditors" };
    const { session: next } = await signIn((nonce) => server.sign(nonce, named));
    const again = await test
      .client()
      .with({ cookie: `tidegate_session=${next}` })
      .do("GET", "/session");
    expect(again.user.role).toBe("auditor");
    await test.owner.do("PATCH", "/identity-providers/acme", { groups_claim: "groups", group_roles: [] });
  });

  it("are waited for in limited time", async () => {
    const silent = new Promise<void>((resolve) => server.answers.set(DISCOVERY, () => resolve()));
    const sealer = new Sealer([randomBytes(32)]);
    const secrets = { readerFor: () => ({ resolve: async () => [] }) };
    const party = new RelyingParty({ sealer, secrets, nowMs: Date.now, answerLimitMs: 50 });
    const row = await test.database.db.selectFrom("identity_providers").selectAll().executeTakeFirstOrThrow();
    const code = "identity_provider_unreachable";
    await expect(party.check({ ...row, client_secret: null })).rejects.toMatchObject({ code, status: 503 });
    await silent;
  });

  it("are found once, and again after an hour or a change", async () => {
    const discoveries = () => server.asked.filter((path) => path === DISCOVERY).length;
    await Promise.all([start(), start(), start()]);
    expect(discoveries()).toBe(1);
    test.nowMs += 60 * 60_000 - 1;
    await start();
    expect(discoveries()).toBe(1);
    test.nowMs += 1;
    await start();
    expect(discoveries()).toBe(2);
    test.owner = await test.client("203.0.113.4").signIn("owner@example.org", "correct horse battery");
    await test.owner.do("PATCH", "/identity-providers/acme", { name: "Acme" });
    await start();
    expect(discoveries()).toBe(3);
  });

  it("that are missing are said to be, and are asked for again", async () => {
    const code = "identity_provider_unreachable";
    server.answers.set(DISCOVERY, (_request, response) => response.writeHead(500).end());
    expect(await start()).toEqual([503, code, `${server.issuer} answers 500`]);
    for (const accept of ["*/*", "text/html"]) {
      const answer = await test.app.request(START, { headers: { accept } }, { remoteAddress: "192.0.2.7" });
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    }
    server.answers.clear();
    expect((await start())[0]).toBe(302);
    // In the middle of it.
    server.answers.set("/token", (request) => request.socket.destroy());
    expect((await refused((nonce) => server.sign(nonce), 503)).code).toBe(code);
    server.answers.set("/token", (_request, response) => response.writeHead(503).end());
    expect((await refused((nonce) => server.sign(nonce), 503)).code).toBe(code);
    const [port = 0] = await freePorts(1);
    const down = { id: "down", name: "Down", issuer: `http://127.0.0.1:${port}`, client_id: "tidegate" };
    await test.owner.do("POST", "/identity-providers", down);
    for (const [who, path] of [
      [test.client(), "/sign-in/down/start?moved=1"],
      [test.owner, "/identity-providers/down/check"],
    ] as const) {
      const { status, body } = await who.get(path);
      expect([status, body.code, body.detail]).toEqual([503, code, expect.stringContaining("ECONNREFUSED")]);
    }
  });

  it.each<[string, () => void, string]>([
    ["of another issuer", () => Object.assign(server.metadata, { issuer: "https://x.example.org" }), "issuer"],
    ["without a token endpoint", () => Object.assign(server.metadata, { token_endpoint: undefined }), "token_endpoint"],
    ["without keys", () => Object.assign(server.metadata, { jwks_uri: undefined }), "jwks_uri"],
    [
      "that leads people over plain HTTP",
      () => Object.assign(server.metadata, { authorization_endpoint: "http://x.example.org/auth" }),
      "must be HTTPS",
    ],
    ["that is no JSON", () => server.answers.set(DISCOVERY, (_, response) => response.end("<html>")), "can't be used"],
    [
      "that is endless",
      () => server.answers.set(DISCOVERY, (_, response) => response.end("x".repeat(1024 * 1024 + 1))),
      "more than 1048576 bytes",
    ],
    [
      "that is elsewhere",
      () =>
        server.answers.set(DISCOVERY, (_, response) => {
          response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" }).end();
        }),
      "can't be used",
    ],
  ])("with a configuration %s are refused", async (_what, spoil, detail) => {
    spoil();
    expect(await start()).toEqual([502, "identity_provider_failed", expect.stringContaining(detail)]);
  });

  it("never make Tidegate send the client secret in the clear", async () => {
    server.metadata = { token_endpoint: "http://x.example.org/token" };
    expect((await refused((nonce) => server.sign(nonce))).detail).toContain("must be HTTPS");
    expect(server.forms).toEqual([]);
  });
});
