import { importSPKI, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signV4 } from "../../../src/providers/signing/sigv4.ts";
import { type AllHosts, answerAnyModel, startAllHosts } from "../../helpers/all-hosts.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  startTokenEndpoint,
  type TestServiceAccount,
  type TokenEndpoint,
  testServiceAccount,
} from "../../helpers/token-endpoint.ts";
import type { SeenRequest } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Keys of providers that are no plain values: what they send, where tokens come from, and what when there are none. */

const SECRETS = { aws: "aws-secret-access-key", session: "aws-session-token", entra: "entra-client-secret" };

let hosts: AllHosts;
let endpoint: TokenEndpoint;
let account: TestServiceAccount;
let gateway: TestGateway;
let reloads = 0;

beforeAll(async () => {
  hosts = await startAllHosts(answerAnyModel);
  endpoint = await startTokenEndpoint();
  account = testServiceAccount(`${endpoint.url}/token`);
});

/** Each test has credentials of its own, so that no token is there yet. */
beforeEach(async () => {
  hosts.requests.length = 0;
  endpoint.asked.length = 0;
  endpoint.answer = null;
  endpoint.hold = null;
  reloads++;
  if (gateway === undefined) gateway = await startGateway(configuration());
  else await gateway.reload(configuration());
  gateway.log.length = 0;
});

afterAll(async () => {
  await gateway?.close();
  await endpoint?.close();
  await hosts?.close();
});

function configuration(): string {
  const terms = { retries: { attempts: 0 }, circuit_breaker: { failures: 0 } };
  const service_account = JSON.stringify({ ...JSON.parse(account.json), private_key_id: `key-${reloads}` });
  const entra = {
    tenant_id: "tenant-1",
    client_id: `client-${reloads}`,
    client_secret: SECRETS.entra,
    authority: endpoint.url,
  };
  const aws = { access_key_id: "AKID", secret_access_key: SECRETS.aws, session_token: SECRETS.session };
  const providers = [
    { id: "bedrock", kind: "bedrock", settings: { region: "eu-west-1" }, keys: [{ aws }], ...terms },
    { id: "vertex", kind: "vertex-ai", settings: { project: "p1" }, keys: [{ id: "sa", service_account }], ...terms },
    { id: "azure", kind: "azure-openai", settings: { resource: "res-1" }, keys: [{ id: "app", entra }], ...terms },
    {
      id: "query",
      kind: "openai-compatible",
      base_url: "https://models.example.org/v1",
      auth: { type: "query", name: "api_key" },
      keys: [{ value: "a+b&c" }],
      ...terms,
    },
  ];
  const models = [
    {
      name: "either",
      targets: [
        { provider: "azure", model: "m" },
        { provider: "query", model: "m" },
      ],
      retries: { attempts: 0 },
    },
  ];
  return baseYaml(`providers: ${JSON.stringify(providers)}\nmodels: ${JSON.stringify(models)}`);
}

function call(model: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
  });
}

async function sent(model: string): Promise<SeenRequest> {
  const answer = await call(model);
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return hosts.requests.at(-1) as SeenRequest;
}

describe("what is sent", () => {
  test("AWS: the signature of this very request", async () => {
    const { method, url, headers, body } = await sent("bedrock/openai.gpt-oss-20b-1:0");
    const authorization = headers.authorization ?? "";
    const [, names = ""] = /SignedHeaders=([^,]+)/.exec(authorization) ?? [];
    expect(names.split(";")).toEqual(
      expect.arrayContaining(["content-type", "host", "x-amz-date", "x-amz-security-token"]),
    );
    const signed = names.split(";").filter((name) => !name.startsWith("x-amz-"));
    const date = String(headers["x-amz-date"]);
    const atMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    expect(Math.abs(Date.now() - atMs)).toBeLessThan(60_000);
    const again = signV4(
      { method, path: url, query: "", headers: signed.flatMap((name) => [name, String(headers[name])]), body },
      {
        type: "aws",
        accessKeyId: "AKID",
        secretAccessKey: SECRETS.aws,
        sessionToken: SECRETS.session,
        region: "eu-west-1",
        service: "bedrock",
      },
      atMs,
    );
    expect(authorization).toBe(again.at(-1));
    expect(JSON.stringify(headers)).not.toContain(SECRETS.aws);
  });

  test("a parameter of the query", async () => {
    const request = await sent("query/m");
    expect(hosts.urlOf(request)).toBe("https://models.example.org/v1/chat/completions?api_key=a%2Bb%26c");
    expect(request.headers.authorization).toBeUndefined();
    expect(JSON.stringify(gateway.records)).not.toContain("a%2Bb");
  });

  test("a token for a service account, by an assertion that it signs", async () => {
    const { headers } = await sent("vertex/gemini-2.5-flash");
    expect(headers.authorization).toBe(`Bearer ${endpoint.last}`);
    expect(headers["x-goog-api-key"]).toBeUndefined();
    const [asked] = endpoint.asked;
    expect(asked?.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const key = await importSPKI(account.publicKey, "RS256");
    const { payload, protectedHeader } = await jwtVerify(asked?.get("assertion") ?? "", key, {
      audience: `${endpoint.url}/token`,
    });
    expect(protectedHeader).toMatchObject({ alg: "RS256", kid: `key-${reloads}` });
    expect(payload).toMatchObject({
      iss: "gateway@project-1.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/cloud-platform",
    });
  });

  test("a token for client credentials of Entra", async () => {
    const { headers } = await sent("azure/deployment-1");
    expect(headers.authorization).toBe(`Bearer ${endpoint.last}`);
    expect(headers["api-key"]).toBeUndefined();
    expect(endpoint.upstream.requests.at(-1)?.url).toBe("/tenant-1/oauth2/v2.0/token");
    expect(Object.fromEntries(endpoint.asked[0] ?? [])).toEqual({
      grant_type: "client_credentials",
      client_id: `client-${reloads}`,
      client_secret: SECRETS.entra,
      scope: "https://cognitiveservices.azure.com/.default",
    });
  });
});

describe("tokens", () => {
  test("one is fetched for all calls, also those that come before it is there", async () => {
    await Promise.all(Array.from({ length: 8 }, () => sent("azure/m")));
    await sent("azure/m");
    expect(endpoint.asked).toHaveLength(1);
    expect(new Set(hosts.requests.map(({ headers }) => headers.authorization)).size).toBe(1);
  });

  test("stay over a reload of the configuration", async () => {
    await sent("azure/m");
    await gateway.reload(`${configuration()}\ndrain_timeout: 31s\n`);
    await sent("azure/m");
    expect(endpoint.asked).toHaveLength(1);
  });

  test("one that is about to end is not sent: another is fetched first", async () => {
    endpoint.answer = () => ({ status: 200, body: { access_token: "short", expires_in: 5 } });
    expect((await sent("azure/m")).headers.authorization).toBe("Bearer short");
    endpoint.answer = null;
    expect((await sent("azure/m")).headers.authorization).toBe(`Bearer ${endpoint.last}`);
    expect(endpoint.asked).toHaveLength(2);
  });

  test("when none can be had: a clear answer, the reason in the log, and no secret anywhere", async () => {
    endpoint.answer = (asked) => ({
      status: 401,
      body: { error: "invalid_client", error_description: `wrong secret ${asked.get("client_secret")}` },
    });
    const answer = await call("azure/m");
    expect(answer.status).toBe(502);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      error: {
        code: "provider_token_unavailable",
        message:
          "provider azure: no token could be had for the key `app`: the token endpoint answered 401 (invalid_client)",
      },
    });
    expect(hosts.requests).toHaveLength(0);
    const line = gateway.log.find(({ message }) => message.startsWith("no token"));
    expect(line?.fields).toMatchObject({ provider: "azure", key: "app", detail: "wrong secret [redacted]" });
    expect(text + JSON.stringify(gateway.log)).not.toContain(SECRETS.entra);
    // The endpoint is not asked again with each call.
    expect((await call("azure/m")).status).toBe(502);
    expect(endpoint.asked).toHaveLength(1);
  });

  test("when none can be had: another target answers", async () => {
    endpoint.answer = () => ({ status: 503, body: {} });
    const answer = await call("either");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-tidegate-provider")).toBe("query");
    // From then on the first one is passed over.
    expect((await call("either")).headers.get("x-tidegate-attempts")).toBe("1");
  });

  test("a caller that leaves while one is fetched takes nothing along", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    endpoint.hold = held;
    const leaving = new AbortController();
    const left = call("azure/m", leaving.signal).catch((error: Error) => error.name);
    await waitFor(() => endpoint.asked.length === 1, "the token endpoint to be asked");
    leaving.abort();
    expect(await left).toBe("AbortError");
    const record = await waitFor(
      () => gateway.records.find(({ outcome }) => outcome === "client_aborted"),
      "its record",
    );
    expect(record).toMatchObject({ provider: "azure", status: 499 });
    const next = sent("azure/m");
    release();
    expect((await next).headers.authorization).toBe(`Bearer ${endpoint.last}`);
    expect(endpoint.asked).toHaveLength(1);
    expect(hosts.requests).toHaveLength(1);
  });

  test("an answer that holds none is a failure too", async () => {
    endpoint.answer = () => ({ status: 200, body: { token: "elsewhere" } });
    expect(await (await call("vertex/m")).json()).toMatchObject({
      error: { code: "provider_token_unavailable", message: expect.stringContaining("holds no token") },
    });
  });
});
