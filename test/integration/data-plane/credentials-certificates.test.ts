import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Client certificates that a proxy tells of: who is believed, and that nobody behind the gateway hears of it. */

const FINGERPRINT = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";
const KEY = "x-api-key: plain-key-0123456789\r\n";
const XFCC = "X-Forwarded-Client-Cert: ";
const SUBJECT = "X-Client-Cert-Subject: ";

let upstream: TestUpstream;
let gateway: FastGateway;
let envoy: number;
let nginx: number;
let untrusting: number;
let plain: number;

for (const engine of ["native", "uws"]) {
  describe(`behind the engine ${engine}`, () => {
    beforeAll(async () => {
      upstream = await startUpstream();
      gateway = await startFastGateway(`
version: 1
trusted_proxies: ["127.0.0.0/8"]
listeners:
  - { address: "127.0.0.1:0", engine: ${engine}, client_certificate: {} }
  - { address: "127.0.0.1:0", engine: ${engine}, client_certificate: { header: X-Client-Cert-Subject, format: subject } }
  - { address: "127.0.0.1:0", engine: ${engine}, client_certificate: {}, trusted_proxies: ["10.0.0.0/8"] }
  - { address: "127.0.0.1:0", engine: ${engine} }
applications:
  - id: web
    keys: [plain-key-0123456789]
    credentials:
      - { mtls: { fingerprint: "${FINGERPRINT.toUpperCase()}" } }
      - { mtls: { subject: "CN=web,O=Example" } }
  - id: mobile
    credentials:
      - { mtls: { san: "spiffe://example.org/mobile" }, addresses: ["127.0.0.1"] }
      - { id: old, mtls: { san: "spiffe://example.org/old" }, expires_at: 2020-01-01T00:00:00Z }
services:
  - { id: keyed, access: key, routes: [{ path: /keyed }], upstream: { targets: [{ url: "${upstream.url}" }] } }
  - { id: open, access: open, routes: [{ path: /open }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`);
      [envoy = 0, nginx = 0, untrusting = 0, plain = 0] = gateway.urls.map((url) => Number(new URL(url).port));
    });
    afterAll(async () => {
      await gateway.close();
      await upstream.close();
    });

    const get = (port: number, headers: string, path = "/keyed"): Promise<RawResponse> =>
      rawRequest(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);

    async function applicationOf(port: number, headers: string, path?: string): Promise<string | null> {
      const answer = await get(port, headers, path);
      expect(answer.status).toBe(200);
      const seen = upstream.requests.at(-1)?.headers ?? {};
      expect(seen).not.toHaveProperty("x-forwarded-client-cert");
      expect(seen).not.toHaveProperty("x-client-cert-subject");
      return (await gateway.record(answer.header("x-request-id"))).application;
    }

    async function codeOf(port: number, headers: string): Promise<string> {
      return JSON.parse((await get(port, headers)).body.toString()).error.code;
    }

    it("the fingerprint, an alternative name or the subject tells the application", async () => {
      expect(await applicationOf(envoy, `${XFCC}By=spiffe://gateway;Hash=${FINGERPRINT}\r\n`)).toBe("web");
      expect(await applicationOf(envoy, `${XFCC}Hash=00;URI=spiffe://example.org/mobile\r\n`)).toBe("mobile");
      expect(await applicationOf(envoy, `${XFCC}Hash=00;Subject="CN=web,O=Example"\r\n`)).toBe("web");
      expect(await applicationOf(nginx, `${SUBJECT}CN=web,O=Example\r\n`)).toBe("web");
    });

    it("of several elements the last one counts, also over several fields", async () => {
      expect(await codeOf(envoy, `${XFCC}Hash=${FINGERPRINT},Hash=00\r\n`)).toBe("invalid_credentials");
      expect(await codeOf(envoy, `${XFCC}Hash=${FINGERPRINT}\r\n${XFCC}Hash=00\r\n`)).toBe("invalid_credentials");
      expect(await applicationOf(envoy, `${XFCC}Hash=00\r\n${XFCC}Hash=${FINGERPRINT}\r\n`)).toBe("web");
    });

    it("is no subject when there are two", async () => {
      expect(await codeOf(nginx, `${SUBJECT}CN=web,O=Example\r\n${SUBJECT}CN=x\r\n`)).toBe("invalid_credentials");
    });

    it("is not believed from a peer that the listener does not trust, nor in another header", async () => {
      const headers = `${XFCC}Hash=${FINGERPRINT}\r\n${SUBJECT}CN=web,O=Example\r\n`;
      expect(await codeOf(untrusting, headers)).toBe("missing_credentials");
      expect(await codeOf(plain, headers)).toBe("missing_credentials");
      expect(await codeOf(nginx, `${XFCC}Hash=${FINGERPRINT}\r\n`)).toBe("missing_credentials");
    });

    it("never goes on, whoever sends it and whatever else is sent", async () => {
      const headers = `${XFCC}Hash=${FINGERPRINT}\r\n${SUBJECT}CN=web,O=Example\r\n`;
      for (const port of [envoy, nginx, untrusting, plain]) {
        for (let i = 0; i < 3; i++) {
          expect(await applicationOf(port, headers + KEY)).toBe("web");
          expect(await applicationOf(port, headers, "/open")).toBe(port === envoy || port === nginx ? "web" : null);
        }
      }
    });

    it("the terms of a credential hold for it as well", async () => {
      expect(await codeOf(envoy, `${XFCC}URI=spiffe://example.org/old\r\n`)).toBe("credential_expired");
      const elsewhere = `${XFCC}URI=spiffe://example.org/mobile\r\nX-Forwarded-For: 203.0.113.7\r\n`;
      expect(await codeOf(envoy, elsewhere)).toBe("address_not_allowed");
    });

    it("a key is served natively beside it, and a certificate alone is not", async () => {
      for (const path of ["/keyed", "/open"]) expect((await get(envoy, KEY, path)).status).toBe(200);
      const native = engine === "native" ? "native" : "stages";
      const header = `${XFCC}Hash=${FINGERPRINT}\r\n`;
      expect(await gateway.way(() => get(envoy, KEY + header))).toBe(native);
      expect(await gateway.way(() => get(envoy, header, "/open"))).toBe("stages");
      expect(await gateway.way(() => get(envoy, "", "/open"))).toBe(native);
    });
  });
}
