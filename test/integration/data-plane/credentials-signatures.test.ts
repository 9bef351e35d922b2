import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SharedLimitStore } from "../../../src/data-plane/limits/shared-limit-store.ts";
import { startGateway, TEST_ENGINE, type TestGateway } from "../../helpers/gateway.ts";
import { type SignedRequestOptions, signedRequest } from "../../helpers/message-signatures.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Requests signed with a shared secret (RFC 9421): what has to be signed, what is refused, and that nothing counts twice. */

const SECRET = Buffer.from("shared-secret-of-application-web-0123456789");
const OTHER = Buffer.from("another-secret-that-nobody-here-has-0123456789");
const KEY = "plain-key-0123456789";

let upstream: TestUpstream;
let gateway: TestGateway;
/** Of another process on the same machine, as far as counters are concerned. */
let second: TestGateway;

const yaml = () => `
version: 1
listeners: [{ address: "127.0.0.1:0", max_body_size: 100KB }]
providers: [{ id: simulated, kind: simulated }]
applications:
  - id: web
    keys: [${KEY}]
    subscriptions: [ai]
    credentials:
      - { hmac: { key_id: web-1, secret: ${SECRET.toString()} } }
      - { hmac: { key_id: web-64, secret_base64: "${SECRET.toString("base64")}", max_age: 60s } }
      - { id: old, hmac: { key_id: web-old, secret: ${SECRET.toString()} }, expires_at: 2020-01-01T00:00:00Z }
      - { id: far, hmac: { key_id: web-far, secret: ${SECRET.toString()} }, addresses: [10.0.0.0/8] }
services:
  - { id: keyed, access: key, routes: [{ path: /keyed }], upstream: { targets: [{ url: "${upstream.url}" }] } }
  - { id: open, access: open, routes: [{ path: /open }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`;

const directory = mkdtempSync(join(tmpdir(), "tidegate-signatures-"));

beforeAll(async () => {
  upstream = await startUpstream();
  const limitsFile = join(directory, "limits.shm");
  gateway = await startGateway(yaml(), {}, { limitsFile });
  second = await startGateway(yaml(), {}, { limitsFile });
});
afterAll(async () => {
  await gateway.close();
  await second.close();
  await upstream.close();
  rmSync(directory, { recursive: true });
});

const seconds = () => Math.floor(Date.now() / 1000);
const signed = (options: Partial<SignedRequestOptions> = {}) =>
  signedRequest({ keyId: "web-1", secret: SECRET, target: "/keyed/a?b=c", ...options });
const send = (bytes: string, port = gateway.port) => rawRequest(port, bytes);

async function expectRefused(answer: RawResponse, status: number, code: string, message = ""): Promise<void> {
  const text = answer.body.toString();
  expect(JSON.parse(text)).toMatchObject({ error: { code } });
  expect(answer.status).toBe(status);
  expect(text).toContain(message.replaceAll('"', '\\"'));
  expect(text).not.toContain("0123456789");
}

describe("a signed request", () => {
  it("is the application's, and the signature stays here", async () => {
    const answer = await send(signed());
    expect(answer.status).toBe(200);
    expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({ application: "web", errorCode: null });
    const { headers } = upstream.requests.at(-1) ?? { headers: {} };
    expect(headers).not.toHaveProperty("signature");
    expect(headers).not.toHaveProperty("signature-input");
  });

  it.each<[string, Partial<SignedRequestOptions>]>([
    ["with a body", { method: "POST", body: '{"hello": "world"}' }],
    ["with a body of 70 KB", { method: "PUT", body: "x".repeat(70_000) }],
    ["over @target-uri", { components: ["@method", "@target-uri"] }],
    ["over @request-target", { components: ["@method", "@authority", "@request-target"] }],
    ["over header fields", { headers: { "X-One": "1, 2", Date: new Date().toUTCString() } }],
    ["with the secret in base64", { keyId: "web-64" }],
    ["under another label", { label: "mine" }],
    [
      "with `alg` and `tag`",
      { parameters: `;created=${seconds()};keyid="web-1";alg="hmac-sha256";tag="app";nonce="t"` },
    ],
    ["without a query", { target: "/keyed" }],
    ["with a clock ahead of ours", { created: seconds() + 20 }],
  ])("%s is taken", async (_name, options) => {
    const answer = await send(signed(options));
    expect(answer.body.toString()).not.toContain("error");
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.body.toString()).toBe(options.body ?? "");
  });

  it("with a body in chunks is taken, where the engine takes chunks", async () => {
    const answer = await send(signed({ method: "POST", body: "in chunks", chunked: true }));
    expect(answer.status).toBe(TEST_ENGINE === "native" ? 200 : 411);
    if (TEST_ENGINE !== "native") return;
    expect(upstream.requests.at(-1)?.body.toString()).toBe("in chunks");
    expect(await gateway.record(answer.header("x-request-id"))).toMatchObject({ requestBytes: 9 });
  });

  it("to a model is taken, and its body read once", async () => {
    const body = JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "signed" }] });
    const headers = { "Content-Type": "application/json" };
    const answer = await send(signed({ method: "POST", target: "/v1/chat/completions", headers, body }));
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain("signed");
  });
});

describe("a request is refused", () => {
  const unsigned = (component: string, parts: string[], options: Partial<SignedRequestOptions> = {}) =>
    [component, { ...options, components: parts }] as [string, Partial<SignedRequestOptions>];

  it.each([
    unsigned("@method", ["@authority", "@path", "@query"]),
    unsigned("@authority", ["@method", "@path", "@query"]),
    unsigned("@path", ["@method", "@authority", "@query"]),
    unsigned("@query", ["@method", "@authority", "@path"]),
    unsigned("content-digest", ["@method", "@target-uri"], { method: "POST", body: "body" }),
  ])("that does not sign %s", async (component, options) => {
    await expectRefused(await send(signed(options)), 401, "invalid_signature", `must cover "${component}"`);
  });

  it.each<[string, string, Partial<SignedRequestOptions>]>([
    ["with another secret", "does not fit the request", { secret: OTHER }],
    ["that is too old", "is too old", { created: seconds() - 301 }],
    ["that is too old for its key", "at most 60 s", { keyId: "web-64", created: seconds() - 61 }],
    ["from the future", "in the future", { created: seconds() + 60 }],
    ["without `created`", "no `created`", { parameters: ';keyid="web-1"' }],
    [
      "that has expired",
      "is too old",
      { parameters: `;created=${seconds() - 20};expires=${seconds() - 10};keyid="web-1"` },
    ],
    ["with another algorithm", "`alg` must be", { parameters: `;created=${seconds()};keyid="web-1";alg="ed25519"` }],
    ["that signs a field it does not have", 'covers "x-none"', { components: ["@method", "@target-uri", "x-none"] }],
    ["that signs a field with parameters", "not supported", { components: ["@method", "@target-uri", 'date";sf;x="'] }],
  ])("%s", async (_name, message, options) => {
    await expectRefused(await send(signed(options)), 401, "invalid_signature", message);
  });

  it.each([
    ["method", (bytes: string) => bytes.replace("GET", "DELETE")],
    ["path", (bytes: string) => bytes.replace("/keyed/a", "/keyed/b")],
    ["query", (bytes: string) => bytes.replace("b=c", "b=d")],
    ["host", (bytes: string) => bytes.replace("Host: gateway.test", "Host: other.test")],
    ["signature", (bytes: string) => bytes.replace(/Signature: sig1=:..../, "Signature: sig1=:AAAA")],
    ["time", (bytes: string) => bytes.replace(/created=\d+/, `created=${seconds() + 3}`)],
  ])("whose %s was changed on the way", async (_what, change) => {
    const bytes = signed();
    expect(change(bytes)).not.toBe(bytes);
    await expectRefused(await send(change(bytes)), 401, "invalid_signature", "does not fit the request");
  });

  it("whose body was changed on the way, and the one that was signed is taken afterwards", async () => {
    const bytes = signed({ method: "POST", body: "pay 10 to alice" });
    const changed = bytes.replace("pay 10 to alice", "pay 99 to mallo");
    const before = upstream.requests.length;
    await expectRefused(await send(changed), 401, "invalid_signature", "is not that of the body");
    expect(upstream.requests).toHaveLength(before);
    expect((await send(bytes)).status).toBe(200);
  });

  it("with a body above the limit, before it is read", async () => {
    const bytes = signed({ method: "POST", body: "x".repeat(100_001) });
    const head = bytes.slice(0, bytes.indexOf("\r\n\r\n") + 4);
    await expectRefused(await send(head), 413, "body_too_large");
  });

  it("with a bad signature before its body is asked for", async () => {
    const bytes = signed({ method: "POST", body: "x".repeat(1000), secret: OTHER });
    const head = bytes.slice(0, bytes.indexOf("\r\n\r\n") + 4);
    await expectRefused(await send(head), 401, "invalid_signature");
  });

  it.each([
    ["an unknown key id", { keyId: "nobody" }, 401, "invalid_credentials"],
    ["an expired credential", { keyId: "web-old" }, 401, "credential_expired"],
    ["a credential of another address", { keyId: "web-far" }, 403, "address_not_allowed"],
  ])("with %s", async (_name, options, status, code) => {
    await expectRefused(await send(signed(options)), status, code);
  });

  it.each([
    ["no list", "Signature-Input: sig1=1\r\nSignature: sig1=:AAAA:\r\n"],
    ["no signature", 'Signature-Input: sig1=("@method");keyid="web-1"\r\n'],
    ["no structured field", "Signature-Input: ((\r\nSignature: sig1=:AAAA:\r\n"],
  ])("with %s in Signature-Input", async (_name, headers) => {
    const answer = await send(`GET /keyed HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    await expectRefused(answer, 401, "invalid_signature");
  });
});

describe("a signature counts once", () => {
  it("one after the other", async () => {
    const bytes = signed();
    expect((await send(bytes)).status).toBe(200);
    for (let i = 0; i < 3; i++) await expectRefused(await send(bytes), 401, "signature_replayed");
  });

  it("under another label, and with its fields in another order", async () => {
    const bytes = signed();
    expect((await send(bytes)).status).toBe(200);
    const relabelled = bytes.replace("Signature-Input: sig1=", "Signature-Input: x=").replace(" sig1=:", " x=:");
    await expectRefused(await send(relabelled), 401, "signature_replayed");
  });

  it("over four connections at once, to two gateways of the machine", async () => {
    const before = upstream.requests.length;
    for (let round = 0; round < 10; round++) {
      const bytes = signed({ method: "POST", body: `round ${round}` });
      const ports = [gateway.port, second.port, gateway.port, second.port];
      const connections = await Promise.all(ports.map((port) => RawConnection.open(port)));
      for (const connection of connections) connection.write(bytes);
      const answers = await Promise.all(connections.map((connection) => connection.response()));
      for (const connection of connections) connection.close();
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
      for (const answer of answers) {
        if (answer.status === 401) await expectRefused(answer, 401, "signature_replayed");
      }
    }
    expect(upstream.requests).toHaveLength(before + 10);
  });

  it("until it would be too old anyway, and not a millisecond less", () => {
    const store = new SharedLimitStore({
      path: join(directory, "clock.shm"),
      slots: 64,
      logger: { error: () => expect.fail("a counter was out of reach") },
    });
    const limit = {
      per: "application",
      algorithm: "token-bucket",
      unit: "requests",
      amount: 1,
      windowMs: 331_000,
    } as const;
    const startMs = Date.now();
    expect(store.reserve(limit, "a signature", 1, startMs).allowed).toBe(true);
    for (const afterMs of [0, 1, 1000, 165_500, 330_000, 330_999]) {
      expect(store.reserve(limit, "a signature", 1, startMs + afterMs).allowed).toBe(false);
    }
    store.close();
  });
});

describe("beside other credentials", () => {
  it("a key counts, the signature is not spent, and neither goes on", async () => {
    const bytes = signed();
    const both = bytes.replace("\r\n\r\n", `\r\nx-api-key: ${KEY}\r\n\r\n`);
    for (let i = 0; i < 3; i++) expect((await send(both)).status).toBe(200);
    const { headers } = upstream.requests.at(-1) ?? { headers: {} };
    for (const name of ["x-api-key", "signature", "signature-input"]) expect(headers).not.toHaveProperty(name);
    expect((await send(bytes)).status).toBe(200);
  });

  it("a service's own signatures go on", async () => {
    const theirs = 'Signature-Input: a=("@method");keyid="theirs"\r\nSignature: a=:AAAA:\r\n';
    const answer = await send(`GET /open HTTP/1.1\r\nHost: a\r\n${theirs}\r\n`);
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.headers).toMatchObject({ signature: "a=:AAAA:" });
  });

  it("the second of two signatures counts when the first is somebody else's", async () => {
    const created = seconds();
    const input = `("@method" "@target-uri");created=${created};keyid="web-1";nonce="second"`;
    const base = `"@method": GET\n"@target-uri": http://gateway.test/keyed\n"@signature-params": ${input}`;
    const signature = createHmac("sha256", SECRET).update(base).digest("base64");
    const fields = [
      'Signature-Input: a=("@method");keyid="theirs"',
      `Signature-Input: b=${input}`,
      "Signature: a=:AAAA:",
      `Signature: b=:${signature}:`,
    ];
    const answer = await send(`GET /keyed HTTP/1.1\r\nHost: gateway.test\r\n${fields.join("\r\n")}\r\n\r\n`);
    expect(answer.status).toBe(200);
  });
});
