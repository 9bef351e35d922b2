import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { headerValues, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  const base = `upstream: { targets: [{ url: "${upstream.url}/base" }] }`;
  gateway = await startGateway(
    baseYaml(
      `
services:
  - { id: plain, access: open, ${to}, routes: [{ path: /plain }, { id: exact, path: /plain/exact, match: exact }] }
  - { id: root, access: open, ${to}, routes: [{ path: /, host: root.example.org }] }
  - { id: by-host, access: open, ${to}, routes: [{ path: /, host: "*.example.org" }] }
  - { id: deep-host, access: open, ${to}, routes: [{ path: /, host: "*.deep.example.org" }] }
  - { id: stripped, access: open, ${to}, routes: [{ path: /stripped/twice, strip_prefix: true }] }
  - { id: based, access: open, ${base}, routes: [{ path: /based, strip_prefix: true }] }
  - id: patterns
    access: open
    ${to}
    routes:
      - { path: "/users/:id/posts/:post", match: pattern, rewrite: "/p/:post/of/:id" }
      - { path: "/files/:bucket/*", match: pattern, rewrite: "/store/:bucket/objects/*" }
      - { path: "/cut/:x/*", match: pattern, strip_prefix: true }
      - { path: "/caf%C3%A9/:id", match: pattern }
  - { id: reads, access: open, ${to}, routes: [{ path: /things, methods: [GET] }, { path: "/things/:a", match: pattern, methods: [GET] }] }
  - { id: writes, access: open, ${to}, routes: [{ path: /things, methods: [POST, PUT] }, { path: "/things/:b", match: pattern, methods: [DELETE] }] }
  - { id: exact-first, access: open, ${to}, routes: [{ id: wide, path: /both }, { id: narrow, path: /both, match: exact }] }
  - { id: keyed, access: key, ${to}, routes: [{ path: /keyed }] }
  - { id: subscribed, access: subscription, ${to}, routes: [{ path: /subscribed }] }
  - { id: other, access: subscription, ${to}, routes: [{ path: /other }] }
`,
      "[subscribed]",
    ),
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  gateway.records.length = 0;
});

async function get(path: string, host = "gateway", method = "GET") {
  const answer = await rawRequest(
    gateway.port,
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    method === "HEAD",
  );
  return { answer, url: upstream.requests.at(-1)?.url, record: gateway.records.at(-1) };
}

async function serviceOf(path: string, host?: string): Promise<string | null | undefined> {
  return (await get(path, host)).record?.service;
}

describe("hosts", () => {
  it("prefers an exact host, then the longest wildcard", async () => {
    expect(await serviceOf("/x", "root.example.org")).toBe("root");
    expect(await serviceOf("/x", "a.example.org")).toBe("by-host");
    expect(await serviceOf("/x", "a.b.example.org")).toBe("by-host");
    expect(await serviceOf("/x", "a.deep.example.org")).toBe("deep-host");
    expect((await get("/x", "example.org")).answer.status).toBe(404);
    expect((await get("/x", "badexample.org")).answer.status).toBe(404);
  });

  it("looks at neither case, port nor a final dot", async () => {
    expect(await serviceOf("/x", "ROOT.Example.ORG:8080")).toBe("root");
    expect(await serviceOf("/x", "root.example.org.")).toBe("root");
  });
});

describe("paths", () => {
  it("matches a prefix by whole segments", async () => {
    expect((await get("/plain")).record?.service).toBe("plain");
    expect((await get("/plain/")).record?.service).toBe("plain");
    expect((await get("/plain/a/b")).record?.service).toBe("plain");
    expect((await get("/plains")).answer.status).toBe(404);
    expect((await get("/PLAIN")).answer.status).toBe(404);
  });

  it("matches an exact path and nothing below it", async () => {
    expect((await get("/plain/exact")).record?.route).toBe("exact");
    expect((await get("/plain/exact/")).record?.route).toBe("/plain");
    expect((await get("/both")).record?.route).toBe("narrow");
    expect((await get("/both/x")).record?.route).toBe("wide");
  });

  it("takes equivalent spellings for one path, and sends on the one that was used", async () => {
    expect(await get("/%70lain/x")).toMatchObject({ url: "/%70lain/x", record: { service: "plain" } });
    expect(await get("/caf%c3%a9/1")).toMatchObject({ url: "/caf%c3%a9/1", record: { service: "patterns" } });
    expect((await get("/plain%2Fx")).answer.status).toBe(404);
  });

  it("serves paths whose percent-encoding is no UTF-8 or no encoding at all", async () => {
    for (const path of ["/plain/%ff%fe", "/plain/%", "/plain/100%", "/plain/%zz", "/plain/%25", "/plain/a%2Fb%3F"]) {
      expect((await get(path)).url).toBe(path);
    }
  });

  it("does not confuse an encoded slash with one", async () => {
    expect(await get("/users/a%2Fb/posts/1")).toMatchObject({ url: "/p/1/of/a%2Fb" });
    expect((await get("/users/a/b/posts/1")).answer.status).toBe(404);
  });
});

describe("rewriting", () => {
  it("strips the prefix", async () => {
    expect((await get("/stripped/twice/a/b")).url).toBe("/a/b");
    expect((await get("/stripped/twice/")).url).toBe("/");
    expect((await get("/stripped/twice")).url).toBe("/");
    expect((await get("/stripped/twice?q=/x")).url).toBe("/?q=/x");
    expect((await get("/%73tripped/twice/a%20b")).url).toBe("/a%20b");
  });

  it("puts the target's path in front", async () => {
    expect((await get("/based/a?b=c")).url).toBe("/base/a?b=c");
    expect((await get("/based")).url).toBe("/base/");
  });

  it("inserts parameters and the rest, still encoded", async () => {
    expect((await get("/users/7/posts/%E2%82%AC?x=1&x=2")).url).toBe("/p/%E2%82%AC/of/7?x=1&x=2");
    expect((await get("/files/b/a%20b/c//d?q")).url).toBe("/store/b/objects/a%20b/c//d?q");
    expect((await get("/files/b/")).url).toBe("/store/b/objects/");
    expect((await get("/cut/1/a/b")).url).toBe("/a/b");
  });

  it("leaves queries alone", async () => {
    const query = "a=%2F&b=+%20&c[]=1&d=%ff&e=a/../b&f=;&&=";
    expect((await get(`/plain?${query}`)).url).toBe(`/plain?${query}`);
  });

  it("passes on a target of ten thousand characters", async () => {
    const path = `/plain/${"a".repeat(5000)}?${"b".repeat(5000)}`;
    expect((await get(path)).url).toBe(path);
  });
});

describe("methods", () => {
  it("tells services apart by method", async () => {
    expect((await get("/things", "gateway", "GET")).record?.service).toBe("reads");
    expect((await get("/things", "gateway", "PUT")).record?.service).toBe("writes");
    expect((await get("/things/1", "gateway", "GET")).record?.service).toBe("reads");
    expect((await get("/things/1", "gateway", "DELETE")).record?.service).toBe("writes");
  });

  it("answers 405 with Allow", async () => {
    const { answer } = await get("/things", "gateway", "DELETE");
    expect(answer.status).toBe(405);
    expect(answer.header("allow")?.split(", ").sort()).toEqual(["GET", "POST", "PUT"]);
    expect(upstream.requests).toEqual([]);
  });

  it("passes on any other method where none is named", async () => {
    for (const method of ["OPTIONS", "PATCH", "PROPFIND", "TRACE", "PURGE"]) {
      await get("/plain", "gateway", method);
      expect(upstream.requests.at(-1)?.method).toBe(method);
    }
  });
});

describe("access", () => {
  const call = (path: string, headers: Record<string, string> = {}) => fetch(gateway.url + path, { headers });

  it("asks for a key, and for a subscription", async () => {
    expect((await call("/keyed")).status).toBe(401);
    expect((await call("/keyed", { "x-api-key": "tg_wrong" })).status).toBe(401);
    expect((await call("/keyed", { "x-api-key": TEST_KEY })).status).toBe(200);
    expect((await call("/subscribed", { authorization: `Bearer ${TEST_KEY}` })).status).toBe(200);
    const refused = await call("/other", { authorization: `bearer  ${TEST_KEY}` });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: "subscription_required" } });
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/keyed", "/subscribed"]);
  });

  it("keeps its key to itself, and the caller's other credentials as they are", async () => {
    await call("/keyed", { "x-api-key": TEST_KEY, authorization: "Basic dXNlcjpwYXNz" });
    expect(upstream.requests[0]?.headers).not.toHaveProperty("x-api-key");
    expect(headerValues(upstream.requests[0], "authorization")).toEqual(["Basic dXNlcjpwYXNz"]);
    await call("/keyed", { "x-api-key": "of the upstream", authorization: `Bearer ${TEST_KEY}` });
    expect(headerValues(upstream.requests[1], "x-api-key")).toEqual(["of the upstream"]);
    expect(upstream.requests[1]?.headers).not.toHaveProperty("authorization");
  });

  it("does not let its key through in a second header", async () => {
    await call("/keyed", { "x-api-key": TEST_KEY, authorization: `Bearer ${TEST_KEY}`, "api-key": TEST_KEY });
    expect(JSON.stringify(upstream.requests[0]?.rawHeaders)).not.toContain(TEST_KEY);
  });

  it("leaves credentials of an open service alone, and knows an application that calls it", async () => {
    await call("/plain", { authorization: "Bearer token-of-the-service" });
    expect(headerValues(upstream.requests[0], "authorization")).toEqual(["Bearer token-of-the-service"]);
    expect(gateway.records[0]?.application).toBeNull();
    await call("/plain", { authorization: `Bearer ${TEST_KEY}` });
    expect(upstream.requests[1]?.headers).not.toHaveProperty("authorization");
    expect(gateway.records[1]?.application).toBe("web");
  });
});
