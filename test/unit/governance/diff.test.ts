import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { diffConfiguration } from "../../../src/governance/diff/diff-configuration.ts";
import { formatDiff, summarizeDiff } from "../../../src/governance/diff/format-diff.ts";

const BEFORE = `
version: 1
providers:
  - id: openai
    kind: openai
    keys: [{ id: main, value: sk-old-canary, weight: 1 }]
    headers: { authorization: Bearer canary, openai-organization: acme }
models:
  - name: fast
    targets: [{ provider: openai, model: gpt-4o-mini }, { provider: simulated, model: echo }]
services:
  - id: billing
    routes: [{ path: /billing, methods: [GET] }, { path: /billing, methods: [POST] }]
    upstream: { targets: [{ url: "http://user:canary@127.0.0.1:9001" }] }
    limits: [{ per: application, requests: 100, window: 1m }]
  - id: legacy
    routes: [{ path: /legacy }]
applications:
  - id: web
    keys: ["\${WEB_KEY}", canary-key]
    subscriptions: [billing, ai]
    limits: [{ tokens: 1000, window: 1d }]
`;

const AFTER = `
version: 1
applications:
  - id: web
    keys: ["\${WEB_KEY}", "\${OTHER_KEY:-canary}"]
    subscriptions: [billing, ai, mail]
    limits: [{ tokens: 5000, window: 1d }]
services:
  - id: mail
    routes: [{ path: /mail }]
  - id: billing
    routes: [{ path: /billing, methods: [POST], strip_prefix: true }, { path: /billing, methods: [GET] }]
    upstream: { targets: [{ url: "http://user:canary2@127.0.0.1:9001" }, { url: "http://127.0.0.1:9002" }] }
    limits: [{ per: application, requests: 200, window: 1m }]
models:
  - name: fast
    targets: [{ provider: simulated, model: echo }]
providers:
  - id: openai
    kind: openai
    keys: [{ id: main, value: sk-new-canary, weight: 2 }]
    headers: { authorization: Bearer canary2, openai-organization: acme }
`;

describe("diffConfiguration", () => {
  it("tells a release in lines, by names and not by places, without a secret", () => {
    const changes = diffConfiguration(parse(BEFORE), parse(AFTER));
    expect(formatDiff(changes)).toMatchInlineSnapshot(`
      "~ providers[openai].keys[main].value: "[redacted]" → "[redacted]"
      ~ providers[openai].keys[main].weight: 1 → 2
      ~ providers[openai].headers.authorization: "[redacted]" → "[redacted]"
      - models[fast].targets[0]: { provider: "openai", model: "gpt-4o-mini" }
      + services[billing].routes[/billing POST].strip_prefix: true
      ~ services[billing].upstream.targets[0].url: "http://[redacted]@127.0.0.1:9001" → "http://[redacted]@127.0.0.1:9001"
      + services[billing].upstream.targets[1]: { url: "http://127.0.0.1:9002" }
      ~ services[billing].limits[0].requests: 100 → 200
      - services[legacy]: { id: "legacy", routes: [{ path: "/legacy" }] }
      + services[mail]: { id: "mail", routes: [{ path: "/mail" }] }
      ~ applications[web].keys[1]: "[redacted]" → "\${OTHER_KEY:-[redacted]}"
      + applications[web].subscriptions[2]: "mail"
      ~ applications[web].limits[0].tokens: 1000 → 5000"
    `);
    expect(summarizeDiff(changes)).toMatchInlineSnapshot(`"4 added, 2 removed, 7 changed"`);
    expect(JSON.stringify(changes)).not.toContain("canary");
  });

  it("hides secrets wherever they are, and whatever they are called", () => {
    const names = [
      "password",
      "client_secret",
      "clientSecret",
      "api_key",
      "apiKey",
      "passphrase",
      "token",
      "accessToken",
    ];
    for (const name of names) {
      for (const value of ["canary", ["canary"], { nested: { [name]: "canary" } }, `Bearer $${"{X}"} canary`]) {
        const changes = diffConfiguration({ a: [{ id: 1, [name]: "old" }] }, { a: [{ id: 1, [name]: value }] });
        expect(changes).toHaveLength(1);
        if (typeof value !== "object" || Array.isArray(value)) expect(JSON.stringify(changes)).toContain("[redacted]");
        expect(JSON.stringify(changes)).not.toContain("canary");
      }
    }
    const hidden = [
      { secrets: { database: "canary" } },
      { url: "postgres://user:canary@db/name" },
      { webhook: "https://example.com/hook?api_key=canary&x=1" },
      { note: "Bearer canary" },
      { pem: "-----BEGIN PRIVATE KEY-----\ncanary" },
      { request_headers: { set: { "x-auth-token": "canary" } } },
    ];
    expect(JSON.stringify(diffConfiguration(undefined, hidden))).not.toContain("canary");
    expect(diffConfiguration(null, { password: 1234 })[0]?.after).toEqual({ password: "[redacted]" });
  });

  it("keeps what only sounds like one", () => {
    const value = {
      tokens: 5,
      max_tokens: 9,
      token_url: "https://a",
      key_name: "k",
      hash_on: { name: "x" },
      monkey: "m",
    };
    expect(diffConfiguration(undefined, value)).toEqual([{ kind: "added", path: "", before: undefined, after: value }]);
  });

  it("compares entries without a name by place, leaving out what is the same at both ends", () => {
    const changes = diffConfiguration({ list: ["a", "b", "c"] }, { list: ["a", "x", "b", "c"] });
    expect(changes).toEqual([{ kind: "added", path: "list[1]", before: undefined, after: "x" }]);
    expect(diffConfiguration({ list: [{ id: "a" }, { id: "a" }] }, { list: [{ id: "a" }] })).toMatchObject([
      { kind: "removed", path: "list[1]" },
    ]);
  });

  it("takes a change of kind for a change", () => {
    expect(diffConfiguration({ a: [1] }, { a: { b: 1 } })).toMatchObject([{ kind: "changed", path: "a" }]);
    expect(diffConfiguration({ a: null }, { a: 0 })).toMatchObject([{ kind: "changed", before: null, after: 0 }]);
    expect(diffConfiguration({}, { constructor: 1 })).toMatchObject([{ kind: "added", path: "constructor" }]);
  });

  it("finds nothing between equals, and the same number of changes in both directions", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        expect(diffConfiguration(before, structuredClone(before))).toEqual([]);
        const there = diffConfiguration(before, after);
        expect(diffConfiguration(after, before)).toHaveLength(there.length);
        expect(formatDiff(there).split("\n").filter(Boolean)).toHaveLength(there.length);
      }),
    );
  });
});

describe("formatDiff", () => {
  it("shows text that would change the terminal as what it is", () => {
    const text = formatDiff(diffConfiguration({}, { "a\u001b[2J": "b\u009b\u202e\nc" }));
    expect(text).toBe('+ "a\\\\u001b[2J": "b\\u009b\\u202e\\nc"'.replace("\\\\u", "\\u"));
    expect(formatDiff(diffConfiguration({}, { a: "x".repeat(999) })).length).toBeLessThan(250);
  });

  it("colours by kind", () => {
    expect(formatDiff(diffConfiguration({ a: 1 }, { a: 2 }), { color: true })).toBe("\u001b[33m~ a: 1 → 2\u001b[0m");
  });
});
