import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startRawUpstream, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Upstreams that refuse, reset, stall, half-close, answer garbage and lie about length. */

let upstream: TestUpstream;
let gateway: TestGateway;
/** What the upstream does on each request; by number from 1. */
/** Whose answer has begun. */
let answering: Socket | null = null;
let behave: (socket: Socket, request: number) => void;
let connections = 0;

beforeEach(async () => {
  connections = 0;
  let requests = 0;
  upstream = await startRawUpstream((socket) => {
    connections++;
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (!seen.includes("\r\n\r\n")) return;
      seen = "";
      behave(socket, ++requests);
    });
    socket.on("end", () => socket.end());
  });
  gateway = await startGateway(configuration(upstream.url));
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

function configuration(url: string, retries = "attempts: 0"): string {
  return baseYaml(`
services:
  - id: faulty
    access: open
    routes: [{ path: / }]
    upstream:
      targets: [{ url: "${url}" }]
      timeouts: { connect: 300ms, first_byte: 300ms, idle: 300ms }
      retries: { ${retries}, backoff: 1ms }
`);
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const get = () => rawRequest(gateway.port, GET);
const post = (body = "hello") =>
  rawRequest(gateway.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

function codeOf(response: RawResponse): string {
  return (JSON.parse(response.body.toString()) as { error: { code: string } }).error.code;
}

async function expectError(status: number, code: string): Promise<void> {
  const response = await get();
  expect(response.status).toBe(status);
  expect(codeOf(response)).toBe(code);
  expect(await waitFor(() => gateway.records[0], "a record")).toMatchObject({
    status,
    errorCode: code,
    outcome: "error",
    service: "faulty",
  });
}

/**
 * The answer had begun: the caller must be able to tell that it is not whole. `then`: what the upstream does once the caller has some
 * of it.
 */
async function expectCut(code: string, then: ((upstream: Socket) => void) | null = null): Promise<RawResponse> {
  const connection = await RawConnection.open(gateway.port);
  connection.write(GET);
  if (then !== null) {
    await waitFor(() => connection.received.includes("hello"), "some of the answer");
    then(answering as Socket);
  }
  const response = await connection.response();
  connection.close();
  expect(response.complete).toBe(false);
  expect(await waitFor(() => gateway.records[0], "a record")).toMatchObject({
    status: 200,
    errorCode: code,
    outcome: "upstream_cut",
  });
  expect(gateway.records).toHaveLength(1);
  expect(gateway.gateway.openExchanges).toBe(0);
  return response;
}

describe("before the answer", () => {
  it("refuses connections", async () => {
    await upstream.close();
    await expectError(502, "upstream_unreachable");
  });

  it("has a name nobody knows", async () => {
    await gateway.reload(configuration("http://no-such-host.invalid:1"));
    await expectError(502, "upstream_unreachable");
  });

  it("resets", async () => {
    behave = (socket) => socket.resetAndDestroy();
    await expectError(502, "upstream_reset");
  });

  it("closes without an answer", async () => {
    behave = (socket) => socket.end();
    await expectError(502, "upstream_reset");
  });

  it("says nothing", async () => {
    behave = () => {};
    await expectError(504, "upstream_first_byte_timeout");
    await waitFor(() => upstream.sockets.size === 0, "the connection to be given up");
  });

  it("begins a head and goes silent", async () => {
    behave = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-");
    await expectError(504, "upstream_first_byte_timeout");
  });

  it("closes in the middle of the head", async () => {
    behave = (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-");
    await expectError(502, "upstream_reset");
  });

  it.each([
    ["not HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["binary", "\0\x01\x02\xff\xfe\r\n\r\n"],
    ["another protocol version", "HTTP/3.0 200 OK\r\n\r\n"],
    ["no status", "HTTP/1.1 OK\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok"],
    ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok"],
    [
      "length and chunks at once",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a field without a colon", "HTTP/1.1 200 OK\r\nfield\r\n\r\n"],
  ])("answers garbage: %s", async (_name, bytes) => {
    behave = (socket) => socket.write(Buffer.from(bytes, "latin1"));
    await expectError(502, "upstream_protocol_error");
  });

  it("answers with a head without end", async () => {
    behave = (socket) => socket.write(`HTTP/1.1 200 OK\r\n${`X-A: ${"a".repeat(1000)}\r\n`.repeat(100)}\r\n`);
    await expectError(502, "upstream_protocol_error");
  });

  it("does not complete the connection in time", async () => {
    // Accepts, and never answers the TLS handshake.
    await gateway.reload(configuration(upstream.url.replace("http:", "https:")));
    await expectError(504, "upstream_connect_timeout");
  });
});

describe("in the middle of the answer", () => {
  it.each([
    ["resets", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", (socket: Socket) => socket.resetAndDestroy()],
    ["sends less than it said", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", (socket: Socket) => socket.end()],
    [
      "ends between chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      (socket: Socket) => socket.end(),
    ],
    [
      "ends within a chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello",
      (socket: Socket) => socket.end(),
    ],
  ])("%s", async (_name, bytes, then) => {
    behave = (socket) => {
      answering = socket;
      socket.write(bytes);
    };
    await expectCut("upstream_reset", then);
  });

  it("sends a chunk whose size is no number", async () => {
    behave = (socket) => {
      answering = socket;
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    };
    await expectCut("upstream_protocol_error", (socket) => socket.write("zz\r\nhello\r\n"));
  });

  it("goes silent", async () => {
    behave = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    await expectCut("upstream_idle_timeout");
    await waitFor(() => upstream.sockets.size === 0, "the connection to be given up");
  });

  it("sends more than it said: the rest is dropped, and the connection not used again", async () => {
    behave = (socket, request) => {
      socket.write(request === 1 ? `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` : OK);
    };
    expect((await get()).body.toString()).toBe("ok");
    await waitFor(() => upstream.sockets.size === 0, "the connection to be given up");
    expect((await get()).body.toString()).toBe("ok");
    expect(connections).toBe(2);
  });

  it("half-closes after a whole answer", async () => {
    behave = (socket) => socket.end(OK);
    expect((await get()).body.toString()).toBe("ok");
    expect((await get()).body.toString()).toBe("ok");
  });
});

describe("retries", () => {
  it("repeats a GET after a reset", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 2"));
    behave = (socket, request) => (request < 3 ? socket.resetAndDestroy() : socket.write(OK));
    expect((await get()).body.toString()).toBe("ok");
    expect(gateway.records[0]).toMatchObject({ status: 200, attempts: 3, errorCode: null });
  });

  it("repeats no POST after a reset: it may have had its effect", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 2"));
    let requests = 0;
    behave = (socket, request) => {
      requests = request;
      socket.resetAndDestroy();
    };
    expect((await post()).status).toBe(502);
    expect(requests).toBe(1);
  });

  it("repeats a POST whose connection failed, with its body", async () => {
    const other = await startUpstream();
    const dead = await startUpstream();
    await dead.close();
    await gateway.reload(
      configuration(upstream.url, "attempts: 1").replace(
        /targets: .*/,
        `targets: [{ url: "${dead.url}" }, { url: "${other.url}" }]`,
      ),
    );
    for (let i = 0; i < 4; i++) expect((await post(`body ${i}`)).status).toBe(200);
    expect(other.requests.map(({ body }) => body.toString())).toEqual(["body 0", "body 1", "body 2", "body 3"]);
    expect(gateway.records.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 2, 2]);
    await other.close();
  });

  it("repeats for the statuses named, and shows the last answer when nothing helps", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 2, on: [503]"));
    behave = (socket, request) =>
      socket.write(`HTTP/1.1 503 No\r\nContent-Length: 1\r\nX-Try: ${request}\r\n\r\n${request}`);
    const response = await get();
    expect([response.status, response.body.toString(), response.header("x-try")]).toEqual([503, "3", "3"]);
    expect(gateway.records[0]).toMatchObject({ status: 503, attempts: 3 });
    behave = (socket) => socket.write("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
    expect((await get()).status).toBe(502);
    expect(gateway.records[1]).toMatchObject({ attempts: 1 });
  });

  it("repeats no POST for a status", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 2, on: [503]"));
    behave = (socket) => socket.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    expect((await post()).status).toBe(503);
    expect(gateway.records[0]).toMatchObject({ attempts: 1 });
  });

  it("does not read an endless refusal to its end before it tries again", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 1, on: [503]"));
    behave = (socket, request) => {
      if (request > 1) {
        socket.write(OK);
        return;
      }
      socket.write("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n");
      const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
      const more = () => {
        if (socket.destroyed) return;
        if (socket.write(chunk)) setImmediate(more);
        else socket.once("drain", more);
      };
      more();
    };
    expect((await get()).body.toString()).toBe("ok");
  });

  it("tries again when the refusal itself breaks off", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 1, on: [503]"));
    behave = (socket, request) => {
      if (request > 1) socket.write(OK);
      else {
        socket.write("HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nhello");
        setTimeout(() => socket.resetAndDestroy(), 20);
      }
    };
    expect((await get()).body.toString()).toBe("ok");
  });

  it("waits as long as Retry-After asks for, and no longer than it may", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 1, on: [503], max_backoff: 1500ms"));
    const startedAt = performance.now();
    behave = (socket, request) =>
      socket.write(request > 1 ? OK : "HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    expect((await get()).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    behave = (socket) => socket.write("HTTP/1.1 503 No\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
    const impatient = await get();
    expect([impatient.status, impatient.header("retry-after")]).toEqual([503, "60"]);
  });

  it("does not send a large body twice", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 2"));
    let requests = 0;
    behave = (socket, request) => {
      requests = request;
      socket.resetAndDestroy();
    };
    const body = "x".repeat(200_000);
    const response = await rawRequest(
      gateway.port,
      `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(response.status).toBe(502);
    expect(requests).toBe(1);
  });

  it("survives idle connections that the upstream has closed", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 1"));
    behave = (socket) => socket.write(OK);
    for (let i = 0; i < 20; i++) {
      expect((await get()).body.toString()).toBe("ok");
      for (const socket of upstream.sockets) i % 2 === 0 ? socket.destroy() : socket.end();
    }
  });

  it("survives connections that die just when they are used again", async () => {
    await gateway.reload(configuration(upstream.url, "attempts: 1"));
    // Every second request of a connection meets a reset.
    const served = new WeakSet<Socket>();
    behave = (socket) => {
      if (served.has(socket)) socket.resetAndDestroy();
      else {
        served.add(socket);
        socket.write(OK);
      }
    };
    for (let i = 0; i < 10; i++) expect((await get()).body.toString()).toBe("ok");
  });
});

describe("timeouts", () => {
  it("ends the whole call, wherever it is", async () => {
    const total = (what: string) => configuration(upstream.url, what).replace("idle: 300ms", "idle: 60s, total: 400ms");
    await gateway.reload(total("attempts: 0").replace("first_byte: 300ms", "first_byte: 60s"));
    behave = () => {};
    await expectError(504, "upstream_total_timeout");
    gateway.records.length = 0;
    let closed = false;
    behave = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const timer = setInterval(() => socket.write("1\r\nx\r\n"), 20);
      socket.on("close", () => {
        clearInterval(timer);
        closed = true;
      });
    };
    await expectCut("upstream_total_timeout");
    await waitFor(() => closed, "the connection to be given up", 1000);
  });

  it("ends waits between attempts too", async () => {
    await gateway.reload(
      configuration(upstream.url, "attempts: 1, on: [503], max_backoff: 60s").replace(
        "idle: 300ms",
        "idle: 1s, total: 300ms",
      ),
    );
    behave = (socket) => socket.write("HTTP/1.1 503 No\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
    await expectError(504, "upstream_total_timeout");
  });

  it("does not count a slow but steady answer as idle", async () => {
    behave = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
      let sent = 0;
      const timer = setInterval(() => {
        socket.write("x");
        if (++sent === 8) clearInterval(timer);
      }, 100);
    };
    expect((await get()).body.toString()).toBe("xxxxxxxx");
  });
});

describe("callers that leave", () => {
  const stalled = (at: "head" | "body") => {
    behave = (socket) => {
      if (at === "body") socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    };
  };

  it.each(["head", "body"] as const)("are noticed by the upstream within a second, waiting for the %s", async (at) => {
    await gateway.reload(
      configuration(upstream.url).replace("first_byte: 300ms, idle: 300ms", "first_byte: 60s, idle: 60s"),
    );
    stalled(at);
    const connection = await RawConnection.open(gateway.port);
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => connections === 1 && gateway.gateway.openExchanges === 1, "the call to be under way");
    if (at === "body") await waitFor(() => connection.received.length > 0, "the answer to begin");
    const [called] = [...upstream.sockets];
    connection.close();
    // undici may open another one in advance.
    await waitFor(() => called?.destroyed, "the upstream connection to be closed", 1000);
    expect(gateway.records).toHaveLength(1);
    expect(gateway.records[0]).toMatchObject({ outcome: "client_aborted", errorCode: "client_closed_request" });
    expect(gateway.records[0]?.status).toBe(at === "head" ? 499 : 200);
  });

  it("are noticed in the middle of an upload", async () => {
    await gateway.reload(configuration(upstream.url).replace("first_byte: 300ms", "first_byte: 60s"));
    behave = () => {};
    const connection = await RawConnection.open(gateway.port);
    connection.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(200_000)}`);
    await waitFor(() => connections === 1, "the upload to reach the upstream");
    const [called] = [...upstream.sockets];
    connection.close();
    // undici may open another one in advance.
    await waitFor(() => called?.destroyed, "the upstream connection to be closed", 1000);
    expect(gateway.records[0]).toMatchObject({ outcome: "client_aborted" });
  });

  it("are noticed before their body is there", async () => {
    const connection = await RawConnection.open(gateway.port);
    connection.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello");
    await waitFor(() => gateway.gateway.openExchanges === 1, "the call to be under way");
    connection.close();
    await waitFor(() => gateway.gateway.openExchanges === 0, "the call to end", 1000);
    expect(gateway.records[0]).toMatchObject({ outcome: "client_aborted", attempts: 0, upstream: null });
    expect(connections).toBe(0);
  });
});
