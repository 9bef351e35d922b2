import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explanationLines } from "../../../src/cli/explanation-lines.ts";
import { explain } from "../../../src/data-plane/explain/explain.ts";
import type { ExplainRequest } from "../../../src/data-plane/explain/explanation.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../src/snapshot/compile/index.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";

const KEY = "tg_canary_key_of_the_web";

const { configuration, problems } = parseConfiguration(
  join(import.meta.dirname, "tidegate.yaml"),
  `
version: 1
policies: { addresses: { deny: [203.0.113.0/24] }, max_body_size: 900, limits: [{ requests: 900, window: 1h }] }
teams: [{ id: default, policies: { limits: [{ requests: 500, window: 1h }] } }]
providers:
  - { id: sim, kind: simulated }
  - id: pool
    kind: openai
    keys:
      - { id: paid, value: tg_canary_of_a_provider, limits: [{ requests: 10, window: 1m }] }
      - { id: trial, value: tg_canary_of_a_provider, priority: 1, expires_at: 2026-01-01 }
ai: { policies: { cache: { default_ttl: 1h } } }
models:
  - { name: fast, strategy: weighted, targets: [{ provider: sim, model: echo, weight: 3 }, { provider: sim, model: slow }] }
services:
  - id: billing
    routes:
      - { path: /billing, methods: [GET, POST], strip_prefix: true }
      - { id: partners, path: /billing, host: partners.example.org }
      - { path: /billing/mock, policies: { mock: { status: 202 }, limits: [{ requests: 7, window: 1h }] } }
      - { path: /billing/stored, policies: { cache: { scope: team, default_ttl: 1m } } }
      - path: /billing/export
        policies: { request_headers: { set: { x-secret: canary_key_of_the_upstream }, remove: [cookie] }, max_body_size: 100 }
    upstream: { targets: [{ url: "http://10.0.0.1:9001/api" }, { url: "http://10.0.0.2:9001", weight: 2 }] }
    limits: [{ per: address, requests: 30, window: 1m }]
    canary: { percent: 10, sticky: false, header: { name: x-canary, value: "1" }, upstream: { targets: [{ url: "http://10.0.0.3:9001" }] } }
applications:
  - id: web
    keys: ["${KEY}"]
    limits: [{ requests: 100, window: 1m }, { tokens: 5000, window: 1d }]
    subscriptions:
      - ai
      - { service: billing, expires_at: 2030-01-01, limits: [{ requests: 20, window: 1m }] }
`,
  {},
  CATALOGUE,
);
if (configuration === null) throw new Error(formatProblems(problems));
const snapshot = compileSnapshot(configuration, {
  version: 1,
  compiledAtMs: 0,
  catalogue: CATALOGUE,
  baseDirectory: import.meta.dirname,
  defaultAddress: { host: "0.0.0.0", port: 8080 },
});

function explained(changes: Partial<ExplainRequest> = {}) {
  return explain(snapshot, {
    method: "GET",
    scheme: "http",
    host: "localhost",
    path: "/billing/invoices",
    query: "",
    headers: [["authorization", `Bearer ${KEY}`]],
    clientAddress: "192.0.2.7",
    bodyBytes: 0,
    maxBodyBytes: 1_000,
    atMs: Date.UTC(2027, 0, 1),
    model: null,
    ...changes,
  });
}

describe("an explanation tells", () => {
  it("where a call goes whose path names the model", () => {
    for (const name of ["fast", "sim%2Fecho", "sim/echo"]) {
      const path = `/model/${name}/converse-stream`;
      const { error, upstream } = explained({ method: "POST", path });
      expect(error).toBeNull();
      expect(upstream?.targets[0]).toMatchObject({ name: "sim/echo" });
    }
  });

  it("all that a call meets, in order, and never its key", () => {
    const explanation = explained();
    expect(explanation).toMatchObject({
      verdict: "forwarded",
      error: null,
      route: { id: "/billing", service: "billing", release: 1, host: null, methods: ["GET", "POST"] },
      service: { id: "billing", team: "default", access: "subscription" },
      release: { release: 1, by: "default", chances: [{ release: 2, percent: 10 }] },
      application: { id: "web", recognisedBy: ["authorization"] },
      subscription: { state: "approved", expiresAtMs: Date.UTC(2030, 0, 1) },
      upstream: {
        strategy: "round-robin",
        path: "/invoices",
        targets: [
          { name: "http://10.0.0.1:9001/api", weight: 1 },
          { name: "http://10.0.0.2:9001", weight: 2 },
        ],
      },
    });
    expect(explanation.nearMisses.map(({ id, release, because }) => [id, release, because])).toEqual([
      ["partners", 1, ["host"]],
      ["partners", 2, ["host"]],
      ["/billing", 2, ["release"]],
    ]);
    expect(explanation.limits.map(({ source, amount, counter }) => [source, amount, counter])).toEqual([
      ["application", 100, "application web|application|requests|window|100/60000|web"],
      ["team", 500, "team default|team|requests|window|500/3600000|default"],
      ["subscription", 20, "subscription web billing|application|requests|window|20/60000|web"],
      ["service", 30, "service billing|address|requests|window|30/60000|192.0.2.7"],
      ["organisation", 900, "organisation|organisation|requests|window|900/3600000|"],
    ]);
    expect(JSON.stringify(explanation)).not.toContain("canary_key");
  });

  it("which policies hold, whose they are, and which one another one overrules; of headers the names alone", () => {
    const explanation = explained({ path: "/billing/export" });
    expect(explanation.policies).toEqual([
      { kind: "addresses", source: "organisation", says: "deny 203.0.113.0/24", holds: true },
      { kind: "request_headers", source: "route", says: "remove cookie; set x-secret", holds: true },
      { kind: "max_body_size", source: "organisation", says: "900 bytes", holds: false },
      { kind: "max_body_size", source: "route", says: "100 bytes", holds: true },
    ]);
    expect(JSON.stringify(explanation)).not.toContain("canary_key");
    expect(explained({ path: "/billing/export", method: "POST", bodyBytes: 101 })).toMatchObject({
      error: { code: "body_too_large" },
    });
    expect(explained({ clientAddress: "203.0.113.9" })).toMatchObject({
      error: { code: "address_denied" },
      limits: [],
    });
  });

  it("that the gateway answers itself where there is a mock answer", () => {
    expect(explained({ path: "/billing/mock" })).toMatchObject({
      verdict: "answered",
      policies: expect.arrayContaining([{ kind: "mock", source: "route", says: "answers 202 itself", holds: true }]),
      upstream: null,
    });
    expect(explained({ path: "/billing/mock", headers: [] })).toMatchObject({ verdict: "refused" });
  });

  it("whether a stored answer is looked for, and why not", () => {
    const cacheOf = (more: object) => explained({ path: "/billing/stored", ...more }).cache;
    expect(cacheOf({})).toEqual({ isLookedUp: true, because: null });
    expect(cacheOf({ method: "POST" })).toEqual({ isLookedUp: false, because: "method" });
    for (const header of [
      ["cache-control", "no-store"],
      ["range", "bytes=0-1"],
    ] as const) {
      const headers = [["authorization", `Bearer ${KEY}`], header] as const;
      expect(cacheOf({ headers })).toEqual({ isLookedUp: false, because: "request" });
    }
    expect(explained().cache).toBeNull();
    const chat = { method: "POST", path: "/v1/chat/completions", model: "fast" };
    expect(cacheOf(chat)).toEqual({ isLookedUp: true, because: null });
    expect(
      cacheOf({
        ...chat,
        headers: [
          ["authorization", `Bearer ${KEY}`],
          ["cache-control", "no-store"],
        ],
      }),
    ).toEqual({
      isLookedUp: false,
      because: "request",
    });
    expect(explained({ path: "/billing/stored" }).policies).toContainEqual({
      kind: "cache",
      source: "route",
      says: "shared by callers of one team, default_ttl 60000 ms",
      holds: true,
    });
  });

  it("the limits of the route that the call takes", () => {
    const ofRoutes = (path: string) => explained({ path }).limits.filter(({ source }) => source === "route");
    expect(ofRoutes("/billing/mock")).toMatchObject([
      { per: "route", amount: 7, counter: "route billing /billing/mock|route|requests|window|7/3600000|" },
    ]);
    expect(ofRoutes("/billing/export")).toEqual([]);
  });

  it("which release a header asks for, and that chance has no say then", () => {
    const { release, upstream } = explained({
      headers: [
        ["x-canary", "1"],
        ["x-api-key", KEY],
      ],
    });
    expect(release).toEqual({ release: 2, by: "canary header", chances: [] });
    expect(upstream?.targets).toEqual([{ name: "http://10.0.0.3:9001", weight: 1, keys: [] }]);
  });

  it("why a call is refused, and what would have been", () => {
    expect(explained({ method: "DELETE" })).toMatchObject({
      verdict: "refused",
      error: { code: "method_not_allowed", status: 405 },
      nearMisses: expect.arrayContaining([
        expect.objectContaining({ id: "/billing", because: ["method"] }),
        expect.objectContaining({ id: "partners", because: ["host"] }),
      ]),
      limits: [],
      upstream: null,
    });
    expect(explained({ headers: [] })).toMatchObject({ error: { code: "missing_credentials" }, application: null });
    expect(explained({ atMs: Date.UTC(2031, 0, 1) })).toMatchObject({
      error: { code: "subscription_expired" },
      subscription: { state: "expired" },
    });
    // It is counted before its size is looked at.
    const tooLarge = explained({ method: "POST", bodyBytes: 901 });
    expect(tooLarge).toMatchObject({ error: { code: "body_too_large", status: 413 }, upstream: null });
    expect(tooLarge.limits).toHaveLength(5);
  });

  it("the models that a name stands for, and the budgets that only models use", () => {
    const chat = { method: "POST", path: "/v1/chat/completions" };
    const named = explained({ ...chat, model: "fast" });
    // Whose path names the model needs not be told it, and may hold the key.
    const path = "/gemini/v1beta/models/fast:generateContent";
    const addressed = explained({ method: "POST", path, query: `key=${KEY}`, headers: [] });
    expect(addressed).toMatchObject({
      upstream: named.upstream,
      route: { id: "/v1beta/models/*" },
      application: { id: "web" },
    });
    expect(JSON.stringify(addressed)).not.toContain(KEY);
    expect(named).toMatchObject({
      verdict: "forwarded",
      service: { id: "ai" },
      upstream: {
        strategy: "weighted",
        targets: [
          { name: "sim/echo", weight: 3 },
          { name: "sim/slow", weight: 1 },
        ],
      },
    });
    expect(named.limits.map(({ source, unit }) => [source, unit])).toEqual([
      ["application", "requests"],
      ["application", "tokens"],
      ["team", "requests"],
      ["organisation", "requests"],
    ]);
    expect(explained({ ...chat, model: "sim/echo" }).upstream?.targets).toEqual([
      { name: "sim/echo", weight: 1, keys: [] },
    ]);
    const pool = explained({ ...chat, model: "pool/gpt-4o" });
    expect(pool.upstream?.targets[0]?.keys).toEqual([
      {
        id: "paid",
        weight: 1,
        priority: 0,
        expiresAtMs: null,
        isExpired: false,
        limits: [{ unit: "requests", amount: 10, windowMs: 60_000 }],
      },
      { id: "trial", weight: 1, priority: 1, expiresAtMs: Date.UTC(2026, 0, 1), isExpired: true, limits: [] },
    ]);
    expect(JSON.stringify(pool)).not.toContain("tg_canary_of_a_provider");
    const lines = explanationLines({ method: "POST", url: "/", source: "tidegate.yaml", explanation: pool });
    expect(lines.slice(-4).map((line) => line.trim())).toEqual([
      "upstream      direct, the provider's own model",
      "pool/gpt-4o",
      "key paid, weight 1, 10 requests in 60 s",
      "key trial, weight 1, priority 1, expired since 2026-01-01T00:00:00.000Z",
    ]);
    expect(explained({ ...chat, model: "nobody/knows" })).toMatchObject({
      error: { code: "model_not_found", status: 404 },
    });
    expect(explained({ path: "/v1/models" })).toMatchObject({ verdict: "answered" });
    expect(explained({ path: "/health/liveness" })).toMatchObject({ verdict: "answered", service: null });
  });
});
