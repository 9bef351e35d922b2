import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** What was learned of one configuration is over with it. */

type Answer = (status: number, body?: string) => void;
const held: { request: SeenRequest; answer: Answer }[] = [];
let holding = false;
let upstreams: TestUpstream[];
let gateway: FastGateway;

beforeAll(async () => {
  upstreams = await Promise.all(
    [0, 1].map((place) =>
      startUpstream((request, response) => {
        const answer: Answer = (status, body = `of ${place}`) => {
          response.writeHead(status, { "content-type": "application/json" });
          response.end(body);
        };
        if (holding) held.push({ request, answer });
        else answer(200, request.url.startsWith("/v1/") ? '{"model":"m","choices":[]}' : `of ${place}`);
      }),
    ),
  );
});
afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())));
beforeEach(() => {
  for (const upstream of upstreams) upstream.requests.length = 0;
  held.length = 0;
  holding = false;
});
afterEach(() => gateway.close());

interface Options {
  target?: number;
  path?: string;
  subscriptions?: string;
  key?: string;
  limits?: string;
  more?: string;
}

function yaml({
  target = 0,
  path = "/one",
  subscriptions = "[one, ai]",
  key = TEST_KEY,
  limits = "[]",
  more = "",
}: Options = {}) {
  const { url } = upstreams[target] as TestUpstream;
  return nativeYaml(
    `
services: [{ id: one, routes: [{ path: "${path}" }], upstream: { targets: [{ url: "${url}" }], retries: { attempts: 2, on: [503, reset], backoff: 1ms } } }]
providers: [{ id: own, kind: openai, base_url: "${url}/v1", keys: [{ id: main, value: x-key-1234567890 }] }]
models: [{ name: chatty, targets: [{ provider: own, model: m }], retries: { attempts: 2, on: [503, reset], backoff: 1ms } }]
${more}`,
    { subscriptions, limits },
  ).replace(TEST_KEY, key);
}

const CHAT = JSON.stringify({ model: "chatty", messages: [] });
const head = (line: string, more = "") => `${line} HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\n${more}\r\n`;
const get = (path = "/one/x") => rawRequest(gateway.port, head(`GET ${path}`));
const chat = () =>
  rawRequest(gateway.port, head("POST /v1/chat/completions", `Content-Length: ${CHAT.length}\r\n`) + CHAT);

async function learn(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    expect((await get()).status).toBe(200);
    expect((await chat()).status).toBe(200);
  }
  expect(gateway.taken().forwarded).toBe(4);
}

describe("the very next call obeys", () => {
  beforeEach(async () => {
    gateway = await startFastGateway(yaml());
    await learn();
  });

  it.each<[string, Options, number, number]>([
    ["a key that is gone", { key: "tg_another_key_1234567890" }, 401, 401],
    ["a subscription that is revoked", { subscriptions: "[]" }, 403, 403],
    ["a subscription to one service that is revoked", { subscriptions: "[one]" }, 200, 403],
    ["a route that has moved", { path: "/two" }, 404, 200],
    ["a limit that was set", { limits: "[{ requests: 1, window: 1h, per: service }]" }, 200, 200],
  ])("%s", async (_name, options, rest, ai) => {
    await gateway.reload(yaml(options));
    expect((await get()).status).toBe(rest);
    expect((await chat()).status).toBe(ai);
    if (options.limits !== undefined) {
      expect((await get()).status).toBe(429);
      expect((await chat()).status).toBe(429);
    }
  });

  it("a target that has changed", async () => {
    for (const upstream of upstreams) upstream.requests.length = 0;
    await gateway.reload(yaml({ target: 1 }));
    for (let i = 0; i < 3; i++) {
      expect((await get()).body.toString()).toBe("of 1");
      expect((await chat()).status).toBe(200);
    }
    expect(upstreams[0]?.requests).toHaveLength(0);
  });

  it("bodies that are wanted in the log", async () => {
    await gateway.reload(yaml({ more: "call_log: { bodies: all }" }));
    for (let i = 0; i < 3; i++) {
      const record = await gateway.record((await chat()).header("x-request-id"));
      expect(record.requestBody).toBe(CHAT);
    }
    expect(gateway.taken().forwarded).toBe(4);
  });

  it("a smaller body limit", async () => {
    await gateway.reload(yaml({ more: "ai: { max_body_size: 20B }" }));
    for (let i = 0; i < 3; i++) expect((await chat()).status).toBe(413);
  });
});

describe("calls under way while the configuration changes", () => {
  it("a call that began before a reload teaches nothing", async () => {
    gateway = await startFastGateway(yaml());
    const slow = await RawConnection.open(gateway.port);
    const slowChat = await RawConnection.open(gateway.port);
    slow.write(head("POST /one/x", "Content-Length: 5\r\n"));
    slowChat.write(head("POST /v1/chat/completions", `Content-Length: ${CHAT.length}\r\n`));
    await waitFor(() => gateway.gateway.openExchanges === 2, "the calls");
    await gateway.reload(yaml({ target: 1 }));
    slow.write("hello");
    slowChat.write(CHAT);
    expect((await slow.response()).body.toString()).toBe("of 0");
    expect((await slowChat.response()).status).toBe(200);
    expect(upstreams[0]?.requests).toHaveLength(2);

    const post = () => rawRequest(gateway.port, `${head("POST /one/x", "Content-Length: 5\r\n")}hello`);
    for (let i = 0; i < 3; i++) {
      expect((await post()).body.toString()).toBe("of 1");
      await chat();
    }
    expect(upstreams[0]?.requests).toHaveLength(2);
    slow.close();
    slowChat.close();
  });

  it.each([1, 3])(
    "a POST that the governor has sent is not sent again after %i reloads, whatever comes of it",
    async (reloads) => {
      gateway = await startFastGateway(yaml());
      const post = () => rawRequest(gateway.port, `${head("POST /one/x", "Content-Length: 5\r\n")}hello`);
      for (let i = 0; i < 2; i++) expect((await post()).status).toBe(200);
      holding = true;
      const before = gateway.taken().forwarded;
      const answer = post();
      await waitFor(() => held.length === 1, "the request");
      expect(gateway.taken().forwarded).toBe(before + 1);
      for (let i = 0; i < reloads; i++) await gateway.reload(yaml({ target: (i + 1) % 2, path: "/one" }));
      held[0]?.answer(503, "busy");
      const { status, body } = await answer;
      expect({ status, body: body.toString() }).toEqual({ status: 503, body: "busy" });
      expect(upstreams.flatMap(({ requests }) => requests)).toHaveLength(3);
      expect(gateway.records.at(-1)).toMatchObject({ status: 503, attempts: 1, outcome: "ok" });
    },
  );

  it("a call to a model that the governor has sent goes on by the configuration it began with", async () => {
    gateway = await startFastGateway(yaml());
    for (let i = 0; i < 2; i++) expect((await chat()).status).toBe(200);
    holding = true;
    const answer = chat();
    await waitFor(() => held.length === 1, "the request");
    for (let i = 0; i < 3; i++) await gateway.reload(yaml({ target: 1, subscriptions: "[]" }));
    holding = false;
    held[0]?.answer(503, "{}");
    expect((await answer).status).toBe(200);
    expect(upstreams[0]?.requests).toHaveLength(4);
    expect(upstreams[1]?.requests).toHaveLength(0);
    expect((await chat()).status).toBe(403);
  });

  it("a good answer comes through, and its call is recorded with what it began with", async () => {
    gateway = await startFastGateway(yaml());
    for (let i = 0; i < 2; i++) await get();
    holding = true;
    const answer = get();
    await waitFor(() => held.length === 1, "the request");
    await gateway.reload(yaml({ path: "/elsewhere", target: 1 }));
    await gateway.reload(yaml({ path: "/elsewhere", target: 1 }));
    held[0]?.answer(200, "late");
    expect((await answer).body.toString()).toBe("late");
    expect(gateway.records.at(-1)).toMatchObject({ status: 200, service: "one", application: "web" });
  });
});

describe("a drain with calls of the governor under way", () => {
  it("lets those finish that do, and ends the others", async () => {
    gateway = await startFastGateway(yaml());
    await learn();
    holding = true;
    const finishing = get();
    const waiting = get();
    const waitingChat = chat();
    await waitFor(() => held.length === 3, "the requests");
    const drained = gateway.gateway.drain(300);
    held[0]?.answer(200, "in time");
    expect((await finishing).body.toString()).toBe("in time");
    await drained;
    for (const answer of [await waiting, await waitingChat]) {
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code: "not_ready" } });
    }
    expect(gateway.gateway.openExchanges).toBe(0);
    expect(gateway.records.slice(-3).map(({ status, errorCode, outcome }) => [status, errorCode, outcome])).toEqual([
      [200, null, "ok"],
      [503, "not_ready", "error"],
      [503, "not_ready", "error"],
    ]);
  });
});

it("a gateway that is closed with calls of the governor under way settles their limits, or leaves them", async () => {
  gateway = await startFastGateway(
    yaml({ limits: "[{ tokens: 100000, window: 1h }, { requests: 1000, window: 1h }]" }),
  );
  await learn();
  holding = true;
  const open = [get(), chat()].map((call) => call.catch(() => "cut"));
  await waitFor(() => held.length === 2, "the requests");
  const before = gateway.taken().forwarded;
  expect(before).toBe(6);
  await gateway.gateway.close();
  await Promise.all(open);
});
