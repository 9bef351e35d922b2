import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

let upstream: TestUpstream;
let mirror: TestUpstream;
let gateway: TestGateway;
/** Answers that the mirror owes. */
let held: ServerResponse[] = [];
let holds = false;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => response.end("from the upstream"));
  mirror = await startUpstream((request, response) => {
    if (holds) held.push(response);
    else if (request.url?.endsWith("/large")) response.end(Buffer.alloc(4 * 1024 ** 2));
    else response.writeHead(500).end("from the mirror");
  });
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
services:
  - id: shop
    access: key
    ${to}
    request_headers: { set: { x-set: "1" } }
    policies: { mirror: { url: "${mirror.url}/copy", timeout: 1m } }
    routes:
      - { path: /shop, strip_prefix: true }
      - { path: /shop/none, policies: { mirror: null } }
      - { path: /shop/half, policies: { mirror: { url: "${mirror.url}", percent: 50 } } }
      - { path: /shop/dead, policies: { mirror: { url: "http://127.0.0.1:1" } } }
      - { path: /shop/slow, policies: { mirror: { url: "${mirror.url}", timeout: 50ms } } }
applications: [{ id: web, keys: ["${TEST_KEY}"] }]
`);
});
afterAll(() => Promise.all([gateway.close(), upstream.close(), mirror.close()]));
beforeEach(() => {
  upstream.requests.length = 0;
  mirror.requests.length = 0;
  held = [];
  holds = false;
});

function call(path: string, body = "", more = "") {
  const length = body === "" ? "" : `content-length: ${body.length}\r\n`;
  const method = body === "" ? "GET" : "POST";
  const head = `${method} ${path} HTTP/1.1\r\nhost: a.test\r\nx-api-key: ${TEST_KEY}\r\nx-own: 2\r\n${more}${length}\r\n`;
  return rawRequest(gateway.port, head + body);
}

async function expectAnswer(path: string, body = ""): Promise<void> {
  const answer = await call(path, body);
  expect([answer.status, answer.body.toString()]).toEqual([200, "from the upstream"]);
}

const mirrored = (count: number) => waitFor(() => mirror.requests.length >= count, `${count} copies`);

async function outcomes(): Promise<Record<string, number>> {
  const metrics = (await gateway.gateway.collectMetrics()) as {
    name: string;
    values: { labels: { outcome?: string }; value: number }[];
  }[];
  const { values = [] } = metrics.find(({ name }) => name === "tidegate_mirrored_requests_total") ?? {};
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
}

it("copies method, path, query, headers and body, but no key of the gateway's", async () => {
  await expectAnswer("/shop/items?page=2", "the body");
  await mirrored(1);
  const [original] = upstream.requests;
  const [copy] = mirror.requests;
  expect([original?.url, copy?.url]).toEqual(["/items?page=2", "/copy/items?page=2"]);
  expect([copy?.method, copy?.body.toString()]).toEqual(["POST", "the body"]);
  const { "x-tidegate-mirror": marked, host, ...headers } = copy?.headers ?? {};
  expect([marked, host]).toEqual(["shop", mirror.host]);
  expect({ ...headers, host: upstream.host }).toEqual(original?.headers);
  expect(headers).toMatchObject({ "x-set": "1", "x-own": "2" });
  expect(headers).not.toHaveProperty("x-api-key");
});

it("drops the mirror's answer, whatever it is, and uses its connections again", async () => {
  const before = (await outcomes()).answered ?? 0;
  for (let i = 1; i <= 4; i++) {
    await expectAnswer("/shop");
    await waitFor(async () => ((await outcomes()).answered ?? 0) === before + i, "the copy to be answered");
  }
  expect(new Set(mirror.requests.map(({ connection }) => connection)).size).toBe(1);
  await expectAnswer("/shop/large");
  await waitFor(async () => (await outcomes()).answered === before + 5, "the large answer to be given up");
});

it("does not wait for the mirror, and has no more than so many copies under way", async () => {
  holds = true;
  const before = (await outcomes()).left_out ?? 0;
  for (let i = 0; i < 70; i++) await expectAnswer("/shop");
  await mirrored(64);
  expect((await outcomes()).left_out).toBe(before + 6);
  expect(mirror.requests).toHaveLength(64);
  const answered = (await outcomes()).answered ?? 0;
  for (const response of held) response.end();
  await waitFor(async () => (await outcomes()).answered === answered + 64, "all copies to be over");
  holds = false;
  await expectAnswer("/shop");
  await mirrored(65);
});

it("fails with no call: a mirror that can't be reached, or takes too long", async () => {
  const failed = async () => (await outcomes()).failed ?? 0;
  const before = await failed();
  await expectAnswer("/shop/dead");
  await waitFor(async () => (await failed()) === before + 1, "the copy to fail");
  holds = true;
  await expectAnswer("/shop/slow");
  await waitFor(async () => (await failed()) === before + 2, "the copy to take too long");
});

it("copies its share of the calls, none where there is none, and no body that is streamed", async () => {
  for (let i = 0; i < 60; i++) await expectAnswer("/shop/half");
  await waitFor(() => mirror.requests.length > 0, "a copy");
  await expectAnswer("/shop/none");
  // A copy that has come back: it is not copied again.
  expect((await call("/shop/copied", "", "x-tidegate-mirror: shop\r\n")).status).toBe(200);
  const before = (await outcomes()).left_out ?? 0;
  await expectAnswer("/shop/big", "x".repeat(65 * 1024));
  expect((await outcomes()).left_out).toBe(before + 1);
  expect(mirror.requests.length).toBeLessThan(60);
  const copied = mirror.requests.map(({ url }) => url ?? "");
  expect(copied.filter((url) => /none|copied|big/.test(url))).toEqual([]);
});
