import type { ServerResponse } from "node:http";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explain } from "../../../src/data-plane/explain/explain.ts";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** MCP services byte for byte: errors, sessions, lists of tools, retries and streams. */

const OTHER_KEY = "tg_another_key_1234567890";
const KEY_WITHOUT = "tg_key_without_subscription";
const LIMITED_KEY = "tg_key_with_a_limit_0123456";

const TOOLS = ["get_one", "get_two", "delete_all"].map((name) => ({ name, inputSchema: { type: "object" } }));

type Handler = (request: SeenRequest, response: ServerResponse) => void;

let upstream: TestUpstream;
let handler: Handler;
let gateway: TestGateway;

beforeEach(async () => {
  handler = answerAs("application/json");
  upstream = await startUpstream((request, response) => handler(request, response));
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** Lists for lists, and else what was called. */
function answerAs(type: "application/json" | "text/event-stream", more: Record<string, string> = {}): Handler {
  return (request, response) => {
    const message = JSON.parse(request.body.toString()) as { id: number; method: string };
    const result = message.method === "tools/list" ? { tools: TOOLS, nextCursor: "more" } : { method: message.method };
    const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, result });
    response.writeHead(200, { "content-type": type, ...more });
    response.end(type === "application/json" ? text : `event: message\nid: 1\ndata: ${text}\n\n`);
  };
}

interface YamlOptions {
  policies?: string;
  team?: string;
  service?: string;
  application?: string;
  subscription?: string;
  targets?: string[];
}

function yaml(options: YamlOptions = {}): string {
  const targets = options.targets ?? [`${upstream.url}/mcp`];
  return `
version: 1
listeners: [{ address: "127.0.0.1:0", max_body_size: 8MiB }]
policies: ${options.policies ?? "{}"}
teams: [{ id: default, policies: ${options.team ?? "{}"} }]
services:
  - id: crm
    kind: mcp
    routes: [{ path: /crm/mcp }]
    upstream: { targets: [${targets.map((url) => `{ url: "${url}" }`).join(", ")}] }
    ${options.service ?? ""}
applications:
  - id: web
    team: default
    keys: ["${TEST_KEY}"]
    policies: ${options.application ?? "{}"}
    subscriptions: [{ service: crm, policies: ${options.subscription ?? "{}"} }]
  - { id: other, team: default, keys: ["${OTHER_KEY}"], subscriptions: [crm] }
  - { id: without, team: default, keys: ["${KEY_WITHOUT}"] }
  - id: limited
    team: default
    keys: ["${LIMITED_KEY}"]
    limits: [{ requests: 1, window: 1h }]
    subscriptions: [crm]
`;
}

async function start(options?: YamlOptions): Promise<void> {
  gateway = await startGateway(yaml(options));
}

interface Sent {
  key?: string | null;
  method?: string;
  headers?: Record<string, string>;
}

function send(body: unknown, { key = TEST_KEY, method = "POST", headers = {} }: Sent = {}): Promise<Response> {
  return fetch(new URL("/crm/mcp", gateway.url), {
    method,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(method === "POST" ? { body: typeof body === "string" ? body : JSON.stringify(body) } : {}),
  });
}

const request = (method: string, params: object = {}, id: unknown = 7) => ({ jsonrpc: "2.0", id, method, params });
const toolCall = (name: string) => request("tools/call", { name, arguments: {} });

async function refusal(response: Response): Promise<{ status: number; id: unknown; number: number; code: string }> {
  const { jsonrpc, id, error } = (await response.json()) as {
    jsonrpc: string;
    id: unknown;
    error: { code: number; data: { code: string; request_id: string } };
  };
  expect(jsonrpc).toBe("2.0");
  expect(error.data.request_id).toBe(response.headers.get("x-request-id"));
  return { status: response.status, id, number: error.code, code: error.data.code };
}

async function toolsIn(response: Response): Promise<string[]> {
  const text = await response.text();
  const data = text.startsWith("{") ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? "");
  return (JSON.parse(data) as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name);
}

describe("errors for callers of an MCP server", () => {
  beforeEach(() => start({ application: "{ tools: { deny: ['delete_*'] } }" }));

  it("are JSON-RPC errors with the request's id, once the caller is known", async () => {
    const nobody = await send(toolCall("get_one"), { key: null });
    expect(nobody.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await refusal(nobody)).toEqual({ status: 401, id: null, number: -32000, code: "missing_credentials" });
    const wrong = await refusal(await send(toolCall("get_one"), { key: "tg_nobody_has_this_key" }));
    expect(wrong).toMatchObject({ status: 401, code: "invalid_credentials" });
    const stranger = await refusal(await send(request("ping", {}, "a-1"), { key: KEY_WITHOUT }));
    expect(stranger).toEqual({ status: 403, id: "a-1", number: -32000, code: "subscription_required" });
    const denied = await refusal(await send(toolCall("delete_all")));
    expect(denied).toEqual({ status: 403, id: 7, number: -32000, code: "tool_not_allowed" });
    expect((await send(request("ping"), { key: LIMITED_KEY })).status).toBe(200);
    const limited = await send(request("ping", {}, 12345678901234567890n.toString()), { key: LIMITED_KEY });
    expect(limited.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await refusal(limited)).toMatchObject({ status: 429, id: "12345678901234567890", code: "rate_limited" });
    await upstream.close();
    expect(await refusal(await send(toolCall("get_one")))).toMatchObject({ status: 502, id: 7 });
  });

  it("keep large numbers of ids as they were sent", async () => {
    const body = '{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"delete_all"}}';
    expect(await (await send(body)).text()).toContain('"id":12345678901234567890,');
  });

  it.each([
    ["no JSON", "{", 400, -32700, "invalid_json"],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]).toString("latin1"), 400, -32600, "invalid_request"],
    ["a batch", `[${JSON.stringify(toolCall("get_one"))}]`, 400, -32600, "invalid_request"],
    ["a text", '"text"', 400, -32600, "invalid_request"],
    ["a method twice", '{"id":1,"method":"ping","method":"tools/call"}', 400, -32600, "invalid_request"],
    ["a method in other letters", '{"id":1,"method":"ping","Method":"tools/call"}', 400, -32600, "invalid_request"],
    ["a method with escapes", '{"id":1,"method":"ping","m\\u0065thod":"tools/call"}', 400, -32600, "invalid_request"],
    ["a method that is no text", '{"id":1,"method":7}', 400, -32600, "invalid_request"],
    [
      "params in letters that Go takes for the same",
      '{"id":1,"method":"ping","paramſ":{}}',
      400,
      -32600,
      "invalid_request",
    ],
    ["a tool twice", callOf('{"name":"get_one","name":"delete_all"}'), 400, -32600, "invalid_request"],
    ["a tool in other letters", callOf('{"name":"get_one","Name":"delete_all"}'), 400, -32600, "invalid_request"],
    ["no tool", callOf("{}"), 400, -32600, "invalid_request"],
    ["an id that is an object", '{"id":{},"method":"ping"}', 400, -32600, "invalid_request"],
    ["too much", `"${"x".repeat(4 * 1024 * 1024)}"`, 413, -32000, "body_too_large"],
  ])("refuse %s", async (_what, body, status, number, code) => {
    expect(await refusal(await send(body))).toMatchObject({ status, number, code });
    expect(upstream.requests).toEqual([]);
  });

  it("refuse other methods, other types, and pages of origins that no policy names", async () => {
    const put = await send(null, { method: "PUT" });
    expect([put.status, put.headers.get("allow")]).toEqual([405, "POST, GET, DELETE"]);
    const text = await send("{}", { headers: { "content-type": "text/plain" } });
    expect(await refusal(text)).toMatchObject({ status: 415, code: "unsupported_media_type" });
    const zipped = await send("{}", { headers: { "content-encoding": "gzip" } });
    expect(await refusal(zipped)).toMatchObject({ status: 415, code: "unsupported_media_type" });
    const host = new URL(gateway.url).host;
    const rebound = await send(request("ping"), { headers: { origin: `http://${host}` } });
    expect(await refusal(rebound)).toMatchObject({ status: 403, code: "origin_not_allowed" });
    await gateway.reload(yaml({ service: "policies: { cors: { origins: ['https://app.example.org'] } }" }));
    expect((await send(request("ping"), { headers: { origin: "https://app.example.org" } })).status).toBe(200);
  });
});

function callOf(params: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
}

describe("what the call record says of a message", () => {
  it("is its method, and the tool, prompt or resource without its query", async () => {
    await start();
    const recorded = async (body: unknown) => {
      const response = await send(body);
      const { mcpMethod, mcpTool, mcpPrompt, mcpResource } = await gateway.record(response.headers.get("x-request-id"));
      return [mcpMethod, mcpTool, mcpPrompt, mcpResource];
    };
    expect(await recorded(toolCall("get_one"))).toEqual(["tools/call", "get_one", null, null]);
    expect(await recorded(request("prompts/get", { name: "greet" }))).toEqual(["prompts/get", null, "greet", null]);
    expect(await recorded(request("resources/read", { uri: "postgres://me:secret@a/b?token=secret#x" }))).toEqual([
      "resources/read",
      null,
      null,
      "postgres://a/b",
    ]);
    expect(await recorded(request("ping"))).toEqual(["ping", null, null, null]);
  });
});

describe("sessions", () => {
  const begin = async (key = TEST_KEY) =>
    (await send(request("initialize"), { key })).headers.get("mcp-session-id") ?? "";
  const inSession = (id: string, more: Sent = {}) =>
    send(request("ping"), { ...more, headers: { "mcp-session-id": id } });

  beforeEach(() => {
    handler = answerAs("application/json", { "mcp-session-id": "own-id" });
  });

  it("are one application's, and are not to be made up", async () => {
    await start();
    const id = await begin();
    expect((await inSession(id)).status).toBe(200);
    expect(upstream.requests.at(-1)?.headers["mcp-session-id"]).toBe("own-id");
    const gone = { status: 404, id: 7, number: -32001, code: "session_not_found" };
    expect(await refusal(await inSession(id, { key: OTHER_KEY }))).toEqual(gone);
    expect(await refusal(await inSession("own-id"))).toEqual(gone);
    expect(await refusal(await inSession(`${id.slice(0, -2)}AA`))).toEqual(gone);
  });

  it("are found by another node with the same master key, and by none with another", async () => {
    const masterKey = Buffer.alloc(32, 7);
    gateway = await startGateway(yaml(), {}, { masterKey });
    const id = await begin();
    const first = gateway;
    for (const [key, status] of [
      [masterKey, 200],
      [Buffer.alloc(32, 8), 404],
    ] as const) {
      gateway = await startGateway(yaml(), {}, { masterKey: key });
      expect((await inSession(id)).status).toBe(status);
      await gateway.close();
    }
    gateway = first;
  });

  it("end when active health checks have taken their target out, and go on when it is back", async () => {
    await start({ targets: [`${upstream.url}/mcp`, "http://127.0.0.1:1/mcp"] });
    const id = await begin();
    gateway.gateway.setUnhealthyTargets([`crm ${upstream.url}/mcp`]);
    expect(await refusal(await inSession(id))).toMatchObject({ status: 404, code: "session_not_found" });
    gateway.gateway.setUnhealthyTargets([]);
    expect((await inSession(id)).status).toBe(200);
  });

  it("go to the address that the target's URL says, with its slash", async () => {
    await start({ targets: [`${upstream.url}/mcp/`] });
    expect((await inSession(await begin())).status).toBe(200);
    expect(new Set(upstream.requests.map(({ url }) => url))).toEqual(new Set(["/mcp/"]));
  });

  it("stay with the release that they were begun with", async () => {
    const canary = await startUpstream((seen, response) => {
      answerAs("application/json", { "mcp-session-id": "canary" })(seen, response);
    });
    const header = (percent: number) =>
      `canary: { percent: ${percent}, sticky: false, upstream: { targets: [{ url: "${canary.url}/mcp" }] } }`;
    try {
      await start({ service: header(100) });
      const id = await begin();
      expect(canary.requests.length).toBe(1);
      await gateway.reload(yaml({ service: header(0.000001) }));
      for (let call = 0; call < 3; call++) expect((await inSession(id)).status).toBe(200);
      expect(canary.requests.length).toBe(4);
      expect(await begin()).not.toBe(id);
      expect(upstream.requests.length).toBe(1);
    } finally {
      await canary.close();
    }
  });
});

describe("tools that callers may use", () => {
  it.each(["application/json", "text/event-stream"] as const)("leave others out of lists in %s", async (type) => {
    handler = answerAs(type);
    await start({ application: "{ tools: { allow: [get_*], deny: [crm/GET_TWO] } }" });
    expect(await toolsIn(await send(request("tools/list")))).toEqual(["get_one"]);
    expect(upstream.requests[0]?.headers["accept-encoding"]).toBeUndefined();
    expect(await toolsIn(await send(request("tools/list"), { key: OTHER_KEY }))).toEqual(TOOLS.map(({ name }) => name));
  });

  it("leave them out of lists that come again, on the stream that the server speaks by", async () => {
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const message = JSON.stringify({ jsonrpc: "2.0", id: 7, result: { tools: TOOLS } });
      response.write(": hello\n\nevent: message\n");
      response.end(`id: 1\ndata: ${message}\n\n`);
    };
    await start({ service: "policies: { tools: { deny: ['delete_*'] } }" });
    const response = await send(null, { method: "GET", headers: { "last-event-id": "0" } });
    const text = await response.text();
    expect(text).toMatch(/^: hello\n\nevent: message\nid: 1\ndata: /);
    expect(text).not.toContain("delete_all");
    expect(text).toContain("get_two");
  });

  it("are refused a list that can't be looked through", async () => {
    await start({ policies: "{ tools: { deny: ['delete_*'] } }" });
    handler = answerAs("application/json", { "content-encoding": "br" });
    expect(await refusal(await send(request("tools/list")))).toMatchObject({
      status: 502,
      code: "upstream_protocol_error",
    });
    handler = (_request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.end("delete_all");
    };
    expect(await refusal(await send(request("tools/list")))).toMatchObject({
      status: 502,
      code: "upstream_protocol_error",
    });
  });

  it("are those that all levels allow", async () => {
    const rule = "{ tools: { deny: [get_one] } }";
    const levels: YamlOptions[] = [
      { policies: rule },
      { team: rule },
      { service: `policies: ${rule}` },
      { application: rule },
      { subscription: rule },
    ];
    for (const level of levels) {
      if (level === levels[0]) await start(level);
      else await gateway.reload(yaml(level));
      expect(await refusal(await send(toolCall("get_one")))).toMatchObject({ status: 403, code: "tool_not_allowed" });
      expect((await send(toolCall("get_two"))).status).toBe(200);
    }
    await gateway.reload(yaml({ application: "{ tools: { allow: ['other/*'] } }" }));
    expect((await send(toolCall("get_one"))).status).toBe(403);
    // A server's own name does not make a tool another service's.
    expect((await send(toolCall("other/get_one"))).status).toBe(403);
  });

  it("are explained", async () => {
    await start({ policies: "{ tools: { deny: [drop_*] } }", subscription: "{ tools: { allow: [get_*] } }" });
    const explained = (name: string | null, headers: [string, string][] = []) =>
      explain(gateway.snapshot(), {
        method: "POST",
        scheme: "http",
        host: "a",
        path: "/crm/mcp",
        query: "",
        headers: [["authorization", `Bearer ${TEST_KEY}`], ...headers],
        clientAddress: "127.0.0.1",
        bodyBytes: 0,
        maxBodyBytes: 1_000_000,
        atMs: Date.now(),
        model: null,
        ...(name === null ? {} : { body: Buffer.from(JSON.stringify(toolCall(name))) }),
      });
    const allowed = explained("get_one");
    expect(allowed).toMatchObject({ verdict: "forwarded", service: { id: "crm" } });
    expect(allowed.upstream?.targets).toMatchObject([{ name: `${upstream.url}/mcp` }]);
    expect(allowed.policies).toEqual([
      { kind: "tools", source: "organisation", says: "deny drop_*", holds: true },
      { kind: "tools", source: "subscription", says: "allow get_*", holds: true },
    ]);
    expect(explained("set_one")).toMatchObject({ verdict: "refused", error: { code: "tool_not_allowed" } });
    expect(explained(null)).toMatchObject({ verdict: "forwarded" });
    expect(explained(null, [["origin", "http://a"]])).toMatchObject({ error: { code: "origin_not_allowed" } });
  });
});

describe("calls of an MCP server", () => {
  /** Breaks the connection of the first call of each method. */
  function breaking(): string[] {
    const seen: string[] = [];
    const next = answerAs("application/json");
    handler = (call, response) => {
      const { method } = JSON.parse(call.body.toString()) as { method: string };
      const isFirst = !seen.includes(method);
      seen.push(method);
      if (isFirst) response.socket?.destroy();
      else next(call, response);
    };
    return seen;
  }

  it("are made again where that is safe, and a tool is never called twice", async () => {
    await start();
    const seen = breaking();
    expect((await send(request("tools/list"))).status).toBe(200);
    expect(await refusal(await send(toolCall("get_one")))).toMatchObject({ status: 502, code: "upstream_reset" });
    expect(seen).toEqual(["tools/list", "tools/list", "tools/call"]);
  });

  it("that break off tell the caller so, unless it can go on with the stream", async () => {
    await start();
    const breakOff = (events: string) => {
      handler = (_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(events, () => response.destroy());
      };
    };
    breakOff('event: message\ndata: {"method":"notifications/progress"}\n\ndata: {"half');
    const told = await (await send(toolCall("get_one"))).text();
    expect(told).toMatch(/\n\nevent: message\ndata: \{"jsonrpc":"2.0","id":7,"error":\{.*"upstream_reset"/);
    breakOff("event: message\nid: 5\ndata: {}\n\n");
    await expect(send(toolCall("get_one")).then((cut) => cut.text())).rejects.toThrow();
    const cut = await waitFor(() => (gateway.records.length === 2 ? gateway.records[1] : undefined), "its record");
    expect(cut).toMatchObject({ outcome: "upstream_cut", errorCode: "upstream_reset" });
  });
});

describe("a stream that the server speaks by", () => {
  let stream: ServerResponse;

  beforeEach(async () => {
    handler = (_request, response) => {
      stream = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": open\n\n");
    };
    await start();
  });

  const listen = async (key = TEST_KEY) => {
    const response = await send(null, { method: "GET", key });
    expect(response.status).toBe(200);
    return {
      response,
      ended: response.text().then(
        () => "whole",
        () => "cut",
      ),
    };
  };
  const recordOf = ({ response }: { response: Response }) => gateway.record(response.headers.get("x-request-id"));

  it("goes on until the server ends it, and is no error when the client leaves", async () => {
    const listening = await listen();
    await gateway.reload(yaml({ service: "limits: [{ requests: 100, window: 1m }]" }));
    stream.end("data: {}\n\n");
    expect(await listening.ended).toBe("whole");
    const leaving = new AbortController();
    const response = await fetch(new URL("/crm/mcp", gateway.url), {
      headers: { authorization: `Bearer ${TEST_KEY}` },
      signal: leaving.signal,
    });
    leaving.abort();
    await response.text().catch(() => {});
    expect(await recordOf({ response })).toMatchObject({ outcome: "ok", status: 200, streamed: true });
  });

  it.each([
    ["its subscription is revoked", "subscription_revoked"],
    ["its subscription's time is over", "subscription_expired"],
    ["its key is taken back", "invalid_credentials"],
    ["its application is gone", "invalid_credentials"],
    ["the service is gone", "route_not_found"],
    ["the service is retired", "service_retired"],
  ])("ends when %s", async (what, code) => {
    const [mine, others] = [await listen(), await listen(OTHER_KEY)];
    gateway.change((snapshot) => {
      const web = snapshot.applications.find(({ id }) => id === "web");
      const [subscription] = web?.subscriptions ?? [];
      if (web === undefined || subscription === undefined) throw new Error("no such application");
      if (code === "subscription_revoked") subscription.state = "revoked";
      else if (code === "subscription_expired") subscription.expiresAtMs = Date.now() + 200;
      else if (what.includes("key")) web.credentials = [];
      else if (what.includes("application")) snapshot.applications = snapshot.applications.filter((one) => one !== web);
      else if (code === "route_not_found") snapshot.services = [];
      else for (const service of snapshot.services) service.retired = true;
    });
    expect(await mine.ended).toBe("cut");
    expect(await recordOf(mine)).toMatchObject({ errorCode: code });
    if (what.includes("service")) return;
    stream.end();
    expect(await others.ended).toBe("whole");
  });

  it("ends when the token of its caller does, also of one that names the application itself", async () => {
    const secret = "shared-secret-of-the-issuer-0123456789-0123456789-0123456789-0123456789";
    const issuer = `jwt_issuers: [{ id: idp, issuer: idp, algorithms: [HS256], keys: [{ secret: ${secret} }], application_claim: azp, clock_tolerance: 0 }]`;
    await gateway.reload(yaml() + issuer);
    const tokenFor = (seconds: number) =>
      new SignJWT({ azp: "web" })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer("idp")
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .sign(Buffer.from(secret));
    const long = await listen(await tokenFor(3_600));
    const longs = stream;
    const short = await listen(await tokenFor(2));
    gateway.change((snapshot) => void snapshot.applications.find(({ id }) => id === "web")?.credentials.pop());
    expect(await short.ended).toBe("cut");
    expect(await recordOf(short)).toMatchObject({ errorCode: "credential_expired" });
    longs.end();
    expect(await long.ended).toBe("whole");
  });

  it("ends at once when the worker is to end", async () => {
    const listening = await listen();
    const drained = gateway.gateway.drain(30_000);
    expect(await listening.ended).toBe("cut");
    expect(await recordOf(listening)).toMatchObject({ errorCode: "not_ready" });
    await drained;
  });
});
