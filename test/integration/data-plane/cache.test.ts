import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { restService } from "../../helpers/rest-service.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Answers of ordinary services, stored by RFC 9111. Time does not pass here: `Age` says that an answer has grown old on its way. */

const PARTNER_KEY = "tg_test_key_of_application_partner";
const OTHER_KEY = "tg_test_key_of_application_other";

const SECRET = "a_secret_of_more_than_thirty_two_bytes_1";

interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** Answers when it resolves. */
  after?: Promise<void>;
  /** Breaks off instead. */
  breaks?: boolean;
}

let upstream: TestUpstream;
let gateway: TestGateway;
/** What the upstream answers, by path; `count` counts from 1. */
const answers = new Map<string, (request: SeenRequest, count: number) => Answer>();
const asked = new Map<string, number>();
let paths = 0;

const yaml = () => `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
cache: { max_size: 1MiB, max_entry_size: 64KiB }
services:
  - id: open
    access: open
    upstream: { targets: [{ url: "${upstream.url}" }], retries: { attempts: 0 } }
    policies: { cache: {} }
    routes:
      - { path: /r }
      - { path: /default, policies: { cache: { default_ttl: 1m } } }
      - { path: /override, policies: { cache: { override_ttl: 1m } } }
      - { path: /lenient, policies: { cache: { default_ttl: 1m, stale_if_error: 1h, stale_while_revalidate: 1h } } }
      - { path: /varied, policies: { cache: { default_ttl: 1m, vary_by: [x-tenant] } } }
      - { path: /none, policies: { cache: null } }
      - { path: /edited, policies: { request_headers: { set: { x-by: gateway } }, response_headers: { set: { x-answer: edited } } } }
  - id: apps
    access: key
    upstream: { targets: [{ url: "${upstream.url}" }] }
    routes:
      - { path: /own, policies: { cache: {} } }
      - { path: /team, policies: { cache: { scope: team } } }
      - { path: /all, policies: { cache: { scope: route } } }
      - { path: /plain }
jwt_issuers:
  - { id: kept, issuer: kept, algorithms: [HS256], keys: [{ secret: ${SECRET} }], application_claim: app }
  - { id: forwarded, issuer: forwarded, algorithms: [HS256], keys: [{ secret: ${SECRET} }], application_claim: app, forward_token: true }
applications:
  - { id: web, team: shop, keys: ["${TEST_KEY}"] }
  - { id: partner, team: shop, keys: ["${PARTNER_KEY}"] }
  - { id: other, team: else, keys: ["${OTHER_KEY}"] }
`;

beforeAll(async () => {
  upstream = await startUpstream((request, response, message) => {
    const path = request.url.split("?")[0] ?? "";
    const count = (asked.get(request.url) ?? 0) + 1;
    asked.set(request.url, count);
    const {
      status = 200,
      headers = {},
      body = `${request.url} ${count}`,
      after,
      breaks = false,
    } = answers.get(path)?.(request, count) ?? {};
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    const end = () =>
      breaks ? message.socket.destroy() : response.end(status === 304 || status === 204 ? undefined : body);
    if (after === undefined) end();
    else void after.then(end);
  });
  gateway = await startGateway(yaml());
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));

/** A path of its own. */
function at(prefix: string, answer: Answer | ((request: SeenRequest, count: number) => Answer)): string {
  const path = `${prefix}/${++paths}`;
  answers.set(path, typeof answer === "function" ? answer : () => answer);
  return path;
}

function request(path: string, headers: Record<string, string> = {}, method = "GET"): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\nhost: api.test\r\n${lines.join("")}\r\n`;
}
const call = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<RawResponse> =>
  rawRequest(gateway.port, request(path, headers, method), method === "HEAD");
const times = (path: string): number => asked.get(path) ?? 0;
const cacheOf = (answer: RawResponse) => answer.header("x-tidegate-cache");
const inFuture = (ms: number) => new Date(Date.now() + ms).toUTCString();
const cc = (value: string, more: Record<string, string> = {}): Answer => ({
  headers: { "cache-control": value, ...more },
});

/** What two calls, one after the other, got from where. */
async function twice(path: string, headers: Record<string, string> = {}): Promise<(string | undefined)[]> {
  return [cacheOf(await call(path, headers)), cacheOf(await call(path, headers))];
}

const HIT = ["miss", "hit"];
const MISS = ["miss", "miss"];

describe("what is stored and for how long (RFC 9111 §3, §4.2)", () => {
  it.each<[string, Answer, string[]]>([
    ["max-age", cc("max-age=60"), HIT],
    ["in any case of letters, with blanks", cc("Public , MAX-AGE=60"), HIT],
    ["as a quoted string", cc('max-age="60"'), HIT],
    ["s-maxage over max-age", cc("max-age=0, s-maxage=60"), HIT],
    ["s-maxage=0 over max-age", cc("max-age=60, s-maxage=0"), MISS],
    ["Expires", { headers: { expires: inFuture(60_000), date: inFuture(0) } }, HIT],
    ["Expires, in the form of RFC 850", { headers: { expires: "Sunday, 06-Nov-94 08:49:37 GMT" } }, MISS],
    ["Expires: 0", { headers: { expires: "0" } }, MISS],
    ["Expires in no form of a date", { headers: { expires: "2099-01-01" } }, MISS],
    ["max-age over Expires", cc("max-age=60", { expires: "0" }), HIT],
    ["max-age that is no number", cc("max-age=1.5"), MISS],
    ["the first of two max-age", cc("max-age=60, max-age=0"), HIT],
    ["no word of it", {}, MISS],
    ["no-store", cc("no-store, max-age=60"), MISS],
    ["no-store within a quoted string only", cc('max-age=60, ext="a, no-store"'), HIT],
    ["must-understand, with a status that is understood", cc("must-understand, no-store, max-age=60"), HIT],
    ["private", cc("private, max-age=60"), MISS],
    ["private for a field", cc('private="x-a", max-age=60'), MISS],
    ["no-cache, without a validator", cc("no-cache, max-age=60"), MISS],
    ["Set-Cookie", cc("max-age=60", { "set-cookie": "a=1" }), MISS],
    ["Vary: *", cc("max-age=60", { vary: "*" }), MISS],
    ["an age below its lifetime", cc("max-age=60", { age: "59" }), HIT],
    ["an age of all its lifetime", cc("max-age=60", { age: "60" }), MISS],
    ["a 404 with max-age", { ...cc("max-age=60"), status: 404 }, HIT],
    ["a 500 with max-age", { ...cc("max-age=60"), status: 500 }, HIT],
    ["a 302 without a lifetime", { status: 302, headers: { location: "/x" } }, MISS],
    ["a 206", { ...cc("max-age=60", { "content-range": "bytes 0-1/9" }), status: 206, body: "ab" }, MISS],
    ["a 204", { ...cc("max-age=60"), status: 204 }, HIT],
    ["more than max_entry_size", { ...cc("max-age=60"), body: "x".repeat(65_537) }, MISS],
    ["as much as max_entry_size", { ...cc("max-age=60"), body: "x".repeat(65_000) }, HIT],
  ])("%s", async (_name, answer, expected) => {
    const path = at("/r", answer);
    expect(await twice(path)).toEqual(expected);
    expect(times(path)).toBe(expected === HIT ? 1 : 2);
  });

  it.each<[string, string, Answer, string[]]>([
    ["default_ttl where nothing is said", "/default", {}, HIT],
    ["default_ttl, of a 500", "/default", { status: 500 }, MISS],
    ["no default_ttl where something is said", "/default", cc("max-age=0"), MISS],
    ["override_ttl over what is said", "/override", cc("max-age=0"), HIT],
    ["override_ttl, but for no-store", "/override", cc("no-store"), MISS],
    ["override_ttl, but for private", "/override", cc("private"), MISS],
    ["cache: null", "/none", cc("max-age=60"), [undefined, undefined] as never],
  ])("%s", async (_name, prefix, answer, expected) => {
    expect(await twice(at(prefix, answer))).toEqual(expected);
  });

  it("gives the answer whole, with its age and where it comes from, and the record says so", async () => {
    const path = at("/r", {
      headers: { "cache-control": "max-age=60", age: "7", "x-a": "1", "cache-status": "origin; hit" },
      body: "whole",
    });
    const miss = await call(path);
    expect(miss.values("cache-status")).toEqual(["origin; hit", "tidegate; fwd=uri-miss; stored"]);
    const hit = await call(path);
    expect([hit.status, hit.body.toString(), hit.header("x-a")]).toEqual([200, "whole", "1"]);
    expect(hit.values("age")).toEqual([expect.stringMatching(/^[78]$/)]);
    expect(hit.values("cache-status")[1]).toMatch(/^tidegate; hit; ttl=5[23]$/);
    expect(hit.header("x-request-id")).not.toBe(miss.header("x-request-id"));
    const record = await gateway.record(hit.header("x-request-id"));
    expect(record).toMatchObject({ cache: "hit", attempts: 0, upstream: null, status: 200, responseBytes: 5 });
    expect(await gateway.record(miss.header("x-request-id"))).toMatchObject({ cache: "miss", attempts: 1 });
  });

  it("tells queries and hosts apart, and makes edits anew", async () => {
    const path = at("/edited", (seen) => ({ ...cc("max-age=60"), body: `${seen.headers["x-by"]}` }));
    const first = await call(path);
    const second = await call(path);
    expect([first.body.toString(), cacheOf(second), second.values("x-answer")]).toEqual(["gateway", "hit", ["edited"]]);
    expect(cacheOf(await call(`${path}?a=1`))).toBe("miss");
    const elsewhere = await rawRequest(gateway.port, request(path).replace("api.test", "other.test"));
    expect(cacheOf(elsewhere)).toBe("miss");
  });

  it("answers HEAD from GET, and stores no answer to HEAD", async () => {
    const path = at("/r", { ...cc("max-age=60"), body: "12345" });
    expect(cacheOf(await call(path, {}, "HEAD"))).toBe("miss");
    await call(path);
    const head = await call(path, {}, "HEAD");
    expect([cacheOf(head), head.header("content-length"), times(path)]).toEqual(["hit", "5", 2]);
  });
});

describe("whose answers they are (RFC 9111 §3.5, §4.1)", () => {
  it("are one application's, unless the policy says otherwise: the gateway's own key does not make them private", async () => {
    const keys = [TEST_KEY, TEST_KEY, PARTNER_KEY, OTHER_KEY];
    for (const [prefix, expected] of [
      ["/own", ["miss", "hit", "miss", "miss"]],
      ["/team", ["miss", "hit", "hit", "miss"]],
      ["/all", ["miss", "hit", "hit", "hit"]],
    ] as const) {
      const path = at(prefix, cc("max-age=60"));
      const got: unknown[] = [];
      for (const key of keys) got.push(cacheOf(await call(path, { authorization: `Bearer ${key}` })));
      expect(got).toEqual(expected);
    }
  });

  it.each([
    ["Authorization", { authorization: "Basic dTpw" }, "max-age=60", MISS],
    ["Authorization", { authorization: "Basic dTpw" }, "max-age=60, public", HIT],
    ["Authorization", { authorization: "Basic dTpw" }, "s-maxage=60", HIT],
    ["Authorization", { authorization: "Basic dTpw" }, "max-age=60, must-revalidate", HIT],
    ["cookies", { cookie: "session=1" }, "max-age=60", MISS],
    ["cookies", { cookie: "session=1" }, "max-age=60, must-revalidate", MISS],
    ["cookies", { cookie: "session=1" }, "max-age=60, public", HIT],
  ])("with a caller's own %s: %j %s", async (_name, headers, control, expected) => {
    expect(await twice(at("/r", cc(control)), headers as Record<string, string>)).toEqual(expected);
  });

  it("a token that goes on to the upstream tells callers apart; one that stays here does not", async () => {
    const as = async (issuer: string, person: string) => {
      const token = new SignJWT({ iss: issuer, app: "web", sub: person }).setProtectedHeader({ alg: "HS256" });
      return { authorization: `Bearer ${await token.setExpirationTime("1h").sign(Buffer.from(SECRET))}` };
    };
    for (const [issuer, expected] of [
      ["kept", ["miss", "hit"]],
      ["forwarded", ["miss", "miss"]],
    ] as const) {
      const path = at("/own", cc("max-age=60"));
      const got = [await call(path, await as(issuer, "ann")), await call(path, await as(issuer, "bob"))];
      expect(got.map(cacheOf)).toEqual(expected);
    }
  });

  it("a caller with cookies gets no answer that is not said to be for all", async () => {
    const path = at("/default", {});
    await call(path);
    expect(cacheOf(await call(path, { cookie: "a=1" }))).toBe("miss");
    expect(cacheOf(await call(path))).toBe("hit");
  });

  it("tells answers apart by what Vary names, and by vary_by", async () => {
    const path = at("/r", (seen) => ({
      ...cc("max-age=60", { vary: "Accept-Language, X-Other" }),
      body: `${seen.headers["accept-language"]}`,
    }));
    const get = (language: string) => call(path, { "accept-language": language });
    expect(cacheOf(await get("de, en"))).toBe("miss");
    const german = await get("de,en");
    expect([cacheOf(german), german.body.toString()]).toEqual(["hit", "de, en"]);
    const other = await get("fr");
    expect([cacheOf(other), other.header("cache-status")]).toEqual(["miss", "tidegate; fwd=vary-miss; stored"]);
    expect((await get("de, en")).body.toString()).toBe("de, en");
    expect((await get("fr")).body.toString()).toBe("fr");
    expect(times(path)).toBe(2);
    const varied = at("/varied", {});
    for (const [tenant, expected] of [
      ["a", "miss"],
      ["b", "miss"],
      ["a", "hit"],
      ["b", "hit"],
    ] as const) {
      expect(cacheOf(await call(varied, { "x-tenant": tenant }))).toBe(expected);
    }
  });
});

describe("validation (RFC 9111 §4.3)", () => {
  const validated =
    (control: string) =>
    (seen: SeenRequest, count: number): Answer =>
      seen.headers["if-none-match"] === '"v1"'
        ? { status: 304, headers: { etag: '"v1"', "cache-control": control, "x-turn": String(count) } }
        : { headers: { etag: '"v1"', "cache-control": control, "x-turn": String(count) }, body: "content" };

  it("asks whether the stored answer is still good, and gives it with the headers of the 304", async () => {
    const path = at("/r", validated("no-cache"));
    expect(cacheOf(await call(path))).toBe("miss");
    const again = await call(path);
    expect([again.status, again.body.toString(), cacheOf(again), again.header("x-turn")]).toEqual([
      200,
      "content",
      "revalidated",
      "2",
    ]);
    expect(again.header("cache-status")).toBe("tidegate; fwd=stale; fwd-status=304; stored");
    expect(await gateway.record(again.header("x-request-id"))).toMatchObject({ cache: "revalidated", attempts: 1 });
  });

  it("is fresh again after a 304 that says so", async () => {
    const path = at("/r", (seen) =>
      seen.headers["if-modified-since"] === undefined
        ? cc("max-age=60", { age: "60", "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT" })
        : { ...cc("max-age=60"), status: 304 },
    );
    expect([...(await twice(path)), ...(await twice(path))]).toEqual(["miss", "revalidated", "hit", "hit"]);
  });

  it("asks once more when the 304 is about something else", async () => {
    const path = at("/r", (seen, count) =>
      seen.headers["if-none-match"] === undefined
        ? { ...cc("no-cache", { etag: `"v${count}"` }), body: `v${count}` }
        : { status: 304, headers: { etag: '"elsewhere"' } },
    );
    await call(path);
    const answer = await call(path);
    expect([answer.status, answer.body.toString(), times(path)]).toEqual([200, "v3", 3]);
  });

  it.each([
    ["if-none-match", '"v1"', 304],
    ["if-none-match", 'W/"x", W/"v1"', 304],
    ["if-none-match", "*", 304],
    ["if-none-match", '"other"', 200],
    ["if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT", 304],
    ["if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT", 304],
    ["if-modified-since", "Sun Nov  6 08:49:37 1994", 304],
    ["if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT", 200],
  ])("answers a caller's %s: %s with %i, stored or not", async (name, value, status) => {
    const path = at(
      "/r",
      cc("max-age=60", {
        etag: '"v1"',
        "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        "content-type": "text/plain",
      }),
    );
    for (const outcome of ["miss", "hit"]) {
      const answer = await call(path, { [name]: value });
      expect([answer.status, cacheOf(answer), answer.header("etag")]).toEqual([status, outcome, '"v1"']);
      expect(answer.header("content-type")).toBe(status === 304 ? undefined : "text/plain");
      if (outcome === "miss")
        await waitFor(async () => times(path) === 1 && cacheOf(await call(path)) === "hit", "it to be stored");
    }
    expect(times(path)).toBe(1);
    expect(headersSeen(path)).toEqual([undefined, undefined]);
  });

  const headersSeen = (path: string) => {
    const seen = upstream.requests.find(({ url }) => url === path);
    return [seen?.headers["if-none-match"], seen?.headers["if-modified-since"]];
  };
});

describe("what callers ask for (RFC 9111 §5.2.1)", () => {
  it.each([
    ["no-cache", "miss"],
    ["no-store", "bypass"],
    ["max-age=0", "miss"],
    ["max-age=10", "miss"],
    ["max-age=60", "hit"],
    ["min-fresh=60", "miss"],
    ["min-fresh=10", "hit"],
    ["only-if-cached", "hit"],
  ])("%s of an answer that is 20 s old, and good for 60 s: %s", async (control, expected) => {
    const path = at("/r", cc("max-age=60", { age: "20" }));
    await call(path);
    expect(cacheOf(await call(path, { "cache-control": control }))).toBe(expected);
  });

  it("only-if-cached without a stored answer is 504, and Pragma: no-cache is no-cache", async () => {
    const path = at("/r", cc("max-age=60"));
    const refused = await call(path, { "cache-control": "only-if-cached" });
    expect([refused.status, JSON.parse(refused.body.toString()).error.code, times(path)]).toEqual([
      504,
      "not_stored",
      0,
    ]);
    await call(path);
    expect(cacheOf(await call(path, { pragma: "no-cache" }))).toBe("miss");
  });

  it.each([
    ["max-stale=100", "max-age=60", "stale"],
    ["max-stale", "max-age=60", "stale"],
    ["max-stale=10", "max-age=60", "miss"],
    ["max-stale=100", "max-age=60, must-revalidate", "miss"],
    ["max-stale=100", "s-maxage=60", "miss"],
  ])("%s of an answer that is stale, with %s: %s", async (control, answer, expected) => {
    const path = at("/r", cc(answer, { age: "80", etag: '"a"' }));
    await call(path);
    expect(cacheOf(await call(path, { "cache-control": control }))).toBe(expected);
  });

  it.each([
    ["range", "bytes=0-1"],
    ["if-match", '"a"'],
    ["if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"],
  ])("%s takes the upstream", async (name, value) => {
    const path = at("/r", cc("max-age=60"));
    await call(path);
    const answer = await call(path, { [name]: value });
    expect([cacheOf(answer), answer.header("cache-status"), times(path)]).toEqual([
      "bypass",
      "tidegate; fwd=bypass",
      2,
    ]);
    expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({ cache: "bypass" });
  });
});

describe("invalidation (RFC 9111 §4.4)", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "PROPPATCH"])("by %s, for every caller", async (method) => {
    const path = at("/own", (_seen, count) => ({ ...cc("max-age=60"), body: String(count) }));
    const by = (key: string) => ({ "x-api-key": key });
    for (const key of [TEST_KEY, PARTNER_KEY]) await call(path, by(key));
    await rawRequest(gateway.port, request(path, { ...by(OTHER_KEY), "content-length": "0" }, method));
    for (const key of [TEST_KEY, PARTNER_KEY]) expect(cacheOf(await call(path, by(key)))).toBe("miss");
  });

  it("of what Location and Content-Location name, on the same host; not after an error, not by safe methods", async () => {
    const [one, two, three] = [at("/r", cc("max-age=60")), at("/r", cc("max-age=60")), at("/r", cc("max-age=60"))];
    const good = at("/r", { status: 201, headers: { location: one, "content-location": `http://api.test${two}` } });
    const bad = at("/r", { status: 500, headers: { location: one } });
    const foreign = at("/r", { headers: { location: `http://elsewhere.test${three}` } });
    for (const path of [one, two, three]) await call(path);
    for (const [path, method] of [
      [bad, "POST"],
      [foreign, "POST"],
      [one, "OPTIONS"],
    ] as const)
      await call(path, { "content-length": "0" }, method);
    for (const path of [one, two, three]) expect(cacheOf(await call(path))).toBe("hit");
    await call(good, { "content-length": "0" }, "POST");
    expect(cacheOf(await call(one))).toBe("miss");
    expect(cacheOf(await call(two))).toBe("miss");
    expect(cacheOf(await call(three))).toBe("hit");
  });

  it("holds at once in all workers of the machine", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-test-"));
    const invalidationsFile = join(directory, "invalidations.shm");
    const workers = await Promise.all([1, 2].map(() => startGateway(yaml(), {}, { invalidationsFile })));
    const [one = 0, two = 0] = workers.map(({ port }) => port);
    const path = at("/r", cc("max-age=60"));
    const get = async (port: number) => cacheOf(await rawRequest(port, request(path)));
    expect([await get(one), await get(two), await get(two)]).toEqual(["miss", "miss", "hit"]);
    await rawRequest(one, request(path, { "content-length": "0" }, "POST"));
    expect([await get(two), await get(one)]).toEqual(["miss", "miss"]);
    await Promise.all(workers.map((worker) => worker.close()));
    rmSync(directory, { recursive: true });
  });

  it("by the time the unsafe call is answered, what was asked for before it is not stored any more", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const path = at("/r", (seen, count) => ({
      ...cc("max-age=60"),
      ...(seen.method === "GET" && count === 1 ? { after: held } : {}),
    }));
    const slow = call(path);
    await waitFor(() => times(path) === 1, "the first call");
    await call(path, { "content-length": "0" }, "PUT");
    release();
    await slow;
    expect(cacheOf(await call(path))).toBe("miss");
  });
});

describe("stale answers (RFC 5861)", () => {
  it("are given while a new one is fetched, once", async () => {
    const path = at("/lenient", (_seen, count) => cc("max-age=60", count === 1 ? { age: "60" } : {}));
    await call(path);
    const stale = await Promise.all([call(path), call(path), call(path)]);
    expect(stale.map(cacheOf)).toEqual(["stale", "stale", "stale"]);
    await waitFor(async () => cacheOf(await call(path)) === "hit", "the new one");
    expect(times(path)).toBe(2);
    await waitFor(() => gateway.gateway.openExchanges === 0, "the fetch to be over");
  });

  it.each([500, 502, 503, 504])("are given instead of a %i", async (status) => {
    const path = at("/r", (_seen, count) =>
      count === 1 ? cc("max-age=60, stale-if-error=600", { age: "80" }) : { status },
    );
    await call(path);
    const answer = await call(path);
    expect([answer.status, cacheOf(answer), answer.body.toString()]).toEqual([200, "stale", `${path} 1`]);
  });

  it.each(["max-age=60", "max-age=60, stale-if-error=10", "max-age=60, stale-if-error=600, must-revalidate"])(
    "are not given instead of an error, with %s",
    async (control) => {
      const path = at("/r", (_seen, count) =>
        count === 1 ? cc(control, { age: "80", etag: '"a"' }) : { status: 503 },
      );
      await call(path);
      expect((await call(path)).status).toBe(503);
    },
  );

  it("are given when the connection breaks", async () => {
    const path = at("/lenient", (_seen, count) =>
      count === 1 ? cc("max-age=60, stale-while-revalidate=0", { age: "60" }) : { breaks: true },
    );
    await call(path);
    expect(cacheOf(await call(path))).toBe("stale");
  });
});

describe("one fetch for many", () => {
  function held(prefix: string, answer: Answer): { path: string; release: () => void } {
    let release = () => {};
    const after = new Promise<void>((resolve) => {
      release = resolve;
    });
    return { path: at(prefix, { ...answer, after }), release };
  }

  it("while the first is on its way, the others wait for its answer", async () => {
    const { path, release } = held("/r", cc("max-age=60"));
    const all = Array.from({ length: 8 }, () => call(path));
    await waitFor(() => gateway.gateway.openExchanges === 8, "all calls");
    release();
    const got = await Promise.all(all);
    expect(got.map(cacheOf).sort()).toEqual([...Array.from({ length: 7 }, () => "hit"), "miss"]);
    expect(new Set(got.map(({ body }) => body.toString()))).toEqual(new Set([`${path} 1`]));
    expect(got.find((one) => cacheOf(one) === "hit")?.header("cache-status")).toBe(
      "tidegate; fwd=uri-miss; stored; collapsed",
    );
    expect(times(path)).toBe(1);
  });

  it.each(["private, max-age=60", "no-store", "max-age=0"])(
    "with %s each gets an answer of its own",
    async (control) => {
      const { path, release } = held("/r", cc(control));
      const all = Array.from({ length: 4 }, () => call(path));
      await waitFor(() => gateway.gateway.openExchanges === 4, "all calls");
      release();
      const bodies = (await Promise.all(all)).map(({ body }) => body.toString());
      expect(new Set(bodies).size).toBe(4);
    },
  );

  it("when the first caller leaves, the next one asks", async () => {
    const { path, release } = held("/r", cc("max-age=60"));
    const first = await RawConnection.open(gateway.port);
    first.write(request(path));
    await waitFor(() => times(path) === 1, "the first call");
    const others = [call(path), call(path)];
    await waitFor(() => gateway.gateway.openExchanges === 3, "all calls");
    first.close();
    await waitFor(() => times(path) === 2, "the next one to ask");
    release();
    expect((await Promise.all(others)).map(cacheOf).sort()).toEqual(["hit", "miss"]);
    expect(times(path)).toBe(2);
  });

  it("when the upstream breaks off, all hear of it, and it is not asked again for each", async () => {
    const { path, release } = held("/r", { ...cc("max-age=60"), breaks: true });
    const all = Array.from({ length: 5 }, () => call(path));
    await waitFor(() => gateway.gateway.openExchanges === 5 && times(path) === 1, "all calls");
    release();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
    // A call whose connection was closed before it had an answer is sent once more.
    expect(times(path)).toBeLessThanOrEqual(2);
  });
});

describe("over time", () => {
  it("entries outlive a new snapshot, but not a change of what they came from, and not a purge", async () => {
    const path = at("/r", cc("max-age=60"));
    const fresh = async () => cacheOf(await call(path));
    await fresh();
    gateway.change((snapshot) => {
      snapshot.drainTimeoutMs += 1;
    });
    expect(await fresh()).toBe("hit");
    const changes: ((snapshot: ReturnType<TestGateway["snapshot"]>) => void)[] = [
      ({ services: [service] }) => restService(service).requestHeaders.set.push(["x-new", "1"]),
      ({ services: [service] }) => restService(service).upstream.targets.push({ url: `${upstream.url}/`, weight: 0 }),
      ({ services: [service] }) => Object.assign(service ?? {}, { release: 7 }),
      (snapshot) => Object.assign(snapshot, { cachePurges: { open: 1 } }),
    ];
    for (const change of changes) {
      gateway.change(change);
      expect([await fresh(), await fresh()]).toEqual(["miss", "hit"]);
    }
    await gateway.reload(yaml());
  });

  it("holds no more than max_size: the longest unused go", async () => {
    const body = "x".repeat(60_000);
    const all = Array.from({ length: 20 }, () => at("/r", { ...cc("max-age=60"), body }));
    for (const path of all) await call(path);
    expect(cacheOf(await call(all.at(-1) as string))).toBe("hit");
    expect(cacheOf(await call(all[0] as string))).toBe("miss");
    const metrics = (await gateway.gateway.collectMetrics()) as { name: string; values: { value: number }[] }[];
    const metricOf = (name: string) => metrics.find((metric) => metric.name === name)?.values[0]?.value ?? 0;
    expect(metricOf("tidegate_cache_bytes")).toBeLessThanOrEqual(1024 * 1024);
    expect(metricOf("tidegate_cache_bytes")).toBeGreaterThan(900_000);
    expect(metricOf("tidegate_cache_evictions_total")).toBeGreaterThan(0);
    expect(metricOf("tidegate_cache_lookups_total")).toBeGreaterThan(0);
  });
});
