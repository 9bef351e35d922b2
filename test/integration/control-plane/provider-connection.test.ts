import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProviderSnapshot } from "../../../src/contracts/snapshot.ts";
import { testProviderKeys } from "../../../src/control-plane/provider-tests/test-provider.ts";
import { readProviderDocument } from "../../../src/snapshot/provider-document.ts";
import { createAuthority } from "../../helpers/certificates.ts";
import { startAnthropicProvider } from "../../helpers/providers/anthropic-provider.ts";
import { startBedrockProvider } from "../../helpers/providers/bedrock-provider.ts";
import { startCohereProvider } from "../../helpers/providers/cohere-provider.ts";
import { startGeminiProvider } from "../../helpers/providers/gemini-provider.ts";
import { startOpenaiProvider } from "../../helpers/providers/openai-provider.ts";
import { TestPlane } from "../../helpers/test-plane.ts";
import { startTokenEndpoint } from "../../helpers/token-endpoint.ts";

const GOOD = "sk-canary-good-1234567890";
const BAD = "sk-canary-bad-0987654321";
const SPENT = "sk-canary-spent-1111111111";
const closers: (() => unknown)[] = [];

afterAll(async () => {
  for (const close of closers) await close();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listening(createServer(listener))}/v1`;

/** Lists its models to one key, and says of others what providers say. */
const models: RequestListener = (request, response) => {
  const { authorization = "" } = request.headers;
  const answer = (status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (request.url !== "/v1/models") answer(404, { error: { message: `Invalid URL ${request.url}` } });
  else if (authorization === `Bearer ${GOOD}`) answer(200, { object: "list", data: [] });
  else if (authorization === `Bearer ${SPENT}`) {
    const message = `You exceeded your current quota, ${SPENT.slice(0, 12)}***: see your plan.`;
    answer(429, { error: { message, code: "insufficient_quota" } });
  } else answer(401, { error: { message: `Incorrect API key provided: ${authorization.slice(7)}.` } });
};

function providerOf(document: object, keys: object[]): ProviderSnapshot {
  const read = readProviderDocument({ id: "p", ...document }, keys);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.provider;
}

const compatible = (base_url: string, keys: object[] = [{ value: GOOD }]) =>
  providerOf({ kind: "openai-compatible", base_url }, keys);

/** Of a provider with one key, or none. */
async function resultOf(provider: ProviderSnapshot, model: string | null = null, deadlineMs = 5_000) {
  const [result] = await testProviderKeys(provider, model, { deadlineMs });
  return result;
}

describe("the test of a provider", () => {
  it("says of each key what the provider says of it, and shows none", async () => {
    const keys = [GOOD, BAD, SPENT].map((value, index) => ({ id: ["good", "bad", "spent"][index], value }));
    const results = await testProviderKeys(compatible(await serve(models), keys), null);
    expect(results.map(({ key, ok, result, status }) => [key, ok, result, status])).toEqual([
      ["good", true, "ok", 200],
      ["bad", false, "unauthorized", 401],
      ["spent", false, "quota", 429],
    ]);
    expect(results[1]?.message).toMatch(/does not know the key \(401\)$/);
    expect(results[2]?.message).toMatch(
      /its quota or credit is used up \(429\): You exceeded your current quota, \[redacted\]/,
    );
    expect(JSON.stringify(results)).not.toContain("canary");
  });

  it("names what is wrong with the network", async () => {
    const authority = createAuthority();
    closers.push(() => authority.remove());
    const files = authority.issue(["127.0.0.1"]);
    const tls = createTlsServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, models);
    const secure = `https://127.0.0.1:${await listening(tls)}/v1`;
    const plain = await serve(models);
    expect(await resultOf(compatible(secure))).toMatchObject({
      result: "tls",
      message: expect.stringMatching(/^no trusted TLS connection to 127\.0\.0\.1:\d+ can be had \([A-Z_]+\)$/),
    });
    expect(await resultOf(compatible(plain.replace("http:", "https:")))).toMatchObject({ result: "tls" });
    expect(await resultOf(compatible("https://no-such-host.invalid/v1"))).toMatchObject({
      result: "dns",
      message: expect.stringContaining("there is no host no-such-host.invalid"),
    });
    const { port } = new URL(plain);
    const gone = createServer();
    const free = await listening(gone);
    gone.close();
    expect(free).not.toBe(Number(port));
    expect(await resultOf(compatible(`http://127.0.0.1:${free}/v1`))).toMatchObject({ result: "connection_refused" });
    const cut = await serve((request) => request.socket.destroy());
    expect(await resultOf(compatible(cut))).toMatchObject({ result: "connection_lost", status: null });
  });

  it("ends in time, whatever is awaited", async () => {
    const silent = await serve(() => {});
    const trickling = await serve((_request, response) => void response.write('{"data": ['));
    for (const address of [silent, trickling]) {
      expect(await resultOf(compatible(address), null, 150)).toMatchObject({
        result: "timeout",
        message: expect.stringContaining("within 0.15 s"),
      });
    }
  });

  it("tells wrong addresses from wrong keys", async () => {
    const elsewhere = await serve((_request, response) =>
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    );
    expect(await resultOf(compatible(elsewhere))).toMatchObject({ result: "redirected", status: 302 });
    const page = await serve((_request, response) => response.end("<html>hello</html>"));
    expect(await resultOf(compatible(page))).toMatchObject({ result: "bad_answer" });
    const wrongPath = (await serve(models)).replace("/v1", "/v2");
    expect(await resultOf(compatible(wrongPath))).toMatchObject({ ok: false, result: "no_list" });
    const failing = await serve((_request, response) => response.writeHead(503).end("overloaded"));
    expect(await resultOf(compatible(failing))).toMatchObject({ result: "server_error", status: 503 });
  });

  const starts = {
    openai: [startOpenaiProvider, "gpt-4o-mini"],
    anthropic: [startAnthropicProvider, "claude-haiku-4-5"],
    gemini: [startGeminiProvider, "gemini-2.5-flash"],
    cohere: [startCohereProvider, "command-a-03-2025"],
    bedrock: [startBedrockProvider, "anthropic.claude-haiku-4-5-20251001-v1:0"],
  } as const;

  it.each(Object.keys(starts) as (keyof typeof starts)[])(
    "calls a model of %s as it wants to be called",
    async (kind) => {
      const [start, model] = starts[kind];
      const upstream = await start();
      closers.push(() => upstream.close());
      const document = {
        kind,
        base_url: upstream.baseUrl,
        settings: kind === "bedrock" ? { region: "eu-central-1" } : {},
      };
      const provider = providerOf(document, [{ value: upstream.key }]);
      expect(await resultOf(provider, model)).toMatchObject({ ok: true, result: "ok", status: 200 });
      expect(upstream.requests).toHaveLength(1);
      expect(await resultOf(provider, "no-such-model")).toMatchObject({ result: "model_not_found" });
      const wrong = providerOf(document, [{ value: `${upstream.key}-wrong` }]);
      expect(await resultOf(wrong, model)).toMatchObject({ result: "unauthorized" });
    },
  );

  it("gets tokens for keys that need them, and signs with others", async () => {
    const tokens = await startTokenEndpoint();
    closers.push(() => tokens.close());
    const seen: string[] = [];
    const base_url = await serve((request, response) => {
      seen.push(request.headers.authorization ?? "");
      response.end("{}");
    });
    const entra = { tenant_id: "t", client_id: "c", client_secret: GOOD, authority: tokens.url };
    const azure = providerOf({ kind: "azure-openai", base_url }, [{ entra }]);
    expect(await resultOf(azure)).toMatchObject({ ok: true });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ format: "pem", type: "pkcs8" });
    const file = JSON.stringify({ client_email: "me@p.iam", private_key, token_uri: tokens.url });
    const vertex = { kind: "vertex-ai", base_url, settings: { project: "p" } };
    expect(await resultOf(providerOf(vertex, [{ service_account: file }]))).toMatchObject({ ok: true });
    const aws = { access_key_id: "AKIAEXAMPLE", secret_access_key: GOOD };
    const bedrock = { kind: "bedrock", base_url, settings: { region: "eu-central-1" } };
    expect(await resultOf(providerOf(bedrock, [{ aws }]))).toMatchObject({ ok: true });
    expect(seen).toEqual([
      "Bearer token-1",
      "Bearer token-2",
      expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request/),
    ]);
    tokens.answer = () => ({ status: 401, body: { error: "invalid_client", error_description: GOOD } });
    expect(await resultOf(azure)).toMatchObject({
      result: "token_refused",
      message: expect.stringMatching(
        /^127\.0\.0\.1:\d+ gives no token for this credential: status 401 \(invalid_client\)$/,
      ),
    });
  });
});

describe("the test of a provider over the admin API", () => {
  let test: TestPlane;
  let base_url: string;

  beforeAll(async () => {
    base_url = await serve(models);
    test = await TestPlane.open("sqlite", {
      referenceRules: { teamPath: null, organisationPath: "secret/providers" },
      secrets: {
        readerFor: () => ({
          resolve: async (references) =>
            references.map((reference) =>
              "vault" in reference && reference.vault.field === "good"
                ? { ok: true, value: GOOD }
                : { ok: false, message: "there is no such field" },
            ),
        }),
      },
    });
  });
  afterAll(() => test.close());

  it("tests what is saved and what is not, all keys or one, with secrets from Vault as well", async () => {
    const vault = (field: string) => ({ vault: { path: "secret/providers/p", field } });
    const keys = [
      { id: "a", value: GOOD },
      { id: "b", value: vault("good") },
      { id: "c", value: vault("missing") },
    ];
    const provider = { id: "p", kind: "openai-compatible", base_url, keys };
    const results = [
      { key: "a", result: "ok" },
      { key: "b", result: "ok" },
      { key: "c", result: "secret_unavailable", message: "its secret can't be had: there is no such field" },
    ];
    expect(await test.owner.do("POST", "/providers/test", { provider })).toMatchObject({ ok: false, results });
    expect((await test.owner.get("/providers/p")).status).toBe(404);
    const made = await test.owner.do("POST", "/providers", provider);
    expect(made.keys[1]).toMatchObject({ hint: "reference", reference: { value: vault("good") } });
    expect(await test.owner.do("POST", "/providers/p/test", {})).toMatchObject({ ok: false, results });
    const one = await test.owner.do("POST", "/providers/p/test", { key: "b" });
    expect(one).toMatchObject({ ok: true, results: [{ key: "b", ok: true }] });
    expect((await test.owner.post("/providers/p/test", { key: "z" })).status).toBe(404);
    expect(JSON.stringify(await test.dump())).not.toContain(GOOD);
  });
});
