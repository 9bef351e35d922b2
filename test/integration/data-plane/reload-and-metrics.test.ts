import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_ENGINE, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";

interface MetricJson {
  name: string;
  values: { value: number; labels: Record<string, string | number>; metricName?: string }[];
}

let upstream: Server;
let upstreamUrl: string;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end(`${request.method} ${request.url}`));
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await gateway.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const service = (id: string, path: string, extra = "") => `
  - id: ${id}
    kind: rest
    routes: [{ path: ${path}, match: prefix }]
    upstream: { targets: [{ url: "${upstreamUrl}" }] }
    access: open
    ${extra}`;

function chat(headers: Record<string, string> = {}, body: object = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
    body: JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "hello tide" }], ...body }),
  });
}

describe("a reload", () => {
  it("changes what new requests see, and nothing for those under way", async () => {
    const providers = "providers: [{ id: simulated, kind: simulated }]";
    gateway = await startGateway(baseYaml(`${providers}\nservices:${service("old", "/old")}`));
    const streaming = await chat({ "x-simulated-token-ms": "30" }, { stream: true });
    await gateway.reload(baseYaml(`services:${service("new", "/new")}`));

    expect((await fetch(`${gateway.url}/new/x`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/old/x`)).status).toBe(404);
    expect((await chat()).status).toBe(404);
    expect((await streaming.text()).endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("opens listeners that are new and closes those that are gone", async () => {
    gateway = await startGateway(baseYaml(`services:${service("one", "/")}`));
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));

    await gateway.reload(baseYaml(`services:${service("one", "/")}`).replace("127.0.0.1:0", `127.0.0.1:${port}`));
    await expect.poll(() => fetch(`http://127.0.0.1:${port}/x`).then((response) => response.status)).toBe(200);
    await expect
      .poll(() =>
        fetch(`${gateway.url}/x`, { headers: { connection: "close" } }).then(
          () => "open",
          () => "closed",
        ),
      )
      .toBe("closed");
  });
});

it("bug: the URL of an IPv6 listener had no brackets", async () => {
  const both = '{ address: "[::1]:0", engine: native }, { address: "[::1]:0", engine: uws }';
  gateway = await startGateway(baseYaml(`services:${service("one", "/")}`).replace('{ address: "127.0.0.1:0" }', both));
  const answers = gateway.urls.map(async (url) => [url.slice(0, 13), (await fetch(`${url}/x`)).status]);
  expect(await Promise.all(answers)).toEqual([
    ["http://[::1]:", 200],
    ["http://[::1]:", 200],
  ]);
});

describe("a listener whose address is taken", () => {
  const withListeners = (...ports: number[]) => {
    const listeners = ports.map((port) => `{ address: "127.0.0.1:${port}" }`).join(", ");
    return baseYaml(`services:${service("one", "/")}`).replace('{ address: "127.0.0.1:0" }', listeners);
  };
  const statusAt = (port: number) =>
    fetch(`http://127.0.0.1:${port}/x`, { headers: { connection: "close" } }).then(
      ({ status }) => status,
      () => "closed",
    );

  it("is opened as soon as it is free, and until then what is open goes on", async () => {
    const taken = createServer((_, response) => response.end("somebody else")).listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    gateway = await startGateway(withListeners(0));
    await gateway.reload(withListeners(port));
    await expect.poll(() => gateway.problems).toEqual([expect.stringContaining(`can't listen on 127.0.0.1:${port}`)]);
    expect(await statusAt(gateway.port)).toBe(200);

    taken.close();
    taken.closeAllConnections();
    await expect.poll(() => statusAt(gateway.port), { timeout: 5000 }).toBe("closed");
    expect(await statusAt(port)).toBe(200);
    expect(gateway.problems.at(-1)).toBeNull();
  });

  it("is told from one whose certificate has become useless", async () => {
    gateway = await startGateway(withListeners(0));
    gateway.change(({ listeners: [first] }) => {
      const tls = { certFile: "/nowhere.crt", keyFile: "/nowhere.key", passphrase: null, serverNames: [] };
      if (first !== undefined) Object.assign(first, { engine: "uws", tls });
    });
    const problem = "can't listen on 127.0.0.1:0: the certificate /nowhere.crt or its key can't be used any more";
    await expect.poll(() => gateway.problems).toEqual([problem]);
    expect(await statusAt(gateway.port)).toBe(200);
  });

  it("bug: kept a worker that began from serving at all", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    gateway = await startGateway(withListeners(0, port), {}, { mustHaveAll: false });
    expect(await statusAt(gateway.port)).toBe(200);
    expect(gateway.problems).toEqual([expect.stringContaining(`127.0.0.1:${port}`)]);
    taken.close();
    await expect.poll(() => statusAt(port), { timeout: 5000 }).toBe(200);
    expect(gateway.problems.at(-1)).toBeNull();
  });
});

describe("the call log's bodies", () => {
  const providers = "providers: [{ id: simulated, kind: simulated }]";

  it("are not kept by default", async () => {
    gateway = await startGateway(baseYaml(providers));
    const record = await gateway.record((await chat()).headers.get("x-request-id"));
    expect(record).toMatchObject({ requestBody: null, responseBody: null });
  });

  it("are kept for errors, or for all calls, when the configuration says so", async () => {
    gateway = await startGateway(baseYaml(`${providers}\ncall_log: { bodies: errors }`));
    const good = await gateway.record((await chat()).headers.get("x-request-id"));
    expect(good).toMatchObject({ requestBody: null, responseBody: null });
    const bad = await gateway.record((await chat({}, { model: "nobody/knows" })).headers.get("x-request-id"));
    expect(bad.requestBody).toContain("nobody/knows");
    expect(bad.responseBody).toContain("model_not_found");

    await gateway.reload(baseYaml(`${providers}\ncall_log: { bodies: all, max_body_size: 64 }`));
    const response = await chat({}, { stream: true });
    await response.text();
    const streamed = await gateway.record(response.headers.get("x-request-id"));
    expect(streamed.requestBody).toContain("hello tide");
    expect(streamed.responseBody).toHaveLength(64);
    expect(streamed.responseBody).toMatch(/^data: \{/);
  });
});

describe("metrics of a worker", () => {
  it("count calls by service, route and status, tokens by model, attempts, refusals and durations", async () => {
    gateway = await startGateway(
      baseYaml(`providers: [{ id: simulated, kind: simulated }]\nservices:${service("one", "/one")}`),
    );
    await (await chat()).text();
    await (await chat({ authorization: "Bearer wrong" })).text();
    await (await fetch(`${gateway.url}/one/x`)).text();
    await (await fetch(`${gateway.url}/nowhere`)).text();
    await (await fetch(`${gateway.url}/health/liveness`)).text();
    // No length: the one engine refuses it, and the other must.
    const framing = TEST_ENGINE === "uws" ? "chunked" : "gzip, chunked";
    await rawRequest(gateway.port, `POST /one/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${framing}\r\n\r\n`);

    const metrics = (await gateway.gateway.collectMetrics()) as MetricJson[];
    const find = (name: string) => metrics.find((metric) => metric.name === name)?.values ?? [];
    const value = (name: string, labels: Record<string, string>) =>
      find(name).find((entry) => Object.entries(labels).every(([key, text]) => entry.labels[key] === text))?.value;

    expect(value("tidegate_calls_total", { service: "ai", route: "/v1/chat/completions", status: "200" })).toBe(1);
    expect(value("tidegate_calls_total", { service: "ai", status: "401" })).toBe(1);
    expect(value("tidegate_calls_total", { service: "one", status: "200" })).toBe(1);
    expect(value("tidegate_calls_total", { service: "", status: "404" })).toBe(1);
    expect(find("tidegate_calls_total").reduce((sum, entry) => sum + entry.value, 0)).toBe(4);
    const refusal = TEST_ENGINE === "uws" ? "length_required" : "bad_framing";
    expect(value("tidegate_requests_refused_total", { code: refusal })).toBe(1);
    expect(value("tidegate_tokens_total", { provider: "simulated", model: "echo", type: "input" })).toBe(2);
    expect(value("tidegate_tokens_total", { provider: "simulated", model: "echo", type: "output" })).toBe(2);
    expect(value("tidegate_upstream_attempts_total", { upstream: "one", outcome: "ok" })).toBe(1);
    expect(value("tidegate_open_exchanges", {})).toBe(0);
    const durations = find("tidegate_call_duration_seconds").filter((entry) => entry.labels.service === "ai");
    expect(durations.find((entry) => entry.metricName?.endsWith("_count"))?.value).toBe(2);
    expect(durations.find((entry) => entry.labels.le === "+Inf")?.value).toBe(2);
  });
});

describe("a drain", () => {
  it("of a worker that is replaced answers the next call on a connection that was idle for seconds", async () => {
    gateway = await startGateway(baseYaml("providers: [{ id: simulated, kind: simulated }]"));
    const connection = await RawConnection.open(gateway.port);
    const ask = () => {
      connection.write("GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n");
      return connection.response();
    };
    const first = await ask();
    const drained = gateway.gateway.drain(30_000, true);
    // Longer than it waits when nobody is in its place.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const last = await ask();
    expect(last.status).toBe(first.status);
    expect([first, last].map((answer) => answer.header("connection"))).toEqual([undefined, "close"]);
    await connection.whenClosed();
    await drained;
  });

  it("lets requests finish, tells connections to close, and ends streams at the deadline with an error event", async () => {
    gateway = await startGateway(baseYaml("providers: [{ id: simulated, kind: simulated }]"));
    const short = await chat({ "x-simulated-token-ms": "20" }, { stream: true });
    const endless = await chat(
      { "x-simulated-token-ms": "100" },
      { stream: true, messages: [{ role: "user", content: "word ".repeat(500) }] },
    );
    await gateway.gateway.drain(500);
    expect((await short.text()).endsWith("data: [DONE]\n\n")).toBe(true);
    const cut = await endless.text();
    expect(cut).toContain('"code":"not_ready"');
    expect(cut).not.toContain("[DONE]");
    expect(gateway.gateway.openExchanges).toBe(0);
    const connecting = connect(gateway.port, "127.0.0.1");
    await expect(once(connecting, "connect")).rejects.toThrow("ECONNREFUSED");
  });
});
