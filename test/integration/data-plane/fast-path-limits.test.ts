import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Counters are the same ones, whichever way a call goes. */

let upstream: TestUpstream;
let gateway: FastGateway;
beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    response.setHeader("content-type", "application/json");
    const usage = { prompt_tokens: 30, completion_tokens: 12, total_tokens: 42 };
    response.end(request.url === "/v1/chat/completions" ? JSON.stringify({ model: "served", usage }) : "{}");
  });
});
afterAll(() => upstream.close());
afterEach(() => gateway.close());

const service = (limits: string, more = "access: key") =>
  `services: [{ id: one, ${more}, limits: ${limits}, routes: [{ path: /one }], upstream: { targets: [{ url: "${upstream.url}" }] } }]`;
const provider = () =>
  `providers: [{ id: own, kind: openai, base_url: "${upstream.url}/v1", keys: [{ id: main, value: x-key-1234567890 }] }]`;

function get(headers = ""): Promise<RawResponse> {
  return rawRequest(gateway.port, `GET /one HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\n${headers}\r\n`);
}

function chat(options: { chunked?: boolean } = {}): Promise<RawResponse> {
  const body = JSON.stringify({ model: "own/gpt-4o", messages: [{ role: "user", content: "x".repeat(340) }] });
  const framing = options.chunked === true ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
  const sent = options.chunked === true ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  return rawRequest(
    gateway.port,
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\n${framing}\r\n\r\n${sent}`,
  );
}

async function remaining(call: () => Promise<RawResponse>, unit: string, calls: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < calls; i++) all.push(Number((await call()).header(`x-ratelimit-remaining-${unit}`)));
  return all;
}

it.each(["window: 1h", "window: 1h, algorithm: sliding-window", "window: 1h, algorithm: token-bucket"])(
  "requests of an application are counted on, and the one beyond is refused by the stages (%s)",
  async (kind) => {
    gateway = await startFastGateway(nativeYaml(service("[]"), { limits: `[{ requests: 5, ${kind} }]` }));
    expect(await remaining(get, "requests", 5)).toEqual([4, 3, 2, 1, 0]);
    expect(gateway.taken()).toEqual({ forwarded: 4, handedOver: 0 });
    const refused = await get();
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ error: { code: "rate_limited" } });
    expect(upstream.requests.splice(0)).toHaveLength(5);
  },
);

const SHARED = "{ requests: 5, window: 1h }";

it.each([
  ["organisation", `policies: { limits: [${SHARED}] }`],
  ["organisation, for each team", `policies: { limits: [{ per: team, requests: 5, window: 1h }] }`],
  ["team", `teams: [{ id: default, policies: { limits: [${SHARED}] } }]`],
])("requests of the %s are counted on, and the one beyond is refused by the stages", async (_name, top) => {
  gateway = await startFastGateway(nativeYaml(`${service("[]")}\n${top}`));
  expect(await remaining(get, "requests", 5)).toEqual([4, 3, 2, 1, 0]);
  expect(gateway.taken()).toEqual({ forwarded: 4, handedOver: 0 });
  expect((await get()).status).toBe(429);
  expect(upstream.requests.splice(0)).toHaveLength(5);
});

it("requests by a route are counted on, whoever makes them, and those by others of the service are not", async () => {
  const routes = `[{ path: /one, policies: { limits: [${SHARED}, { per: application, requests: 9, window: 1h }] } }, { path: /two }]`;
  gateway = await startFastGateway(nativeYaml(service("[]").replace("[{ path: /one }]", routes)));
  const two = () => rawRequest(gateway.port, `GET /two HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\n\r\n`);
  for (let i = 0; i < 3; i++) expect((await two()).header("x-ratelimit-limit-requests")).toBeUndefined();
  expect(await remaining(get, "requests", 5)).toEqual([4, 3, 2, 1, 0]);
  expect(gateway.taken()).toEqual({ forwarded: 2 + 4, handedOver: 0 });
  expect((await get()).status).toBe(429);
  expect((await two()).status).toBe(200);
  upstream.requests.length = 0;
});

it("tokens of a team are settled to what was used", async () => {
  const top = `teams: [{ id: default, policies: { limits: [{ tokens: 10000, window: 1h }] } }]`;
  gateway = await startFastGateway(nativeYaml(`${provider()}\n${top}`));
  const tokens = await remaining(chat, "tokens", 4);
  expect(tokens.map((left) => (tokens[0] ?? 0) - left)).toEqual([0, 42, 84, 126]);
  expect(gateway.taken()).toEqual({ forwarded: 3, handedOver: 0 });
});

it("of several limits the tightest is shown, and a call that one refuses counts with none", async () => {
  const limits = "[{ per: service, requests: 4, window: 1h }, { per: address, requests: 50, window: 1h }]";
  gateway = await startFastGateway(nativeYaml(service(limits), { limits: "[{ requests: 100, window: 1h }]" }));
  expect(await remaining(get, "requests", 4)).toEqual([3, 2, 1, 0]);
  for (let i = 0; i < 3; i++) expect((await get()).status).toBe(429);
  await gateway.reload(
    nativeYaml(service(limits.replace("requests: 4", "requests: 90")), { limits: "[{ requests: 100, window: 1h }]" }),
  );
  // The other counters go on from four.
  expect(await remaining(get, "requests", 3)).toEqual([45, 44, 43]);
});

it("more limits than the governor counts with are the stages'", async () => {
  const limits = Array.from({ length: 9 }, (_, i) => `{ requests: ${100 + i}, window: 1h }`).join(", ");
  gateway = await startFastGateway(nativeYaml(service("[]"), { limits: `[${limits}]` }));
  expect(await remaining(get, "requests", 4)).toEqual([99, 98, 97, 96]);
  expect(gateway.taken().forwarded).toBe(0);
});

it.each([false, true])(
  "tokens are reserved by what is announced, and settled to what was used (chunked: %s)",
  async (chunked) => {
    gateway = await startFastGateway(nativeYaml(provider(), { limits: "[{ tokens: 10000, window: 1h }]" }));
    const body = JSON.stringify({ model: "own/gpt-4o", messages: [{ role: "user", content: "x".repeat(340) }] });
    const estimate = chunked ? 0 : Math.ceil(body.length / 4);
    const expected = [0, 1, 2, 3].map((calls) => 10_000 - 42 * calls - estimate);
    expect(await remaining(() => chat({ chunked }), "tokens", 4)).toEqual(expected);
    expect(gateway.taken()).toEqual({ forwarded: 3, handedOver: 0 });
  },
);

it("cost is counted on, and the call beyond is refused by the stages", async () => {
  gateway = await startFastGateway(nativeYaml(provider(), { limits: "[{ cost_usd: 0.0005, window: 1h }]" }));
  const cost = Number((await chat()).header("x-tidegate-cost"));
  expect(cost).toBeGreaterThan(0.0001);
  const allowed = Math.ceil(0.0005 / cost) - 1;
  for (let i = 0; i < allowed; i++) expect((await chat()).status).toBe(200);
  expect(gateway.taken().forwarded).toBe(allowed);
  expect(JSON.parse((await chat()).body.toString())).toMatchObject({ error: { code: "cost_limit_exceeded" } });
});

it("the governor refuses nobody's call after it has asked for the body", async () => {
  gateway = await startFastGateway(nativeYaml(provider(), { limits: "[{ requests: 2, window: 1h }]" }));
  for (let i = 0; i < 2; i++) expect((await chat()).status).toBe(200);
  const connection = await RawConnection.open(gateway.port);
  connection.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n`,
  );
  expect((await connection.response()).status).toBe(429);
  connection.close();
});

it("a call whose caller leaves within its body counts", async () => {
  gateway = await startFastGateway(nativeYaml(provider(), { limits: "[{ requests: 10, window: 1h }]" }));
  expect(await remaining(chat, "requests", 2)).toEqual([9, 8]);
  const connection = await RawConnection.open(gateway.port);
  connection.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\nContent-Length: 500\r\n\r\n{"model"`,
  );
  await expect.poll(() => gateway.gateway.openExchanges).toBe(1);
  connection.close();
  await expect.poll(() => gateway.records.length).toBe(3);
  expect(gateway.records[2]).toMatchObject({
    status: 499,
    outcome: "client_aborted",
    attempts: 0,
    requestBytes: 500,
    modelAsked: null,
    provider: null,
  });
  expect(await remaining(chat, "requests", 1)).toEqual([6]);
});

describe("callers behind proxies", () => {
  const CASES: [name: string, headers: string, caller: string, way: number][] = [
    ["one hop", "X-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9", 1],
    ["hops that a client made up", "X-Forwarded-For: 1.1.1.1, 9.9.9.9, 10.1.2.3\r\n", "9.9.9.9", 1],
    ["ports and IPv6", "X-Forwarded-For: [2001:DB8::1]:443, 10.1.2.3:99\r\n", "2001:db8::1", 1],
    ["no address", "X-Forwarded-For: unknown, 10.1.2.3\r\n", "10.1.2.3", 1],
    ["none", "", "127.0.0.1", 1],
    ["an empty field", "X-Forwarded-For:\r\n", "127.0.0.1", 1],
    ["https", "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n", "9.9.9.9", 1],
    ["https in capitals", "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: HTTPS\r\n", "9.9.9.9", 0],
    ["two fields", "X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-For: 10.1.2.3\r\n", "8.8.8.8", 0],
    ["Forwarded", "Forwarded: for=9.9.9.9;proto=https\r\n", "9.9.9.9", 0],
  ];
  it.each(CASES)("%s", async (_name, headers, caller, way) => {
    gateway = await startFastGateway(
      `trusted_proxies: ["127.0.0.1", "10.0.0.0/8"]\n${nativeYaml(service("[{ per: address, requests: 10, window: 1h }]", "access: open"))}`,
    );
    upstream.requests.length = 0;
    const get = () => rawRequest(gateway.port, `GET /one HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    expect(await remaining(get, "requests", 3)).toEqual([9, 8, 7]);
    expect(gateway.taken().forwarded).toBe(2 * way);
    expect(gateway.records.map(({ clientAddress }) => clientAddress)).toEqual([caller, caller, caller]);
    const [first, ...rest] = upstream.requests.map(({ headers: seen }) => [
      seen["x-forwarded-for"],
      seen["x-forwarded-proto"],
    ]);
    expect(first?.[0]).toBe(caller === "127.0.0.1" ? caller : `${caller}, 127.0.0.1`);
    for (const one of rest) expect(one).toEqual(first);
  });
});
