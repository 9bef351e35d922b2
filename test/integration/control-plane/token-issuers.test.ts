import { generateKeyPairSync, randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { countSealed, sealAgain, TOKEN_ISSUER_KEYS } from "../../../src/control-plane/storage/sealed.ts";
import { keyId, Sealer } from "../../../src/platform/seal.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { type KeySetServer, startKeySetServer } from "../../helpers/key-set-server.ts";
import { PlaneWithGateway } from "../../helpers/plane-with-gateway.ts";
import type { TestPlane } from "../../helpers/test-plane.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const SECRET = "canary-secret-of-the-issuer-0123456789-0123456789";
const NEXT_SECRET = "canary-next-secret-of-the-issuer-0123456789";
const WEB = "/applications/web/credentials";
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = { ...ec.publicKey.export({ format: "jwk" }), kid: "first", alg: "ES256" };
const pem = ec.publicKey.export({ format: "pem", type: "spki" }).toString();

describe.each(DATABASES)("token issuers, on %s", (kind) => {
  let upstream: TestUpstream;
  let keySet: KeySetServer;
  let both: PlaneWithGateway;
  let test: TestPlane;
  let owner: AdminClient;

  beforeAll(async () => {
    upstream = await startUpstream();
    keySet = await startKeySetServer([jwk]);
    const target = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
    both = await PlaneWithGateway.open(
      kind,
      `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
services: [{ id: keyed, access: key, routes: [{ path: /keyed }], ${target} }]
jwt_issuers: [{ id: filed, issuer: filed, algorithms: [HS256], keys: [{ secret: ${SECRET} }] }]
applications: [{ id: own, credentials: [{ jwt: { issuer: filed, claim: azp, values: [own] } }] }]
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
    await keySet.close();
    await upstream.close();
  });

  const issue = (claims: object, key: Parameters<SignJWT["sign"]>[0] = Buffer.from(SECRET), alg = "HS256") => {
    const kid = alg === "ES256" ? { kid: "first" } : {};
    const expires = Math.floor(Date.now() / 1000) + 600;
    return new SignJWT({ exp: expires, ...claims }).setProtectedHeader({ alg, ...kid }).sign(key);
  };
  /** The application that a call is taken for, or the error. */
  const callerOf = async (token: string): Promise<string | null> => {
    const answer = await fetch(`${both.gateway.url}/keyed`, { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    if (answer.status !== 200) return JSON.parse(text).error.code;
    return (await both.gateway.record(answer.headers.get("x-request-id"))).application;
  };
  const served = async <Made>(making: Promise<Made>): Promise<Made> => {
    const made = await making;
    await both.serve();
    return made;
  };
  const shared = { id: "shared", issuer: "shared", algorithms: ["HS256"], keys: [{ id: "k", secret: SECRET }] };
  const jwt = (issuer: string, value: string) => ({ name: "t", jwt: { issuer, claim: "azp", values: [value] } });

  it("let applications call with tokens in which a claim says who they are", async () => {
    const token = await issue({ iss: "shared", azp: "web-1" });
    const made = await owner.do("POST", "/token-issuers", shared);
    expect(made).toMatchObject({
      issuer: "shared",
      keys: [{ id: "k", public_key: null, has_secret: true }],
      jwks_url: null,
      jwks_refresh: "10m",
      require_expiry: true,
      revision: 1,
    });
    const body = { name: "tokens", jwt: { issuer: "shared", claim: "azp", values: ["web-1", "web-2"] } };
    const { id } = await served(owner.do("POST", WEB, body));
    expect(await owner.do("GET", `${WEB}/${id}`)).toMatchObject({ kind: "jwt", jwt: body.jwt });
    for (let call = 0; call < 3; call++) expect(await callerOf(token)).toBe("web");
    expect(await callerOf(await issue({ iss: "shared", azp: "web-2" }))).toBe("web");
    expect(await callerOf(await issue({ iss: "shared", azp: "web-3" }))).toBe("invalid_credentials");
    await served(owner.do("DELETE", `${WEB}/${id}`));
    expect(await callerOf(token)).toBe("invalid_credentials");
  });

  it("by keys that are fetched, and by public ones that are given", async () => {
    const fetched = { id: "fetched", issuer: "https://idp.test", algorithms: ["ES256"], jwks_url: keySet.url };
    await owner.do("POST", "/token-issuers", fetched);
    await served(owner.do("POST", WEB, jwt("fetched", "by-set")));
    const token = () => issue({ iss: "https://idp.test", azp: "by-set" }, ec.privateKey, "ES256");
    expect(await callerOf(await token())).toBe("web");
    expect(keySet.asked.length).toBeGreaterThan(0);
    const given = [
      { keys: [{ id: "first", public_key: pem }] },
      { jwk_set: { keys: [jwk] } },
      { jwks_url: keySet.url, audiences: [] },
    ];
    for (const source of given) {
      const shown = await served(owner.do("PATCH", "/token-issuers/fetched", source));
      const others = { keys: null, jwk_set: null, jwks_url: null };
      expect(shown).toMatchObject(
        "keys" in source ? { ...others, keys: [{ id: "first", public_key: pem }] } : { ...others, ...source },
      );
      expect(await callerOf(await token())).toBe("web");
    }
    await served(owner.do("PATCH", "/token-issuers/fetched", { audiences: ["tidegate"] }));
    expect(await callerOf(await token())).toBe("invalid_token");
  });

  it("with other keys, take none that the old ones have signed", async () => {
    await served(owner.do("POST", WEB, jwt("shared", "turning")));
    const old = await issue({ iss: "shared", azp: "turning" });
    expect(await callerOf(old)).toBe("web");
    const stale = owner.with({ "if-match": '"7"' });
    expect((await stale.patch("/token-issuers/shared", { keys: [{ secret: NEXT_SECRET }] })).status).toBe(412);
    await served(owner.do("PATCH", "/token-issuers/shared", { keys: [{ secret: NEXT_SECRET }] }));
    expect(await callerOf(old)).toBe("invalid_token");
    expect(await callerOf(await issue({ iss: "shared", azp: "turning" }, Buffer.from(NEXT_SECRET)))).toBe("web");
  });

  it("can be asked whether keys are theirs", async () => {
    const same = async (id: string, body: object) => {
      return (await owner.do("POST", `/token-issuers/${id}/compare-keys`, body)).same;
    };
    const base64 = Buffer.from(NEXT_SECRET).toString("base64");
    expect(await same("shared", { keys: [{ secret: NEXT_SECRET }] })).toBe(true);
    expect(await same("shared", { keys: [{ secret_base64: base64 }] })).toBe(true);
    expect(await same("shared", { keys: [{ secret: SECRET }] })).toBe(false);
    expect(await same("shared", { keys: [{ public_key: pem }] })).toBe(false);
    // They are fetched.
    expect(await same("fetched", { jwk_set: { keys: [jwk] } })).toBe(false);
  });

  it("may name applications themselves, but none of the file's", async () => {
    const naming = { ...shared, id: "naming", issuer: "naming", application_claim: "client_id" };
    await served(owner.do("POST", "/token-issuers", naming));
    expect(await callerOf(await issue({ iss: "naming", client_id: "shop" }))).toBe("shop");
    expect(await callerOf(await issue({ iss: "naming", client_id: "own" }))).toBe("invalid_credentials");
    await served(owner.do("DELETE", "/token-issuers/naming"));
    expect(await callerOf(await issue({ iss: "naming", client_id: "shop" }))).toBe("invalid_token");
  });

  it("of the file are the file's", async () => {
    const mine = await issue({ iss: "filed", azp: "mine" });
    await owner.do("POST", "/token-issuers", { ...shared, id: "filed", issuer: "elsewhere" });
    await owner.do("POST", "/token-issuers", { ...shared, id: "second", issuer: "filed" });
    const { id } = await served(owner.do("POST", WEB, jwt("filed", "mine")));
    expect(await callerOf(mine)).toBe("invalid_credentials");
    expect(await callerOf(await issue({ iss: "filed", azp: "own" }))).toBe("own");
    expect(both.leftOut).toEqual(
      expect.arrayContaining([
        "token issuer filed: the configuration has one of this id",
        "token issuer second: the configuration has one for filed",
        "credentials of application web: the configuration has some that are found by the same",
      ]),
    );
    await owner.do("DELETE", `${WEB}/${id}`);
    for (const one of ["filed", "second"]) await owner.do("DELETE", `/token-issuers/${one}`);
    await both.serve();
    expect(both.leftOut).toEqual([]);
  });

  it("can't go while credentials are for their tokens, and the answer says whose", async () => {
    const refused = await owner.delete("/token-issuers/shared");
    expect([refused.status, refused.body.code]).toEqual([409, "in_use"]);
    expect(refused.body.detail).toContain("web");
    const again = await owner.post("/token-issuers", { ...shared, id: "again" });
    expect([again.status, again.body.code]).toEqual([409, "already_exists"]);
  });

  it("say one value for one application of all teams", async () => {
    const sam = await test.person("sam@example.org", { teams: { sales: "developer" } });
    const body = { name: "x", jwt: { issuer: "shared", claim: "azp", values: ["other", "turning"] } };
    const refused = await sam.post("/applications/shop/credentials", body);
    expect([refused.status, refused.body.code]).toEqual([409, "already_exists"]);
    expect(refused.body.detail).toBe(
      "turning as `azp` of tokens of shared: taken by another credential, which has to be revoked first",
    );
    body.jwt.values = ["other"];
    expect((await sam.post("/applications/shop/credentials", body)).status).toBe(201);
    // Another claim, or another issuer, is another name.
    const same = { issuer: "fetched", claim: "azp", values: ["other"] };
    for (const one of [same, { ...same, issuer: "shared", claim: "sub" }]) {
      expect((await sam.post("/applications/shop/credentials", { name: "x", jwt: one })).status).toBe(201);
    }
  });

  it.each([
    [{ algorithms: [] }, "algorithms"],
    [{ algorithms: ["none"] }, "algorithms[0]"],
    [{ algorithms: ["HS256", "RS256"] }, "algorithms"],
    [{ keys: undefined }, "keys"],
    [{ jwks_url: "https://idp.test/keys" }, "keys"],
    [{ keys: undefined, algorithms: ["RS256"], jwks_url: "http://idp.test/keys" }, "jwks_url"],
    [{ keys: undefined, algorithms: ["RS256"], jwks_url: "http://169.254.169.254/latest" }, "jwks_url"],
    [{ keys: undefined, algorithms: ["RS256"], jwks_url: "https://canary:canary@idp.test/" }, "jwks_url"],
    [{ keys: undefined, algorithms: ["RS256"], jwks_url: "file:///etc/passwd" }, "jwks_url"],
    [{ keys: [{ secret: "canary-short" }] }, "keys[0].secret"],
    [{ algorithms: ["HS512"], keys: [{ secret: SECRET }] }, "keys[0]"],
    [{ jwks_refresh: "1s" }, "jwks_refresh"],
    [{ clock_tolerance: "often" }, "clock_tolerance"],
  ])("%j is refused at %s, and not repeated", async (fields, path) => {
    const { status, body } = await owner.post("/token-issuers", { ...shared, id: "wrong", issuer: "wrong", ...fields });
    expect([status, body.code, body.errors[0]?.path]).toEqual([400, "invalid_request", path]);
    expect(JSON.stringify(body)).not.toContain("canary");
  });

  it.each([
    [{ issuer: "nowhere", claim: "azp", values: ["a"] }, "jwt.issuer"],
    [{ issuer: "shared", claim: "iss", values: ["shared"] }, "jwt.claim"],
    [{ issuer: "shared", claim: "azp", values: [] }, "jwt.values"],
  ])("a credential with %j is refused at %s", async (one, path) => {
    const { status, body } = await owner.post(WEB, { name: "wrong", jwt: one });
    expect([status, body.code, body.errors[0].path]).toEqual([400, "invalid_request", path]);
  });

  it("show their secrets to nobody, and keep them sealed", async () => {
    const set = { keys: [{ kty: "oct", kid: "s", k: Buffer.from(SECRET).toString("base64url") }] };
    const made = await owner.do("POST", "/token-issuers", {
      ...shared,
      id: "set",
      issuer: "set",
      keys: undefined,
      jwk_set: set,
    });
    expect(made.jwk_set).toEqual({ keys: [{ kty: "oct", kid: "s" }] });
    await both.serve();
    const shown = JSON.stringify(await owner.do("GET", "/token-issuers"));
    const everything = JSON.stringify([await test.dump(), test.log, both.gateway.log]) + shown;
    for (const secret of [SECRET, NEXT_SECRET]) {
      for (const encoding of ["utf8", "base64", "base64url"] as const) {
        expect(everything.includes(Buffer.from(secret).toString(encoding))).toBe(false);
      }
    }
    const next = randomBytes(32);
    await test.plane.change(SYSTEM, (change) => sealAgain(change, new Sealer([next, ...test.keys])));
    const counts = await countSealed(test.database.db);
    expect(Object.keys(counts)).toEqual([keyId(next)]);
    const rows = await test.database.db
      .selectFrom("token_issuers")
      .select("keys")
      .where("keys", "is not", null)
      .execute();
    for (const { keys } of rows) expect(new Sealer([next]).open(keys ?? "", TOKEN_ISSUER_KEYS)).toContain("k");
    expect(rows).toHaveLength(2);
    // With the key that is gone, their tokens are refused, and they can be seen and given others.
    await served(owner.do("PATCH", "/token-issuers/fetched", { forward_token: true }));
    expect(test.log.join()).toContain("a token issuer can't be read: its tokens are refused");
    expect(await owner.do("GET", "/token-issuers/set")).toMatchObject({ keys: null, jwk_set: null });
    const token = await issue({ iss: "shared", azp: "turning" }, Buffer.from(NEXT_SECRET));
    expect(await callerOf(token)).toBe("invalid_token");
    await served(owner.do("PATCH", "/token-issuers/shared", { keys: [{ secret: NEXT_SECRET }] }));
    expect(await callerOf(token)).toBe("web");
  });
});
