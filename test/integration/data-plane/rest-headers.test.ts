import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CertificateAuthority, createAuthority } from "../../helpers/certificates.ts";
import { baseYaml, startGateway, TEST_ENGINE, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { headerValues, startCannedUpstream, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

let upstream: TestUpstream;
let canned: TestUpstream;
let gateway: TestGateway;
let answer = "";

beforeAll(async () => {
  upstream = await startUpstream();
  canned = await startCannedUpstream(() => answer);
  const to = (url: string, more = "") => `access: open, upstream: { targets: [{ url: "${url}" }]${more} }`;
  gateway = await startGateway(
    baseYaml(`
services:
  - { id: plain, ${to(upstream.url)}, routes: [{ path: /plain }] }
  - { id: preserving, ${to(upstream.url, ", host_header: preserve")}, routes: [{ path: /preserving }] }
  - { id: canned, ${to(canned.url)}, routes: [{ path: /canned }] }
  - id: edited
    ${to(upstream.url).replace(", upstream", "\n    upstream")}
    routes: [{ path: /edited }]
    request_headers:
      add: { x-added: more, X-Both: added }
      set: { x-set: theirs, x-forwarded-proto: gopher, x-request-id: fixed, host: set.example.org }
      remove: [X-Removed, x-forwarded-host]
    response_headers:
      add: { x-answer: added, vary: origin }
      set: { content-type: text/plain, server: tidegate }
      remove: [x-powered-by]
  - id: edited-answer
    ${to(canned.url).replace(", upstream", "\n    upstream")}
    routes: [{ path: /answer }]
    response_headers:
      add: { vary: origin }
      set: { content-type: text/plain }
      remove: [x-powered-by]
  - { id: keyed, access: key, upstream: { targets: [{ url: "${upstream.url}" }] }, routes: [{ path: /keyed }] }
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await canned.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
});

function send(path: string, headers: string, body = "") {
  const method = body === "" ? "GET" : "POST";
  const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return rawRequest(
    gateway.port,
    `${method} ${path} HTTP/1.1\r\nHost: a.example.org\r\n${length}${headers}\r\n${body}`,
  );
}

const seen = (name: string) => headerValues(upstream.requests.at(-1), name);

describe("towards the upstream", () => {
  it("says who called, by which host and scheme", async () => {
    const response = await send("/plain", "");
    expect(seen("host")).toEqual([upstream.host]);
    expect(seen("x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(seen("x-forwarded-host")).toEqual(["a.example.org"]);
    expect(seen("x-forwarded-proto")).toEqual(["http"]);
    expect(seen("x-request-id")).toEqual([response.header("x-request-id")]);
  });

  it("believes nothing of it from a caller that is no trusted proxy", async () => {
    await send(
      "/plain",
      "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=1.2.3.4\r\n",
    );
    expect(seen("x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(seen("x-forwarded-host")).toEqual(["a.example.org"]);
    expect(seen("x-forwarded-proto")).toEqual(["http"]);
    expect(seen("forwarded")).toEqual([]);
  });

  it("preserves the caller's host where wanted", async () => {
    await send("/preserving", "");
    expect(seen("host")).toEqual(["a.example.org"]);
  });

  it("drops what belongs to the connection, and what Connection names, in any of its fields", async () => {
    await send(
      "/plain",
      "Connection: keep-alive, X-One\r\nConnection: x-TWO\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n" +
        "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTE: trailers\r\n" +
        "Trailer: X-T\r\nUpgrade: h2c\r\n",
    );
    const names = upstream.requests[0]?.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    expect(names).not.toContain("x-one");
    expect(names).not.toContain("x-two");
    expect(names).not.toContain("keep-alive");
    expect(names).not.toContain("proxy-connection");
    expect(names).not.toContain("proxy-authorization");
    expect(names).not.toContain("te");
    expect(names).not.toContain("trailer");
    expect(names).not.toContain("upgrade");
    expect(seen("x-three")).toEqual(["3"]);
  });

  it("lets Connection take away neither the host nor who called", async () => {
    await send("/plain", "Connection: host, x-forwarded-for, x-request-id, content-length\r\n", "hello");
    expect(seen("host")).toEqual([upstream.host]);
    expect(seen("x-forwarded-for")).toEqual(["127.0.0.1"]);
    expect(upstream.requests[0]?.body.toString()).toBe("hello");
  });

  it("adds, sets and removes, also what it writes itself", async () => {
    await send("/edited", "X-Both: own\r\nX-Set: mine\r\nX-Removed: gone\r\nX-Kept: kept\r\n");
    expect(seen("x-both")).toEqual(["own", "added"]);
    expect(seen("x-added")).toEqual(["more"]);
    expect(seen("x-set")).toEqual(["theirs"]);
    expect(seen("x-removed")).toEqual([]);
    expect(seen("x-kept")).toEqual(["kept"]);
    expect(seen("host")).toEqual(["set.example.org"]);
    expect(seen("x-forwarded-proto")).toEqual(["gopher"]);
    expect(seen("x-forwarded-host")).toEqual([]);
    expect(seen("x-request-id")).toEqual(["fixed"]);
  });

  it("keeps fields of one name apart and in order, with UTF-8 and empty values", async () => {
    await send(
      "/plain",
      "X-Many: one\r\nX-Many: two, three\r\nX-Many:\r\nX-Utf8: a \u00e9 b\r\n".replace("\u00e9", "\xc3\xa9"),
    );
    expect(seen("x-many")).toEqual(["one", "two, three", ""]);
    expect(seen("x-utf8")).toEqual(["a é b"]);
  });

  it("does not forward the key by which it was called", async () => {
    for (const header of [
      `x-api-key: ${TEST_KEY}`,
      `X-Goog-Api-Key: ${TEST_KEY}`,
      `api-key: ${TEST_KEY}`,
      `Authorization: Bearer ${TEST_KEY}`,
    ]) {
      expect((await send("/keyed", `${header}\r\nCookie: session=1\r\n`)).status).toBe(200);
      expect(JSON.stringify(upstream.requests.at(-1)?.rawHeaders)).not.toContain(TEST_KEY);
      expect(seen("cookie")).toEqual(["session=1"]);
    }
  });
});

describe("towards the caller", () => {
  async function answered(path: string, head: string, body = "hello") {
    answer = `HTTP/1.1 200 OK\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    return send(path, "");
  }

  it("passes on fields of the upstream, several of one name included", async () => {
    const response = await answered(
      "/canned",
      'Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Utf8: caf\u00e9\r\nETag: W/"x"\r\nX-Empty:\r\nServer: theirs\r\n',
    );
    expect(response.values("set-cookie")).toEqual(["a=1; Path=/", "b=2"]);
    expect(response.header("x-utf8")).toBe("café");
    expect(response.header("etag")).toBe('W/"x"');
    expect(response.header("x-empty")).toBe("");
    expect(response.header("server")).toBe("theirs");
    expect(response.values("date")).toHaveLength(1);
    expect(response.values("content-length")).toEqual(["5"]);
    expect(response.header("uwebsockets")).toBeUndefined();
  });

  it("drops what belongs to the upstream's connection", async () => {
    const response = await answered(
      "/canned",
      "Connection: X-One\r\nConnection: keep-alive, x-two\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\nKeep-Alive: timeout=7\r\n" +
        "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTrailer: X-T\r\n",
    );
    for (const name of ["x-one", "x-two", "keep-alive", "proxy-connection", "upgrade", "trailer"]) {
      expect(response.header(name)).toBeUndefined();
    }
    expect(response.header("x-three")).toBe("3");
  });

  it("has a request id of its own", async () => {
    const response = await answered("/canned", "X-Request-Id: theirs\r\n");
    expect(response.values("x-request-id")).toHaveLength(1);
    expect(response.header("x-request-id")).not.toBe("theirs");
  });

  it("adds, sets and removes", async () => {
    const response = await answered("/answer", "Vary: accept\r\nContent-Type: text/html\r\nX-Powered-By: x\r\n");
    expect(response.values("vary")).toEqual(["accept", "origin"]);
    expect(response.values("content-type")).toEqual(["text/plain"]);
    expect(response.header("x-powered-by")).toBeUndefined();
  });

  it("splits no answer: a line break in a value does not come through", async () => {
    answer =
      "HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: evil=1\r\nX-C: d\n Set-Cookie: evil=2\r\nContent-Length: 0\r\n\r\n";
    const response = await send("/canned", "");
    expect(response.values("set-cookie")).toEqual([]);
  });
});

describe("an upstream over TLS", () => {
  let authority: CertificateAuthority;
  beforeAll(() => {
    authority = createAuthority();
  });
  afterAll(() => authority.remove());

  /** Calls so far. */
  let calls = 0;
  /** The gateway's end of the connection that was made last. */
  let socket: Socket | null = null;
  const noteSocket = (message: unknown) => {
    socket = (message as { socket: Socket }).socket;
  };

  async function withTlsUpstream(
    names: string[],
    more: string,
    run: (gateway: TestGateway, port: number) => Promise<void>,
  ) {
    const certificate = authority.issue(names);
    const server = createTlsServer(
      { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) },
      (request, response) => {
        calls++;
        if (request.url === "/broken") {
          // As when nobody has acknowledged it for minutes.
          socket?.destroy(Object.assign(new Error("read ETIMEDOUT"), { code: "ETIMEDOUT" }));
          return;
        }
        const { servername } = request.socket as { servername?: string };
        response.end(JSON.stringify({ host: request.headers.host, servername, url: request.url }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    calls = 0;
    const tls = await startGateway(
      baseYaml(`
services:
  - id: tls
    access: open
    routes: [{ path: / }]
    upstream: { targets: [{ url: "https://localhost:${port}" }], ${more} }
  - id: by-address
    access: open
    routes: [{ path: /by-address }]
    upstream: { targets: [{ url: "https://127.0.0.1:${port}" }], ${more} }
`),
    );
    try {
      await run(tls, port);
    } finally {
      await tls.close();
      server.close();
      server.closeAllConnections();
    }
  }

  const get = (tls: TestGateway, host: string, path = "/") =>
    rawRequest(tls.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

  it("is checked against the authorities given", async () => {
    await withTlsUpstream(["localhost", "127.0.0.1"], `ca_file: "${authority.cert}"`, async (tls) => {
      const response = await get(tls, "a.example.org");
      expect(response.status).toBe(200);
      expect(JSON.parse(response.body.toString()).servername).toBe("localhost");
      expect((await get(tls, "a.example.org", "/by-address")).status).toBe(200);
    });
  });

  it("is not trusted without them", async () => {
    await withTlsUpstream(["localhost"], "retries: { attempts: 0 }", async (tls) => {
      const response = await get(tls, "a");
      expect(response.status).toBe(502);
      expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "upstream_unreachable" } });
    });
  });

  it("is not trusted under another name, whatever Host the caller sends", async () => {
    const more = `ca_file: "${authority.cert}", host_header: preserve, retries: { attempts: 0 }`;
    await withTlsUpstream(["evil.example.org"], more, async (tls) => {
      expect((await get(tls, "evil.example.org")).status).toBe(502);
      expect((await get(tls, "evil.example.org", "/by-address")).status).toBe(502);
    });
  });

  it("bug: was sent a POST twice when its connection timed out after the first", async () => {
    subscribe("undici:client:connected", noteSocket);
    const more = `ca_file: "${authority.cert}", retries: { attempts: 1, on: [connect], backoff: 1ms }`;
    await withTlsUpstream(["localhost"], more, async (tls) => {
      const post = "POST /broken HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nonce";
      const response = await rawRequest(tls.port, post);
      expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "upstream_reset" } });
      expect([response.status, response.header("x-tidegate-attempts"), calls]).toEqual([502, "1", 1]);
    });
    unsubscribe("undici:client:connected", noteSocket);
  });

  it("bug: was given up with a call that waited for its connection, when it left the configuration", async () => {
    const held: Socket[] = [];
    const front = createServer({ pauseOnConnect: true }, (socket) => void held.push(socket)).listen(0, "127.0.0.1");
    await once(front, "listening");
    const to = `https://localhost:${(front.address() as AddressInfo).port}`;
    const more = `ca_file: "${authority.cert}"`;
    await withTlsUpstream(["localhost"], more, async (tls, port) => {
      const service = `{ id: tls, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${to}" }], ${more} } }`;
      await tls.reload(baseYaml(`services: [${service}]`));
      const response = get(tls, "a");
      await waitFor(() => held[0], "a connection");
      // A pool is kept for as long as a call of the configuration before may want it.
      for (let i = 0; i < 4; i++) await tls.reload(baseYaml(`drain_timeout: ${i + 1}s`));
      const [socket] = held;
      const onward = connect(port, "127.0.0.1");
      for (const end of [socket, onward]) end?.on("error", () => {});
      socket?.pipe(onward).pipe(socket);
      expect((await response).status).toBe(200);
    });
    front.close();
  });

  it("bug: OPTIONS * was an internal error", async () => {
    await withTlsUpstream(["localhost"], `ca_file: "${authority.cert}"`, async (tls) => {
      const response = await rawRequest(tls.port, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
      // uWebSockets.js does not let it in (decision 001).
      if (TEST_ENGINE === "uws") return expect(response.status).toBe(505);
      expect(response.status).toBe(200);
      // Without a path it is the same request (RFC 9112 §3.2.4).
      expect(JSON.parse(response.body.toString()).url).toMatch(/^https:\/\/localhost:\d+$/);
    });
  });

  it("gets the caller's host on one connection where that is preserved", async () => {
    const more = `ca_file: "${authority.cert}", host_header: preserve`;
    await withTlsUpstream(["localhost", "127.0.0.1"], more, async (tls) => {
      for (const host of ["a.example.org", "b.example.org", "a.example.org"]) {
        const body = JSON.parse((await get(tls, host)).body.toString());
        expect(body).toMatchObject({ host, servername: "localhost" });
      }
      expect((await get(tls, "c", "/by-address")).status).toBe(200);
    });
  });
});
