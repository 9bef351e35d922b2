import { createHash } from "node:crypto";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_ENGINE, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { startUnreadUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Bodies pass through in pieces: as fast as the slower side, and with no more held than the sockets and a chunk or two. */

const MIB = 1024 * 1024;
const BODY_BYTES = 50 * MIB;
/** Buffers of three sockets in the kernel on the loopback (they grow), and what the gateway may hold. */
const BOUND_BYTES = 24 * MIB;

let upstream: TestUpstream;
let gateway: TestGateway;
let handle: (message: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  upstream = await startUnreadUpstream((_seen, response, message) => handle(message, response));
  gateway = await startGateway(
    baseYaml(`
services:
  - id: streaming
    access: open
    routes: [{ path: / }]
    upstream: { targets: [{ url: "${upstream.url}" }] }
`).replace('address: "127.0.0.1:0"', 'address: "127.0.0.1:0", max_body_size: 100MiB'),
  );
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** The same bytes for client and server, without holding them. */
const pattern = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 31 + (i >> 7)) & 0xff));

function digestOf(bytes: number): string {
  const hash = createHash("sha256");
  for (let sent = 0; sent < bytes; sent += pattern.length) hash.update(pattern.subarray(0, bytes - sent));
  return hash.digest("hex");
}

/** Writes `bytes` of the pattern as the receiver takes them; tells what was handed to the socket. */
function pump(sink: NodeJS.WritableStream, bytes: number, done: () => void) {
  const progress = { sent: 0 };
  const more = () => {
    while (progress.sent < bytes) {
      const chunk = pattern.subarray(0, bytes - progress.sent);
      progress.sent += chunk.length;
      if (!sink.write(chunk)) {
        sink.once("drain", more);
        return;
      }
    }
    done();
  };
  more();
  return progress;
}

/** Waits until a number has stopped growing. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

function heldBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

describe("uploads", () => {
  it("arrive whole, and take no more from the client than the upstream takes", async () => {
    let read: (() => void) | undefined;
    handle = (incoming, response) => {
      const hash = createHash("sha256");
      incoming.on("end", () => response.end(hash.digest("hex")));
      // Nothing is read until the test says so.
      read = () => incoming.on("data", (chunk: Buffer) => hash.update(chunk));
    };
    const client = await RawConnection.open(gateway.port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
    const before = process.memoryUsage().rss;
    const progress = pump(client.socket, BODY_BYTES, () => {});
    await waitFor(() => read, "the request to reach the upstream");
    const taken = await settled(() => progress.sent);
    expect(taken).toBeLessThan(BOUND_BYTES);
    expect(process.memoryUsage().rss - before).toBeLessThan(BOUND_BYTES * 2);
    read?.();
    const response = await client.response({ timeoutMs: 30_000 });
    expect(response.body.toString()).toBe(digestOf(BODY_BYTES));
    client.close();
    expect(gateway.records[0]).toMatchObject({ requestBytes: BODY_BYTES, status: 200, outcome: "ok" });
  });

  it("may be answered before they are whole, and the answer gets through", async () => {
    handle = (_message, response) => {
      response.writeHead(413, { "content-length": "9" });
      response.end("too large");
    };
    // uWebSockets.js closes with its answer when it is asked to, whatever is still coming in.
    const headers = { "content-length": 20 * MIB, ...(TEST_ENGINE === "uws" ? { connection: "keep-alive" } : {}) };
    for (let i = 0; i < 5; i++) {
      const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
        const call = httpRequest(gateway.url, { method: "POST", agent: false, headers }, (response) => {
          let body = "";
          response.on("data", (chunk) => {
            body += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          response.on("error", reject);
        });
        call.on("error", reject);
        pump(call, 20 * MIB, () => call.end());
      });
      expect(answer).toEqual({ status: 413, body: "too large" });
    }
    await waitFor(() => gateway.gateway.openExchanges === 0, "the calls to end");
    expect(gateway.records.map(({ status }) => status)).toEqual([413, 413, 413, 413, 413]);
  });

  it("may be refused by the gateway before they are whole, and the answer gets through", async () => {
    const connection = await RawConnection.open(gateway.port);
    const bytes = 101 * MIB;
    connection.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`);
    const sent = new Promise<void>((resolve) => void pump(connection.socket, bytes, resolve));
    const refusal = await connection.response();
    expect(refusal.status).toBe(413);
    // Closes, and says so, rather than read all that for nothing; uWebSockets.js reads it and goes on.
    if (TEST_ENGINE === "native") {
      expect(refusal.header("connection")).toBe("close");
      await connection.whenClosed();
      expect(upstream.requests).toHaveLength(0);
      return;
    }
    await sent;
    handle = (_message, response) => response.end("next");
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("next");
    connection.close();
    expect(upstream.requests).toHaveLength(1);
  });

  it("may be answered while the client goes on sending, on a connection that goes on", async () => {
    handle = (message, response) => {
      if (message.method === "GET") response.end("next");
      else response.end("early");
    };
    const bytes = 200_000;
    const connection = await RawConnection.open(gateway.port);
    connection.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${"x".repeat(100_000)}`);
    expect((await connection.response()).body.toString()).toBe("early");
    connection.write("x".repeat(bytes - 100_000));
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("next");
    connection.close();
  });
});

describe.each(["of known length", "chunked"])("downloads %s", (kind) => {
  const head = kind === "chunked" ? {} : { "content-length": BODY_BYTES };

  it("arrive whole, and take no more from the upstream than the client takes", async () => {
    let progress = { sent: 0 };
    handle = (_message, response) => {
      response.writeHead(200, head);
      progress = pump(response, BODY_BYTES, () => response.end());
    };
    const hash = createHash("sha256");
    const before = heldBytes();
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(gateway.url, { agent: false }, resolve).on("error", reject).end();
    });
    const taken = await settled(() => progress.sent);
    expect(taken).toBeLessThan(BOUND_BYTES);
    expect(heldBytes() - before).toBeLessThan(BOUND_BYTES);
    for await (const chunk of incoming) hash.update(chunk as Buffer);
    expect(hash.digest("hex")).toBe(digestOf(BODY_BYTES));
    await waitFor(() => gateway.records[0], "the record");
    expect(gateway.records[0]).toMatchObject({ responseBytes: BODY_BYTES, outcome: "ok" });
  });

  it("never run ahead of a client that reads little by little", async () => {
    let progress = { sent: 0 };
    handle = (_message, response) => {
      response.writeHead(200, head);
      progress = pump(response, BODY_BYTES, () => response.end());
    };
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(gateway.url, { agent: false }, resolve).on("error", reject).end();
    });
    incoming.pause();
    let read = 0;
    for (let round = 0; round < 20; round++) {
      const target = read + MIB;
      while (read < target) {
        const chunk = incoming.read() as Buffer | null;
        if (chunk === null) await new Promise((resolve) => incoming.once("readable", resolve));
        else read += chunk.length;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(progress.sent - read).toBeLessThan(BOUND_BYTES);
    }
    incoming.destroy();
    await waitFor(() => gateway.gateway.openExchanges === 0, "the call to end", 1000);
    expect(gateway.records).toHaveLength(1);
    expect(gateway.records[0]).toMatchObject({ outcome: "client_aborted", status: 200 });
  });
});

describe("answers without end", () => {
  it.each(["text/event-stream", "application/x-ndjson"])("pass on each piece at once: %s", async (type) => {
    let response: ServerResponse | undefined;
    handle = (_message, outgoing) => {
      outgoing.writeHead(200, { "content-type": type });
      outgoing.flushHeaders();
      response = outgoing;
    };
    const connection = await RawConnection.open(gateway.port);
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => response, "the call to reach the upstream");
    if (type === "text/event-stream") {
      await waitFor(() => connection.received.includes("\r\n\r\n"), "the stream to open before its first event");
    }
    for (let i = 0; i < 20; i++) {
      response?.write(`data: ${i}\n\n`);
      await waitFor(() => connection.received.includes(`data: ${i}\n\n`), `event ${i}`, 1000);
    }
    const closed = new Promise((resolve) => response?.once("close", resolve));
    connection.close();
    await closed;
    await waitFor(() => gateway.records[0], "the record", 1000);
    expect(gateway.records[0]).toMatchObject({ outcome: "client_aborted", status: 200 });
  });

  it("end when the upstream ends them", async () => {
    handle = (_message, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 50);
    };
    const response = await rawRequest(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(response.complete).toBe(true);
    expect(response.body.toString().replace(/^:\n\n/, "")).toBe("data: 1\n\ndata: 2\n\n");
  });
});

describe("both ways at once", () => {
  it("answers while the request is still coming in", async () => {
    handle = (message, response) => {
      response.writeHead(200);
      message.on("data", (chunk: Buffer) => response.write(chunk));
      message.on("end", () => response.end());
    };
    const bytes = 4 * MIB;
    const connection = await RawConnection.open(gateway.port);
    connection.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`);
    connection.write("x".repeat(100_000));
    await waitFor(() => connection.received.length > 50_000, "the answer to begin");
    connection.write("x".repeat(bytes - 100_000));
    const response = await connection.response();
    expect(response.complete).toBe(true);
    expect(response.body.length).toBe(bytes);
    connection.close();
  });
});
