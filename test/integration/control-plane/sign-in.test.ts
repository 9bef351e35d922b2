import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Actor, SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { createUser } from "../../../src/control-plane/entities/users.ts";
import { Plane } from "../../../src/control-plane/plane.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe.each(DATABASES)("signing in, on %s", (kind) => {
  let test: TestPlane;
  let addresses = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
  });
  afterAll(() => test.close());

  /** Nobody, at an address that has not failed yet. */
  const somewhere = () => test.client(`198.51.100.${++addresses}`);
  const attempt = (client: AdminClient, email: string, password = "not the password") => {
    return client.post("/session", { email, password });
  };
  const knows = async (client: AdminClient) => (await client.get("/session")).status === 200;

  it("says the same whatever was wrong: password, name, or that the user is disabled", async () => {
    const id = await test.user("disabled@example.org");
    await test.owner.do("PATCH", `/users/${id}`, { disabled: true });
    await test.owner.do("POST", "/users", { email: "sso@example.org", name: "Signs in elsewhere" });
    const answers = [
      await attempt(somewhere(), OWNER),
      await attempt(somewhere(), "nobody@example.org"),
      await attempt(somewhere(), "disabled@example.org", PASSWORD),
      await attempt(somewhere(), "sso@example.org", ""),
      await attempt(somewhere(), "sso@example.org", "nobody has this password"),
    ];
    for (const { status, body, headers } of answers) {
      expect(status).toBe(401);
      expect(body).toEqual(answers[0]?.body);
      expect(headers.get("set-cookie")).toBeNull();
    }
    expect(answers[0]?.body.code).toBe("invalid_login");
  });

  it("takes an address in whatever case, with spaces around it", async () => {
    expect((await attempt(somewhere(), `  ${OWNER.toUpperCase()} `, PASSWORD)).status).toBe(201);
  });

  it("gives a cookie that scripts and other sites don't get", async () => {
    const answer = await attempt(somewhere(), OWNER, PASSWORD);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^tidegate_session=tgs_\w{40};/);
    for (const flag of ["HttpOnly", "SameSite=Strict", "Path=/"]) expect(cookie).toContain(flag);
    expect(cookie).not.toContain("Domain");
    expect(cookie).not.toContain("Secure");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const init = { method: "POST", body: JSON.stringify({ email: OWNER, password: PASSWORD }) };
    const secure = await test.app.request(
      "https://tidegate.example.org/api/v1/session",
      { ...init, headers: { "content-type": "application/json" } },
      { remoteAddress: "198.51.100.200" },
    );
    expect(secure.headers.get("set-cookie")).toContain("Secure");
  });

  it("takes 19 MiB and two passes of argon2id for a password, for everybody who does not ask for less", async () => {
    const { database, plane } = test;
    const usual = new Plane({ database, sealer: plane.sealer, logger: plane.logger });
    const actor = { ...SYSTEM, organisation: new Set(["user.manage"]) } as Actor;
    await createUser(usual, actor, { email: "slow@example.org", name: "Slow", role: "member", password: PASSWORD });
    const user = database.db.selectFrom("users").select("password_hash").where("email", "=", "slow@example.org");
    expect((await user.executeTakeFirst())?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await usual.linter.close();
    await somewhere().signIn("slow@example.org", PASSWORD);
  });

  it("slows down who guesses the password of an account, from wherever", async () => {
    await test.user("target@example.org");
    for (let guess = 0; guess < 5; guess++) {
      expect((await attempt(somewhere(), "target@example.org")).status).toBe(401);
    }
    const refused = await attempt(somewhere(), "target@example.org", PASSWORD);
    expect([refused.status, refused.body.code]).toEqual([429, "too_many_attempts"]);
    expect(Number(refused.headers.get("retry-after"))).toBe(1);
    test.nowMs += 1_000;
    expect((await attempt(somewhere(), "target@example.org")).status).toBe(401);
    test.nowMs += 1_000;
    expect((await attempt(somewhere(), "target@example.org", PASSWORD)).status).toBe(429);
    test.nowMs += 1_000;
    expect((await attempt(somewhere(), "target@example.org", PASSWORD)).status).toBe(201);
    expect((await attempt(somewhere(), "target@example.org")).status).toBe(401);
  });

  it("slows down who tries many accounts from one address", async () => {
    const client = somewhere();
    for (let guess = 0; guess < 20; guess++) {
      expect((await attempt(client, `user${guess}@example.org`)).status).toBe(401);
    }
    expect((await attempt(client, OWNER, PASSWORD)).status).toBe(429);
    expect((await attempt(somewhere(), OWNER, PASSWORD)).status).toBe(201);
  });

  it("bug: many guesses at once were all looked at before the first had failed", async () => {
    const guesses = Array.from({ length: 12 }, () => attempt(somewhere(), "at-once@example.org"));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
  });

  it("bug: whoever has an IPv6 network had as many tries as it has addresses", async () => {
    for (let guess = 0; guess < 20; guess++) {
      expect((await attempt(test.client(`2001:db8::${guess + 1}`), `v6-${guess}@example.org`)).status).toBe(401);
    }
    expect((await attempt(test.client("2001:db8:0:0:ffff::1"), OWNER, PASSWORD)).status).toBe(429);
    expect((await attempt(test.client("2001:db8:0:1::1"), OWNER, PASSWORD)).status).toBe(201);
    // The same IPv4 address, however the socket writes it.
    for (let guess = 0; guess < 20; guess++) {
      expect((await attempt(test.client("::ffff:203.0.113.1"), `v4-${guess}@example.org`)).status).toBe(401);
    }
    expect((await attempt(test.client("203.0.113.1"), OWNER, PASSWORD)).status).toBe(429);
    expect((await attempt(test.client("::ffff:203.0.113.2"), OWNER, PASSWORD)).status).toBe(201);
  });

  it("begins a new session with each sign-in, and ends the one that came along", async () => {
    const first = await somewhere().signIn(OWNER, PASSWORD);
    const second = await first.signIn(OWNER, PASSWORD);
    expect(await knows(first)).toBe(false);
    expect(await knows(second)).toBe(true);
  });

  it("does not take over a session that was put there by somebody else", async () => {
    const planted = somewhere().with({ cookie: `tidegate_session=tgs_${"a".repeat(40)}` });
    const mine = await planted.signIn(OWNER, PASSWORD);
    expect(await knows(mine)).toBe(true);
    expect(await knows(planted)).toBe(false);
  });

  it("ends a session after twelve idle hours, and after seven days in any case", async () => {
    const idle = await somewhere().signIn(OWNER, PASSWORD);
    test.nowMs += 12 * HOUR_MS - 1;
    expect(await knows(idle)).toBe(true);
    test.nowMs += 12 * HOUR_MS;
    expect(await knows(idle)).toBe(false);
    const busy = await somewhere().signIn(OWNER, PASSWORD);
    const beganMs = test.nowMs;
    for (; test.nowMs + 6 * HOUR_MS < beganMs + 7 * DAY_MS; test.nowMs += 6 * HOUR_MS) {
      expect(await knows(busy)).toBe(true);
    }
    test.nowMs = beganMs + 7 * DAY_MS - 1;
    expect(await knows(busy)).toBe(true);
    test.nowMs++;
    expect(await knows(busy)).toBe(false);
    test.owner = await somewhere().signIn(OWNER, PASSWORD);
  });

  it("signs out: the cookie is worth nothing any more, and the audit trail knows", async () => {
    const client = await somewhere().signIn(OWNER, PASSWORD);
    const answer = await client.delete("/session");
    expect(answer.status).toBe(204);
    expect(answer.headers.get("set-cookie")).toMatch(/tidegate_session=;.*Max-Age=0/);
    expect(await knows(client)).toBe(false);
    expect((await client.delete("/session")).status).toBe(204);
    const { items } = await test.owner.do("GET", "/audit?limit=1");
    expect(items).toMatchObject([{ action: "session.delete", actor: { name: OWNER } }]);
  });

  it("ends all sessions of somebody whose password changes, who is disabled, or whose password is set", async () => {
    const id = await test.user("changing@example.org");
    const signIn = (password: string) => somewhere().signIn("changing@example.org", password);
    const [one, two] = [await signIn(PASSWORD), await signIn(PASSWORD)];
    expect((await one.put("/me/password", { current: "not it at all", next: "new password 1" })).status).toBe(401);
    const weak = await one.put("/me/password", { current: PASSWORD, next: "short" });
    expect([weak.status, weak.body.errors[0].path]).toEqual([400, "password"]);
    await one.do("PUT", "/me/password", { current: PASSWORD, next: "new password 1" });
    expect([await knows(one), await knows(two)]).toEqual([false, false]);
    expect((await attempt(somewhere(), "changing@example.org", PASSWORD)).status).toBe(401);

    const three = await signIn("new password 1");
    await test.owner.do("PUT", `/users/${id}/password`, { password: "new password 2" });
    expect(await knows(three)).toBe(false);
    const four = await signIn("new password 2");
    const { token } = await four.do("POST", "/me/tokens", { name: "mine" });
    await test.owner.do("PATCH", `/users/${id}`, { disabled: true });
    expect(await knows(four)).toBe(false);
    expect(await knows(somewhere().withToken(token))).toBe(false);
    await test.owner.do("PATCH", `/users/${id}`, { disabled: false });
    expect(await knows(four)).toBe(false);
  });

  it("bug: whoever took over a session could guess the password as often as they liked", async () => {
    const taken = await test.person("taken@example.org");
    const guess = () => taken.put("/me/password", { current: "a guess of mine", next: "new password 1" });
    const statuses = [];
    for (let count = 0; count < 7; count++) statuses.push((await guess()).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it("lets pages of other origins do nothing, and see nothing of why", async () => {
    const { owner } = test;
    const create = (headers: Record<string, string>) => {
      return owner.with({ host: "localhost:9080", ...headers }).post("/teams", { id: "forged", name: "Forged" });
    };
    const foreign = [
      { origin: "https://evil.example" },
      { origin: "http://localhost:9081" },
      { origin: "null" },
      { origin: "localhost:9080" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of foreign) {
      const { status, body } = await create(headers as Record<string, string>);
      expect([headers, status, body.code]).toEqual([headers, 403, "origin_refused"]);
    }
    expect((await owner.get("/teams/forged")).status).toBe(404);
    const signIn = owner.with({ origin: "https://evil.example", host: "localhost:9080" });
    expect((await signIn.post("/session", { email: OWNER, password: PASSWORD })).status).toBe(403);
    expect((await signIn.delete("/session")).status).toBe(403);
    for (const [index, headers] of [
      { origin: "http://localhost:9080" },
      { "sec-fetch-site": "same-origin" },
      {},
    ].entries()) {
      const client = owner.with({ host: "localhost:9080", ...(headers as Record<string, string>) });
      expect((await client.post("/teams", { id: `own-${index}`, name: "Own" })).status).toBe(201);
    }
    // A token is not sent along by a browser: whoever has it may be anywhere.
    const { token } = await owner.do("POST", "/me/tokens", { name: "script" });
    const script = test.client().withToken(token).with({ origin: "https://elsewhere.example" });
    expect((await script.post("/teams", { id: "scripted", name: "Scripted" })).status).toBe(201);
  });

  it("keeps no password, token or session in the database, the audit trail or the log", async () => {
    const client = await somewhere().signIn(OWNER, PASSWORD);
    const { token } = await client.do("POST", "/me/tokens", { name: "canary" });
    await attempt(somewhere(), OWNER, "canary wrong password");
    await attempt(somewhere(), "canary typed password", "x");
    const cookie = (await attempt(somewhere(), OWNER, PASSWORD)).headers.get("set-cookie") ?? "";
    const session = /tgs_\w+/.exec(cookie)?.[0] ?? "none";
    const everything = JSON.stringify(await test.dump()) + test.log.join("\n");
    for (const secret of [PASSWORD, token, session, "canary wrong password", "canary typed password"]) {
      expect(everything.includes(secret), secret.slice(0, 12)).toBe(false);
    }
    expect(everything).toContain(token.slice(0, 12));
  });
});
