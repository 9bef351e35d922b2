import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Browser } from "../../helpers/browser.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { type MaliciousProvider, startMaliciousProvider } from "../../helpers/malicious-provider.ts";
import { browserOf, CALLBACK, makeProvider, PUBLIC_URL, START } from "../../helpers/oidc-sign-in.ts";
import { OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

const LOGOUT = "/api/v1/sign-in/acme/back-channel-logout";
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };

describe.each(DATABASES)("people of an identity provider, on %s", (kind) => {
  let test: TestPlane;
  let server: MaliciousProvider;
  let tokens = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    await test.owner.do("PATCH", "/settings", { public_url: PUBLIC_URL });
    server = await startMaliciousProvider();
    await makeProvider(test, server.issuer);
  });
  afterAll(async () => {
    await test.close();
    await server.close();
  });

  /** Resolves to the browser, in which they are signed in. */
  const signIn = async (subject: string, sid: string | undefined): Promise<Browser> => {
    const browser = browserOf(test, "198.51.100.7");
    const { url } = await browser.open(START, { stopAt: /\/auth\?/ });
    const asked = new URL(url).searchParams;
    const person = { sub: subject, email: `${subject}@example.org`, sid };
    server.idToken = await server.sign(asked.get("nonce") ?? "", person);
    const query = new URLSearchParams({ code: "code", state: asked.get("state") ?? "" });
    const page = await browser.open(`${CALLBACK}?${query}`, { from: server.issuer });
    expect(page.status).toBe(200);
    return browser;
  };
  const isSignedIn = async (browser: Browser) => {
    const cookie = `tidegate_session=${browser.cookie(PUBLIC_URL, "tidegate_session")}`;
    return (await test.client().with({ cookie }).get("/session")).status === 200;
  };
  const logoutToken = (claims: Record<string, unknown> = {}) => {
    const jti = `logout-${++tokens}`;
    return server.sign("", { nonce: undefined, sub: undefined, sid: undefined, events: EVENTS, jti, ...claims });
  };
  const logOut = async (token: string, path = LOGOUT) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ logout_token: token }).toString();
    const answer = await test.app.request(path, { method: "POST", headers, body }, { remoteAddress: "203.0.113.1" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    return { status: answer.status, text: await answer.text() };
  };

  describe("are signed out", () => {
    it("of the session that the provider names, and of no other", async () => {
      const [one, other, theirs] = [await signIn("ann", "s1"), await signIn("ann", "s2"), await signIn("bob", "s3")];
      expect(await logOut(await logoutToken({ sid: "s1" }))).toEqual({ status: 200, text: "" });
      expect([await isSignedIn(one), await isSignedIn(other), await isSignedIn(theirs)]).toEqual([false, true, true]);
      const { items } = await test.owner.do("GET", "/audit?action=session.delete&limit=1");
      expect(items[0]).toMatchObject({
        actor: { id: "identity_provider/acme", address: "203.0.113.1" },
        after: { identity_provider: "acme" },
      });
    });

    it("of all sessions of theirs that the provider vouched for", async () => {
      const all = [await signIn("ann", "s4"), await signIn("ann", undefined)];
      const theirs = await signIn("bob", "s5");
      await logOut(await logoutToken({ sub: "ann" }));
      expect(await Promise.all(all.map(isSignedIn))).toEqual([false, false]);
      expect(await isSignedIn(theirs)).toBe(true);
      // A session that a password began is none of the provider's.
      expect((await test.owner.get("/session")).status).toBe(200);
    });

    it("by a token once, and by none that is not right", async () => {
      const browser = await signIn("ann", "s6");
      const refused = async (claims: Record<string, unknown>) => logOut(await logoutToken({ sid: "s6", ...claims }));
      const nowS = Math.floor(Date.now() / 1000);
      for (const claims of [
        { iss: "https://other.example.org" },
        { aud: "another" },
        { exp: nowS - 60 },
        { exp: undefined },
        { iat: undefined },
        { iat: nowS - 7_200 },
        { jti: undefined },
        { events: undefined },
        { events: { "https://example.org/another": {} } },
        { nonce: "n" },
        { sid: undefined },
        // Of a session of somebody else's.
        { sub: "bob", tolerated: true },
      ]) {
        const { status, text } = await refused(claims);
        expect([claims, status]).toEqual([claims, "tolerated" in claims ? 200 : 400]);
        if (status === 400) expect(JSON.parse(text)).toMatchObject({ error: "invalid_request" });
      }
      expect((await logOut("no.token.at-all")).status).toBe(400);
      expect((await logOut("")).status).toBe(400);
      expect((await logOut(await server.signWithOther("x"))).status).toBe(400);
      expect((await logOut(await logoutToken({ sid: "s6" }), LOGOUT.replace("acme", "nobody"))).status).toBe(400);
      expect(await isSignedIn(browser)).toBe(true);

      const token = await logoutToken({ sub: "ann" });
      expect((await logOut(token)).status).toBe(200);
      const again = await signIn("ann", "s7");
      expect((await logOut(token)).status).toBe(400);
      expect(await isSignedIn(again)).toBe(true);
    });
  });

  describe("are the only ones where passwords are not taken", () => {
    let linkedId: string;
    const takePasswords = (password_sign_in: boolean) => test.owner.patch("/settings", { password_sign_in });

    beforeEach(() => test.owner.do("PATCH", "/settings", { password_sign_in: true }));

    it("which needs an owner who has signed in with the provider", async () => {
      const { status, body } = await takePasswords(false);
      expect([status, body.code]).toEqual([409, "conflict"]);
      await signIn("olga", "s8");
      const { items } = await test.owner.do("GET", "/users");
      linkedId = items.find(({ email }: { email: string }) => email === "olga@example.org").id;
      expect((await takePasswords(false)).status).toBe(409);
      await test.owner.do("PATCH", `/users/${linkedId}`, { role: "owner" });
      expect((await takePasswords(false)).status).toBe(200);
      const login = await test.client().post("/session", { email: OWNER, password: PASSWORD });
      expect([login.status, login.body.code]).toEqual([403, "password_sign_in_disabled"]);
      // Whether there is such a user is not said.
      const unknown = await test.client().post("/session", { email: "nobody@example.org", password: PASSWORD });
      expect(unknown.body).toEqual(login.body);
      expect((await test.client().do("GET", "/sign-in/providers")).password_sign_in).toBe(false);
    });

    it("ends what passwords have begun, but for who turns them off", async () => {
      const [former, browser] = [await test.person("paula@example.org"), await signIn("olga", "s10")];
      expect((await former.get("/session")).status).toBe(200);
      await test.owner.do("PATCH", "/settings", { password_sign_in: false });
      expect((await former.get("/session")).status).toBe(401);
      expect((await test.owner.get("/session")).status).toBe(200);
      expect(await isSignedIn(browser)).toBe(true);
      await test.owner.do("PATCH", "/settings", { password_sign_in: true });
    });

    it("and nothing may take the last of them away", async () => {
      await takePasswords(false);
      const attempts = [
        await test.owner.patch("/identity-providers/acme", { enabled: false }),
        await test.owner
          .do("GET", "/identity-providers/acme")
          .then(() => test.owner.ask("DELETE", "/identity-providers/acme")),
        await test.owner.patch(`/users/${linkedId}`, { disabled: true }),
        await test.owner.patch(`/users/${linkedId}`, { role: "admin" }),
      ];
      expect(attempts.map(({ status, body }) => [status, body.code])).toEqual(attempts.map(() => [409, "conflict"]));
      const { items } = await test.owner.do("GET", `/users/${linkedId}/identities`);
      expect((await test.owner.ask("DELETE", `/users/${linkedId}/identities/${items[0].id}`)).status).toBe(409);
      // Groups that would make them less than an owner do not, either.
      await test.run(`update users set role_from_groups = 1 where id = '${linkedId}'`);
      await signIn("olga", "s9");
      expect((await test.owner.do("GET", `/users/${linkedId}`)).role).toBe("owner");
      await takePasswords(true);
      expect((await test.owner.patch("/identity-providers/acme", { enabled: false })).status).toBe(200);
      await test.owner.do("PATCH", "/identity-providers/acme", { enabled: true });
    });

    it("is for owners to decide", async () => {
      const admin = await test.person("adam@example.org", { role: "admin" });
      expect((await admin.patch("/settings", { password_sign_in: false })).status).toBe(404);
    });
  });
});
