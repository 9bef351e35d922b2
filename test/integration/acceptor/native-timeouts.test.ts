import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** How long the native engine waits for its clients. */

let upstream: TestUpstream;
let gateway: TestGateway;
/** Short timeouts, and one with a rate. */
const ports: number[] = [];

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
version: 1
listeners:
  - { address: "127.0.0.1:0", engine: native, timeouts: { head: 300ms, keep_alive: 900ms } }
  - { address: "127.0.0.1:0", engine: native, timeouts: { min_body_rate: 1KiB } }
services:
  - id: all
    access: open
    routes: [{ path: / }]
    upstream: { targets: [{ url: "${upstream.url}" }], timeouts: { idle: 400ms } }
`);
  ports.push(...gateway.urls.map((url) => Number(new URL(url).port)));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const open = (listener = 0) => RawConnection.open(ports[listener] as number);

function expectTimeout(response: RawResponse): void {
  expect(response.status).toBe(408);
  expect(response.header("connection")).toBe("close");
  expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "request_timeout" } });
}

/** Resolves with the milliseconds until the connection was closed. */
describe.concurrent("a head", () => {
  it("that does not arrive in time is answered with 408", async () => {
    const connection = await open();
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n");
    expectTimeout(await connection.response());
    await connection.whenClosed();
  });

  it("may not be fed byte by byte beyond that", async () => {
    const connection = await open();
    connection.write("GET / HTTP/1.1\r\n");
    const feeding = setInterval(() => connection.write("X: y\r\n"), 20);
    expectTimeout(await connection.response());
    clearInterval(feeding);
    connection.close();
  });

  it("has the same time on a connection that has served others", async () => {
    const connection = await open();
    connection.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).status).toBe(200);
    connection.write("GET /2 HTTP/1.1\r\n");
    expectTimeout(await connection.response());
    connection.close();
  });

  it("of which nothing has come is not answered: the connection is closed", async () => {
    const connection = await open();
    await connection.whenClosed();
    expect(connection.received.length).toBe(0);
  });

  it("is not an empty line", async () => {
    const connection = await open();
    connection.write("\r\n");
    await connection.whenClosed();
    expect(connection.received.length).toBe(0);
  });
});

describe.concurrent("an idle connection", () => {
  it("is closed after the time it has, and not before", async () => {
    const connection = await open();
    // From before it is idle: a busy machine makes it longer, never shorter.
    const beganAt = performance.now();
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).status).toBe(200);
    await connection.whenClosed();
    expect(performance.now() - beganAt).toBeGreaterThan(850);
    expect(connection.received.length).toBe(0);
  });

  it("has it anew after each request", async () => {
    const connection = await open();
    for (let i = 0; i < 3; i++) {
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      expect((await connection.response()).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(connection.closed).toBe(false);
    }
    connection.close();
  });
});

describe.concurrent("a body", () => {
  it.each([
    ["of known length", "Content-Length: 100000\r\n\r\nhello"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"],
  ])("%s that is not sent on is answered with 408", async (_how, rest) => {
    const connection = await open();
    connection.write(`POST /silent HTTP/1.1\r\nHost: a\r\n${rest}`);
    expectTimeout(await connection.response());
    await connection.whenClosed();
  });

  it("that is sent slowly but steadily is waited for", async () => {
    const connection = await open();
    connection.write("POST /steady HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n");
    for (let i = 0; i < 8; i++) {
      connection.write("x");
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect((await connection.response()).status).toBe(200);
    connection.close();
  });

  it("that comes in slower than its listener asks for is answered with 408", { timeout: 30_000 }, async () => {
    const slow = await open(1);
    const fast = await open(1);
    for (const [connection, path] of [
      [slow, "/slow"],
      [fast, "/fast"],
    ] as const) {
      connection.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n`);
    }
    const feeding = setInterval(() => {
      slow.write("x".repeat(100));
      fast.write("x".repeat(1000));
    }, 200);
    expectTimeout(await slow.response({ timeoutMs: 20_000 }));
    expect((await fast.response({ timeoutMs: 20_000 })).status).toBe(200);
    clearInterval(feeding);
    slow.close();
    fast.close();
    expect(gateway.records.find(({ path }) => path === "/slow")).toMatchObject({ outcome: "client_aborted" });
  });
});
