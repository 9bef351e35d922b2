import { X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CertificateAuthority, createAuthority } from "../../helpers/certificates.ts";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection } from "../../helpers/raw-client.ts";
import { headerValues, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

let authority: CertificateAuthority;
let upstream: TestUpstream;
let gateway: TestGateway;
let configuration: string;

beforeAll(async () => {
  authority = createAuthority();
  upstream = await startUpstream();
  const files = (...names: string[]) => {
    const { cert, key } = authority.issue(names);
    return `cert: "${cert}", key: "${key}"`;
  };
  configuration = `
version: 1
listeners:
  - address: "127.0.0.1:0"
    tls:
      ${files("default.test").replace(", ", "\n      ")}
      server_names:
        - { name: one.test, ${files("one.test")} }
        - { name: two.test, ${files("two.test")} }
        - { name: "*.wild.test", ${files("*.wild.test")} }
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`;
  gateway = await startGateway(configuration);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  authority.remove();
});

/** The common name of the certificate that is shown to a client that asks for `servername`. */
async function certificateFor(servername: string | undefined): Promise<string> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const options = { port: gateway.port, host: "127.0.0.1", ca: authority.pem, rejectUnauthorized: false };
    const opening = connect(servername === undefined ? options : { ...options, servername }, () => resolve(opening));
    opening.on("error", reject);
  });
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw).subject;
}

it("says that it speaks https", () => {
  expect(gateway.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
});

it.each([
  [undefined, "default.test"],
  ["default.test", "default.test"],
  ["other.test", "default.test"],
  ["one.test", "one.test"],
  ["two.test", "two.test"],
  ["a.wild.test", "*.wild.test"],
  ["wild.test", "default.test"],
])("shows a client that asks for %s the certificate of %s", async (servername, name) => {
  expect(await certificateFor(servername)).toBe(`CN=${name}`);
});

it.each(["default.test", "one.test", "two.test", "x.wild.test", "other.test"])("serves on %s", async (servername) => {
  const connection = await RawConnection.openTls(gateway.port, {
    servername,
    ca: authority.pem,
    rejectUnauthorized: servername !== "other.test",
  });
  connection.write(`POST /x HTTP/1.1\r\nHost: ${servername}\r\nContent-Length: 5\r\n\r\nhello`);
  const response = await connection.response();
  expect(response.status).toBe(200);
  expect(response.body.toString()).toContain('"body":"hello"');
  expect(headerValues(upstream.requests.at(-1), "x-forwarded-proto")).toEqual(["https"]);
  connection.close();
});

it("refuses over TLS what it refuses without", async () => {
  const connection = await RawConnection.openTls(gateway.port, { servername: "one.test", ca: authority.pem });
  connection.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  expect((await connection.response()).status).toBe(411);
  await connection.whenClosed();
});

it("closes connections that speak no TLS, without a word", async () => {
  const connection = await RawConnection.open(gateway.port);
  connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await connection.whenClosed();
  expect(connection.received.toString("latin1")).not.toContain("HTTP/1.1");
});

it("notices clients that leave", async () => {
  const connection = await RawConnection.openTls(gateway.port, { servername: "one.test", ca: authority.pem });
  gateway.records.length = 0;
  connection.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello");
  await new Promise((resolve) => setImmediate(resolve));
  connection.close();
  // On a connection of its own: behind the one that left.
  const other = await RawConnection.openTls(gateway.port, { servername: "two.test", ca: authority.pem });
  other.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect((await other.response()).status).toBe(200);
  other.close();
  expect(gateway.gateway.openExchanges).toBe(0);
});

it("goes on with the connections at hand when a reload opens it anew", async () => {
  const connection = await RawConnection.openTls(gateway.port, { servername: "one.test", ca: authority.pem });
  await gateway.reload(configuration.replace("listeners:", "drain_timeout: 1s\nlisteners:"));
  connection.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  expect((await connection.response()).status).toBe(200);
  connection.close();
  expect(await certificateFor("one.test")).toBe("CN=one.test");
});
