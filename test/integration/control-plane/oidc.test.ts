import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import {
  type Account,
  CLIENT_SECRET,
  type IdentityProvider,
  startIdentityProvider,
} from "../../helpers/identity-provider.ts";
import { browserOf, CALLBACK, makeProvider, PUBLIC_URL, START, signInAs } from "../../helpers/oidc-sign-in.ts";
import { OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

const OWNER_LOGIN = { email: OWNER, password: PASSWORD };

let server: IdentityProvider;

beforeAll(async () => {
  server = await startIdentityProvider({ redirectUris: [CALLBACK] });
});
afterAll(() => server.close());

describe.each(DATABASES)("signing in with OpenID Connect, on %s", (kind) => {
  let test: TestPlane;
  let people = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    await test.owner.do("PATCH", "/settings", { public_url: PUBLIC_URL });
    await test.team("finance", "shop");
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    for (const { id } of (await test.owner.do("GET", "/identity-providers")).items) {
      await test.owner.do("DELETE", `/identity-providers/${id}`);
    }
  });

  /** Somebody whom the server knows; resolves to the login. */
  const account = (fields: Account = {}): string => {
    const login = `person-${kind}-${++people}`;
    const email = `${login}@example.org`;
    server.accounts.set(login, { email, email_verified: true, name: `Person ${people}`, groups: [], ...fields });
    return login;
  };
  const provider = (fields: object = {}) => makeProvider(test, server.issuer, fields);
  /** Signs in with a browser of its own; resolves to the page, and to the client that has the session. */
  const enter = async (login: string, start = START) => {
    const browser = browserOf(test, `198.51.100.${people}`);
    const page = await signInAs(browser, login, { start });
    const session = browser.cookie(PUBLIC_URL, "tidegate_session");
    const client = test.client().with(session === undefined ? {} : { cookie: `tidegate_session=${session}` });
    return { browser, page, client, session };
  };
  const refusal = async (login: string) => {
    const { page, session } = await enter(login);
    expect(session).toBeUndefined();
    return [page.status, page.text] as const;
  };
  const me = async (client: AdminClient) => (await client.do("GET", "/session")) as CurrentSession;
  const members = async (team: string) => {
    const { items } = await test.owner.do("GET", `/teams/${team}/members`);
    return Object.fromEntries(
      items.map(({ email, role }: { email: string; role: string }) => [email.split("@")[0], role]),
    );
  };
  const actions = async (count: number) => {
    const rows = await test.database.db
      .selectFrom("audit")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(count)
      .execute();
    return rows.reverse();
  };

  it("leads through the provider's pages to a session of a new user", async () => {
    await provider();
    const login = account({ email: "Ada@Example.org", name: "Ada" });
    const { page, browser, client } = await enter(
      login,
      `${START}?return_to=${encodeURIComponent("/services?a=1&b=2")}`,
    );
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.text).toContain('<meta http-equiv="refresh" content="0;url=/services?a=1&#38;b=2">');
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    const [cookie = ""] = page.headers.getSetCookie().filter((one) => one.startsWith("tidegate_session="));
    expect(cookie).toMatch(/^tidegate_session=tgs_\w{40};/);
    for (const flag of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"]) expect(cookie).toContain(flag);
    const { user, permissions, kind: who } = await me(client);
    expect(user).toMatchObject({ email: "ada@example.org", name: "Ada", role: "member", disabled: false });
    expect([who, permissions.organisation, permissions.teams]).toEqual(["user", [], {}]);
    expect(browser.cookie(PUBLIC_URL, "tidegate_sign_in")).toBeUndefined();

    const entries = await actions(3);
    expect(entries.map(({ action, actor_name, subject_id }) => [action, actor_name, subject_id])).toEqual([
      ["user.create", "identity provider acme", user.id],
      ["identity.link", "identity provider acme", user.id],
      ["session.create", "ada@example.org", user.id],
    ]);
    expect(JSON.parse(entries[1]?.after ?? "")).toMatchObject({
      identity_provider: "acme",
      issuer: server.issuer,
      subject: login,
    });
    expect(JSON.parse(entries[2]?.after ?? "")).toEqual({ identity_provider: "acme" });
    expect(entries.map(({ address }) => address)).toEqual(Array(3).fill(`198.51.100.${people}`));

    // The same person again is the same user, whatever the address is by then.
    server.accounts.set(login, { email: "ada.l@example.org", email_verified: true });
    const again = await enter(login);
    expect((await me(again.client)).user.id).toBe(user.id);
    expect((await client.delete("/session")).status).toBe(204);
    expect((await client.get("/session")).status).toBe(401);
    expect((await again.client.get("/session")).status).toBe(200);
  });

  it("asks with state, nonce and PKCE, and binds them to the browser", async () => {
    await provider();
    const browser = browserOf(test);
    const page = await browser.open(START, { stopAt: /\/auth\?/ });
    const url = new URL(page.url);
    expect(url.origin + url.pathname).toBe(`${server.issuer}/auth`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: "tidegate",
      response_type: "code",
      scope: "openid profile email groups",
      redirect_uri: CALLBACK,
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    const answer = await test.app.request(START, {}, { remoteAddress: "192.0.2.7" });
    const [cookie = ""] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^tidegate_sign_in=sealed1\.[\w.-]+; Max-Age=600; Path=\/api\/v1\/sign-in;/);
    for (const flag of ["HttpOnly", "Secure", "SameSite=Lax"]) expect(cookie).toContain(flag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("begins where the provider sends the browser back to, once", async () => {
    await provider();
    const answer = await test.client().get("/sign-in/acme/start?return_to=/services");
    expect([answer.status, answer.headers.get("location"), answer.headers.get("set-cookie")]).toEqual([
      302,
      `${START}?return_to=%2Fservices&moved=1`,
      null,
    ]);
    const behindProxy = await test.client().get("/sign-in/acme/start?return_to=/services&moved=1");
    expect(behindProxy.headers.get("location")).toContain(`${server.issuer}/auth?`);
    expect(behindProxy.headers.get("set-cookie")).not.toContain("Secure");
  });

  it("begins a new session, and ends the one that the browser had", async () => {
    await provider();
    const login = account();
    const browser = browserOf(test);
    await signInAs(browser, login);
    const first = browser.cookie(PUBLIC_URL, "tidegate_session");
    await signInAs(browser, login);
    const second = browser.cookie(PUBLIC_URL, "tidegate_session");
    expect(second).not.toBe(first);
    const with_ = (session = "") => test.client().with({ cookie: `tidegate_session=${session}` });
    expect((await with_(first).get("/session")).status).toBe(401);
    expect((await with_(second).get("/session")).status).toBe(200);
  });

  it("makes one user of somebody who comes for the first time twice at once", async () => {
    await provider();
    const login = account();
    const browsers = [browserOf(test), browserOf(test)];
    const callbacks: string[] = [];
    for (const browser of browsers) callbacks.push((await signInAs(browser, login, { stop: true })).url);
    const pages = await Promise.all(browsers.map((browser, index) => browser.open(callbacks[index] ?? "")));
    expect(pages.map(({ status }) => status)).toEqual([200, 200]);
    const users = test.database.db.selectFrom("users").select("id").where("email", "=", `${login}@example.org`);
    expect(await users.execute()).toHaveLength(1);
  });

  it("keeps cookies to HTTPS behind a proxy that ends TLS, whatever people sign in with", async () => {
    await provider();
    const init = { headers: { "content-type": "application/json" }, method: "POST", body: JSON.stringify(OWNER_LOGIN) };
    const cookiesAt = async (origin: string) => {
      const bindings = { remoteAddress: "192.0.2.7" };
      const password = await test.app.request(`${origin}/api/v1/session`, init, bindings);
      const start = await test.app.request(`${origin}/api/v1/sign-in/acme/start?moved=1`, {}, bindings);
      return [password, start].map(({ headers }) => headers.get("set-cookie")?.includes("Secure"));
    };
    expect(await cookiesAt("http://tidegate.example.org")).toEqual([true, true]);
    // Who comes in the clear at another address would not get them back.
    expect(await cookiesAt("http://10.0.0.5:9080")).toEqual([false, false]);
  });

  it("lists what to sign in with, to whoever asks, and no more of it", async () => {
    await provider();
    const list = await test.client().get("/sign-in/providers");
    expect([list.status, list.body]).toEqual([
      200,
      { password_sign_in: true, items: [{ id: "acme", name: "Acme", start_path: "/api/v1/sign-in/acme/start" }] },
    ]);
    await test.owner.do("PATCH", "/identity-providers/acme", { enabled: false });
    expect((await test.client().get("/sign-in/providers")).body.items).toEqual([]);
    for (const path of [
      "/sign-in/acme/start",
      "/sign-in/acme/callback",
      "/sign-in/nobody/start",
      "/sign-in/%00/start",
    ]) {
      const answer = await test.client().get(path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, "not_found"]);
    }
  });

  it("gives the roles that groups come to, and takes them again as groups change", async () => {
    await provider({
      default_role: "auditor",
      group_roles: [
        { group: "heads", role: "admin" },
        { group: "staff", role: "member" },
        { group: "staff", team: "finance", role: "viewer" },
        { group: "money", team: "finance", role: "owner" },
        { group: "money", team: "shop", role: "developer" },
      ],
    });
    const login = account({ groups: ["money", "heads", "unknown"] });
    const rolesAfter = async (groups: string[] | undefined) => {
      const { [login]: known } = Object.fromEntries(server.accounts);
      server.accounts.set(login, { ...known, ...(groups === undefined ? {} : { groups }) });
      const { user } = await me((await enter(login)).client);
      return [user.role, (await members("finance"))[login], (await members("shop"))[login]];
    };
    expect(await rolesAfter(undefined)).toEqual(["admin", "owner", "developer"]);
    // The first line that fits decides.
    expect(await rolesAfter(["money", "staff", "heads"])).toEqual(["admin", "viewer", "developer"]);
    expect(await rolesAfter(["staff"])).toEqual(["member", "viewer", undefined]);
    expect(await rolesAfter([])).toEqual(["auditor", undefined, undefined]);
    const { after, actor_kind } = (await actions(3)).find(({ action }) => action === "user.update") ?? {};
    expect([JSON.parse(after ?? ""), actor_kind]).toEqual([
      expect.objectContaining({ role: "auditor", role_from_groups: true }),
      "system",
    ]);
    // Nothing more to say when nothing has changed.
    expect(await rolesAfter([])).toEqual(["auditor", undefined, undefined]);
    expect((await actions(2)).map(({ action }) => action)).toEqual(["session.create", "session.create"]);
  });

  it("leaves roles alone that somebody gave by hand", async () => {
    await provider({
      group_roles: [
        { group: "heads", role: "admin" },
        { group: "money", team: "finance", role: "viewer" },
        { group: "money", team: "shop", role: "viewer" },
      ],
    });
    const login = account({ groups: ["money", "heads"] });
    const { user } = await me((await enter(login)).client);
    const { items } = await test.owner.do("GET", "/teams/finance/members");
    const mine = items.find(({ user_id }: { user_id: string }) => user_id === user.id);
    expect([user.role, user.role_from_groups, mine.role, mine.role_from_groups]).toEqual([
      "admin",
      true,
      "viewer",
      true,
    ]);
    await test.owner.do("PATCH", `/users/${user.id}`, { role: "auditor" });
    await test.owner.do("PUT", `/teams/finance/members/${user.id}`, { role: "owner" });
    await enter(login);
    server.accounts.set(login, { ...server.accounts.get(login), groups: [] });
    const left = await me((await enter(login)).client);
    expect([left.user.role, left.user.role_from_groups]).toEqual(["auditor", false]);
    expect([(await members("finance"))[login], (await members("shop"))[login]]).toEqual(["owner", undefined]);
  });

  it("passes over teams and roles that are gone, and keeps the last owner", async () => {
    await test.team("short-lived");
    await test.owner.do("PUT", "/roles/gone", { name: "Gone", scope: "team", permissions: ["team.read"] });
    await provider({
      group_roles: [
        { group: "all", team: "short-lived", role: "viewer" },
        { group: "all", team: "shop", role: "gone" },
        { group: "all", team: "finance", role: "viewer" },
        { group: "bosses", role: "owner" },
      ],
    });
    await test.owner.do("DELETE", "/teams/short-lived");
    await test.owner.do("DELETE", "/roles/gone");
    const login = account({ groups: ["all", "bosses"] });
    const { client } = await enter(login);
    const { user, permissions } = await me(client);
    expect([user.role, (await members("finance"))[login], (await members("shop"))[login]]).toEqual([
      "owner",
      "viewer",
      undefined,
    ]);
    expect(permissions.organisation).toContain("organisation.manage");
    const { user: first } = await me(test.owner);
    await client.do("PATCH", `/users/${first.id}`, { role: "auditor" });
    server.accounts.set(login, { ...server.accounts.get(login), groups: [] });
    const last = await enter(login);
    expect((await me(last.client)).user.role).toBe("owner");
    await last.client.do("PATCH", `/users/${first.id}`, { role: "owner" });
    expect((await me((await enter(login)).client)).user.role).toBe("member");
  });

  it("refuses a user who is disabled", async () => {
    await provider();
    const login = account();
    const { user } = await me((await enter(login)).client);
    await test.owner.do("PATCH", `/users/${user.id}`, { disabled: true });
    expect(await refusal(login)).toEqual([403, expect.stringContaining("the user is disabled")]);
    expect(test.log.join("\n")).toContain("the user is disabled");
  });

  it("never takes over an account by an address that is not verified, and only where that is wanted", async () => {
    await test.user(`victim-${kind}@example.org`, { role: "admin" });
    const email = `victim-${kind}@example.org`;
    const other = [403, expect.stringContaining("another user with your e-mail address")];
    await provider({ require_verified_email: false });
    expect(await refusal(account({ email }))).toEqual(other);
    await test.owner.do("PATCH", "/identity-providers/acme", { link_existing_users: true });
    for (const email_verified of [false, undefined]) {
      expect(await refusal(account({ email, ...({ email_verified } as Account) }))).toEqual(other);
    }
    // An address in another claim is not what `email_verified` is about.
    await test.owner.do("PATCH", "/identity-providers/acme", { email_claim: "name" });
    expect(await refusal(account({ name: email }))).toEqual(other);
    await test.owner.do("PATCH", "/identity-providers/acme", { email_claim: "email" });

    const login = account({ email });
    const { user } = await me((await enter(login)).client);
    expect([user.email, user.role]).toEqual([email, "admin"]);
    // It is linked now: another person with the same address is not let in as well.
    expect(await refusal(account({ email }))).toEqual(other);
    // The password goes on being good.
    await test.client("203.0.113.9").signIn(email, PASSWORD);

    const { items } = await test.owner.do("GET", `/users/${user.id}/identities`);
    expect(items).toEqual([
      expect.objectContaining({ identity_provider: "acme", issuer: server.issuer, subject: login }),
    ]);
    const { client } = await enter(login);
    await test.owner.do("DELETE", `/users/${user.id}/identities/${items[0].id}`);
    expect((await client.get("/session")).status).toBe(401);
    await test.owner.do("PATCH", "/identity-providers/acme", { link_existing_users: false });
    expect(await refusal(login)).toEqual(other);
  });

  it("lets in whom the organisation wants", async () => {
    await provider({ create_users: false });
    expect(await refusal(account())).toEqual([403, expect.stringContaining("there is no user for you")]);
    const wants = async (fields: object) => test.owner.do("PATCH", "/identity-providers/acme", fields);
    await wants({ create_users: true, allowed_email_domains: ["Example.NET"], required_groups: ["staff", "guests"] });
    expect(await refusal(account({ groups: ["staff"] }))).toEqual([403, expect.stringContaining("of your domain")]);
    const email = `in-${kind}@example.net`;
    expect(await refusal(account({ email, groups: ["others"] }))).toEqual([
      403,
      expect.stringContaining("none of the groups"),
    ]);
    expect(await refusal(account({ email, groups: ["staff"], email_verified: false }))).toEqual([
      403,
      expect.stringContaining("is verified"),
    ]);
    const { page } = await enter(account({ email, groups: ["guests"] }));
    expect(page.status).toBe(200);
  });

  it("refuses an answer that is not this browser's, or comes too late or twice", async () => {
    await provider();
    const login = account();
    const browser = browserOf(test);
    const invalid = { status: 400, text: expect.stringContaining("<code>sign_in_invalid</code>") };
    const callback = await signInAs(browser, login, { stop: true });
    const from = server.issuer;
    const deliver = (url: string, who = browser) => who.open(url, { from });
    expect(await deliver(callback.url, browserOf(test))).toMatchObject(invalid);
    const url = new URL(callback.url);
    const changed = (name: string, value: string | null) => {
      const copy = new URL(url);
      if (value === null) copy.searchParams.delete(name);
      else copy.searchParams.set(name, value);
      return copy.href;
    };
    expect(await deliver(changed("state", "x".repeat(43)))).toMatchObject(invalid);
    expect(await deliver(changed("state", null))).toMatchObject(invalid);
    // A forged answer has not spoilt the good one, which counts once.
    const cookie = browser.cookie(PUBLIC_URL, "tidegate_sign_in") ?? "";
    expect((await deliver(callback.url)).status).toBe(200);
    expect(await deliver(callback.url)).toMatchObject(invalid);
    browser.setCookie(PUBLIC_URL, "tidegate_sign_in", cookie);
    const replayed = await deliver(callback.url);
    expect([replayed.status, replayed.text]).toEqual([502, expect.stringContaining("invalid_grant")]);
    // The provider says which one it is (RFC 9207).
    const mixedUp = await signInAs(browser, login, { stop: true });
    const iss = new URL(mixedUp.url);
    expect(iss.searchParams.get("iss")).toBe(server.issuer);
    iss.searchParams.set("iss", "https://other.example.org");
    expect(await deliver(iss.href)).toMatchObject({
      status: 400,
      text: expect.stringContaining("another identity provider"),
    });
    const late = await signInAs(browser, login, { stop: true });
    test.nowMs += 10 * 60_000;
    expect(await deliver(late.url)).toMatchObject(invalid);
  });

  it("tells people on a page, and programs in a problem, what went wrong", async () => {
    await provider();
    const browser = browserOf(test);
    const page = await browser.open(START, { stopAt: /\/auth\?/ });
    const state = new URL(page.url).searchParams.get("state") ?? "";
    const query = new URLSearchParams({
      state,
      error: "access_denied",
      error_description: "<script>",
      iss: server.issuer,
    });
    const answer = await browser.open(`${CALLBACK}?${query}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"]);
    expect(answer.text).toContain("access_denied");
    expect(answer.text).not.toContain("<script>");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const problem = await test.client().get("/sign-in/acme/callback?code=x&state=y");
    expect([problem.status, problem.headers.get("content-type"), problem.body.code]).toEqual([
      400,
      "application/problem+json",
      "sign_in_invalid",
    ]);
  });

  it("slows down who tries answers", async () => {
    await provider();
    const browser = browserOf(test, "203.0.113.77");
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 21; attempt++) {
      const { url } = await browser.open(START, { stopAt: /\/auth\?/ });
      const state = new URL(url).searchParams.get("state") ?? "";
      statuses.push((await browser.open(`${CALLBACK}?state=${state}&code=guess&iss=https://x.example.org`)).status);
    }
    expect(statuses).toEqual([...Array(20).fill(400), 429]);
  });

  it.each([
    "https://evil.example.org/",
    "//evil.example.org",
    "/\\evil.example.org",
    "/\t/evil.example.org",
    "\\\\evil.example.org",
    "javascript:alert(1)",
    "services",
    "/a b",
    "/\n",
    `/${"x".repeat(1_000)}`,
  ])("never leads elsewhere afterwards: %j", async (returnTo) => {
    await provider();
    const answer = await test.client().get(`/sign-in/acme/start?return_to=${encodeURIComponent(returnTo)}`);
    expect([answer.status, answer.body.code, answer.body.errors[0].path]).toEqual([
      400,
      "invalid_request",
      "return_to",
    ]);
    expect(answer.headers.get("location")).toBeNull();
  });

  it("gives a command line a code that counts once, for whoever has its verifier", async () => {
    await provider();
    const login = account();
    const verifier = "v".repeat(43);
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const start = `${START}?loopback_port=4711&loopback_challenge=${challenge}`;
    const codeFor = async () => {
      const { page, session } = await enter(login, start);
      expect([page.status, session]).toEqual([200, undefined]);
      expect(page.text).toContain(`You are ${login}@example.org`);
      expect(page.text).not.toContain("refresh");
      return /href="http:\/\/127\.0\.0\.1:4711\/\?code=([^"]+)"/.exec(page.text)?.[1] ?? "";
    };
    const redeem = (code: string, by = verifier) => {
      return test.client(`198.51.100.${people}`).post("/sign-in/code", { code, verifier: by });
    };
    const refused = { status: 400, body: { code: "sign_in_invalid" } };
    const code = await codeFor();
    expect(await redeem(code, "w".repeat(43))).toMatchObject(refused);
    const { status, body, headers } = await redeem(code);
    expect([status, body.user.email]).toEqual([201, `${login}@example.org`]);
    const [cookie = ""] = (headers.get("set-cookie") ?? "").split(";");
    expect((await me(test.client().with({ cookie }))).user.id).toBe(body.user.id);
    expect(await redeem(code)).toMatchObject(refused);
    expect(await redeem("sealed1.x.y")).toMatchObject(refused);
    const late = await codeFor();
    test.nowMs += 5 * 60_000;
    expect(await redeem(late)).toMatchObject(refused);
    const turnedOff = await codeFor();
    await test.owner.do("PATCH", "/identity-providers/acme", { enabled: false });
    expect((await redeem(turnedOff)).status).toBe(404);
    await test.owner.do("PATCH", "/identity-providers/acme", { enabled: true });
    const disabled = await codeFor();
    await test.owner.do("PATCH", `/users/${body.user.id}`, { disabled: true });
    expect(await redeem(disabled)).toMatchObject({ status: 403, body: { code: "sign_in_refused" } });
    const foreign = test.client().with({ origin: "https://evil.example.org" });
    expect((await foreign.post("/sign-in/code", { code, verifier })).body.code).toBe("origin_refused");
    for (const query of [
      "loopback_port=4711",
      `loopback_port=0&loopback_challenge=${challenge}`,
      "loopback_challenge=x",
    ]) {
      expect((await test.client().get(`/sign-in/acme/start?${query}`)).status).toBe(400);
    }
  });

  it("never shows the client secret, and keeps it sealed", async () => {
    const made = await provider();
    expect(made).toMatchObject({ has_client_secret: true, redirect_path: "/api/v1/sign-in/acme/callback" });
    await test.owner.do("PATCH", "/identity-providers/acme", { client_secret: CLIENT_SECRET });
    await enter(account());
    const seen = [
      made,
      await test.owner.do("GET", "/identity-providers"),
      await test.owner.do("GET", "/identity-providers/acme"),
      await test.owner.do("GET", "/identity-providers/acme/check"),
      await test.owner.do("GET", "/audit/export"),
      await test.dump(),
      test.log,
    ];
    expect(JSON.stringify(seen)).not.toContain("canary-client-secret");
    const { client_secret } = await test.database.db
      .selectFrom("identity_providers")
      .select("client_secret")
      .executeTakeFirstOrThrow();
    expect(client_secret).toMatch(/^sealed1\./);
    const entry = (await test.owner.do("GET", "/audit?action=identity_provider.update")).items[0];
    expect(entry.after.client_secret).toBe("[changed]");
    for (const secret of [null, ""]) {
      const answer = await test.owner.patch("/identity-providers/acme", { client_secret: secret });
      expect([secret, answer.status, answer.body.errors[0].path]).toEqual([secret, 400, "client_secret"]);
    }
    await test.owner.do("PATCH", "/identity-providers/acme", {
      client_secret: null,
      token_endpoint_auth_method: "none",
    });
  });

  it("takes a configuration that can work, and says where one can't", async () => {
    const cases: [object, string][] = [
      [{ issuer: "http://idp.example.org" }, "issuer"],
      [{ issuer: "https://idp.example.org/.well-known/openid-configuration" }, "issuer"],
      [{ issuer: "https://user:password@idp.example.org" }, "issuer"],
      [{ issuer: "ftp://127.0.0.1" }, "issuer"],
      [{ scopes: ["profile"] }, "scopes"],
      [{ scopes: ["openid", "two words"] }, "scopes[1]"],
      [{ group_roles: [{ group: "g", team: "nowhere", role: "viewer" }] }, "group_roles[0].team"],
      [{ group_roles: [{ group: "g", team: "shop", role: "auditor" }] }, "role"],
      [{ default_role: "viewer" }, "role"],
      [{ token_endpoint_auth_method: "none" }, "client_secret"],
      [{ secret: "x" }, "secret"],
    ];
    for (const [fields, path] of cases) {
      const body = { id: "acme", name: "A", issuer: server.issuer, client_id: "c", client_secret: "s", ...fields };
      const answer = await test.owner.post("/identity-providers", body);
      expect([fields, answer.status, answer.body.errors?.[0]?.path]).toEqual([fields, 400, path]);
    }
    await provider();
    const second = { id: "second", name: "Second", issuer: server.issuer, client_id: "c" };
    expect((await test.owner.post("/identity-providers", second)).body.code).toBe("already_exists");
    expect((await test.owner.patch("/identity-providers/acme", { issuer: "https://x.example.org" })).status).toBe(400);
    const { public_url } = await test.owner.do("GET", "/settings");
    expect(public_url).toBe(PUBLIC_URL);
    for (const wrong of ["ftp://x", "https://x.example.org/path", "x"]) {
      expect((await test.owner.patch("/settings", { public_url: wrong })).status).toBe(400);
    }
  });

  it("is configured by those who may make owners, and by nobody else", async () => {
    await provider();
    const admin = await test.person(`admin-${kind}@example.org`, { role: "admin" });
    expect((await admin.get("/identity-providers/acme")).status).toBe(200);
    expect((await admin.patch("/identity-providers/acme", { name: "Mine" })).status).toBe(404);
    expect((await admin.delete("/identity-providers/acme")).status).toBe(404);
    expect(
      (await admin.post("/identity-providers", { id: "b", name: "B", issuer: "https://b.example.org", client_id: "b" }))
        .status,
    ).toBe(404);
  });

  it("checks a provider, and says what does not fit", async () => {
    await provider({ scopes: ["openid", "unheard-of"] });
    expect(await test.owner.do("GET", "/identity-providers/acme/check")).toEqual({
      issuer: server.issuer,
      authorization_endpoint: `${server.issuer}/auth`,
      token_endpoint: `${server.issuer}/token`,
      userinfo_endpoint: `${server.issuer}/me`,
      signing_keys: 1,
      warnings: ["it does not name the scope unheard-of as supported"],
    });
  });
});

interface CurrentSession {
  kind: string;
  user: { id: string; email: string; name: string; role: string; role_from_groups: boolean; disabled: boolean };
  permissions: { organisation: string[]; teams: Record<string, string[]> };
}
