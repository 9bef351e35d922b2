import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
policies: { cors: { origins: ["https://app.test"] } }
services:
  - id: orders
    access: key
    upstream: { targets: [{ url: "${upstream.url}" }] }
    limits: [{ requests: 5, window: 1h }]
    response_headers: { set: { x-service: orders }, remove: [x-internal] }
    deprecation: { at: 2026-01-01 }
    max_body_size: 100KiB
    routes:
      - path: /orders
        policies:
          mock:
            status: 201
            headers: { content-type: application/json, x-internal: "1", set-cookie: a=b }
            body: '{"id": 7, "note": "größer"}'
      - { path: /orders/real }
      - { path: /orders/gone, policies: { mock: { status: 204, headers: { x-a: b } } } }
applications: [{ id: web, keys: ["${TEST_KEY}"] }, { id: other, keys: [tg_test_key_of_the_other_one] }]
`);
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));

function call(
  method: string,
  path: string,
  key: string | null = "tg_test_key_of_the_other_one",
  body = "",
  headers = "",
) {
  const auth = key === null ? "" : `x-api-key: ${key}\r\n`;
  const length = body === "" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: a.test\r\norigin: https://app.test\r\n${auth}${headers}${length}\r\n`;
  return rawRequest(gateway.port, head + body, method === "HEAD");
}

it("is what the route says, as if the upstream had said it", async () => {
  const answer = await call("GET", "/orders/7", TEST_KEY);
  expect([answer.status, answer.body.toString()]).toEqual([201, '{"id": 7, "note": "größer"}']);
  expect(Object.fromEntries(answer.headers.map(([name, value]) => [name.toLowerCase(), value]))).toMatchObject({
    "content-type": "application/json",
    "set-cookie": "a=b",
    "content-length": String(answer.body.length),
    "x-service": "orders",
    "x-ratelimit-remaining-requests": "4",
    "access-control-allow-origin": "https://app.test",
    deprecation: "@1767225600",
    "x-request-id": expect.stringMatching(/^[0-9a-z]{26}$/),
  });
  expect(answer.header("x-internal")).toBeUndefined();
  expect(upstream.requests).toEqual([]);
  expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({
    status: 201,
    outcome: "ok",
    application: "web",
    service: "orders",
    route: "/orders",
    upstream: null,
    attempts: 0,
    responseBytes: answer.body.length,
  });
});

it("comes after authentication, sizes and limits", async () => {
  expect((await call("GET", "/orders", null)).status).toBe(401);
  for (let i = 0; i < 4; i++) expect((await call("GET", "/orders", TEST_KEY)).status).toBe(201);
  expect((await call("GET", "/orders", TEST_KEY)).status).toBe(429);
  expect((await call("POST", "/orders", undefined, "x".repeat(101 * 1024))).status).toBe(413);
});

it("has no body for HEAD and 204, and takes those of requests of any length", async () => {
  const head = await call("HEAD", "/orders");
  expect([head.status, head.body.length, head.header("content-length")]).toEqual([201, 0, "29"]);
  const gone = await call("DELETE", "/orders/gone");
  expect([gone.status, gone.body.length, gone.header("x-a"), gone.header("content-length")]).toEqual([
    204,
    0,
    "b",
    undefined,
  ]);
  expect((await call("POST", "/orders", undefined, "x".repeat(99 * 1024))).status).toBe(201);
  expect(upstream.requests).toEqual([]);
});

it("is for its route alone", async () => {
  expect((await call("GET", "/orders/real")).status).toBe(200);
  expect(upstream.requests).toHaveLength(1);
});
