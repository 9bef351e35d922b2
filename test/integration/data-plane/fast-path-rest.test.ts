import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  comparable,
  cutAnswer,
  expectParity,
  type FastGateway,
  nativeYaml,
  startFastGateway,
  type Way,
} from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { startUpstream, type TestUpstream, type UpstreamHandler } from "../../helpers/upstream.ts";

/** Calls to ordinary services: what the native fast path makes of them is what the stages made of the first one. */

interface Case {
  /** Of the service, besides id, routes and upstream. */
  service?: string;
  /** Of its upstream, besides the target. */
  upstream?: string;
  /** Of its route, besides the path. */
  route?: string;
  /** Below the case's path. */
  path?: string;
  method?: string;
  headers?: string;
  version?: string;
  body?: string;
  answer?: UpstreamHandler;
  way?: Way;
  /** How much of the answer reaches the caller before it is cut is left to chance. */
  cut?: boolean;
}

const OPEN = "access: open";
const NO_RETRIES = "retries: { attempts: 0 }";

/** Bytes that no parser of ours has put together. */
const raw =
  (bytes: string, end = true): UpstreamHandler =>
  (_request, response) => {
    response.socket?.write(bytes, "latin1", () => {
      if (end) response.socket?.destroySoon();
    });
  };
const plain =
  (status: number, body = "said", headers: Record<string, string> = {}): UpstreamHandler =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "text/plain", ...headers });
    response.end(body);
  };
const cut =
  (bytes: string): UpstreamHandler =>
  (_request, response) => {
    response.socket?.write(bytes, () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
  };

const CASES: Record<string, Case> = {
  "a plain GET": {},
  "a query": { path: "/a/b?c=d&e=%20%2F&f" },
  "an empty query": { path: "/a?" },
  "a path of the prefix alone": { path: "" },
  "a trailing slash": { path: "/" },
  "doubled slashes": { path: "//a//b/" },
  "colons, semicolons and other signs in a path": { path: "/a;b=c/d:e/f@g/h,i/$&'()*+=!~" },
  "a prefix that is stripped": { route: "strip_prefix: true", path: "/x/y?z" },
  "a prefix that is stripped of a path that ends with it": { route: "strip_prefix: true" },
  "a prefix that is stripped before doubled slashes": { route: "strip_prefix: true", path: "//x//y" },
  "an exact path": { route: "match: exact" },
  "a percent-encoded path": { path: "/a%2Fb", way: "stages" },
  "a pattern": { route: "match: pattern", path: "", way: "stages" },
  "a path beyond a thousand bytes": { path: `/${"x".repeat(1100)}`, way: "stages" },
  HEAD: { method: "HEAD" },
  "HEAD of an answer without a length": {
    method: "HEAD",
    answer: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
  },
  DELETE: { method: "DELETE" },
  OPTIONS: { method: "OPTIONS" },
  "PATCH with a body": { method: "PATCH", body: "patched" },
  "a method of its own": { method: "PURGE" },
  "a POST without a body": { method: "POST", headers: "Content-Length: 0\r\n" },
  "a POST without a length": { method: "POST" },
  "a body of 1 KB": { method: "POST", body: "a".repeat(1024) },
  "a body of 64 KB": { method: "POST", body: "b".repeat(65_536) },
  "a body of 70 KB": { method: "POST", body: "c".repeat(70_000) },
  "a body of 2 MB": { method: "PUT", body: "d".repeat(2_000_000) },
  "a chunked body": {
    method: "POST",
    headers: "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    way: "stages",
  },
  "Expect: 100-continue with a body that comes at once": {
    method: "POST",
    headers: "Expect: 100-continue\r\n",
    body: "hello",
  },
  "header fields in any case, several of one name, empty ones": {
    headers: "X-Mixed-CASE: Value\r\nx-two: 1\r\nX-Two: 2\r\nX-Empty:\r\nX-Blanks:  \t a b \t \r\nCookie: a=b; c=d\r\n",
  },
  "fields that are not forwarded": {
    headers:
      "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTE: trailers\r\n" +
      "Trailer: X-T\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n" +
      "X-Forwarded-Host: evil\r\nX-Request-Id: mine\r\nConnection: keep-alive\r\n",
  },
  "Connection: close": { headers: "Connection: close\r\n" },
  "Connection: Close, in another case": { headers: "CONNECTION: Close\r\n" },
  "fields that Connection names": {
    headers: "Connection: keep-alive, X-One\r\nX-One: 1\r\nX-Two: 2\r\n",
    way: "stages",
  },
  "a wish for an upgrade": { headers: "Connection: upgrade\r\nUpgrade: websocket\r\n", way: "stages" },
  "a value beyond ASCII": { headers: `X-Name: ${Buffer.from("Zoë ✓").toString("latin1")}\r\n` },
  "HTTP/1.0": { version: "1.0" },
  "HTTP/1.0 with keep-alive and an answer in chunks": {
    version: "1.0",
    headers: "Connection: keep-alive\r\n",
    answer: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
  },
  "the target's host": { upstream: "host_header: target" },
  "the caller's host": { upstream: "host_header: preserve" },
  "edits of the request": {
    service:
      "access: open, request_headers: { add: { x-added: more, x-both: added }, set: { x-set: theirs, x-forwarded-proto: gopher, x-request-id: fixed, host: set.example.org }, remove: [x-removed, x-forwarded-host] }",
    headers: "X-Both: own\r\nX-Set: mine\r\nX-Removed: gone\r\n",
  },
  "edits of the answer": {
    service:
      'access: open, response_headers: { add: { x-answer: "über", vary: origin }, set: { content-type: text/html, server: tidegate }, remove: [x-powered-by, x-request-id] }',
    answer: plain(200, "said", { "x-powered-by": "them", vary: "accept", server: "theirs", etag: '"1"' }),
  },
  "fields of an answer that are not returned": {
    answer: raw(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Kept: 2\r\nKeep-Alive: timeout=9\r\n" +
        "TE: x\r\nTrailer: y\r\nUpgrade: h2c\r\nX-Request-Id: theirs\r\nDate: yesterday\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n" +
        "Proxy-Authenticate: Basic\r\n\r\nok",
    ),
  },
  "an answer with a field that Connection names in another case": {
    answer: raw(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nconnection: X-HOP ,x-other\r\nx-hop: 1\r\n\r\nok",
    ),
  },
  "an empty answer": { answer: plain(200, "") },
  "201": { method: "POST", body: "x", answer: plain(201, "made", { location: "/made" }) },
  "204": { answer: (_, response) => response.writeHead(204, { "x-a": "b" }).end() },
  "204 with a length": { answer: raw("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n") },
  "304": { answer: (_, response) => response.writeHead(304, { etag: '"1"' }).end() },
  "304 with a length": { answer: raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: x\r\n\r\n") },
  "302": { answer: plain(302, "", { location: "http://elsewhere/" }) },
  "an answer in chunks": {
    answer: (_, response) => {
      response.write("one ");
      setTimeout(() => response.end("two"), 10);
    },
  },
  "an answer in chunks with trailers": {
    answer: raw(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    ),
  },
  "an answer until close": { answer: raw("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end") },
  "an answer of an HTTP/1.0 upstream": { answer: raw("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold") },
  "an answer of 70 KB": { answer: plain(200, "z".repeat(70_000)) },
  "an answer of 3 MB": { answer: plain(200, "y".repeat(3_000_000)) },
  "an answer that comes before the body": {
    method: "POST",
    body: "e".repeat(300_000),
    answer: raw("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"),
  },
  "interim answers": {
    answer: raw(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ),
  },
  "404": { answer: plain(404, "nothing") },
  "500": { answer: plain(500, "broken") },
  "500, which is retried": {
    upstream: "retries: { attempts: 2, on: [500], backoff: 1ms }",
    answer: plain(500),
    way: "handed over",
  },
  "502": { upstream: NO_RETRIES, answer: plain(502, "bad"), way: "handed over" },
  "503 that is retried": {
    upstream: "retries: { attempts: 1, on: [503], backoff: 1ms }",
    answer: plain(503, "busy"),
    way: "handed over",
  },
  "503 that is not retried, of 66 KB": {
    upstream: NO_RETRIES,
    answer: plain(503, "q".repeat(66_000)),
    way: "handed over",
  },
  "503 that is not retried, of 68 KB": {
    upstream: NO_RETRIES,
    answer: plain(503, "q".repeat(68_500)),
    way: "handed over",
  },
  "503 that is not retried, of 300 KB": {
    upstream: NO_RETRIES,
    answer: plain(503, "q".repeat(300_000)),
    way: "handed over",
  },
  "503 in chunks": {
    upstream: NO_RETRIES,
    answer: (_, response) => response.writeHead(503).end("in chunks"),
    way: "handed over",
  },
  "503 to HEAD": { method: "HEAD", upstream: NO_RETRIES, answer: plain(503), way: "handed over" },
  "503 to a POST, which is not sent twice": {
    method: "POST",
    body: "once",
    upstream: "retries: { attempts: 2, on: [503], backoff: 1ms }",
    answer: plain(503),
    way: "handed over",
  },
  "503 to a body of 70 KB": {
    method: "PUT",
    body: "f".repeat(70_000),
    upstream: "retries: { attempts: 2, on: [503], backoff: 1ms }",
    answer: plain(503, "busy"),
  },
  "503 that breaks off": {
    upstream: NO_RETRIES,
    answer: cut("HTTP/1.1 503 Busy\r\nContent-Length: 50\r\n\r\nhalf of it"),
    way: "handed over",
  },
  "503 that breaks off after its head": {
    upstream: NO_RETRIES,
    answer: cut("HTTP/1.1 503 Busy\r\nContent-Length: 50\r\n\r\n"),
    way: "handed over",
  },
  "a reset before the answer": {
    upstream: "retries: { attempts: 1, on: [reset], backoff: 1ms }",
    answer: (_, response) => response.socket?.resetAndDestroy(),
    way: "handed over",
  },
  "a reset before the answer to a POST": {
    method: "POST",
    body: "x",
    upstream: "retries: { attempts: 1, on: [reset], backoff: 1ms }",
    answer: (_, response) => response.socket?.resetAndDestroy(),
    way: "handed over",
  },
  "a reset after a body of 70 KB": {
    method: "PUT",
    body: "g".repeat(70_000),
    upstream: "retries: { attempts: 2, on: [reset], backoff: 1ms }",
    answer: (_, response) => response.socket?.resetAndDestroy(),
    way: "handed over",
  },
  "a reset in the middle of the answer": { answer: cut("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of it") },
  "an answer in chunks that breaks off": {
    answer: cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
  },
  "an answer that is no HTTP": { upstream: NO_RETRIES, answer: raw("SSH-2.0\r\n\r\n"), way: "handed over" },
  "an answer whose chunks are malformed": {
    answer: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n"),
    cut: true,
  },
  "a protocol that is switched unasked": {
    upstream: NO_RETRIES,
    answer: raw("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
    way: "handed over",
  },
  "no answer in time": {
    upstream: "retries: { attempts: 1, on: [timeout], backoff: 1ms }, timeouts: { first_byte: 100ms }",
    answer: () => {},
    way: "handed over",
  },
  "silence in the middle of the answer": {
    upstream: "timeouts: { idle: 150ms }",
    answer: raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of it", false),
  },
  "the total timeout before the answer": {
    upstream: "retries: { attempts: 2, on: [reset, timeout], backoff: 1ms }, timeouts: { total: 200ms }",
    answer: () => {},
    way: "handed over",
  },
  "the total timeout in the middle of the answer": {
    upstream: "timeouts: { total: 200ms }",
    answer: raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of it", false),
  },
  "a key where none is needed": { headers: `Authorization: Bearer ${TEST_KEY}\r\n` },
  "another's credentials where none are needed": { headers: "Authorization: Basic eDp5\r\n", way: "stages" },
  "a key that is needed": { service: "access: key", headers: `Authorization: bearer   ${TEST_KEY}\r\nX-Other: 1\r\n` },
  "a key in x-api-key, in another case": { service: "access: key", headers: `X-API-Key: ${TEST_KEY}\r\n` },
  "a key in x-goog-api-key": { service: "access: key", headers: `x-goog-api-key: ${TEST_KEY}\r\n` },
  "a key in api-key": { service: "access: key", headers: `api-key: ${TEST_KEY}\r\n` },
  "a key and another's credentials": {
    service: "access: key",
    headers: `x-api-key: ${TEST_KEY}\r\nAuthorization: Bearer theirs\r\n`,
    way: "stages",
  },
  "the same key twice": {
    service: "access: key",
    headers: `x-api-key: ${TEST_KEY}\r\nX-Api-Key: ${TEST_KEY}\r\n`,
    way: "stages",
  },
  "a key that Connection names": {
    service: "access: key",
    headers: `x-api-key: ${TEST_KEY}\r\nConnection: x-api-key\r\n`,
    way: "stages",
  },
  "a subscription": { service: "access: subscription", headers: `x-api-key: ${TEST_KEY}\r\n` },
  "limits of a service": {
    service:
      "access: open, limits: [{ per: service, requests: 100, window: 1h }, { per: address, requests: 50, window: 1h }]",
  },
  "a bucket of a service": {
    service: "access: open, limits: [{ per: service, requests: 100, window: 1h, algorithm: token-bucket }]",
  },
  "consistent hashing": { upstream: "balance: consistent-hash", way: "native" },
};

const upstreams: TestUpstream[] = [];
let gateway: FastGateway;

beforeAll(async () => {
  const services: string[] = [];
  for (const [index, { service = OPEN, upstream = "", route = "", answer }] of Object.values(CASES).entries()) {
    const server = await startUpstream(answer);
    upstreams.push(server);
    const base = `/c${index}`;
    const path = route.includes("pattern") ? `${base}/:rest` : base;
    services.push(
      `  - { id: c${index}, ${service}, routes: [{ path: "${path}", ${route} }], upstream: { targets: [{ url: "${server.url}/up" }], ${upstream} } }`,
    );
  }
  const ids = services.map((_, index) => `c${index}`).join(", ");
  gateway = await startFastGateway(nativeYaml(`services:\n${services.join("\n")}`, { subscriptions: `[${ids}]` }));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

function requestOf(name: string): Buffer {
  const one = CASES[name] as Case;
  const base = `/c${Object.keys(CASES).indexOf(name)}`;
  const path = one.path ?? (one.route?.includes("exact") === true ? "" : "/some");
  const length = one.body === undefined ? "" : `Content-Length: ${one.body.length}\r\n`;
  const rest = one.route?.includes("pattern") === true ? "/x" : "";
  return Buffer.from(
    `${one.method ?? "GET"} ${base}${rest}${path} HTTP/${one.version ?? "1.1"}\r\nHost: A.example.org:81\r\n${length}${one.headers ?? ""}\r\n${one.body ?? ""}`,
    "latin1",
  );
}

describe("a call that the governor lets through is the call that the stages made", () => {
  it.each(Object.keys(CASES))("%s", async (name) => {
    const index = Object.keys(CASES).indexOf(name);
    const one = CASES[name] as Case;
    const upstream = upstreams[index] as TestUpstream;
    const first = await expectParity(
      gateway,
      {
        bytes: requestOf(name),
        isHead: one.method === "HEAD",
        seen: () => upstream.requests,
        ...(one.cut === true ? { converse: cutAnswer } : {}),
        ...(name === "interim answers"
          ? {
              converse: async (connection) => [
                comparable(await connection.response()),
                comparable(await connection.response()),
              ],
            }
          : {}),
      },
      one.way ?? "native",
    );
    expect(first.record).toMatchObject({ service: `c${index}` });
  });
});
