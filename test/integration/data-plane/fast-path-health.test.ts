import { afterEach, describe, expect, it } from "vitest";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream, type UpstreamHandler } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** What the governor sees of upstreams is told to those who judge them, and the other way round. */

const servers: TestUpstream[] = [];
let gateway: FastGateway | null = null;
afterEach(async () => {
  await gateway?.close();
  gateway = null;
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function server(handler: UpstreamHandler): Promise<TestUpstream> {
  const started = await startUpstream(handler);
  servers.push(started);
  return started;
}

async function startService(targets: TestUpstream[], upstream: string): Promise<FastGateway> {
  const places = targets.map(({ url }) => `{ url: "${url}" }`).join(", ");
  gateway = await startFastGateway(
    nativeYaml(
      `services: [{ id: one, access: open, routes: [{ path: / }], upstream: { targets: [${places}], retries: { attempts: 0 }, ${upstream} } }]`,
    ),
  );
  return gateway;
}

async function startModel(target: TestUpstream, settings: string): Promise<FastGateway> {
  gateway = await startFastGateway(
    nativeYaml(`
providers: [{ id: own, kind: openai, base_url: "${target.url}/v1", keys: [{ id: main, value: x-key-1234567890 }] }]
models: [{ name: chatty, targets: [{ provider: own, model: gpt-4o }], retries: { attempts: 0 }, ${settings} }]
`),
  );
  return gateway;
}

const get = (at: FastGateway) => rawRequest(at.port, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
const put = (at: FastGateway, length: number) =>
  rawRequest(at.port, `PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${"x".repeat(length)}`);
const CHAT = JSON.stringify({ model: "chatty", stream: true, messages: [] });
const CHAT_REQUEST = `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nx-api-key: ${TEST_KEY}\r\nContent-Length: ${CHAT.length}\r\n\r\n${CHAT}`;
const delta = (content: string) =>
  `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

describe("passive health", () => {
  it("counts a 503 to a body that was passed on in pieces", async () => {
    let status = 200;
    const upstream = await server((_request, response) => response.writeHead(status).end("x"));
    const at = await startService([upstream], "health: { passive: { failures: 3, eject: 60s } }");
    for (let i = 0; i < 2; i++) await put(at, 70_000);
    status = 503;
    for (let i = 0; i < 3; i++) expect((await put(at, 70_000)).body.toString()).toBe("x");
    expect(at.taken()).toEqual({ forwarded: 4, handedOver: 0 });
    expect(at.log.map(({ message }) => message)).toContain("target ejected after failures in a row");
  });

  it("counts an answer that breaks off", async () => {
    let cut = false;
    const upstream = await server((_request, response) => {
      response.writeHead(200, { "content-length": 4 });
      if (!cut) response.end("good");
      else response.write("go", () => setTimeout(() => response.destroy(), 10));
    });
    const at = await startService([upstream], "health: { passive: { failures: 1, eject: 60s } }");
    for (let i = 0; i < 2; i++) expect((await get(at)).body.toString()).toBe("good");
    cut = true;
    expect((await get(at)).complete).toBe(false);
    expect(at.taken().forwarded).toBe(2);
    expect(at.log.map(({ message }) => message)).toContain("target ejected after failures in a row");
  });

  it("good answers of the governor end a row of failures", async () => {
    let status = 200;
    const upstream = await server((_request, response) => response.writeHead(status).end());
    const at = await startService([upstream], "health: { passive: { failures: 2, eject: 60s } }");
    for (let i = 0; i < 2; i++) await get(at);
    for (let i = 0; i < 4; i++) {
      status = 503;
      await get(at);
      status = 200;
      await get(at);
    }
    expect(at.log.map(({ message }) => message)).not.toContain("target ejected after failures in a row");
  });

  it("a target that is out is left alone, and takes its turns again afterwards, no more of them", async () => {
    const statuses = [200, 200];
    const targets = await Promise.all(
      [0, 1].map((place) =>
        server((_request, response) => response.writeHead(statuses[place] ?? 200).end(String(place))),
      ),
    );
    const at = await startService(targets, "");
    const places = async (count: number) => {
      let all = "";
      for (let i = 0; i < count; i++) all += (await get(at)).body.toString();
      return all;
    };
    expect([...(await places(9))].filter((place) => place === "0").length).toBeGreaterThanOrEqual(4);
    const { url } = targets[1] as TestUpstream;
    at.gateway.setUnhealthyTargets([`one ${url}`]);
    expect(await places(30)).toBe("0".repeat(30));
    at.gateway.setUnhealthyTargets([]);
    const { forwarded } = at.taken();
    expect(["01".repeat(5), "10".repeat(5)]).toContain(await places(10));
    expect(at.taken().forwarded).toBe(forwarded + 10);
  });

  it("weights hold", async () => {
    const targets = await Promise.all(
      [0, 1].map((place) => server((_request, response) => response.end(String(place)))),
    );
    const places = targets.map(({ url }, place) => `{ url: "${url}", weight: ${place === 0 ? 3 : 1} }`).join(", ");
    gateway = await startFastGateway(
      nativeYaml(`services: [{ id: one, access: open, routes: [{ path: / }], upstream: { targets: [${places}] } }]`),
    );
    let all = "";
    for (let i = 0; i < 41; i++) all += (await get(gateway)).body.toString();
    expect([...all.slice(1)].filter((place) => place === "0")).toHaveLength(30);
  });
});

describe("circuits of models", () => {
  it("open after streams that broke off", async () => {
    let whole = true;
    const upstream = await server((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`${delta("a")}${whole ? "data: [DONE]\n\n" : ""}`);
    });
    const at = await startModel(upstream, "circuit_breaker: { failures: 2, open: 60s }");
    for (let i = 0; i < 2; i++) await rawRequest(at.port, CHAT_REQUEST);
    whole = false;
    for (let i = 0; i < 2; i++) {
      expect((await rawRequest(at.port, CHAT_REQUEST)).body.toString()).toContain("upstream_reset");
    }
    expect(at.taken()).toEqual({ forwarded: 3, handedOver: 0 });
    // As in the stages: each began with a good event, so that no row of them came about.
    expect((await rawRequest(at.port, CHAT_REQUEST)).status).toBe(200);
  });

  it("open after one, where that is enough", async () => {
    let whole = true;
    const upstream = await server((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`${delta("a")}${whole ? "data: [DONE]\n\n" : ""}`);
    });
    const at = await startModel(upstream, "circuit_breaker: { failures: 1, open: 60s }");
    for (let i = 0; i < 2; i++) await rawRequest(at.port, CHAT_REQUEST);
    whole = false;
    await rawRequest(at.port, CHAT_REQUEST);
    expect(at.taken()).toEqual({ forwarded: 2, handedOver: 0 });
    const refused = await rawRequest(at.port, CHAT_REQUEST);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ error: { code: "upstream_unavailable" } });
  });
});

describe("streams", () => {
  it("end with an error when the gateway stops", async () => {
    let silent = false;
    const upstream = await server((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (silent) response.write(delta("a"));
      else response.end(`${delta("a")}data: [DONE]\n\n`);
    });
    const at = await startModel(upstream, "circuit_breaker: { failures: 1, open: 60s }");
    for (let i = 0; i < 2; i++) await rawRequest(at.port, CHAT_REQUEST);
    silent = true;
    const connection = await RawConnection.open(at.port);
    connection.write(CHAT_REQUEST);
    await waitFor(() => connection.received.includes('"content":"a"'), "the first event");
    const drained = at.gateway.drain(50);
    const answer = await connection.response();
    expect(answer.complete).toBe(true);
    expect(answer.body.toString()).toContain("not_ready");
    await drained;
    expect(at.records.at(-1)).toMatchObject({ errorCode: "not_ready", outcome: "error", streamed: true, status: 200 });
    connection.close();
  });

  it("of large events wait for a caller that does not read", async () => {
    let large = false;
    const events = 100;
    let sent = 0;
    let blocked = false;
    const upstream = await server((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const next = (): void => {
        while (large && sent < events) {
          sent++;
          if (!response.write(delta("x".repeat(1_000_000)))) {
            blocked = true;
            response.once("drain", () => {
              blocked = false;
              next();
            });
            return;
          }
        }
        response.end(`${delta("a")}data: [DONE]\n\n`);
      };
      next();
    });
    const at = await startModel(upstream, "");
    for (let i = 0; i < 2; i++) await rawRequest(at.port, CHAT_REQUEST);
    large = true;
    const connection = await RawConnection.open(at.port);
    connection.socket.pause();
    connection.write(CHAT_REQUEST);
    let still = 0;
    let last = -1;
    await waitFor(() => {
      still = sent === last && (blocked || sent === events) && sent > 0 ? still + 1 : 0;
      last = sent;
      return still > 60;
    }, "the provider to be held up");
    expect(sent).toBeLessThan(40);
    connection.socket.resume();
    const answer = await connection.response({ timeoutMs: 30_000 });
    expect(answer.body.length).toBeGreaterThan(events * 1_000_000);
    expect(answer.body.subarray(-14).toString()).toBe("data: [DONE]\n\n");
    connection.close();
  });
});

it("attempts at services and models are counted in the metrics, whoever made them", async () => {
  let status = 200;
  const upstream = await server((_request, response) => response.writeHead(status).end());
  const at = await startService([upstream], "");
  for (let i = 0; i < 5; i++) await get(at);
  status = 503;
  for (let i = 0; i < 2; i++) await get(at);
  for (let i = 0; i < 2; i++) await put(at, 70_000);
  const metrics = await at.metrics();
  const attempts = (outcome: string) =>
    metrics.get(
      `tidegate_upstream_attempts_total ${JSON.stringify({ upstream: "one", target: upstream.host, outcome })}`,
    );
  expect(attempts("ok")).toBe(5);
  expect(attempts("failed")).toBe(4);
});
