import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NativeEngine } from "../../../native-bindings/engine.ts";
import type { Exchange } from "../../../src/contracts/exchange.ts";
import { NativeListener } from "../../../src/data-plane/acceptor/engines/native/listener.ts";
import { ensurePartsBuilt } from "../../helpers/build.ts";
import { baseYaml, startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection } from "../../helpers/raw-client.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUnreadUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Clients that are slow, rude, gone, or too many. */

const MIB = 1024 * 1024;
const KIB = 1024;

function closedSocket(socket: Socket): Promise<unknown> {
  return socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once("close", resolve));
}

describe("a gateway", () => {
  const ANSWER = Buffer.alloc(30 * MIB, "x");
  let upstream: TestUpstream;
  let gateway: TestGateway;

  beforeEach(async () => {
    upstream = await startUnreadUpstream((seen, response, message) => {
      if (seen.url === "/large") response.end(ANSWER);
      else if (seen.url === "/never") return;
      else {
        message.resume();
        message.on("end", () => response.end("done"));
      }
    });
    gateway = await startGateway(
      baseYaml(`
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`).replace('address: "127.0.0.1:0"', 'address: "127.0.0.1:0", engine: native, max_body_size: 1MiB'),
    );
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });

  it("lets those read its refusal who send all of their body first", async () => {
    for (const framing of [`Content-Length: ${20 * MIB}`, "Transfer-Encoding: chunked"]) {
      const connection = await RawConnection.open(gateway.port);
      // Not a byte is read before all is sent: a reset would lose the answer.
      connection.socket.pause();
      const chunk = Buffer.from(`10000\r\n${"x".repeat(64 * KIB)}\r\n`);
      connection.write(`POST /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
      for (let sent = 0; sent < 20 * MIB; sent += 64 * KIB) {
        if (!connection.socket.write(chunk)) await once(connection.socket, "drain");
      }
      connection.socket.resume();
      const response = await connection.response();
      expect([response.status, response.complete]).toEqual([413, true]);
      await connection.whenClosed();
    }
    expect(gateway.records.map(({ status }) => status)).toEqual([413, 413]);
  });

  it("notices those that are gone, whatever they were doing", async () => {
    const bytes = [
      "GET /never HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhello",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ];
    for (const leave of ["destroy", "resetAndDestroy"] as const) {
      const sockets = bytes.map((request) => {
        const socket = connect(gateway.port, "127.0.0.1");
        socket.on("error", () => {});
        socket.pause();
        socket.write(request);
        return socket;
      });
      await waitFor(() => gateway.gateway.openExchanges === bytes.length, "the calls");
      for (const socket of sockets) socket[leave]();
      await waitFor(() => gateway.gateway.openExchanges === 0, `the calls to end after ${leave}`, 2000);
    }
    expect(new Set(gateway.records.map(({ outcome }) => outcome))).toEqual(new Set(["client_aborted"]));
    await waitFor(() => upstream.sockets.size === 0, "the upstream's connections to be cut");
  });

  it("logs each call of clients that left before it was looked at, once", async () => {
    const calls = 20;
    // Half of them by the stages, half of them by what this teaches the native side.
    await fetch(`http://127.0.0.1:${gateway.port}/never/learned`).then((response) => response.text());
    const before = gateway.records.length;
    const sockets = Array.from({ length: calls }, () => connect(gateway.port, "127.0.0.1").on("error", () => {}));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    // The gateway runs in this process: it sees request and end together.
    sockets.forEach((socket, index) => {
      const method = index % 2 === 0 ? "GET" : "PUT";
      socket.end(`${method} /never HTTP/1.1\r\nHost: a\r\n\r\n`);
    });
    await waitFor(() => gateway.records.length === before + calls, "their records");
    await Promise.all(sockets.map(closedSocket));
    const records = gateway.records.slice(before);
    expect(records.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(
      Array(calls).fill("client_aborted 499"),
    );
    expect(new Set(records.map(({ id }) => id)).size).toBe(calls);
    expect(gateway.gateway.openExchanges).toBe(0);
  });
});

describe("a listener", () => {
  let engine: NativeEngine;
  let listener: NativeListener;
  let port: number;
  let onExchange: (exchange: Exchange) => void;

  beforeEach(async () => {
    onExchange = (exchange) => exchange.respond(200, [], "ok");
    engine = new NativeEngine();
    listener = new NativeListener(
      {
        host: "127.0.0.1",
        port: 0,
        engine: "native",
        tls: null,
        trustedProxies: [],
        clientCertificate: null,
        maxHeaderBytes: 16 * KIB,
        maxBodyBytes: MIB,
        timeouts: { keepAliveMs: 60_000, headMs: 60_000, minBodyBytesPerSecond: 0 },
      },
      { onExchange: (exchange) => onExchange(exchange), onHandover: () => {}, onRefused: () => "{}" },
      engine,
    );
    port = Number(new URL(await listener.listen()).port);
  });
  afterEach(() => {
    listener.close();
    engine.destroy();
  });

  const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

  it("counts its connections, down to none", async () => {
    const endings: [bytes: string, end: (socket: Socket) => void][] = [
      ["", (socket) => socket.end()],
      ["GET / HT", (socket) => socket.end()],
      ["GET / HT", (socket) => socket.resetAndDestroy()],
      [GET, (socket) => socket.end()],
      [GET, (socket) => socket.resetAndDestroy()],
      ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", () => {}],
      ["GET / HTTP/1.0\r\n\r\n", () => {}],
      ["nonsense\r\n\r\n", () => {}],
      ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nhello", () => {}],
    ];
    const opened = endings.map(async ([bytes]) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.resume();
      socket.write(bytes);
      return socket;
    });
    const sockets = await Promise.all(opened);
    for (const [index, [, end]] of endings.entries()) end(sockets[index] as Socket);
    await waitFor(() => listener.connections === 0, "the connections to be forgotten");
    await Promise.all(sockets.map(closedSocket));
  });

  it("that stops lets those finish whose head is still on its way, and those who are queueing", async () => {
    const half = await RawConnection.open(port);
    half.write("GET / HTTP/1.1\r\nHo");
    const idle = await RawConnection.open(port);
    idle.write(GET);
    await idle.response();
    // Connected as far as the system is concerned; nobody has accepted them yet.
    const queueing = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(port)));
    listener.stopAccepting();
    half.write("st: a\r\n\r\n");
    idle.write(GET);
    for (const connection of queueing) connection.write(GET);
    for (const connection of [half, idle, ...queueing]) {
      const response = await connection.response();
      expect([response.status, response.header("connection")]).toEqual([200, "close"]);
      await connection.whenClosed();
    }
    await expect(RawConnection.open(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("serves an exchange that is answered within a callback of its body", async () => {
    const bodies: string[] = [];
    onExchange = (exchange) => {
      exchange.streamBody(
        (chunk) => {
          bodies.push(chunk.toString());
          exchange.respond(200, [], "early");
          return true;
        },
        () => bodies.push("end"),
      );
    };
    const connection = await RawConnection.open(port);
    const body = GET.repeat(3);
    for (const framed of [
      `Content-Length: ${body.length}\r\n\r\n${body}`,
      `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ]) {
      connection.write(`POST / HTTP/1.1\r\nHost: a\r\n${framed}`);
      expect((await connection.response()).body.toString()).toBe("early");
      // Half of it later, when it is answered already.
      const half = framed.length / 2;
      connection.write(`POST / HTTP/1.1\r\nHost: a\r\n${framed.slice(0, half)}`);
      expect((await connection.response()).body.toString()).toBe("early");
      connection.write(framed.slice(half));
    }
    onExchange = (exchange) => exchange.respond(200, [], exchange.path);
    connection.write("GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("/after");
    expect(connection.received.length).toBe(0);
    expect(bodies).not.toContain("end");
    connection.close();
  });

  it("survives exchanges that are cut, and listeners that are closed, within callbacks", async () => {
    const endings: ((exchange: Exchange) => void)[] = [
      (exchange) => exchange.destroy(),
      (exchange) =>
        exchange.streamBody(
          () => {
            exchange.destroy();
            return true;
          },
          () => {},
        ),
      (exchange) => exchange.readBody(3, () => exchange.destroy()),
      (exchange) => exchange.startStream(200, [], 10).end(),
      (exchange) => {
        const stream = exchange.startStream(200, [], null);
        stream.onDrain(() => exchange.destroy());
        while (stream.write(Buffer.alloc(64 * KIB))) {}
      },
      (exchange) => {
        exchange.onAborted(() => exchange.respond(200, [], "too late"));
        listener.close();
      },
    ];
    for (const end of endings) {
      onExchange = end;
      const connection = await RawConnection.open(port);
      connection.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
      await connection.whenClosed();
      connection.close();
    }
    expect(listener.connections).toBe(0);
  });
});

describe("slow readers", () => {
  const READERS = 200;
  let upstream: TestUpstream;
  let tidegate: TidegateProcess | undefined;

  beforeEach(async () => {
    const answer = Buffer.alloc(5 * MIB, "x");
    upstream = await startUnreadUpstream((_seen, response) => response.end(answer));
  });
  afterEach(async () => {
    await tidegate?.stop();
    await upstream.close();
  });

  function residentBytes(pid: number): number {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib) * KIB;
  }

  async function openReader(port: number): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    await once(socket, "connect");
    return socket;
  }

  it("are many, and cost little memory each", async () => {
    tidegate = await TidegateProcess.start({
      config: `
version: 1
listeners: [{ address: "127.0.0.1:\${TIDEGATE_PORT}", engine: native }]
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`,
    });
    const { gatewayPort } = tidegate;
    const [pid = 0] = tidegate.gatewayPids();
    const readers = await Promise.all(Array.from({ length: READERS }, () => openReader(gatewayPort)));
    const before = residentBytes(pid);
    for (const socket of readers) socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await waitFor(() => upstream.requests.length === READERS, "the calls to reach the upstream", 30_000);
    // Reads a little of each, now and then, until all have moved several times.
    for (let round = 0; round < 5; round++) {
      for (const socket of readers) {
        socket.resume();
        socket.once("data", () => socket.pause());
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((residentBytes(pid) - before) / READERS).toBeLessThan(256 * KIB);
    for (const socket of readers) socket.destroy();
    await waitFor(() => upstream.sockets.size === 0, "the calls to end", 30_000);
  });
});

describe("a process without file descriptors", () => {
  let child: ChildProcess | undefined;
  afterEach(() => {
    child?.kill("SIGKILL");
  });

  it("goes on serving, without burning its processor, and accepts again when there are some", async () => {
    await ensurePartsBuilt();
    const script = fileURLToPath(new URL("few-descriptors.mjs", import.meta.url));
    child = spawn("prlimit", ["--nofile=60:60", process.execPath, script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    const port = Number(line.toString());
    const ask = async (connection: RawConnection) => {
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return Number((await connection.response()).body.toString());
    };
    const connections = [await RawConnection.open(port)];
    const first = connections[0] as RawConnection;
    await ask(first);
    for (let i = 0; i < 80; i++) connections.push(await RawConnection.open(port));
    const unserved = connections.at(-1) as RawConnection;
    unserved.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const before = await ask(first);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await ask(first)) - before).toBeLessThan(300);
    expect(unserved.received.length).toBe(0);
    for (const connection of connections.slice(1, 60)) connection.close();
    expect((await unserved.response()).status).toBe(200);
    for (const connection of connections) connection.close();
  });
});
