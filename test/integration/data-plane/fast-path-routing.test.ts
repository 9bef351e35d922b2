import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthority } from "../../helpers/certificates.ts";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Where a call leads to does not depend on what was learned before it, nor on the order in which it was. */

let upstream: TestUpstream;
let gateway: FastGateway | null = null;
beforeAll(async () => {
  upstream = await startUpstream((request, response) => response.end(`${request.method} ${request.url}`));
});
afterAll(() => upstream.close());
beforeEach(() => {
  upstream.requests.length = 0;
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
});

const service = (id: string, routes: string, more = "") =>
  `  - { id: ${id}, access: open, routes: [${routes}], upstream: { targets: [{ url: "${upstream.url}/${id}" }] ${more} } }\n`;

async function start(services: string, more = ""): Promise<FastGateway> {
  gateway = await startFastGateway(nativeYaml(`services:\n${services}${more}`));
  return gateway;
}

/** The service that a request leads to, or its status. */
async function lead(line: string, host = "a"): Promise<string> {
  const at = gateway as FastGateway;
  const records = at.records.length;
  const answer = await rawRequest(at.port, `${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, line.startsWith("HEAD"));
  // Health checks are no calls.
  const [record] = at.records.slice(records);
  return answer.status === 200 ? String(record?.service ?? "health") : String(answer.status);
}

/** All of them four times over: forwards, backwards and again. */
async function expectAll(expected: Record<string, string>, host = "a"): Promise<void> {
  const lines = Object.keys(expected);
  for (const order of [lines, lines.toReversed(), lines, lines.toReversed()]) {
    for (const line of order) expect(`${line} → ${await lead(line, host)}`).toBe(`${line} → ${expected[line]}`);
  }
}

describe("routes", () => {
  it("prefixes, and what lies below them", async () => {
    const at = await start(
      service("root", "{ path: / }") +
        service("a", "{ path: /a }") +
        service("ab", "{ path: /a/b, methods: [POST] }") +
        service("ac", "{ path: /a/c, match: exact, methods: [GET] }") +
        service("ad", '{ path: "/a/d/:id/x", match: pattern }') +
        service("ae", "{ path: /a/e/f }"),
    );
    await expectAll({
      "GET /": "root",
      "GET /x": "root",
      "GET /ab": "root",
      "GET /A": "root",
      "GET //a": "root",
      "GET /a": "a",
      "GET /a/": "a",
      "GET /a//b": "a",
      "GET /a/x?y=/a/b": "a",
      "GET /a/b": "405",
      "GET /a/b/c": "405",
      "POST /a/b": "ab",
      "POST /a/b/c": "ab",
      "POST /a/x": "a",
      "GET /a/c": "ac",
      "GET /a/c/": "a",
      "GET /a/c/d": "a",
      "POST /a/c": "405",
      "GET /a/d/1/x": "ad",
      "GET /a/d/1": "a",
      "GET /a/d": "a",
      "GET /a/e": "a",
      "GET /a/e/f": "ae",
      "GET /a/e/f/g": "ae",
      "GET /a/e/fg": "a",
      "GET /%61/x": "a",
      "GET /a%2Fc": "root",
      "GET /health/liveness": "health",
      "GET /health/other": "root",
      "POST /v1/chat/completions": "401",
      "GET /v1/models": "401",
      "GET /v1/other": "root",
    });
    expect(at.taken().forwarded).toBeGreaterThan(50);
  });

  it("methods", async () => {
    await start(
      service("read", "{ path: /x, methods: [GET] }") +
        service("write", "{ path: /x, methods: [POST, PUT] }") +
        service("exact", "{ path: /y, match: exact, methods: [GET, HEAD] }"),
    );
    await expectAll({
      "GET /x/1": "read",
      "HEAD /x/1": "405",
      "POST /x/1": "write",
      "PUT /x/1": "write",
      "DELETE /x/1": "405",
      "get /x/1": "405",
      "GET /y": "exact",
      "HEAD /y": "exact",
      "GET /y/": "404",
      "POST /y": "405",
    });
  });

  it("hosts", async () => {
    await start(
      service("any", "{ path: / }") +
        service("one", "{ path: /p, host: one.example.org }") +
        service("wild", '{ path: /p, host: "*.example.org" }') +
        service("deep", "{ path: /p/q, host: one.example.org }"),
    );
    const expected: [host: string, leads: Record<string, string>][] = [
      ["one.example.org", { "GET /p/x": "one", "GET /p/q/x": "deep", "GET /other": "any" }],
      ["ONE.Example.ORG:8080", { "GET /p/x": "one", "GET /p/q": "deep" }],
      ["two.example.org", { "GET /p/x": "wild", "GET /p/q/x": "wild", "GET /other": "any" }],
      ["example.org", { "GET /p/x": "any", "GET /p/q": "any" }],
      ["elsewhere", { "GET /p/x": "any" }],
    ];
    for (let round = 0; round < 3; round++) for (const [host, leads] of expected) await expectAll(leads, host);
  });

  it("`OPTIONS *` is about no path, and hangs nobody", async () => {
    const at = await start(service("root", "{ path: / }"));
    for (const line of ["OPTIONS /x", "OPTIONS /x", "GET /x"]) expect(await lead(line)).toBe("root");
    const first = await lead("OPTIONS *");
    const { forwarded } = at.taken();
    for (let i = 0; i < 3; i++) expect(await lead("OPTIONS *")).toBe(first);
    expect(at.taken().forwarded).toBe(forwarded);
  });

  it("dot segments and forged targets reach no upstream", async () => {
    await start(service("root", "{ path: /a }"));
    for (let i = 0; i < 3; i++) expect(await lead("GET /a/x")).toBe("root");
    upstream.requests.length = 0;
    for (const path of ["/a/../b", "/a/.", "/a/x#y", "/a\\x", "/a\tx", "/a/%2e%2e/b"]) {
      expect(`${path} → ${await lead(`GET ${path}`)}`).toMatch(/→ (400|404)$/);
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it("a target in absolute form", async () => {
    const at = await start(service("root", "{ path: /a }"));
    for (let i = 0; i < 3; i++) expect(await lead("GET http://a/a/x?y")).toBe("root");
    expect(at.taken().forwarded).toBe(2);
    expect(upstream.requests.map(({ url }) => url)).toEqual(Array(3).fill("/root/a/x?y"));
  });

  it("callers can't fill the memory with paths: beyond a bound nothing more is learned", async () => {
    const at = await start(service("any", "{ path: / }") + service("one", "{ path: /p, host: one.example.org }"));
    // By host, each path is learned by itself.
    for (let i = 0; i < 20; i++) expect(await lead(`GET /p/${i}/${"x".repeat(2000)}`)).toBe("any");
    expect(at.taken().forwarded).toBe(0);
  });
});

describe("what is the stages' to decide stays theirs", () => {
  it("rewritten paths", async () => {
    const at = await start(service("r", '{ path: "/r/:id", match: pattern, rewrite: "/new/:id" }'));
    for (let i = 0; i < 3; i++) expect(await lead("GET /r/7")).toBe("r");
    expect(upstream.requests.at(-1)?.url).toBe("/r/new/7");
    expect(at.taken().forwarded).toBe(0);
  });

  it("consistent hashing and least connections over several targets", async () => {
    const two = (id: string, balance: string) =>
      `  - { id: ${id}, access: open, routes: [{ path: /${id} }], upstream: { balance: ${balance}, targets: [{ url: "${upstream.url}/1" }, { url: "${upstream.url}/2" }] } }\n`;
    const at = await start(two("hash", "consistent-hash") + two("least", "least-connections"));
    for (let i = 0; i < 4; i++) {
      expect(await lead("GET /hash")).toBe("hash");
      expect(await lead("GET /least")).toBe("least");
    }
    expect(at.taken().forwarded).toBe(0);
  });

  it("TLS towards the upstream", async () => {
    const authority = createAuthority();
    const { key, cert } = authority.issue(["localhost"]);
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) =>
      response.end("safe"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const at = await start(
        `  - { id: tls, access: open, routes: [{ path: /tls }], upstream: { targets: [{ url: "https://localhost:${port}" }], ca_file: "${authority.cert}" } }\n`,
      );
      for (let i = 0; i < 3; i++) expect(await lead("GET /tls")).toBe("tls");
      expect(at.taken().forwarded).toBe(0);
    } finally {
      authority.remove();
      server.closeAllConnections();
      server.close();
    }
  });

  it("bodies that are wanted in the log", async () => {
    const at = await start(service("r", "{ path: /r }"), "call_log: { bodies: errors }\n");
    for (let i = 0; i < 3; i++) expect(await lead("GET /r")).toBe("r");
    expect(at.taken().forwarded).toBe(0);
  });
});

describe("requests on one connection", () => {
  it("that are sent together are answered in their order", async () => {
    const at = await start(service("r", "{ path: /r }"));
    for (let i = 0; i < 2; i++) await lead("GET /r");
    const connection = await RawConnection.open(at.port);
    const post = (i: number) => `POST /r/${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nbody${i}`;
    connection.write(
      `GET /r/0 HTTP/1.1\r\nHost: a\r\n\r\n${post(1)}${post(2)}HEAD /r/3 HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /r/4 HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    const said: string[] = [];
    for (const head of [false, false, false, true, false, false]) {
      const { status, body } = await connection.response({ head });
      said.push(status === 200 ? body.toString() : String(status));
    }
    connection.close();
    expect(said).toEqual(["GET /r/r/0", "POST /r/r/1", "POST /r/r/2", "", "404", "GET /r/r/4"]);
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual(["", "", "", "body1", "body2", "", ""]);
    expect(at.records).toHaveLength(8);
  });

  it("100 Continue is said once, when the body is asked for", async () => {
    const at = await start(service("r", "{ path: /r }"));
    for (const length of [5, 70_000]) {
      for (let i = 0; i < 3; i++) {
        const connection = await RawConnection.open(at.port);
        connection.write(`PUT /r HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`);
        expect((await connection.response()).status).toBe(100);
        connection.write("x".repeat(length));
        expect((await connection.response()).status).toBe(200);
        connection.close();
      }
    }
    expect(at.taken().forwarded).toBe(5);
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([5, 5, 5, 70_000, 70_000, 70_000]);
  });

  it("each listener's own limit for bodies holds", async () => {
    gateway = await startFastGateway(
      nativeYaml(`services:\n${service("r", "{ path: /r }")}`).replace(
        /listeners:.*/,
        'listeners: [{ address: "127.0.0.1:0", engine: native }, { address: "127.0.0.1:0", engine: native, max_body_size: 1KiB }]',
      ),
    );
    const [wide, narrow] = gateway.urls.map((url) => Number(new URL(url).port)) as [number, number];
    const post = async (port: number, length: number) =>
      (await rawRequest(port, `POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${"x".repeat(length)}`))
        .status;
    for (let i = 0; i < 3; i++) {
      expect(await post(wide, 5_000)).toBe(200);
      expect(await post(narrow, 5_000)).toBe(413);
      expect(await post(narrow, 500)).toBe(200);
    }
    expect(gateway.taken().forwarded).toBe(5);
  });

  it("a key of the gateway is not told to the upstream, however its field is written", async () => {
    const at = await start(service("k", "{ path: /k }").replace("access: open", "access: key"));
    for (const field of ["X-API-KEY", "x-api-key", "Authorization: Bearer"]) {
      for (let i = 0; i < 3; i++) {
        const line = field.includes(":") ? `${field} ${TEST_KEY}` : `${field}: ${TEST_KEY}`;
        expect((await rawRequest(at.port, `GET /k HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)).status).toBe(200);
      }
    }
    expect(at.taken().forwarded).toBe(8);
    expect(JSON.stringify(upstream.requests.map(({ rawHeaders }) => rawHeaders))).not.toContain(TEST_KEY);
  });
});
