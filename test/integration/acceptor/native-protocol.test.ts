import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection } from "../../helpers/raw-client.ts";
import { type SeenRequest, startUnreadUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Connections, expectations and order in HTTP/1.0 and HTTP/1.1, as the native engine speaks them. */

let upstream: TestUpstream;
let gateway: TestGateway;
let connection: RawConnection;
let handle: (seen: SeenRequest, response: ServerResponse, message: IncomingMessage) => void;

beforeEach(async () => {
  handle = (seen, response) => response.end(seen.url);
  upstream = await startUnreadUpstream((seen, response, message) => handle(seen, response, message));
  gateway = await startGateway(
    baseYaml(`
providers: [{ id: simulated, kind: simulated }]
services:
  - id: all
    access: open
    routes: [{ path: / }]
    upstream: { targets: [{ url: "${upstream.url}" }] }
    max_body_size: 100KiB
`).replace('address: "127.0.0.1:0"', 'address: "127.0.0.1:0", engine: native'),
  );
  connection = await RawConnection.open(gateway.port);
});
afterEach(async () => {
  connection.close();
  await gateway.close();
  await upstream.close();
});

const readWhole = (message: IncomingMessage, done: (body: string) => void) => {
  let body = "";
  message.on("data", (chunk: Buffer) => {
    body += chunk.toString("latin1");
  });
  message.on("end", () => done(body));
};

describe("HTTP/1.0", () => {
  it("closes after the answer", async () => {
    connection.write("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    const response = await connection.response();
    expect([response.status, response.header("connection"), response.body.toString()]).toEqual([200, "close", "/1"]);
    await connection.whenClosed();
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/1"]);
  });

  it("goes on when the client asks for it, and says so", async () => {
    handle = (seen, response) => {
      response.setHeader("content-length", seen.url.length);
      response.end(seen.url);
    };
    for (const path of ["/1", "/2"]) {
      connection.write(`GET ${path} HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n`);
      const response = await connection.response();
      expect([response.header("connection"), response.body.toString()]).toEqual(["keep-alive", path]);
    }
    connection.write("GET /3 HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n");
    expect((await connection.response()).header("connection")).toBe("close");
    await connection.whenClosed();
  });

  it("gets an answer of unknown length until the connection closes, never in chunks", async () => {
    handle = (_seen, response) => {
      response.write("one ");
      setImmediate(() => response.end("two"));
    };
    connection.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await connection.whenClosed();
    const response = await connection.response();
    expect(response.header("transfer-encoding")).toBeUndefined();
    expect([response.header("connection"), response.body.toString()]).toEqual(["close", "one two"]);
  });

  it("reaches the upstream with the host it named, or with the upstream's own", async () => {
    connection.write("GET /1 HTTP/1.0\r\nHost: named\r\n\r\n");
    await connection.response();
    const other = await RawConnection.open(gateway.port);
    other.write("GET /2 HTTP/1.0\r\n\r\n");
    await other.response();
    other.close();
    expect(upstream.requests.map(({ headers }) => headers["x-forwarded-host"])).toEqual(["named", undefined]);
    expect(upstream.requests.map(({ headers }) => headers.host)).toEqual([upstream.host, upstream.host]);
  });
});

describe("Connection: close", () => {
  it.each(["close", "Close", "x-a, close", "close, x-a"])("is honoured: %s", async (value) => {
    connection.write(
      `GET /1 HTTP/1.1\r\nHost: a\r\nConnection: ${value}\r\nX-A: b\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    const response = await connection.response();
    expect([response.header("connection"), response.body.toString()]).toEqual(["close", "/1"]);
    await connection.whenClosed();
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/1"]);
    expect(upstream.requests[0]?.headers["x-a"]).toBe(value.includes("x-a") ? undefined : "b");
  });

  it("is not the upstream's to say", async () => {
    handle = (seen, response) => {
      response.setHeader("connection", "close");
      response.end(seen.url);
    };
    for (const path of ["/1", "/2"]) {
      connection.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const response = await connection.response();
      expect([response.header("connection"), response.body.toString()]).toEqual([undefined, path]);
    }
  });
});

describe("Expect: 100-continue", () => {
  const ask = (length: number, more = "") =>
    connection.write(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n${more}\r\n`);

  it.each([
    ["held", 5],
    ["streamed", 90_000],
  ])("asks for a body that is %s when it is wanted", async (_how, length) => {
    handle = (_seen, response, message) => readWhole(message, (body) => response.end(String(body.length)));
    ask(length);
    expect((await connection.response()).status).toBe(100);
    connection.write("x".repeat(length));
    expect((await connection.response()).body.toString()).toBe(String(length));
    expect(upstream.requests[0]?.headers.expect).toBeUndefined();
  });

  it("asks for a body in chunks", async () => {
    handle = (_seen, response, message) => readWhole(message, (body) => response.end(body));
    connection.write("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n");
    expect((await connection.response()).status).toBe(100);
    connection.write("5\r\nhello\r\n0\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("hello");
  });

  it("does not ask when the body is on its way already", async () => {
    handle = (_seen, response, message) => readWhole(message, (body) => response.end(body));
    connection.write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
    expect((await connection.response()).status).toBe(200);
  });

  it.each([
    ["too large", "/x", 200_000, 413],
    ["of a caller without a key", "/v1/chat/completions", 10, 401],
  ])("does not ask for a body that is %s, and closes", async (_why, path, length, status) => {
    connection.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`);
    const response = await connection.response();
    expect([response.status, response.header("connection")]).toEqual([status, "close"]);
    await connection.whenClosed();
    expect(upstream.requests).toEqual([]);
  });

  it("does not ask a client of HTTP/1.0", async () => {
    handle = (_seen, response, message) => readWhole(message, (body) => response.end(body));
    connection.write("POST /x HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    await waitFor(() => gateway.gateway.openExchanges === 1, "the call");
    expect(connection.received.toString()).toBe("");
    connection.write("hello");
    expect((await connection.response()).body.toString()).toBe("hello");
  });
});

describe("pipelined requests", () => {
  it("are answered in their order, however fast each is", async () => {
    const waiting: (() => void)[] = [];
    handle = (seen, response, message) => {
      readWhole(message, (body) => {
        if (seen.url.startsWith("/slow")) waiting.push(() => response.end(`${seen.url} ${body}`));
        else response.end(`${seen.url} ${body}`);
      });
    };
    connection.write(
      "GET /slow/1 HTTP/1.1\r\nHost: a\r\n\r\n" +
        "POST /fast/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo" +
        "GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n" +
        "POST /slow/3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n" +
        "GET /fast/4 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    await waitFor(() => waiting.length === 1, "the first request");
    expect(upstream.requests.map(({ url }) => url)).toEqual(["/slow/1"]);
    expect(connection.received.length).toBe(0);
    waiting[0]?.();
    expect((await connection.response()).body.toString()).toBe("/slow/1 ");
    expect((await connection.response()).body.toString()).toBe("/fast/2 two");
    expect((await connection.response()).body.toString()).toContain('"status":"ok"');
    await waitFor(() => waiting.length === 2, "the fourth request");
    waiting[1]?.();
    expect((await connection.response()).body.toString()).toBe("/slow/3 three");
    expect((await connection.response()).body.toString()).toBe("/fast/4 ");
  });

  it("bug: were lost behind a body that was refused and dropped, on a connection that was said to go on", async () => {
    // All of it is more than is read for nothing; what is left once the head and some of it were read is not.
    const body = "x".repeat(264 * 1024);
    connection.write(`POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    connection.write("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    const refused = await connection.response();
    expect([refused.status, refused.header("connection")]).toEqual([413, undefined]);
    expect((await connection.response()).body.toString()).toBe("/next");
  });

  it("are taken one by one by a gateway that reads no faster than it answers", async () => {
    handle = (_seen, response) => response.end(Buffer.alloc(100_000, "x"));
    const requests = 2000;
    connection.socket.pause();
    connection.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests));
    let last = -1;
    for (let same = 0; same < 4; last = upstream.requests.length) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      same = upstream.requests.length === last ? same + 1 : 0;
    }
    // What the sockets in between hold.
    expect(last).toBeLessThan(200);
    connection.socket.resume();
    await waitFor(() => upstream.requests.length > last + 100, "the next requests");
  });
});

describe("1xx answers of an upstream", () => {
  const HINTS = { link: "</a.css>; rel=preload" };

  it("are passed on to HTTP/1.1", async () => {
    handle = (_seen, response) => {
      response.writeEarlyHints(HINTS);
      response.end("done");
    };
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const hints = await connection.response();
    expect([hints.status, hints.header("link")]).toEqual([103, HINTS.link]);
    expect(hints.header("content-length")).toBeUndefined();
    expect((await connection.response()).body.toString()).toBe("done");
  });

  it("are not to HTTP/1.0", async () => {
    handle = (_seen, response) => {
      response.writeEarlyHints(HINTS);
      response.end("done");
    };
    connection.write("GET / HTTP/1.0\r\n\r\n");
    const response = await connection.response();
    expect([response.status, response.body.toString()]).toEqual([200, "done"]);
  });

  it("are not when it says to go on: that was ours to say", async () => {
    handle = (_seen, response, message) => {
      response.writeContinue();
      readWhole(message, (body) => response.end(body));
    };
    connection.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    expect((await connection.response()).body.toString()).toBe("hello");
  });
});

describe("chunked bodies", () => {
  it("are read whole for models", async () => {
    const body = JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "hello" }] });
    const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join("");
    connection.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TEST_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    const response = await connection.response();
    expect(response.status).toBe(200);
    expect(await gateway.record(response.header("x-request-id"))).toMatchObject({ requestBytes: body.length });
  });

  it("go on piece by piece to ordinary services", async () => {
    let received = "";
    handle = (_seen, response, message) => {
      message.on("data", (chunk: Buffer) => {
        received += chunk.toString();
      });
      message.on("end", () => response.end(received));
    };
    connection.write("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const piece of ["one ", "two ", "three"]) {
      connection.write(`${piece.length}\r\n${piece}\r\n`);
      await waitFor(() => received.endsWith(piece), `the upstream to get ${piece}`);
    }
    connection.write("0\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("one two three");
    expect(upstream.requests[0]?.headers).toMatchObject({ "transfer-encoding": "chunked" });
    expect(upstream.requests[0]?.headers).not.toHaveProperty("content-length");
    expect(gateway.records[0]).toMatchObject({ requestBytes: 13, status: 200 });
  });

  it("are refused where they pass the limit, and the upstream gets no whole request", async () => {
    let ended = false;
    handle = (_seen, _response, message) => {
      message.resume();
      message.on("end", () => {
        ended = true;
      });
    };
    connection.write("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let i = 0; i < 11; i++) connection.write(`2710\r\n${"x".repeat(10_000)}\r\n`);
    const response = await connection.response();
    expect(response.status).toBe(413);
    await waitFor(() => upstream.sockets.size === 0, "the upstream's connection to be cut");
    expect(ended).toBe(false);
    expect(gateway.records[0]).toMatchObject({ status: 413, errorCode: "body_too_large" });
  });
});
