import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

describe.each(DATABASES)("what somebody may give, on %s", (kind) => {
  let test: TestPlane;
  let ownerId: string;
  let admin: AdminClient;
  let adminId: string;
  let memberId: string;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    ownerId = (await test.owner.do("GET", "/session")).user.id;
    await test.team("finance", "shop");
    adminId = await test.user("admin@example.org", { role: "admin" });
    admin = await test.client().signIn("admin@example.org", PASSWORD);
    memberId = await test.user("member@example.org");
  });
  afterAll(() => test.close());

  const refusal = async (answer: ReturnType<AdminClient["get"]>) => {
    const { status, body } = await answer;
    return [status, body.code];
  };

  it("keeps the last owner an owner", async () => {
    const { owner } = test;
    expect(await refusal(owner.patch(`/users/${ownerId}`, { role: "admin" }))).toEqual([409, "conflict"]);
    expect(await refusal(owner.patch(`/users/${ownerId}`, { disabled: true }))).toEqual([409, "conflict"]);
    expect((await owner.get("/session")).status).toBe(200);
    const second = await test.user("second@example.org", { role: "owner" });
    await owner.do("PATCH", `/users/${second}`, { disabled: true });
    expect(await refusal(owner.patch(`/users/${ownerId}`, { role: "admin" }))).toEqual([409, "conflict"]);
  });

  it("bug: two owners who step down at once left nobody", async () => {
    const { owner } = test;
    const other = await test.user("other-owner@example.org", { role: "owner" });
    const down = (id: string) => owner.patch(`/users/${id}`, { role: "admin" });
    // Connections are there, so that neither has to wait for one.
    await Promise.all(Array.from({ length: 8 }, () => owner.get("/session")));
    const statuses = (await Promise.all([down(other), down(ownerId)])).map(({ status }) => status).sort();
    const { items } = await admin.do("GET", "/users?limit=500");
    const owners = items.filter(
      ({ role, disabled }: { role: string; disabled: boolean }) => role === "owner" && !disabled,
    );
    expect(owners.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    if (owners[0].id !== ownerId) {
      const heir = await test.client().signIn(owners[0].email, PASSWORD);
      await heir.do("PATCH", `/users/${ownerId}`, { role: "owner" });
    }
  });

  it("lets administrators make no owners, and touch none", async () => {
    expect((await admin.patch(`/users/${adminId}`, { role: "owner" })).status).toBe(400);
    const made = await admin.post("/users", { email: "x@example.org", name: "X", role: "owner", password: PASSWORD });
    expect([made.status, made.body.errors[0].path]).toEqual([400, "role"]);
    expect((await admin.patch(`/users/${ownerId}`, { disabled: true })).status).toBe(404);
    expect((await admin.put(`/users/${ownerId}/password`, { password: "taken over 123" })).status).toBe(404);
    expect((await admin.patch(`/users/${memberId}`, { role: "admin" })).status).toBe(200);
    expect((await admin.patch(`/users/${memberId}`, { role: "member" })).status).toBe(200);
  });

  it("bug: whoever managed users made themselves an administrator, or set one's password", async () => {
    const { owner } = test;
    const permissions = ["user.read", "user.manage"];
    await owner.do("PUT", "/roles/help-desk", { name: "Help desk", scope: "organisation", permissions });
    const help = await test.person("help@example.org", { role: "help-desk" });
    const { user } = await help.do("GET", "/session");
    expect((await help.patch(`/users/${user.id}`, { role: "admin" })).status).toBe(400);
    const accomplice = { email: "y@example.org", name: "Y", role: "admin", password: PASSWORD };
    expect((await help.post("/users", accomplice)).status).toBe(400);
    expect((await help.put(`/users/${adminId}/password`, { password: "taken over 123" })).status).toBe(404);
    expect((await help.patch(`/users/${adminId}`, { disabled: true })).status).toBe(404);
    expect((await help.put(`/users/${memberId}/password`, { password: PASSWORD })).status).toBe(204);
  });

  it("bug: a member who may add members made themselves an owner of the team", async () => {
    const { owner } = test;
    const permissions = ["team.read", "member.manage", "token.manage"];
    await owner.do("PUT", "/roles/recruiter", { name: "Recruiter", scope: "team", permissions });
    const recruiter = await test.person("recruiter@example.org", { teams: { finance: "recruiter" } });
    const { user } = await recruiter.do("GET", "/session");
    expect((await recruiter.put(`/teams/finance/members/${user.id}`, { role: "owner" })).status).toBe(400);
    expect((await recruiter.put(`/teams/finance/members/${memberId}`, { role: "developer" })).status).toBe(400);
    expect((await recruiter.put(`/teams/finance/members/${memberId}`, { role: "recruiter" })).status).toBe(204);
    const boss = await test.user("boss@example.org", { teams: { finance: "owner" } });
    expect((await recruiter.delete(`/teams/finance/members/${boss}`)).status).toBe(409);
    expect((await recruiter.put(`/teams/finance/members/${boss}`, { role: "recruiter" })).status).toBe(409);
    const robot = await recruiter.post("/teams/finance/tokens", { name: "robot", role: "owner" });
    expect([robot.status, robot.body.errors[0].path]).toEqual([400, "role"]);
    expect((await recruiter.post("/teams/finance/tokens", { name: "robot", role: "recruiter" })).status).toBe(201);
  });

  it("lets those who look after a team add members by e-mail address, whom they can't look up", async () => {
    const boss = await test.person("host@example.org", { teams: { shop: "owner" } });
    const guest = await test.user("guest@example.org");
    const emails = async () => {
      const { items } = await boss.do("GET", "/teams/shop/members");
      return items.map(({ user_id, email, role }: Record<string, string>) => [user_id, email, role].join(" "));
    };
    expect((await boss.get("/users")).status).toBe(404);
    expect((await boss.put("/teams/shop/members/Guest@Example.org", { role: "developer" })).status).toBe(204);
    expect(await emails()).toContain(`${guest} guest@example.org developer`);
    expect((await boss.put("/teams/shop/members/nobody@example.org", { role: "developer" })).status).toBe(404);
    expect((await boss.delete("/teams/shop/members/guest@example.org")).status).toBe(204);
    expect((await emails()).join()).not.toContain("guest@example.org");
  });

  it("narrows tokens to their scopes, also in what they give", async () => {
    const boss = await test.person("narrow@example.org", { teams: { shop: "owner" } });
    const scopes = ["application.read", "token.manage"];
    const { token } = await boss.do("POST", "/me/tokens", { name: "narrow", scopes });
    const narrow = test.client().withToken(token);
    const { permissions, kind: who } = await narrow.do("GET", "/session");
    expect([who, permissions]).toEqual([
      "token",
      { organisation: [], teams: { shop: ["token.manage", "application.read"] } },
    ]);
    expect((await narrow.get("/teams/shop")).status).toBe(404);
    expect((await narrow.post("/applications", { id: "a", team: "shop" })).status).toBe(404);
    expect((await narrow.post("/teams/shop/tokens", { name: "wide", role: "owner" })).status).toBe(400);
  });

  it("lets tokens make and end no personal tokens but themselves, nor change passwords", async () => {
    const { owner } = test;
    const one = await owner.do("POST", "/me/tokens", { name: "one" });
    const other = await owner.do("POST", "/me/tokens", { name: "other" });
    const client = test.client().withToken(one.token);
    expect((await client.post("/me/tokens", { name: "child" })).status).toBe(404);
    expect((await client.put("/me/password", { current: PASSWORD, next: "taken over 123" })).status).toBe(404);
    expect((await client.delete(`/me/tokens/${other.id}`)).status).toBe(404);
    expect((await client.delete(`/me/tokens/${one.id}`)).status).toBe(204);
    expect((await client.get("/session")).status).toBe(401);
    expect((await test.client().withToken(other.token).get("/session")).status).toBe(200);
  });

  it("gives roles nothing that their maker does not have, nor team roles what is the organisation's", async () => {
    const { owner } = test;
    const permissions = ["role.manage", "team.read"];
    await owner.do("PUT", "/roles/registrar", { name: "Registrar", scope: "organisation", permissions });
    const registrar = await test.person("registrar@example.org", { role: "registrar" });
    const put = (scope: string, given: string[]) =>
      registrar.put("/roles/mine", { name: "Mine", scope, permissions: given });
    expect((await put("organisation", ["audit.read"])).status).toBe(400);
    expect((await put("team", ["service.write"])).status).toBe(400);
    expect((await put("team", ["role.manage"])).status).toBe(400);
    expect((await put("organisation", ["team.read"])).status).toBe(200);
    for (const id of ["owner", "viewer"]) {
      expect((await owner.put(`/roles/${id}`, { name: "X", scope: "team", permissions: [] })).status).toBe(409);
    }
    expect((await owner.put("/roles/bad", { name: "X", scope: "team", permissions: ["everything"] })).status).toBe(400);
  });

  it("takes effect at once when a role changes, and keeps a role that somebody has", async () => {
    const { owner } = test;
    const put = (permissions: string[]) =>
      owner.do("PUT", "/roles/reader", { name: "Reader", scope: "team", permissions });
    await put(["team.read"]);
    const reader = await test.person("reader@example.org", { teams: { finance: "reader" } });
    expect((await reader.get("/teams/finance")).status).toBe(200);
    await put([]);
    expect((await reader.get("/teams/finance")).status).toBe(404);
    expect(await refusal(owner.delete("/roles/reader"))).toEqual([409, "in_use"]);
  });

  it("changes and removes a role only as it was read, where that is said", async () => {
    const { owner } = test;
    const body = { name: "Auditor of one team", scope: "team", permissions: ["team.read"] };
    const made = await owner.put("/roles/one-team", body);
    const etag = made.headers.get("etag") ?? "";
    expect(etag).toBe('"1"');
    const { items } = (await owner.get("/roles")).body as {
      items: { id: string; revision: number | null }[];
    };
    expect(items.find(({ id }) => id === "one-team")?.revision).toBe(1);
    expect(items.find(({ id }) => id === "viewer")?.revision).toBeNull();

    const other = await owner.with({ "if-match": etag }).put("/roles/one-team", { ...body, permissions: [] });
    expect([other.status, other.headers.get("etag")]).toEqual([200, '"2"']);
    const stale = owner.with({ "if-match": etag });
    expect(await refusal(stale.put("/roles/one-team", body))).toEqual([412, "precondition_failed"]);
    expect(await refusal(stale.delete("/roles/one-team"))).toEqual([412, "precondition_failed"]);
    // One that is not there is not as it was read.
    expect(await refusal(stale.put("/roles/never-made", body))).toEqual([412, "precondition_failed"]);
    expect((await owner.with({ "if-match": '"2"' }).delete("/roles/one-team")).status).toBe(204);
  });

  it("bug: a role could go while machine tokens had it, and come back as another one", async () => {
    const { owner } = test;
    await owner.do("PUT", "/roles/bot", { name: "Bot", scope: "team", permissions: ["team.read"] });
    const { id } = await owner.do("POST", "/teams/finance/tokens", { name: "robot", role: "bot" });
    expect(await refusal(owner.delete("/roles/bot"))).toEqual([409, "in_use"]);
    await owner.do("DELETE", `/teams/finance/tokens/${id}`);
    expect((await owner.delete("/roles/bot")).status).toBe(204);
  });

  it("bug: a team with a service named `ai` decided who may use the unified API", async () => {
    const publisher = await test.person("ai@example.org", { teams: { shop: "owner" } });
    const answer = await publisher.post("/services", { id: "ai", team: "shop" });
    expect([answer.status, answer.body.errors[0].path]).toEqual([400, "id"]);
    await publisher.do("POST", "/applications", { id: "chat", team: "shop" });
    const { id, service_team } = await publisher.do("POST", "/subscriptions", { application: "chat", service: "ai" });
    expect(service_team).toBeNull();
    expect((await publisher.post(`/subscriptions/${id}/approve`)).status).toBe(404);
    expect((await admin.post(`/subscriptions/${id}/approve`)).status).toBe(200);
  });

  it("does not take fields that are not the caller's to give", async () => {
    const { owner } = test;
    const service = { id: "mass", team: "shop", draft: draftAt("/mass") };
    for (const more of [{ state: "published" }, { current_release: 1 }, { revision: 9 }, { team_id: "finance" }]) {
      const answer = await owner.post("/services", { ...service, ...more });
      expect([answer.status, answer.body.errors[0].path]).toEqual([400, Object.keys(more)[0]]);
    }
    for (const more of [{ password_hash: "x" }, { email: "z@example.org" }, { id: "x" }]) {
      const answer = await owner.patch(`/users/${memberId}`, { name: "M", ...more });
      expect([answer.status, answer.body.errors[0].path]).toEqual([400, Object.keys(more)[0]]);
    }
  });

  it("keeps one user for an address, however it is written", async () => {
    const { owner } = test;
    const add = (email: string) => owner.post("/users", { email, name: "Twin" });
    expect((await add("Member@Example.org")).status).toBe(409);
    for (const email of ["member@exаmple.org", "ｍember@example.org", "member@example.org\n", " ", "a@b@c.org"]) {
      expect([email, (await add(email)).status]).toEqual([email, 400]);
    }
    expect((await owner.get("/session")).body.user.email).toBe(OWNER);
  });

  it("bug: a change of the name put an old password back that was changed at the same time", async () => {
    const { owner } = test;
    const id = await test.user("racing@example.org");
    const rename = Array.from({ length: 4 }, (_, n) => owner.patch(`/users/${id}`, { name: `Name ${n}` }));
    const reset = owner.put(`/users/${id}/password`, { password: "a fresh password" });
    const more = Array.from({ length: 8 }, async (_, n) => {
      await reset.catch(() => {});
      return owner.patch(`/users/${id}`, { name: `Later ${n}` });
    });
    await Promise.all([...rename, reset, ...more]);
    await test.client().signIn("racing@example.org", "a fresh password");
    // All of them counted: none was overwritten by another.
    expect((await owner.do("GET", `/users/${id}`)).revision).toBe(14);
  });
});
