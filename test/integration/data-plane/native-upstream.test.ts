import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startRawUpstream, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Connections to upstreams over plain HTTP: found, opened, reused, and lost at bad moments. */

let gateway: TestGateway;
let upstream: TestUpstream | undefined;

afterEach(async () => {
  await gateway.close();
  await upstream?.close();
  upstream = undefined;
});

async function startGatewayFor(url: string, more = ""): Promise<void> {
  gateway = await startGateway(
    baseYaml(`
services:
  - id: all
    access: open
    routes: [{ path: / }]
    upstream:
      targets: [{ url: "${url}" }]
      timeouts: { connect: 1s, first_byte: 2s, idle: 2s }
      retries: { attempts: 0 }
      ${more}
`),
  );
}

const get = (path = "/") => rawRequest(gateway.port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
const post = (body = "hello") =>
  rawRequest(gateway.port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function codeOf(response: RawResponse): string {
  return (JSON.parse(response.body.toString()) as { error: { code: string } }).error.code;
}

describe("a kept connection", () => {
  /** Answers the first request of each connection, and closes it when the second comes. */
  async function startForgetfulUpstream(): Promise<string[]> {
    const seen: string[] = [];
    upstream = await startRawUpstream((socket) => {
      let requests = 0;
      socket.on("data", (chunk) => {
        seen.push(chunk.toString().split(" ")[0] ?? "");
        if (++requests === 1) socket.write(OK);
        else socket.destroy();
      });
    });
    await startGatewayFor(upstream.url);
    return seen;
  }

  it("that is closed as it is used again: a GET is sent once more, on a new one", async () => {
    const seen = await startForgetfulUpstream();
    for (let i = 0; i < 3; i++) expect((await get()).body.toString()).toBe("ok");
    expect(seen).toEqual(["GET", "GET", "GET", "GET", "GET"]);
    expect(gateway.records.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  it("that is closed as it is used again: a POST may have had its effect, and is not", async () => {
    const seen = await startForgetfulUpstream();
    expect((await post()).status).toBe(200);
    const lost = await post();
    expect([lost.status, codeOf(lost)]).toEqual([502, "upstream_reset"]);
    expect(seen).toEqual(["POST", "POST"]);
  });

  it("that the upstream has closed in the meantime is not used", async () => {
    upstream = await startRawUpstream((socket) => {
      socket.on("data", () => socket.write(OK, () => setTimeout(() => socket.end(), 20)));
    });
    await startGatewayFor(upstream.url);
    for (let i = 0; i < 3; i++) {
      expect((await post()).status).toBe(200);
      await waitFor(() => upstream?.sockets.size === 0, "the connection to be given up");
    }
  });

  it.each(["Connection: close", "Keep-Alive: timeout=1", "Connection: x, Close"])(
    "is not kept after %s",
    async (field) => {
      let connections = 0;
      upstream = await startRawUpstream((socket) => {
        connections++;
        socket.on("data", () => socket.write(OK.replace("\r\n\r\n", `\r\n${field}\r\n\r\n`)));
      });
      await startGatewayFor(upstream.url);
      for (let i = 0; i < 3; i++) expect((await get()).status).toBe(200);
      expect(connections).toBe(3);
    },
  );

  /** Ends its half of a connection with the other: then nobody holds it any more. */
  function endsWithTheOther(socket: Socket): void {
    socket.on("end", () => socket.destroy());
  }

  it("on which more came than was asked for is not used again: nobody gets another's answer", async () => {
    upstream = await startRawUpstream((socket) => {
      endsWithTheOther(socket);
      socket.on("data", (chunk) => {
        const path = chunk.toString().split(" ")[1] ?? "";
        const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
        socket.write(answer, () => setTimeout(() => socket.write(answer.replaceAll(path, "/evil")), 10));
      });
    });
    await startGatewayFor(upstream.url);
    for (let i = 0; i < 5; i++) {
      expect((await get(`/${i}`)).body.toString()).toBe(`/${i}`);
      await waitFor(() => upstream?.sockets.size === 0, "the connection to be given up");
    }
  });

  it("on which more came with the answer is not used again, however much of it was read at once", async () => {
    const SURPLUS = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    upstream = await startRawUpstream((socket) => {
      endsWithTheOther(socket);
      socket.on("data", (chunk) => {
        const bytes = Number(/^GET \/(\d+) /.exec(chunk.toString())?.[1]);
        // As many digits as the whole has, so that the answer has exactly that length.
        const bodyBytes = bytes - 37 - String(bytes).length;
        const length = String(bodyBytes).padStart(String(bytes).length, "0");
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${"a".repeat(bodyBytes)}${SURPLUS}`);
      });
    });
    await startGatewayFor(upstream.url);
    // What fills the reads of 32 and 64 KiB exactly, and one more or less.
    for (const bytes of [1000, 32_767, 32_768, 32_769, 65_536, 32_768 + 65_536]) {
      const answer = await get(`/${bytes}`);
      expect([bytes, answer.status, answer.body.every((byte) => byte === 0x61)]).toEqual([bytes, 200, true]);
      await waitFor(() => upstream?.sockets.size === 0, `the connection to be given up after ${bytes} bytes`);
    }
  });
});

describe("an answer", () => {
  it("before the upload is over gets through, and what is left of the upload does no harm", async () => {
    upstream = await startRawUpstream((socket) => {
      socket.on("end", () => socket.destroy());
      socket.once("data", () => socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"));
    });
    await startGatewayFor(upstream.url);
    const connection = await RawConnection.open(gateway.port);
    connection.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${"x".repeat(70_000)}`);
    const response = await connection.response();
    expect([response.status, response.body.toString()]).toEqual([403, "no"]);
    await waitFor(() => upstream?.sockets.size === 0, "the upstream's connection to be given up");
    connection.write("x".repeat(130_000));
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).status).toBe(403);
    connection.close();
  });

  it("from an upstream that closes at once, with the upload unread, gets through", async () => {
    upstream = await startRawUpstream((socket) => {
      socket.once("readable", () => {
        socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        setTimeout(() => socket.destroy(), 50);
      });
    });
    await startGatewayFor(upstream.url);
    for (let i = 0; i < 10; i++) {
      const response = await post("x".repeat(1_000_000));
      expect([response.status, response.body.toString()]).toEqual([413, "no"]);
    }
  });

  it("that goes on until the connection closes is whole when it does, and cut when it is reset", async () => {
    let end = (socket: Socket) => void socket.end();
    upstream = await startRawUpstream((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\nhello", () => setTimeout(() => end(socket), 20)));
    });
    await startGatewayFor(upstream.url);
    expect(await get()).toMatchObject({ complete: true, body: Buffer.from("hello") });
    end = (socket) => void socket.resetAndDestroy();
    expect(await get()).toMatchObject({ complete: false, body: Buffer.from("hello") });
  });
});

describe("a name", () => {
  it("with several addresses is tried at each: localhost is [::1] too, where nobody listens", async () => {
    upstream = await startUpstream();
    await startGatewayFor(`http://localhost:${upstream.port}`);
    // All at once, so that each needs a connection of its own.
    const answers = await Promise.all(Array.from({ length: 20 }, () => post()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(gateway.records.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it("that nobody knows is an upstream that can't be reached, each time", async () => {
    await startGatewayFor("http://nowhere.invalid:1");
    for (let i = 0; i < 3; i++) {
      const response = await post();
      expect([response.status, codeOf(response)]).toEqual([502, "upstream_unreachable"]);
    }
    expect(gateway.gateway.openExchanges).toBe(0);
  });
});

describe("a Unix socket", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-unix-"));
  const path = join(directory, "app.sock");
  const seen: { url: string | undefined; host: string | undefined }[] = [];
  let server: HttpServer;

  beforeEach(async () => {
    seen.length = 0;
    server = createServer((message, response) => {
      seen.push({ url: message.url, host: message.headers.host });
      message.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("is an upstream like any other, with or without a path in front", async () => {
    await startGatewayFor(`http://unix:${path}`);
    const body = "x".repeat(1_000_000);
    expect((await post(body)).body.toString()).toBe(body);
    expect((await get("/a?b=c")).status).toBe(200);
    await gateway.reload(
      baseYaml(`
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "http://unix:${path}:/api/" }] } }
`),
    );
    expect((await get("/a")).status).toBe(200);
    expect(seen).toEqual([
      { url: "/", host: "localhost" },
      { url: "/a?b=c", host: "localhost" },
      { url: "/api/a", host: "localhost" },
    ]);
    expect(gateway.records.map(({ upstream: name }) => name)).toEqual(Array.from({ length: 3 }, () => `unix:${path}`));
  });

  it("that is not there is an upstream that can't be reached", async () => {
    await startGatewayFor(`http://unix:${join(directory, "other.sock")}`);
    const response = await get();
    expect([response.status, codeOf(response)]).toEqual([502, "upstream_unreachable"]);
  });

  it.each([
    ["http://unix:/", "is written http://unix:/path/to.sock"],
    [`http://unix:/${"a".repeat(120)}`, "at most 107 bytes"],
    ["https://unix:/a.sock", "is written http://unix:/path/to.sock"],
    ["http://unix:/a.sock:/b?c", "must not have a query"],
  ])("is not written %s", async (url, message) => {
    await startGatewayFor(`http://unix:${path}`);
    await expect(
      startGateway(
        baseYaml(`services: [{ id: a, routes: [{ path: / }], upstream: { targets: [{ url: "${url}" }] } }]`),
      ),
    ).rejects.toThrow(message);
  });

  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
});
