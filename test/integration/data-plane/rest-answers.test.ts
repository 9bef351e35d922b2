import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_ENGINE, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, rawRequest } from "../../helpers/raw-client.ts";
import { startCannedUpstream, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Answers of every shape HTTP allows, from an upstream that writes them byte by byte as given. */

let upstream: TestUpstream;
let gateway: TestGateway;
let answer: string | Buffer = "";
let endAfter = false;

beforeAll(async () => {
  upstream = await startCannedUpstream(
    () => answer,
    (socket) => {
      if (endAfter) socket.end();
    },
  );
  gateway = await startGateway(
    baseYaml(`
services:
  - id: canned
    access: open
    routes: [{ path: / }]
    upstream: { targets: [{ url: "${upstream.url}" }], retries: { attempts: 0 } }
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  endAfter = false;
  gateway.records.length = 0;
});

function request(method = "GET") {
  return rawRequest(gateway.port, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`, method === "HEAD");
}

async function expectRecord(fields: object): Promise<void> {
  expect(await waitFor(() => gateway.records[0], "a record")).toMatchObject(fields);
  expect(gateway.records).toHaveLength(1);
  expect(gateway.gateway.openExchanges).toBe(0);
}

describe("bodies", () => {
  it("passes on one of known length", async () => {
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const response = await request();
    expect(response.body.toString()).toBe("hello");
    expect(response.values("content-length")).toEqual(["5"]);
    await expectRecord({ status: 200, outcome: "ok", responseBytes: 5 });
  });

  it("passes on a chunked one, whatever its chunks", async () => {
    answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;ext=1\r\nh\r\n4\r\nello\r\n0\r\n\r\n";
    const response = await request();
    expect(response.body.toString()).toBe("hello");
    expect(response.complete).toBe(true);
    expect(response.values("transfer-encoding")).toEqual(["chunked"]);
    expect(response.header("content-length")).toBeUndefined();
  });

  it("is not confused by trailers", async () => {
    answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n";
    const connection = await RawConnection.open(gateway.port);
    for (let i = 0; i < 2; i++) {
      connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const response = await connection.response();
      expect(response.body.toString()).toBe("hello");
      expect(response.complete).toBe(true);
    }
    connection.close();
  });

  it("passes on one that ends with the connection", async () => {
    answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
    endAfter = true;
    const response = await request();
    expect(response.body.toString()).toBe("hello");
    expect(response.complete).toBe(true);
    await expectRecord({ status: 200, outcome: "ok", responseBytes: 5 });
  });

  it("passes on one of HTTP/1.0", async () => {
    answer = "HTTP/1.0 200 OK\r\n\r\nhello";
    endAfter = true;
    expect((await request()).body.toString()).toBe("hello");
  });

  it("passes on an empty one, of length 0 and chunked", async () => {
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const empty = await request();
    expect([empty.status, empty.header("content-length"), empty.complete]).toEqual([200, "0", true]);
    answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    const chunked = await request();
    expect([chunked.status, chunked.body.length, chunked.complete]).toEqual([200, 0, true]);
  });

  it("leaves compressed ones as they are", async () => {
    const zipped = gzipSync("hello ".repeat(1000));
    answer = Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`),
      zipped,
    ]);
    const response = await request();
    expect(response.body.equals(zipped)).toBe(true);
    expect(response.header("content-encoding")).toBe("gzip");
  });

  it("passes on every byte value", async () => {
    const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]);
    expect((await request()).body.equals(bytes)).toBe(true);
  });
});

describe("answers without a body", () => {
  it("answers HEAD with the length of the body there would be", async () => {
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nContent-Type: text/plain\r\n\r\n";
    const response = await request("HEAD");
    expect(response.header("content-length")).toBe("12345");
    expect(response.header("content-type")).toBe("text/plain");
    await expectRecord({ method: "HEAD", status: 200, responseBytes: 0, outcome: "ok" });
  });

  it("answers HEAD to a chunked resource without a length", async () => {
    answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const response = await request("HEAD");
    expect(response.status).toBe(200);
    expect(response.header("content-length")).toBeUndefined();
  });

  it("keeps the connection in step after HEAD", async () => {
    const connection = await RawConnection.open(gateway.port);
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    connection.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    await connection.response({ head: true });
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("hello");
    connection.close();
  });

  it("passes on 204", async () => {
    answer = "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n";
    const response = await request("DELETE");
    expect(response.status).toBe(204);
    expect(response.header("content-length")).toBeUndefined();
    expect(response.header("transfer-encoding")).toBeUndefined();
    await expectRecord({ status: 204, outcome: "ok" });
  });

  it("passes on 304, with and without a length", async () => {
    answer = 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n';
    const without = await request();
    expect([without.status, without.header("etag"), without.header("content-length")]).toEqual([304, '"x"', undefined]);
    answer = "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n";
    const connection = await RawConnection.open(gateway.port);
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).header("content-length")).toBe("500");
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect((await connection.response()).body.toString()).toBe("hello");
    connection.close();
  });
});

describe("statuses", () => {
  it("takes 1xx for what comes before the answer", async () => {
    answer =
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" +
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const connection = await RawConnection.open(gateway.port);
    connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (TEST_ENGINE === "native") {
      expect((await connection.response()).status).toBe(102);
      const hints = await connection.response();
      expect([hints.status, hints.header("link")]).toEqual([103, "</a.css>; rel=preload"]);
    }
    const response = await connection.response();
    connection.close();
    expect([response.status, response.body.toString()]).toEqual([200, "hello"]);
    expect(response.header("link")).toBeUndefined();
  });

  it("refuses a change of protocol nobody asked for", async () => {
    answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    expect((await request()).status).toBe(502);
    await expectRecord({ status: 502, outcome: "error" });
  });

  it("passes on what it does not know", async () => {
    for (const status of [205, 299, 418, 451, 520, 599]) {
      answer = `HTTP/1.1 ${status} Whatever\r\nContent-Length: 2\r\n\r\nok`;
      expect((await request()).status).toBe(status);
    }
  });

  it("passes on redirects and refusals without following or changing them", async () => {
    answer = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n";
    expect((await request()).header("location")).toBe("http://elsewhere/");
    answer = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n';
    expect((await request()).header("www-authenticate")).toBe('Basic realm="x"');
  });
});

describe("requests with bodies", () => {
  it("forwards those of any method, with their length", async () => {
    const echo = await startUpstream();
    const other = await startGateway(
      baseYaml(
        `services: [{ id: e, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${echo.url}" }] } }]`,
      ),
    );
    for (const method of ["GET", "DELETE", "POST", "PUT", "PATCH", "OPTIONS", "PROPFIND"]) {
      for (const body of ["", "hello"]) {
        const head = `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
        expect((await rawRequest(other.port, head + body)).status).toBe(200);
        expect(echo.requests.at(-1)).toMatchObject({ method, body: Buffer.from(body) });
      }
    }
    await rawRequest(other.port, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(echo.requests.at(-1)?.headers["transfer-encoding"]).toBeUndefined();
    await other.close();
    await echo.close();
  });
});
