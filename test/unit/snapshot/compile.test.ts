import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../src/contracts/snapshot.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../src/snapshot/compile/index.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";
import { restService } from "../../helpers/rest-service.ts";

const BASE = join(import.meta.dirname, "certificates");

function compile(text: string, version = 1, env: Record<string, string> = {}): Snapshot {
  const { configuration, problems } = parseConfiguration(join(BASE, "tidegate.yaml"), text, env, CATALOGUE);
  if (configuration === null) throw new Error(formatProblems(problems));
  return compileSnapshot(configuration, {
    version,
    compiledAtMs: 1_000,
    catalogue: CATALOGUE,
    baseDirectory: BASE,
    defaultAddress: { host: "0.0.0.0", port: 8080 },
  });
}

function warningsOf(text: string): string {
  return formatProblems(parseConfiguration("tidegate.yaml", text, {}, CATALOGUE).warnings);
}

describe("compiling a configuration", () => {
  test("an MCP server has defaults of its own: one path, long silences, and the addresses of its targets as they are", () => {
    const of = (kind: string) =>
      compile(`
version: 1
services:
  - id: crm
    kind: ${kind}
    routes: [{ path: /crm/mcp/ }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001/mcp/" }, { url: "http://unix:/run/mcp.sock:/mcp/" }, { url: "http://127.0.0.1:9002/" }] }
`).services[0];
    const mcp = restService(of("mcp"));
    expect(mcp.routes).toMatchObject([{ path: "/crm/mcp/", match: "exact", methods: ["POST", "GET", "DELETE"] }]);
    expect(mcp.upstream.timeouts).toEqual({ connectMs: 5_000, firstByteMs: 300_000, idleMs: 0, totalMs: 0 });
    expect(mcp.upstream.targets.map(({ url }) => url)).toEqual([
      "http://127.0.0.1:9001/mcp/",
      "http://unix:/run/mcp.sock:/mcp/",
      "http://127.0.0.1:9002",
    ]);
    const rest = restService(of("rest"));
    expect(rest.routes).toMatchObject([{ path: "/crm/mcp", match: "prefix", methods: null }]);
    expect(rest.upstream.timeouts).toEqual({ connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 0 });
    expect(rest.upstream.targets[0]?.url).toBe("http://127.0.0.1:9001/mcp");
  });

  test("a file with nothing but its version yields the documented defaults", () => {
    const snapshot = compile("version: 1");
    expect(snapshot).toMatchObject({
      format: 10,
      version: 1,
      compiledAtMs: 1_000,
      listeners: [
        {
          host: "0.0.0.0",
          port: 8080,
          engine: "native",
          tls: null,
          trustedProxies: [],
          maxHeaderBytes: 16_384,
          maxBodyBytes: 10_485_760,
        },
      ],
      providers: [],
      models: [],
      services: [],
      applications: [],
      ai: {
        access: "subscription",
        limits: [],
        maxBodyBytes: 10_485_760,
        offloadBytes: 65_536,
        maxResponseBytes: 16_777_216,
      },
      callLog: { bodies: "off", rotateBytes: 67_108_864, rotateMs: 3_600_000, keepBytes: 2_147_483_648 },
      drainTimeoutMs: 30_000,
    });
  });

  test("durations become milliseconds and sizes bytes", () => {
    const snapshot = compile(`
version: 1
drain_timeout: 1.5s
ai:
  offload_size: 10MB
  max_response_size: 1024
applications:
  - id: web
    limits:
      - { requests: 60, window: 500ms }
      - { tokens: 100000, window: 24h, per: service }
      - { cost_usd: 2.5, window: 30d, algorithm: token-bucket, per: address }
      - { requests: 10, window: 1s, algorithm: sliding-window }
`);
    expect(snapshot.drainTimeoutMs).toBe(1_500);
    expect(snapshot.ai).toMatchObject({ offloadBytes: 10_000_000, maxResponseBytes: 1_024 });
    expect(snapshot.applications[0]?.limits).toEqual([
      { per: "application", algorithm: "window", unit: "requests", amount: 60, windowMs: 500 },
      { per: "service", algorithm: "window", unit: "tokens", amount: 100_000, windowMs: 86_400_000 },
      { per: "address", algorithm: "token-bucket", unit: "cost_usd", amount: 2.5, windowMs: 2_592_000_000 },
      { per: "application", algorithm: "sliding-window", unit: "requests", amount: 10, windowMs: 1000 },
    ]);
  });

  test("application keys are kept as digests only", () => {
    const snapshot = compile(
      `
version: 1
applications: [{ id: web, team: shop, keys: ["\${WEB_KEY}"], subscriptions: [ai, ai] }]
`,
      1,
      { WEB_KEY: "canary-secret-of-the-web" },
    );
    const digest = createHash("sha256").update("canary-secret-of-the-web").digest("hex");
    expect(snapshot.applications).toEqual([
      {
        id: "web",
        team: "shop",
        credentials: [{ kind: "api-key", id: "key-1", digest, expiresAtMs: null, addresses: [] }],
        subscriptions: [{ service: "ai", state: "approved", expiresAtMs: null, limits: [] }],
        limits: [],
      },
    ]);
    expect(JSON.stringify(snapshot)).not.toContain("canary");
  });

  test("subscriptions: an id, or what is to be said of one", () => {
    const snapshot = compile(`
version: 1
services:
  - { id: billing, routes: [{ path: /billing }], upstream: { targets: [{ url: "http://127.0.0.1:9001" }] } }
applications:
  - id: web
    subscriptions:
      - ai
      - service: billing
        expires_at: 2026-12-31
        limits: [{ requests: 5, window: 1m }]
  - { id: cli, subscriptions: [{ service: ai, expires_at: "2026-12-31T18:00:00+01:00" }] }
`);
    expect(snapshot.applications.map(({ subscriptions }) => subscriptions)).toEqual([
      [
        { service: "ai", state: "approved", expiresAtMs: null, limits: [] },
        {
          service: "billing",
          state: "approved",
          expiresAtMs: Date.UTC(2026, 11, 31),
          limits: [{ per: "application", algorithm: "window", unit: "requests", amount: 5, windowMs: 60_000 }],
        },
      ],
      [{ service: "ai", state: "approved", expiresAtMs: Date.UTC(2026, 11, 31, 17), limits: [] }],
    ]);
  });

  test("a canary is a second release that differs in its upstream alone", () => {
    const snapshot = compile(`
version: 1
services:
  - id: billing
    routes: [{ path: /billing, strip_prefix: true }]
    access: key
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
    deprecation: { at: 2026-01-01, sunset: "2026-06-30T12:00:00Z", link: "https://docs.example.org/billing" }
    canary:
      percent: 2.5
      header: { name: X-Canary, value: "yes" }
      upstream: { targets: [{ url: "http://127.0.0.1:9002" }] }
`);
    const [service, canary] = snapshot.services;
    expect(snapshot.services).toHaveLength(2);
    expect(service).toMatchObject({
      id: "billing",
      release: 1,
      selection: { isDefault: true, version: null, canary: null },
      deprecation: {
        atMs: Date.UTC(2026, 0, 1),
        sunsetAtMs: Date.UTC(2026, 5, 30, 12),
        link: "https://docs.example.org/billing",
      },
    });
    expect(canary).toEqual({
      ...service,
      release: 2,
      selection: {
        isDefault: false,
        version: null,
        canary: { percent: 2.5, header: { name: "x-canary", value: "yes" }, sticky: true },
      },
      upstream: { ...restService(service).upstream, targets: [{ url: "http://127.0.0.1:9002", weight: 1 }] },
    });
  });

  test("a provider takes from the catalogue what the file does not say", () => {
    const snapshot = compile(`
version: 1
providers:
  - id: claude
    kind: anthropic
    keys: [{ value: key-one }, { id: spare, value: key-two, weight: 0 }]
    headers: { Anthropic-Beta: some-feature }
  - id: local
    kind: vllm
    base_url: http://10.0.0.7:8000/v1/
    models: [llama]
  - id: simulated
    kind: simulated
    simulated: { first_token: 20ms, token: 5ms }
`);
    const [claude, local, simulated] = snapshot.providers;
    expect(claude).toMatchObject({
      dialect: "anthropic",
      transport: "http",
      baseUrl: "https://api.anthropic.com/v1",
      auth: { type: "header", name: "x-api-key" },
      keys: [
        { id: "key-1", value: "key-one", weight: 1 },
        { id: "spare", value: "key-two", weight: 0 },
      ],
      headers: { "anthropic-version": "2023-06-01", "anthropic-beta": "some-feature" },
      priceProvider: "anthropic",
      timeouts: { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
      retries: {
        attempts: 2,
        on: [429, 500, 502, 503, 504, 529, "reset", "timeout", "connect", "context_length"],
        backoffMs: 200,
        maxBackoffMs: 5_000,
      },
      circuitBreaker: { failures: 5, openMs: 30_000 },
      simulated: null,
    });
    expect(claude?.models).toContain("claude-sonnet-4-5");
    expect(local).toMatchObject({ baseUrl: "http://10.0.0.7:8000/v1", auth: { type: "none" }, models: ["llama"] });
    expect(simulated).toMatchObject({
      transport: "simulated",
      baseUrl: "",
      models: ["echo"],
      simulated: { firstTokenMs: 20, tokenMs: 5 },
    });
  });

  test("a service with everything", () => {
    const snapshot = compile(`
version: 1
services:
  - id: billing
    team: finance
    access: open
    max_body_size: 1MiB
    routes:
      - { path: /billing/, strip_prefix: true, methods: [get, POST, GET], host: API.example.org }
      - { path: /billing/ }
      - { path: /billing/, match: exact }
      - { id: one, path: "/invoices/:id/*", match: pattern, rewrite: "/i/:id/*" }
    upstream:
      balance: consistent-hash
      hash_on: { type: header, name: X-User }
      targets: [{ url: "http://127.0.0.1:9001/base/", weight: 3 }, { url: "https://[::1]" }]
      health:
        active: { path: /healthz, interval: 2s, expect_status: 204 }
        passive: {}
      host_header: preserve
      ca_file: one.cert.pem
    request_headers: { add: { X-A: a }, set: { X-B: b }, remove: [X-C] }
`);
    expect(snapshot.services[0]).toEqual({
      id: "billing",
      release: null,
      selection: null,
      deprecation: null,
      retired: false,
      kind: "rest",
      team: "finance",
      access: "open",
      limits: [],
      maxBodyBytes: 1_048_576,
      routes: [
        {
          id: "/billing/",
          path: "/billing",
          match: "prefix",
          methods: ["GET", "POST"],
          host: "api.example.org",
          stripPrefix: true,
          rewrite: null,
        },
        {
          id: "/billing/#2",
          path: "/billing",
          match: "prefix",
          methods: null,
          host: null,
          stripPrefix: false,
          rewrite: null,
        },
        {
          id: "/billing/#3",
          path: "/billing/",
          match: "exact",
          methods: null,
          host: null,
          stripPrefix: false,
          rewrite: null,
        },
        {
          id: "one",
          path: "/invoices/:id/*",
          match: "pattern",
          methods: null,
          host: null,
          stripPrefix: false,
          rewrite: "/i/:id/*",
        },
      ],
      upstream: {
        balance: "consistent-hash",
        hashOn: { type: "header", name: "x-user" },
        targets: [
          { url: "http://127.0.0.1:9001/base", weight: 3 },
          { url: "https://[::1]", weight: 1 },
        ],
        active: {
          path: "/healthz",
          intervalMs: 2_000,
          timeoutMs: 5_000,
          healthyAfter: 2,
          unhealthyAfter: 3,
          expectStatus: [204, 204],
        },
        passive: { failures: 5, ejectMs: 30_000 },
        timeouts: { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 0 },
        retries: { attempts: 1, on: ["connect", "reset", 502, 503, 504], backoffMs: 200, maxBackoffMs: 5_000 },
        hostHeader: "preserve",
        caFile: join(BASE, "one.cert.pem"),
      },
      requestHeaders: { add: [["x-a", "a"]], set: [["x-b", "b"]], remove: ["x-c"] },
      responseHeaders: { add: [], set: [], remove: [] },
    });
  });

  test("listeners: addresses, trusted proxies and certificates relative to the file", () => {
    const snapshot = compile(`
version: 1
trusted_proxies: [10.0.0.0/8]
listeners:
  - address: ":0"
  - address: "[::1]:8443"
    trusted_proxies: []
    tls:
      cert: one.cert.pem
      key: one.encrypted-key.pem
      passphrase: test-passphrase
      server_names: [{ name: "*.example.org", cert: two.cert.pem, key: two.key.pem }]
`);
    expect(snapshot.listeners[0]).toMatchObject({ host: "0.0.0.0", port: 0, trustedProxies: ["10.0.0.0/8"] });
    expect(snapshot.listeners[1]).toMatchObject({
      host: "::1",
      port: 8443,
      trustedProxies: [],
      tls: {
        certFile: join(BASE, "one.cert.pem"),
        keyFile: join(BASE, "one.encrypted-key.pem"),
        passphrase: "test-passphrase",
        serverNames: [
          {
            name: "*.example.org",
            certFile: join(BASE, "two.cert.pem"),
            keyFile: join(BASE, "two.key.pem"),
            passphrase: null,
          },
        ],
      },
    });
  });

  test("a private key that does not fit, or a wrong passphrase, is refused", () => {
    const text = (key: string) => `
version: 1
listeners: [{ address: ":0", tls: { cert: one.cert.pem, ${key} } }]
`;
    expect(() => compile(text("key: two.key.pem"))).toThrow("does not belong to the certificate");
    expect(() => compile(text("key: one.encrypted-key.pem, passphrase: wrong"))).toThrow("passphrase");
    expect(compile(text("key: one.key.pem")).listeners[0]?.tls).not.toBeNull();
  });

  test("variables: quoted ones stay text, plain ones may be numbers, defaults and escapes", () => {
    const text = `
version: 1
ai:
  max_body_size: \${LIMIT:-1KiB}
  limits:
    - requests: \${RATE}
      window: "\${WINDOW:-1m}"
providers:
  - { id: a, kind: openai, keys: [{ value: "\${DIGITS}" }, { value: "$\${not-a-variable}" }] }
`;
    const snapshot = compile(text, 1, { RATE: "12", DIGITS: "1234567890", LIMIT: "" });
    expect(snapshot.ai.maxBodyBytes).toBe(1_024);
    expect(snapshot.ai.limits[0]).toMatchObject({ amount: 12, windowMs: 60_000 });
    expect(snapshot.providers[0]?.keys.map((key) => key.value)).toEqual(["1234567890", `$${"{not-a-variable}"}`]);
  });

  test("the value of a variable is not expanded again", () => {
    const snapshot = compile(`version: 1\nproviders: [{ id: a, kind: openai, keys: [{ value: "\${A}" }] }]`, 1, {
      A: `$${"{B}"}`,
      B: "b",
    });
    expect(snapshot.providers[0]?.keys[0]?.value).toBe(`$${"{B}"}`);
  });

  test("JSON says the same as YAML", () => {
    const yaml = compile("version: 1\ndrain_timeout: 10s\nproviders: [{ id: sim, kind: simulated }]\n");
    const json = compile('{"version":1,"drain_timeout":"10s","providers":[{"id":"sim","kind":"simulated"}]}');
    expect(json).toEqual(yaml);
  });
});

describe("the content hash", () => {
  test("depends neither on the order of keys nor on version and time", () => {
    const one = compile(
      "version: 1\nai: { access: key, offload_size: 1KiB }\nproviders: [{ id: sim, kind: simulated }]\n",
      1,
    );
    const two = compile(
      "providers: [{ kind: simulated, id: sim }]\nai: { offload_size: 1024, access: key }\nversion: 1\n",
      9,
    );
    expect(two.hash).toBe(one.hash);
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("changes with the content", () => {
    expect(compile("version: 1\nai: { access: key }").hash).not.toBe(compile("version: 1\nai: { access: open }").hash);
  });
});

describe("warnings", () => {
  test("short keys, limits by application on an open service, bodies above the listener's limit", () => {
    const warnings = warningsOf(`
version: 1
ai: { access: open, max_body_size: 20MiB, limits: [{ requests: 1, window: 1s }] }
applications: [{ id: web, keys: [canary] }]
services:
  - id: shop
    access: open
    routes:
      - { path: /a, policies: { limits: [{ per: application, requests: 1, window: 1s }] } }
      - { path: /b, policies: { limits: [{ requests: 1, window: 1s }] } }
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
`);
    const ofRoute = "services[0].routes[0].policies.limits[0]: an open service is called without an application";
    expect(warnings).toContain(`${ofRoute}: use per: address or per: route`);
    expect(warnings).not.toContain("routes[1]");
    expect(warnings).toContain("tidegate.yaml:3:36 ai.max_body_size: above the max_body_size of every listener");
    expect(warnings).toContain("ai.limits[0]: an open service is called without an application");
    expect(warnings).toContain("applications[0].keys[0]: the key is shorter than 16 characters");
    expect(warnings).not.toContain("canary");
  });

  test("limits of a subscription that nobody needs, a retired service that leads nowhere", () => {
    const warnings = warningsOf(`
version: 1
services:
  - { id: free, access: key, retired: true, routes: [{ path: /f }], upstream: { targets: [{ url: "http://127.0.0.1:1" }] } }
applications:
  - { id: web, subscriptions: [{ service: free, limits: [{ requests: 1, window: 1s }] }] }
`);
    expect(warnings).toContain("subscriptions[0].limits[0]: the service can be called without a subscription");
    expect(warnings).toContain("services[0].retired: callers of a retired service are not told what follows it");
  });
});
