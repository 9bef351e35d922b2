import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CHUNKS, FRAMING_CASES, get, HIDDEN, type NativeVerdict, post } from "../../helpers/framing-cases.ts";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** What two parsers could read differently is refused before any stage runs, however it is cut; all else is served. */

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native, max_header_size: 2KiB, max_body_size: 1KiB }]
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  gateway.records.length = 0;
});

/** More than this may not be read together with its head. */
const AT_ONCE_BYTES = 8192;

/**
 * Nothing but a request that comes after it has reached a stage or an upstream. `begun`: stages may have seen a head that
 * was in order; what they made of it has ended, and no upstream took it for a request.
 */
async function expectNothingRan(begun = false): Promise<void> {
  expect((await rawRequest(gateway.port, get("/marker"))).status).toBe(200);
  expect(upstream.requests.map(({ url }) => url)).toEqual(["/marker"]);
  const records = await waitFor(
    () => gateway.records.some(({ path }) => path === "/marker") && gateway.records,
    "the record of the marker",
  );
  const others = records.filter(({ path }) => path !== "/marker");
  expect(others.map(({ outcome }) => outcome)).toEqual(begun ? others.map(() => "client_aborted") : []);
  expect(gateway.gateway.openExchanges).toBe(0);
}

async function run(bytes: string, verdict: NativeVerdict, bytewise: boolean): Promise<void> {
  const connection = await RawConnection.open(gateway.port);
  if (bytewise) await connection.writeByteByByte(bytes);
  else connection.write(bytes);
  await connection.whenClosed();
  connection.close();
  const text = connection.received.toString("latin1");
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => Number(match[1]));
  expect(statuses).toEqual([verdict === "in the body" ? 400 : verdict]);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  await expectNothingRan(verdict === "in the body" && (bytewise || bytes.length > AT_ONCE_BYTES));
}

const REFUSED = FRAMING_CASES.filter(({ native }) => native !== "valid");

describe.each(REFUSED)("$name", ({ bytes, native }) => {
  it("is refused when sent whole", () => run(bytes, native, false));
  it("is refused when sent byte by byte", () => run(bytes, native, true));
});

interface Served {
  name: string;
  bytes: string;
  /** What the upstream gets, in this order. */
  expected: { method: string; url: string; body: string; headers?: Record<string, string> }[];
}

const SERVED: Served[] = [
  {
    name: "a chunked body",
    bytes: post("Transfer-Encoding: chunked\r\n", CHUNKS),
    expected: [{ method: "POST", url: "/upload", body: "hello", headers: { "transfer-encoding": "chunked" } }],
  },
  {
    name: "a chunked body of nothing",
    bytes: post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    expected: [{ method: "POST", url: "/upload", body: "" }],
  },
  {
    name: "Transfer-Encoding in capitals, behind a tab",
    bytes: post("TRANSFER-ENCODING:\tCHUNKED \r\n", CHUNKS),
    expected: [{ method: "POST", url: "/upload", body: "hello" }],
  },
  {
    name: "a chunked body on GET",
    bytes: get("/", "Transfer-Encoding: chunked\r\n") + CHUNKS,
    expected: [{ method: "GET", url: "/", body: "hello" }],
  },
  {
    name: "extensions and trailers, which are dropped",
    bytes: post(
      "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n",
      '5;name;a=b;c = "d \\" \t;" \r\nhello\r\n006 ; x\r\n world\r\n0;last\r\nX-Sum: 1\r\nHost: evil\r\nContent-Length: 7\r\n\r\n'.replace(
        '" \r\n',
        '"\r\n',
      ),
    ),
    expected: [{ method: "POST", url: "/upload", body: "hello world" }],
  },
  {
    name: "sizes in both cases, with zeros in front",
    bytes: post("Transfer-Encoding: chunked\r\n", `00A\r\n0123456789\r\nb\r\nabcdefghijk\r\n000\r\n\r\n`),
    expected: [{ method: "POST", url: "/upload", body: "0123456789abcdefghijk" }],
  },
  {
    name: "a request in a chunk, which stays a body",
    bytes: post(
      "Transfer-Encoding: chunked\r\n",
      `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n${get("/next")}`,
    ),
    expected: [
      { method: "POST", url: "/upload", body: HIDDEN },
      { method: "GET", url: "/next", body: "" },
    ],
  },
  {
    name: "a request in a body of known length, which stays a body",
    bytes: post(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN + get("/next")),
    expected: [
      { method: "POST", url: "/upload", body: HIDDEN },
      { method: "GET", url: "/next", body: "" },
    ],
  },
  {
    name: "requests one behind the other",
    bytes:
      get("/1") +
      post("Content-Length: 5\r\n", "hello") +
      post("Transfer-Encoding: chunked\r\n", CHUNKS) +
      get("/2?x=y", "X-A: b\r\n") +
      post("Content-Length: 0\r\n"),
    expected: [
      { method: "GET", url: "/1", body: "" },
      { method: "POST", url: "/upload", body: "hello" },
      { method: "POST", url: "/upload", body: "hello" },
      { method: "GET", url: "/2?x=y", body: "", headers: { "x-a": "b" } },
      { method: "POST", url: "/upload", body: "", headers: { "content-length": "0" } },
    ],
  },
  {
    name: "empty lines in front (RFC 9112 §2.2)",
    bytes: `\r\n${get("/1")}\r\n\r\n${get("/2")}`,
    expected: [
      { method: "GET", url: "/1", body: "" },
      { method: "GET", url: "/2", body: "" },
    ],
  },
  {
    name: "HTTP/1.0 with its keep-alive",
    bytes: "GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    expected: [{ method: "GET", url: "/old", body: "" }],
  },
  {
    name: "absolute-form, which goes on in origin-form",
    bytes: "GET http://A:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n",
    expected: [{ method: "GET", url: "/b?c", body: "", headers: { "x-forwarded-host": "a:80" } }],
  },
  {
    name: "absolute-form without a path",
    bytes: "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    expected: [{ method: "GET", url: "/?b", body: "" }],
  },
  {
    name: "values with blanks around, with bytes beyond ASCII, and empty ones",
    bytes: get("/", "X-A: \t b  c \t\r\nX-B: caf\xc3\xa9\r\nX-C:\r\nX-D:d\r\n"),
    expected: [
      { method: "GET", url: "/", body: "", headers: { "x-a": "b  c", "x-b": "caf\xc3\xa9", "x-c": "", "x-d": "d" } },
    ],
  },
  {
    name: "an empty Host (RFC 9112 §3.2)",
    bytes: "GET /nobody HTTP/1.1\r\nHost:\r\n\r\n",
    expected: [{ method: "GET", url: "/nobody", body: "" }],
  },
  {
    name: "dots that are no dot segments, encoded slashes, an empty query",
    bytes: ["/a..b/...", "/.well-known/x", "/a%2Fb%5C", "/a?", "/a?x=/../y", "//a//b", "/%25"]
      .map((target) => get(target))
      .join(""),
    expected: ["/a..b/...", "/.well-known/x", "/a%2Fb%5C", "/a", "/a?x=/../y", "//a//b", "/%25"].map((url) => ({
      method: "GET",
      url,
      body: "",
    })),
  },
];

describe.each(SERVED)("$name", ({ bytes, expected }) => {
  it.each(["whole", "byte by byte"])("is served when sent %s", async (how) => {
    const connection = await RawConnection.open(gateway.port);
    if (how === "whole") connection.write(bytes);
    else await connection.writeByteByByte(bytes);
    for (const { method, url, body } of expected) {
      const response = await connection.response();
      expect(response.status).toBe(200);
      expect(JSON.parse(response.body.toString())).toEqual({ method, url, body });
    }
    expect(connection.received.length).toBe(0);
    connection.write(get("/last"));
    expect((await connection.response()).status).toBe(200);
    connection.close();
    expect(upstream.requests.map(({ method, url, body }) => ({ method, url, body: body.toString("latin1") }))).toEqual([
      ...expected.map(({ method, url, body }) => ({ method, url, body })),
      { method: "GET", url: "/last", body: "" },
    ]);
    for (const [index, { headers }] of expected.entries()) {
      if (headers !== undefined) expect(upstream.requests[index]?.headers).toMatchObject(headers);
    }
    const bytesOf = (call: { body: string }) => call.body.length;
    expect(gateway.records.map(({ requestBytes }) => requestBytes)).toEqual([...expected.map(bytesOf), 0]);
  });
});

describe("OPTIONS *", () => {
  it("is about all of a service that has all paths, and goes on as it came", async () => {
    const prefixed = startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}/prefix" }] } }
  - { id: some, access: open, routes: [{ path: /, host: some }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`);
    const { port, close } = await prefixed;
    expect((await rawRequest(port, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).status).toBe(200);
    expect((await rawRequest(port, "OPTIONS * HTTP/1.1\r\nHost: some\r\n\r\n")).status).toBe(200);
    await close();
    expect(upstream.requests.map(({ method, url }) => [method, url])).toEqual([
      ["OPTIONS", "*"],
      ["OPTIONS", "*"],
    ]);
  });
});

describe("limits of size", () => {
  it.each([
    ["of an announced length", post("Content-Length: 2000\r\n", "x".repeat(2000))],
    ["of an announced length that does not come", post("Content-Length: 2000\r\n")],
    ["in chunks", post("Transfer-Encoding: chunked\r\n", `7d0\r\n${"x".repeat(2000)}\r\n0\r\n\r\n`)],
    ["in chunks of one byte", post("Transfer-Encoding: chunked\r\n", `${"1\r\nx\r\n".repeat(1025)}0\r\n\r\n`)],
  ])("answers 413 to a body %s", async (_name, bytes) => {
    const answer = await rawRequest(gateway.port, bytes);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code: "body_too_large" } });
    expect(gateway.records).toMatchObject([{ status: 413, errorCode: "body_too_large" }]);
    expect(upstream.requests).toEqual([]);
  });

  it("serves what is just within", async () => {
    const body = "x".repeat(1024);
    for (const bytes of [
      post("Content-Length: 1024\r\n", body),
      post("Transfer-Encoding: chunked\r\n", `400\r\n${body}\r\n0\r\n\r\n`),
      post("Transfer-Encoding: chunked\r\n", `${"1\r\nx\r\n".repeat(1024)}0\r\n\r\n`),
    ]) {
      expect((await rawRequest(gateway.port, bytes)).status).toBe(200);
    }
    expect(upstream.requests.map(({ body }) => body.length)).toEqual([1024, 1024, 1024]);
    expect((await rawRequest(gateway.port, get("/", `X-A: ${"a".repeat(1900)}\r\n`))).status).toBe(200);
  });

  it.each([
    ["fields", get("/", `X-A: ${"a".repeat(8000)}\r\n`.repeat(40)), 431],
    ["a field", `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${"a".repeat(300_000)}`, 431],
    ["a target", `GET /${"a".repeat(300_000)}`, 414],
    ["a method", "A".repeat(300_000), 414],
    ["empty fields", get("/", "A:\r\n".repeat(450)), 431],
  ])("refuses a head with %s without end", async (_name, bytes, status) => {
    const connection = await RawConnection.open(gateway.port);
    connection.write(bytes);
    await connection.whenClosed();
    expect(connection.received.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    connection.close();
    await expectNothingRan();
  });
});

describe("the answer to what is refused", () => {
  it("names a stable code, in the dialect of the path", async () => {
    const refuse = async (path: string) => {
      const answer = await rawRequest(
        gateway.port,
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      expect(answer.header("content-type")).toBe("application/json");
      return JSON.parse(answer.body.toString()) as object;
    };
    expect(await refuse("/upload")).toMatchObject({ error: { code: "bad_framing" } });
    expect(await refuse("/v1/chat/completions")).toMatchObject({
      error: { code: "bad_framing", type: "invalid_request_error" },
    });
    expect(await refuse("/v1/messages")).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  });

  it.each([
    [`GET /${"a".repeat(300_000)}`, 414, "uri_too_long"],
    ["POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417, "expectation_failed"],
    ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http_version_not_supported"],
  ])("has a code of its own where there is a status of its own", async (bytes, status, code) => {
    const answer = await rawRequest(gateway.port, bytes);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code } });
  });

  it("has no body for HEAD", async () => {
    const answer = await rawRequest(gateway.port, "HEAD /a/../b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", true);
    expect(answer.status).toBe(400);
  });

  it("comes after the answers to what was sent before", async () => {
    const connection = await RawConnection.open(gateway.port);
    connection.write(`${get("/first")}GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${HIDDEN}`);
    expect((await connection.response()).status).toBe(200);
    expect((await connection.response()).status).toBe(400);
    await connection.whenClosed();
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/first"]);
  });

  it("is counted", async () => {
    await rawRequest(gateway.port, "GET / HTTP/9.9\r\n\r\n");
    expect(JSON.stringify(await gateway.gateway.collectMetrics())).toContain("http_version_not_supported");
  });
});
