import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { HMAC_SECRET, sealAgain } from "../../../src/control-plane/storage/sealed.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { signedRequest } from "../../helpers/message-signatures.ts";
import { PlaneWithGateway } from "../../helpers/plane-with-gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import type { TestPlane } from "../../helpers/test-plane.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const WEB = "/applications/web/credentials";
const SHOP = "/applications/shop/credentials";
const GIVEN = "canary-password-0123456789";
const MINUTE_MS = 60_000;

/** Of the file: who calls so is `filed`, whoever else wants to be. */
const FILED = "basic: { username: filed, password: filed-password-0123456789 }";

describe.each(DATABASES)("credentials of stored applications, on %s", (kind) => {
  let upstream: TestUpstream;
  let both: PlaneWithGateway;
  let test: TestPlane;
  let owner: AdminClient;
  /** All that must be nowhere but where it was made. */
  const secrets: string[] = [GIVEN];

  beforeAll(async () => {
    upstream = await startUpstream();
    const target = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
    both = await PlaneWithGateway.open(
      kind,
      `
version: 1
trusted_proxies: ["127.0.0.0/8"]
listeners: [{ address: "127.0.0.1:0", client_certificate: {} }]
services: [{ id: keyed, access: key, routes: [{ path: /keyed }], ${target} }]
applications: [{ id: filed, credentials: [{ ${FILED} }] }]
`,
    );
    ({ test } = both);
    ({ owner } = test);
    await test.team("finance", "sales");
    await owner.do("POST", "/applications", { id: "web", team: "finance" });
    await owner.do("POST", "/applications", { id: "shop", team: "sales" });
  });
  afterAll(async () => {
    await both.close();
    await upstream.close();
  });

  const make = async (body: object, path = WEB) => {
    const made = await owner.do("POST", path, { name: "test", ...body });
    secrets.push(...[made.password, made.secret, made.key].filter((one) => one !== undefined));
    await both.serve();
    return made;
  };
  const revoke = async ({ id }: { id: string }, path = WEB) => {
    await owner.do("DELETE", `${path}/${id}`);
    await both.serve();
  };
  /** The application that a call is taken for, or the error. */
  const callerOf = async (headers: Record<string, string>): Promise<string | null> => {
    const answer = await fetch(`${both.gateway.url}/keyed`, { headers });
    const text = await answer.text();
    if (answer.status !== 200) return JSON.parse(text).error.code;
    return (await both.gateway.record(answer.headers.get("x-request-id"))).application;
  };
  const basic = (username: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
  });
  const signed = async (keyId: string, secret: Buffer) => {
    const answer = await rawRequest(both.gateway.port, signedRequest({ keyId, secret, target: "/keyed/a?b=c" }));
    if (answer.status !== 200) return JSON.parse(answer.body.toString()).error.code;
    return (await both.gateway.record(answer.header("x-request-id"))).application;
  };
  const at = (ms: number) => new Date(ms).toISOString();

  it("a password that is made here, shown once, is the application's until it is revoked", async () => {
    const made = await make({ basic: { username: "web-cron" } });
    expect(made).toMatchObject({ kind: "basic", prefix: null, basic: { username: "web-cron" }, addresses: [] });
    expect(made.password).toMatch(/^tgb_\w{40}$/);
    expect(await callerOf(basic("web-cron", made.password))).toBe("web");
    expect(await callerOf(basic("web-cron", `${made.password}x`))).toBe("invalid_credentials");
    expect(await owner.do("GET", `${WEB}/${made.id}`)).not.toHaveProperty("password");
    await revoke(made);
    expect(await callerOf(basic("web-cron", made.password))).toBe("invalid_credentials");
  });

  it("a password may be given, or its digest", async () => {
    const given = await make({ basic: { username: "given", password: GIVEN } });
    expect(given).not.toHaveProperty("password");
    const salt = randomBytes(16);
    const digest = createHash("sha256").update(salt).update(GIVEN).digest("hex");
    await make({ basic: { username: "digest", password_digest: `sha256$${salt.toString("hex")}$${digest}` } });
    for (const name of ["given", "digest"]) expect(await callerOf(basic(name, GIVEN))).toBe("web");
  });

  it("requests are signed with a secret that is made here, or given", async () => {
    const made = await make({ hmac: { key_id: "web-1", max_age: "90s" } });
    expect(made).toMatchObject({ kind: "hmac", hmac: { key_id: "web-1", max_age: "90s" } });
    expect(made.secret).toMatch(/^tgh_\w{40}$/);
    expect(await signed("web-1", Buffer.from(made.secret))).toBe("web");
    const bytes = randomBytes(32);
    secrets.push(bytes.toString("base64"));
    await make({ hmac: { key_id: "web-2", secret_base64: bytes.toString("base64") } });
    expect(await signed("web-2", bytes)).toBe("web");
    expect(await signed("web-2", Buffer.from(made.secret))).toBe("invalid_signature");
    await revoke(made);
    expect(await signed("web-1", Buffer.from(made.secret))).toBe("invalid_credentials");
  });

  it("a certificate that a trusted proxy tells of is the application's", async () => {
    const xfcc = { "x-forwarded-client-cert": 'Hash=ab;URI=spiffe://example.org/web;Subject="CN=web"' };
    expect(await callerOf(xfcc)).toBe("missing_credentials");
    const made = await make({ mtls: { san: "spiffe://example.org/web" } });
    expect(made).toMatchObject({ kind: "mtls", mtls: { san: "spiffe://example.org/web" } });
    expect(await callerOf(xfcc)).toBe("web");
    await revoke(made);
    expect(await callerOf(xfcc)).toBe("missing_credentials");
    await make({ mtls: { subject: "CN=web" } }, SHOP);
    expect(await callerOf(xfcc)).toBe("shop");
  });

  it("all kinds end at a time and are bound to addresses, which can be changed; keys as well", async () => {
    const elsewhere = { "x-forwarded-for": "203.0.113.7" };
    const here = { "x-forwarded-for": "198.51.100.7" };
    const terms = { addresses: ["198.51.100.0/24"] };
    const user = await make({ basic: { username: "bound" }, ...terms });
    const key = await make(terms);
    for (const sent of [basic("bound", user.password), { "x-api-key": key.key }]) {
      expect(await callerOf({ ...sent, ...here })).toBe("web");
      expect(await callerOf({ ...sent, ...elsewhere })).toBe("address_not_allowed");
    }
    for (const { id } of [user, key]) {
      // Past for the gateway, whose clock is ahead.
      const changed = { name: "renamed", addresses: [], expires_at: at(Date.now() - MINUTE_MS) };
      expect(await owner.do("PATCH", `${WEB}/${id}`, changed)).toMatchObject({ ...changed, revision: 2 });
    }
    await both.serve();
    for (const sent of [basic("bound", user.password), { "x-api-key": key.key }]) {
      expect(await callerOf({ ...sent, ...elsewhere })).toBe("credential_expired");
    }
    await owner.do("PATCH", `${WEB}/${user.id}`, { expires_at: null });
    await both.serve();
    expect(await callerOf({ ...basic("bound", user.password), ...elsewhere })).toBe("web");
    const stale = owner.with({ "if-match": '"1"' });
    expect((await stale.patch(`${WEB}/${user.id}`, { name: "late" })).status).toBe(412);
    await revoke(user);
    expect((await owner.patch(`${WEB}/${user.id}`, { expires_at: null })).body.code).toBe("conflict");
  });

  it("what is rotated works beside what was there before, until that ends", async () => {
    const old = await make({ basic: { username: "turning" }, addresses: ["127.0.0.0/8"] });
    const before = await make({ hmac: { key_id: "turning" } });
    const rotate = async ({ id }: { id: string }, body: object = {}) => {
      const made = await owner.do("POST", `${WEB}/${id}/rotate`, body);
      secrets.push(...[made.password, made.secret].filter((one) => one !== undefined));
      return made;
    };
    // An hour and more, for the gateway's clock is ahead by one.
    const overlap_seconds = 7_200;
    const fresh = await rotate(old, { overlap_seconds });
    expect(fresh).toMatchObject({ name: "test", basic: { username: "turning" }, addresses: ["127.0.0.0/8"] });
    const after = await rotate(before, { overlap_seconds, secret: "canary-secret-given-at-rotation-0123" });
    secrets.push("canary-secret-given-at-rotation-0123");
    expect(after).not.toHaveProperty("secret");
    await both.serve();
    for (const { password } of [old, fresh]) expect(await callerOf(basic("turning", password))).toBe("web");
    expect(await callerOf(basic("turning", "neither-of-them-0123456789"))).toBe("invalid_credentials");
    for (const secret of [before.secret, "canary-secret-given-at-rotation-0123"]) {
      expect(await signed("turning", Buffer.from(secret))).toBe("web");
    }
    expect(await signed("turning", Buffer.from("neither-of-them-0123456789-01234"))).toBe("invalid_signature");

    await owner.do("PATCH", `${WEB}/${old.id}`, { expires_at: at(Date.now() - MINUTE_MS) });
    await both.serve();
    expect(await callerOf(basic("turning", old.password))).toBe("credential_expired");
    expect(await callerOf(basic("turning", fresh.password))).toBe("web");
    // The name is still taken after the old ones are gone, and free when the last is.
    await revoke(old);
    expect((await owner.post(SHOP, { name: "x", basic: { username: "turning" } })).status).toBe(409);
    await revoke(fresh);
    const others = await make({ basic: { username: "turning" } }, SHOP);
    // bug: revoking what was revoked took the name from whoever had it by then.
    await revoke(fresh);
    expect((await owner.post(WEB, { name: "x", basic: { username: "turning" } })).status).toBe(409);
    expect(await callerOf(basic("turning", others.password))).toBe("shop");

    const certificate = await make({ mtls: { san: "spiffe://example.org/nothing-to-rotate" } });
    expect((await owner.post(`${WEB}/${certificate.id}/rotate`)).body.code).toBe("conflict");
    const key = await make({});
    const wrong = await owner.post(`${WEB}/${key.id}/rotate`, { password: GIVEN });
    expect([wrong.status, wrong.body.errors[0].path]).toEqual([400, "password"]);
  });

  it("can be compared with what somebody has, and change nothing by it", async () => {
    const salt = "ab".repeat(16);
    const digest = createHash("sha256").update(Buffer.from(salt, "hex")).update(GIVEN).digest("hex");
    const user = await make({ basic: { username: "compared", password_digest: `sha256$${salt}$${digest}` } });
    const signer = await make({ hmac: { key_id: "compared", secret: "canary-compared-secret-0123456789-01" } });
    secrets.push("canary-compared-secret-0123456789-01");
    const base64 = Buffer.from("canary-compared-secret-0123456789-01").toString("base64");
    const compare = async ({ id }: { id: string }, body: object) => {
      const answer = await owner.post(`${WEB}/${id}/compare-secret`, body);
      return answer.status === 200 ? answer.body.same : answer.body.errors[0]?.path;
    };
    const before = await test.dump();
    expect(await compare(user, { password: GIVEN })).toBe(true);
    expect(await compare(user, { password: `${GIVEN}x` })).toBe(false);
    expect(await compare(user, { password_digest: `sha256$${salt}$${digest}` })).toBe(true);
    expect(await compare(user, { password_digest: `sha256$${"cd".repeat(16)}$${digest}` })).toBe(false);
    expect(await compare(user, { secret: GIVEN })).toBe("secret");
    expect(await compare(signer, { secret_base64: base64 })).toBe(true);
    expect(await compare(signer, { secret: "canary-another-secret-0123456789-012" })).toBe(false);
    expect(await test.dump()).toEqual(before);
  });

  it("stand for one application: another one is told what is taken, and not by whom", async () => {
    const sam = await test.person("sam@example.org", { teams: { sales: "developer" } });
    const kinds = [
      { basic: { username: "once" } },
      { hmac: { key_id: "once" } },
      { mtls: { fingerprint: "AB:".repeat(31).concat("AB") } },
    ];
    for (const one of kinds) {
      const { id } = await make(one);
      const refused = await sam.post(SHOP, { name: "mine", ...one });
      expect([refused.status, refused.body.code]).toEqual([409, "already_exists"]);
      expect(refused.body.detail).toMatch(/once|abab/);
      expect(JSON.stringify(refused.body)).not.toMatch(new RegExp(`web|finance|${id}`));
      await owner.do("DELETE", `${WEB}/${id}`);
      expect((await sam.post(SHOP, { name: "mine", ...one })).status).toBe(201);
    }
    // It goes with its application.
    await owner.do("POST", "/applications", { id: "brief", team: "finance" });
    await owner.do("POST", "/applications/brief/credentials", { name: "x", basic: { username: "brief" } });
    await owner.do("DELETE", "/applications/brief");
    await owner.do("POST", WEB, { name: "x", basic: { username: "brief" } });
  });

  it("the file's are the file's, and the log says what is left out", async () => {
    const made = await make({ basic: { username: "filed" } });
    expect(await callerOf(basic("filed", made.password))).toBe("invalid_credentials");
    expect(await callerOf(basic("filed", "filed-password-0123456789"))).toBe("filed");
    expect(both.leftOut).toEqual([
      "credentials of application web: the configuration has some that are found by the same",
    ]);
    await revoke(made);
    expect(both.leftOut).toEqual([]);
  });

  it.each([
    [{ basic: { username: "a:b" } }, "basic.username"],
    [{ basic: { username: "a", password: "canary-short" } }, "basic.password"],
    [{ basic: { username: "a", password: GIVEN, password_digest: "canary-digest" } }, "basic.password_digest"],
    [{ hmac: { key_id: "a", secret: "canary-short" } }, "hmac.secret"],
    [{ hmac: { key_id: "a", max_age: "2h" } }, "hmac.max_age"],
    [{ hmac: { key_id: "a", max_age: "soon" } }, "hmac.max_age"],
    [{ mtls: {} }, "mtls"],
    [{ mtls: { subject: "CN=a", san: "b" } }, "mtls"],
    [{ basic: { username: "a" }, mtls: { subject: "CN=a" } }, "mtls"],
    [{ addresses: ["nowhere"] }, "addresses[0]"],
    [{ basic: { username: "a" }, expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
  ])("%j is refused at %s, and not repeated", async (body, path) => {
    const { status, body: problem } = await owner.post(WEB, { name: "wrong", ...body });
    expect([status, problem.code, problem.errors[0].path]).toEqual([400, "invalid_request", path]);
    expect(JSON.stringify(problem)).not.toMatch(/canary/);
  });

  it("leave their secrets nowhere but with the caller, and sealed where the gateway needs them", async () => {
    const everything = JSON.stringify([await test.dump(), test.log, both.gateway.log, both.gateway.records]);
    const listed = JSON.stringify([await owner.do("GET", WEB), await owner.do("GET", SHOP)]);
    const trail = await owner.do("GET", "/audit/export");
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString("base64")]) {
        for (const place of [everything, listed, trail]) expect(place.includes(form)).toBe(false);
      }
    }
    expect(listed).not.toMatch(/"(salt|digest)":/);
    expect(trail).toContain("web-cron");
    expect(trail).not.toMatch(/salt/);

    // A new master key seals them again, and they open with it alone.
    const next = randomBytes(32);
    await test.plane.change(SYSTEM, (change) => sealAgain(change, new Sealer([next, ...test.keys])));
    const rows = await test.database.db.selectFrom("credentials").select("secret").where("kind", "=", "hmac").execute();
    for (const { secret } of rows) expect(new Sealer([next]).open(secret ?? "", HMAC_SECRET)).not.toBe("");
    expect(rows.length).toBeGreaterThan(2);
    // With the key that is gone, they are not served, and the rest is.
    await both.serve();
    await owner.do("POST", WEB, { name: "another" });
    await both.serve();
    const served = both.gateway.snapshot().applications.find(({ id }) => id === "web");
    expect(served?.credentials.some((one) => one.kind === "hmac")).toBe(false);
    expect(served?.credentials.some((one) => one.kind === "basic")).toBe(true);
    expect(test.log.join()).toContain("a credential's secret can't be opened: nobody can call with it");
  });
});
