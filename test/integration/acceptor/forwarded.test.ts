import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { headerValues, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** What is believed of `X-Forwarded-For`, `Forwarded` and `X-Forwarded-Proto`: each listener trusts its own proxies. */

let upstream: TestUpstream;
let gateway: TestGateway;
let trusting: number;
let elsewhere: number;
let nobody: number;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`
version: 1
trusted_proxies: ["127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48"]
listeners:
  - { address: "127.0.0.1:0" }
  - { address: "127.0.0.1:0", trusted_proxies: ["192.168.0.0/16"], max_header_size: 17KiB }
  - { address: "127.0.0.1:0", trusted_proxies: [], max_header_size: 18KiB }
services:
  - { id: all, access: open, routes: [{ path: / }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`);
  [trusting = 0, elsewhere = 0, nobody = 0] = gateway.urls.map((url) => Number(new URL(url).port));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function seen(headers: string, port = trusting) {
  gateway.records.length = 0;
  expect((await rawRequest(port, `GET / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`)).status).toBe(200);
  const request = upstream.requests.at(-1);
  return {
    client: gateway.records[0]?.clientAddress,
    chain: headerValues(request, "x-forwarded-for").join("|"),
    scheme: headerValues(request, "x-forwarded-proto").join("|"),
  };
}

const clientOf = async (headers: string) => (await seen(headers)).client;

describe("X-Forwarded-For", () => {
  it("is read from the right, past proxies that are trusted", async () => {
    expect(await clientOf("X-Forwarded-For: 203.0.113.7\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7, 10.0.0.1, 10.200.3.4\r\n")).toBe("203.0.113.7");
  });

  it("is not believed beyond the first address that is no trusted proxy", async () => {
    expect(await clientOf("X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 10.0.0.1, 203.0.113.7, 10.0.0.1\r\n")).toBe("203.0.113.7");
  });

  it("is one list over several fields", async () => {
    expect(await clientOf("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.0.0.1\r\n")).toBe("203.0.113.7");
  });

  it("may hold ports and IPv6", async () => {
    expect(await clientOf("X-Forwarded-For: 203.0.113.7:1234\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 2001:DB8::7\r\n")).toBe("2001:db8::7");
    expect(await clientOf("X-Forwarded-For: [2001:db8::7]:1234\r\n")).toBe("2001:db8::7");
    expect(await clientOf("X-Forwarded-For: 2001:db8::7, [2001:db8:1::1]:99\r\n")).toBe("2001:db8::7");
    expect(await clientOf("X-Forwarded-For: ::ffff:203.0.113.7\r\n")).toBe("203.0.113.7");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7, ::ffff:10.0.0.1\r\n")).toBe("203.0.113.7");
  });

  it("ends where it says nothing", async () => {
    expect(await clientOf("X-Forwarded-For: unknown\r\n")).toBe("127.0.0.1");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7, unknown, 10.0.0.1\r\n")).toBe("10.0.0.1");
    expect(await clientOf("X-Forwarded-For:\r\n")).toBe("127.0.0.1");
    expect(await clientOf("X-Forwarded-For: ,,\r\n")).toBe("127.0.0.1");
    expect(await clientOf("X-Forwarded-For: 203.0.113.7,\r\n")).toBe("127.0.0.1");
    expect(await clientOf("X-Forwarded-For: evil, 10.0.0.1\r\n")).toBe("10.0.0.1");
    for (const odd of ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "1.2.3.4.5", "1.2.3.4/8", "localhost"]) {
      expect(await clientOf(`X-Forwarded-For: ${odd}\r\n`)).toBe("127.0.0.1");
    }
  });

  it("goes on to the upstream as far as it is believed", async () => {
    expect((await seen("X-Forwarded-For: 1.1.1.1, 203.0.113.7, 10.0.0.1\r\n")).chain).toBe("203.0.113.7, 127.0.0.1");
    expect((await seen("")).chain).toBe("127.0.0.1");
  });
});

describe("Forwarded", () => {
  it("counts where there is no X-Forwarded-For", async () => {
    expect(await clientOf("Forwarded: for=203.0.113.7\r\n")).toBe("203.0.113.7");
    expect(await clientOf('Forwarded: For="[2001:db8::7]:4711";proto=https, for=10.0.0.1;by=10.0.0.2\r\n')).toBe(
      "2001:db8::7",
    );
    expect(await clientOf("Forwarded: for=1.1.1.1, for=203.0.113.7, for=10.0.0.1\r\n")).toBe("203.0.113.7");
    expect(await clientOf("Forwarded: for=203.0.113.7;by=x\r\nForwarded: for=10.0.0.1\r\n")).toBe("203.0.113.7");
  });

  it("ends at hidden and unknown identifiers", async () => {
    expect(await clientOf("Forwarded: for=203.0.113.7, for=_hidden, for=10.0.0.1\r\n")).toBe("10.0.0.1");
    expect(await clientOf("Forwarded: for=unknown\r\n")).toBe("127.0.0.1");
    expect(await clientOf("Forwarded: by=10.0.0.1\r\n")).toBe("127.0.0.1");
  });

  it("does not override what the proxy has written into X-Forwarded-For", async () => {
    expect(await clientOf("Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 203.0.113.7\r\n")).toBe("203.0.113.7");
  });

  it("is not mistaken in quotes", async () => {
    expect(await clientOf('Forwarded: for="1.1.1.1, for=1.1.1.1", for=203.0.113.7\r\n')).toBe("203.0.113.7");
  });
});

describe("the scheme", () => {
  const schemeOf = async (headers: string) => (await seen(headers)).scheme;

  it("is what the nearest proxy says", async () => {
    expect(await schemeOf("X-Forwarded-Proto: https\r\n")).toBe("https");
    expect(await schemeOf("X-Forwarded-Proto: https, http\r\n")).toBe("http");
    expect(await schemeOf("X-Forwarded-Proto: HTTPS\r\n")).toBe("https");
    expect(await schemeOf("X-Forwarded-Proto: gopher\r\n")).toBe("http");
    expect(await schemeOf("")).toBe("http");
  });

  it("is that of the element of Forwarded that tells of the caller", async () => {
    expect(await schemeOf("Forwarded: for=203.0.113.7;proto=https\r\n")).toBe("https");
    expect(await schemeOf("Forwarded: for=203.0.113.7;proto=https, for=10.0.0.1;proto=http\r\n")).toBe("https");
    expect(await schemeOf("Forwarded: for=1.1.1.1;proto=https, for=203.0.113.7;proto=http\r\n")).toBe("http");
    expect(await schemeOf("Forwarded: for=1.1.1.1;proto=https, for=203.0.113.7\r\n")).toBe("http");
  });
});

describe("peers that are not trusted", () => {
  it("are the callers themselves, whatever they send", async () => {
    const headers =
      "X-Forwarded-For: 203.0.113.7\r\nForwarded: for=203.0.113.7;proto=https\r\nX-Forwarded-Proto: https\r\n";
    for (const port of [elsewhere, nobody]) {
      expect(await seen(headers, port)).toEqual({ client: "127.0.0.1", chain: "127.0.0.1", scheme: "http" });
    }
  });
});
