import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createAuthority } from "../../helpers/certificates.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { OpenAI, OpenAIRealtimeWS } from "../../sdk-clients/index.ts";

/** OpenAI's Realtime API: a WebSocket on either side. */

const USAGE = {
  input_tokens: 40,
  output_tokens: 10,
  total_tokens: 50,
  input_token_details: { cached_tokens: 16, audio_tokens: 24 },
};

let provider: RealtimeProvider;
let gateway: TestGateway;
let configuration = "";
const open: WebSocket[] = [];

/** As strict as OpenAI's: no model or another key, and there is no WebSocket. */
class RealtimeProvider {
  readonly server: Server = createServer((_request, response) => response.writeHead(426).end());
  readonly sockets = new Set<Socket>();
  requests: IncomingMessage[] = [];
  sessions: WebSocket[] = [];
  refuses: { status: number; code: string } | null = null;
  /** Of the last session, as they came. */
  messages: (string | Buffer)[] = [];

  async start(): Promise<string> {
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    this.server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    this.server.on("upgrade", (request, socket, head) => {
      this.requests.push(request);
      const { searchParams, pathname } = new URL(request.url ?? "", "ws://provider");
      const isGood = pathname === "/v1/realtime" && searchParams.get("model") === "gpt-realtime";
      const isKnown = /^Bearer sk-(?:one|two)$/.test(request.headers.authorization ?? "");
      const { status, code } = this.refuses ?? { status: isKnown ? 404 : 401, code: "not_found" };
      if (this.refuses === null && isGood && isKnown) {
        sockets.handleUpgrade(request, socket, head, (session) => this.#serve(session));
        return;
      }
      const body = JSON.stringify({ error: { message: `no: ${request.headers.authorization}`, type: "error", code } });
      socket.end(
        `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  #serve(session: WebSocket): void {
    this.sessions.push(session);
    this.messages = [];
    session.send(JSON.stringify({ type: "session.created", session: { id: "sess_1" } }));
    session.on("message", (data: Buffer, isBinary) => {
      this.messages.push(isBinary ? data : data.toString());
      if (isBinary) {
        session.send(data);
        return;
      }
      const event = JSON.parse(data.toString()) as { type: string; item?: { content: { text: string }[] } };
      if (event.type === "response.create") {
        session.send(JSON.stringify({ type: "response.output_text.delta", delta: "Hi" }));
        session.send(JSON.stringify({ type: "response.done", response: { status: "completed", usage: USAGE } }));
      }
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

beforeAll(async () => {
  provider = new RealtimeProvider();
  const url = await provider.start();
  const at = { kind: "openai", retries: { attempts: 0 }, circuit_breaker: { failures: 0 } };
  const providers = [
    { id: "first", ...at, base_url: "http://127.0.0.1:1/v1", keys: [{ value: "sk-first" }] },
    { id: "second", ...at, base_url: `${url}/v1`, keys: [{ value: "sk-one" }] },
    { id: "simulated", kind: "simulated" },
  ];
  const targets = ["first", "second"].map((id) => ({ provider: id, model: "gpt-realtime" }));
  const models = [{ name: "voice", targets }];
  configuration = baseYaml(`providers: ${JSON.stringify(providers)}\nmodels: ${JSON.stringify(models)}`);
  gateway = await startGateway(configuration);
});

beforeEach(() => {
  provider.refuses = null;
  provider.requests = [];
  provider.sessions = [];
  gateway.records.length = 0;
});

afterEach(async () => {
  for (const socket of open.splice(0)) socket.terminate();
  // Their records are there by then.
  await waitFor(() => provider.sockets.size === 0, "all sessions to be over");
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

function session(model: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}): WebSocket {
  const { headers = { authorization: `Bearer ${TEST_KEY}` }, protocols = [] } = options;
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/realtime?model=${model}`, protocols, {
    headers,
  });
  // Of a socket that is terminated before it is open.
  socket.on("error", () => {});
  open.push(socket);
  return socket;
}

/** The answer to one who gets no WebSocket. */
async function refusal(socket: WebSocket): Promise<{ status: number | undefined; body: unknown }> {
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, body: JSON.parse(text) };
}

const nextEvent = async (socket: WebSocket) =>
  JSON.parse(String(((await once(socket, "message")) as [Buffer])[0])) as { type: string };
const record = () => waitFor(() => gateway.records[0], "the record of the session");

describe("a realtime session", () => {
  it("is held with OpenAI's SDK, counted, and logged once", async () => {
    const client = new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1` });
    // The SDK knows wss alone: what ends TLS stands in front of a gateway.
    const createConnection = () => connect(gateway.port, "127.0.0.1");
    const rt = new OpenAIRealtimeWS({ model: "second/gpt-realtime", options: { createConnection } as never }, client);
    const types: string[] = [];
    rt.on("event", ({ type }) => types.push(type));
    await once(rt.socket, "open");
    for (let i = 0; i < 2; i++) {
      rt.send({ type: "response.create" });
      await waitFor(() => types.filter((type) => type === "response.done").length > i, "the answer");
    }
    expect(types.slice(0, 3)).toEqual(["session.created", "response.output_text.delta", "response.done"]);
    rt.close();
    const [seen] = provider.requests as [IncomingMessage];
    expect(seen.headers.authorization).toBe("Bearer sk-one");
    expect(JSON.stringify(seen.rawHeaders)).not.toContain(TEST_KEY);
    expect(await record()).toMatchObject({
      status: 101,
      outcome: "ok",
      service: "ai",
      provider: "second",
      modelAsked: "second/gpt-realtime",
      modelServed: "gpt-realtime",
      inputTokens: 80,
      outputTokens: 20,
      cachedInputTokens: 32,
      streamed: true,
      errorCode: null,
    });
    const [found] = gateway.records;
    // Of 40 tokens 24 are sound, and none of those were in the cache.
    const each = (16 * 0.4 + 24 * 32 + 10 * 16) / 1e6;
    expect(found?.costUsd).toBeCloseTo(2 * each, 8);
    expect(found?.requestBytes).toBeGreaterThan(20);
    expect(found?.responseBytes).toBeGreaterThan(100);
    expect(gateway.records).toHaveLength(1);
  });

  it("is held over TLS with OpenAI's SDK as it is", async () => {
    const authority = createAuthority();
    const { cert, key } = authority.issue(["localhost"]);
    const secured = await startGateway(
      configuration.replace(
        /^listeners:.*$/m,
        `listeners: [{ address: "127.0.0.1:0", tls: { cert: "${cert}", key: "${key}" } }]`,
      ),
    );
    try {
      const client = new OpenAI({ apiKey: TEST_KEY, baseURL: `https://localhost:${secured.port}/v1` });
      const options = { ca: authority.pem, servername: "localhost", host: "127.0.0.1" } as never;
      const rt = new OpenAIRealtimeWS({ model: "second/gpt-realtime", options }, client);
      const types: string[] = [];
      rt.on("event", ({ type }) => types.push(type));
      await once(rt.socket, "open");
      rt.send({ type: "response.create" });
      await waitFor(() => types.includes("response.done"), "the answer");
      const closed = once(rt.socket, "close");
      rt.close({ code: 4001, reason: "enough" });
      await closed;
      const found = await waitFor(() => secured.records[0], "the record of the session");
      expect(found).toMatchObject({ status: 101, outcome: "ok", inputTokens: 40, provider: "second" });
      expect(types).toEqual(["session.created", "response.output_text.delta", "response.done"]);
    } finally {
      await secured.close();
      authority.remove();
    }
  });

  it("names no other model to the provider by what else is in its query", async () => {
    const socket = session("second/gpt-realtime&deployment=secret&Model=secret&model=secret&intent=talk");
    expect((await nextEvent(socket)).type).toBe("session.created");
    expect(provider.requests[0]?.url).toBe("/v1/realtime?intent=talk&model=gpt-realtime&deployment=gpt-realtime");
  });

  it("goes on at another provider when the first can't be reached", async () => {
    const socket = session("voice");
    expect((await nextEvent(socket)).type).toBe("session.created");
    socket.close();
    expect(await record()).toMatchObject({ provider: "second", attempts: 2, outcome: "ok" });
  });

  it("carries binary messages and large ones both ways, in order", async () => {
    const socket = session("voice");
    await once(socket, "message");
    const pieces = [10, 3_000_000, 1, 70_000].map((length, index) => Buffer.alloc(length, index + 1));
    const got: Buffer[] = [];
    socket.on("message", (data: Buffer) => got.push(data));
    for (const piece of pieces) socket.send(piece);
    await waitFor(() => got.length === pieces.length, "all messages");
    expect(got.map((data, index) => data.equals(pieces[index] as Buffer))).toEqual([true, true, true, true]);
  });

  it("ends for both with the code and the reason of the side that ends it", async () => {
    const socket = session("voice");
    await once(socket, "message");
    provider.sessions[0]?.close(4001, "session expired");
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, "session expired"]);
    expect(await record()).toMatchObject({ outcome: "ok" });

    const other = session("voice");
    await once(other, "message");
    const closed = once(provider.sessions[1] as WebSocket, "close");
    other.close(4002, "done");
    expect((await closed)[0]).toBe(4002);
  });

  it("is cut for the caller when the provider is lost, and the other way round", async () => {
    const socket = session("voice");
    await once(socket, "message");
    provider.sessions[0]?.terminate();
    expect((await once(socket, "close"))[0]).toBe(1011);
    expect(await record()).toMatchObject({ outcome: "upstream_cut", errorCode: "upstream_reset" });

    const other = session("voice");
    await once(other, "message");
    const closed = once(provider.sessions[1] as WebSocket, "close");
    other.terminate();
    expect((await closed)[0]).toBe(1011);
    const last = await waitFor(() => gateway.records[1], "the record of the session");
    expect(last).toMatchObject({ outcome: "client_aborted" });
    await waitFor(() => provider.sockets.size === 0, "the provider's connections to be given up");
  });

  it("takes a browser's key, which comes as a protocol, and keeps it", async () => {
    const protocols = ["realtime", `openai-insecure-api-key.${TEST_KEY}`];
    const socket = session("voice", { headers: {}, protocols });
    expect((await nextEvent(socket)).type).toBe("session.created");
    expect(socket.protocol).toBe("realtime");
    expect(provider.requests[0]?.headers["sec-websocket-protocol"]).toBe("realtime");
  });

  it("is not read faster from a provider than the caller takes it", async () => {
    const slow = connect(gateway.port, "127.0.0.1");
    slow.write(
      `GET /v1/realtime?model=voice HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TEST_KEY}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    const upstream = await waitFor(() => provider.sessions[0], "the session");
    slow.pause();
    let sent = 0;
    const piece = Buffer.alloc(256 * 1024);
    // The kernel takes some megabytes, too.
    while (upstream.bufferedAmount < 4 * 1024 * 1024 && sent < 64 * 1024 * 1024) {
      upstream.send(piece);
      sent += piece.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    slow.destroy();
  });
});

describe("no session", () => {
  it("for a caller without a key, with a wrong model, or at a provider that has none: an answer says why", async () => {
    expect(await refusal(session("voice", { headers: {} }))).toMatchObject({
      status: 401,
      body: { error: { code: "missing_credentials" } },
    });
    expect(await refusal(session("simulated/echo"))).toMatchObject({
      status: 400,
      body: { error: { code: "unsupported_field", param: "model" } },
    });
    expect(await refusal(session(""))).toMatchObject({ status: 400, body: { error: { param: "model" } } });
    expect(provider.requests).toHaveLength(0);
  });

  it("where the provider refuses: its answer, without its key", async () => {
    provider.refuses = { status: 403, code: "forbidden" };
    const { status, body } = await refusal(session("voice"));
    expect([status, JSON.stringify(body)]).toEqual([403, expect.stringContaining("no: Bearer [redacted]")]);
    expect(await record()).toMatchObject({ status: 403, outcome: "error", provider: "second" });
  });

  it("for what is no request for a WebSocket", async () => {
    const answer = await fetch(`${gateway.url}/v1/realtime?model=voice`, {
      headers: { authorization: `Bearer ${TEST_KEY}` },
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("WebSocket endpoint")]);
  });

  it("where the provider takes the connection and says nothing", async () => {
    const mute = createNetServer(() => {});
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const silent = { id: "mute", kind: "openai", base_url: `http://127.0.0.1:${port}/v1`, keys: [{ value: "sk-x" }] };
    const timeouts = { connect: "100ms", first_byte: "100ms" };
    await gateway.reload(baseYaml(`providers: ${JSON.stringify([{ ...silent, timeouts }])}`));
    expect(await refusal(session("mute/gpt-realtime"))).toMatchObject({ status: 504 });
    mute.close();
  });
});

it("is ended as one that goes away when the gateway does", async () => {
  await gateway.reload(configuration);
  const socket = session("voice");
  await once(socket, "message");
  const [[code]] = await Promise.all([once(socket, "close") as Promise<[number]>, gateway.gateway.drain(0)]);
  expect(code).toBe(1001);
});
