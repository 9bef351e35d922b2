import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explanationLines } from "../../../src/cli/explanation-lines.ts";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import type { ExplainRequest } from "../../../src/data-plane/explain/explanation.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../src/snapshot/compile/index.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";

/** What explain says of the routing of models. */

const { configuration, problems } = parseConfiguration(
  join(import.meta.dirname, "tidegate.yaml"),
  `
version: 1
providers:
  - { id: openai, kind: openai, keys: [{ value: tg_canary_of_a_provider }] }
  - { id: anthropic, kind: anthropic, keys: [{ value: tg_canary_of_a_provider }] }
ai: { access: open }
models:
  - name: smart
    aliases: [old]
    rules:
      - { name: gold, when: { headers: { x-tier: gold } }, model: anthropic/claude-opus-4-8 }
      - { name: pictures, when: { content: [image] }, model: openai/gpt-4o }
    canary: { percent: 5, sticky: false, header: { name: x-canary, value: "1" }, model: openai/gpt-5 }
    mirror: { percent: 10, targets: [{ provider: anthropic, model: claude-haiku-4-5 }] }
    targets: [{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }]
  - name: patient
    hedging: { after: p95, max_share: 5% }
    on_broken_stream: continue
    timeouts: { first_token: 3s, between_tokens: 10s }
    targets: [{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }]
  - name: cheap
    strategy: cost
    client_hints: []
    unsupported_fields: drop
    targets: [{ provider: anthropic, model: claude-opus-4-8 }, { provider: anthropic, model: claude-haiku-4-5 }]
`,
  {},
  CATALOGUE,
);
if (configuration === null) throw new Error(formatProblems(problems));
const explain = compileExplain(
  compileSnapshot(configuration, {
    version: 1,
    compiledAtMs: 0,
    catalogue: CATALOGUE,
    baseDirectory: import.meta.dirname,
    defaultAddress: { host: "0.0.0.0", port: 8080 },
  }),
);

function explained(body: object | null, headers: Record<string, string> = {}, changes: Partial<ExplainRequest> = {}) {
  return explain({
    method: "POST",
    scheme: "http",
    host: "localhost",
    path: "/v1/chat/completions",
    query: "",
    headers: Object.entries(headers),
    clientAddress: "192.0.2.7",
    bodyBytes: 0,
    maxBodyBytes: 100_000,
    atMs: 0,
    model: "smart",
    ...(body === null ? {} : { body: Buffer.from(JSON.stringify(body)) }),
    ...changes,
  });
}

const messages = [{ role: "user", content: "hello" }];
const linesOf = (explanation: ReturnType<typeof explained>) =>
  explanationLines({ method: "POST", url: "/", source: "x", explanation }).map((line) => line.trim());

describe("an explanation of a call to a model tells", () => {
  it("which rules there are, which holds, and what depends on a body that is not known", () => {
    const gold = explained(null, { "x-tier": "gold" }).upstream;
    expect(gold).toMatchObject({
      targets: [{ name: "anthropic/claude-opus-4-8" }],
      model: { routedBy: "rule gold", isDecided: true, rules: [{ name: "gold", holds: true }] },
    });
    const unknown = explained(null, {}, { model: "old" });
    expect(unknown.upstream?.model).toMatchObject({
      asked: "old",
      route: "smart",
      routedBy: null,
      isDecided: false,
      rules: [
        { name: "gold", holds: false },
        { name: "pictures", holds: null },
      ],
      canary: { percent: 5, header: "x-canary", sticky: false, to: "openai/gpt-5", isChosen: false },
      mirror: { percent: 10, to: "anthropic/claude-haiku-4-5" },
    });
    expect(linesOf(unknown)).toEqual(
      expect.arrayContaining([
        "model         old, an alias of smart, if no rule holds that depends on the body",
        "rule gold: does not hold",
        "rule pictures: depends on the body: see --body-file",
        "canary openai/gpt-5: 5 % of the calls, and calls with its x-canary",
        "mirror: 10 % of the calls are copied to anthropic/claude-haiku-4-5",
        "upstream      failover, in the order given",
      ]),
    );
    expect(explained({ model: "smart", messages }, { "x-canary": "1" }).upstream).toMatchObject({
      targets: [{ name: "openai/gpt-5" }],
      model: { routedBy: "canary", canary: { isChosen: true } },
    });
    expect(JSON.stringify(unknown)).not.toContain("tg_canary");
  });

  it("what hints come to, and which fields each target is not told or can't do", () => {
    const hinted = explained(
      { model: "smart", messages, seed: 7, n: 2, fallbacks: ["cheap"] },
      { "x-tidegate-max-attempts": "2", "x-tidegate-timeout": "30s" },
    );
    expect(hinted.upstream).toMatchObject({
      targets: [
        { name: "openai/gpt-4o-mini", dropped: [], refused: null },
        { name: "anthropic/claude-haiku-4-5", refused: { code: "unsupported_field", param: "n" } },
        { name: "anthropic/claude-opus-4-8", refused: { param: "n" } },
      ],
      model: {
        routedBy: "hints",
        hints: ["x-tidegate-max-attempts", "x-tidegate-timeout", "fallbacks"],
        maxAttempts: 2,
        timeouts: { totalMs: 30_000 },
      },
    });
    expect(linesOf(hinted).join("\n")).toMatch(/can't be asked: `n` is 2/);
    const cheap = explained({ model: "cheap", messages, seed: 7, n: 2 });
    expect(cheap.upstream).toMatchObject({
      strategy: "cost",
      targets: [
        { name: "anthropic/claude-haiku-4-5", dropped: ["n", "seed"], refused: null },
        { name: "anthropic/claude-opus-4-8", dropped: ["n", "seed"] },
      ],
      model: { unsupportedFields: "drop" },
    });
    expect(linesOf(cheap)).toContain("is not told: n, seed");
  });

  it("when a second target is asked, how long tokens are waited for, and what becomes of a broken stream", () => {
    const { upstream } = explained(null, {}, { model: "patient" });
    expect(upstream?.model).toMatchObject({
      hedging: { after: { percentile: 95 }, minDelayMs: 100, maxShare: 0.05 },
      onBrokenStream: "continue",
      timeouts: { firstTokenMs: 3000, betweenTokensMs: 10_000 },
    });
    const lines = linesOf(explained(null, {}, { model: "patient" }));
    expect(lines).toEqual(
      expect.arrayContaining([
        "timeouts: 3 s for the first token, 10 s between two",
        "hedging: a second target is asked after the 95th percentile of the target's own times (at least 100 ms), for at most 5 % of the calls",
        "a stream that breaks off: another target goes on with it",
      ]),
    );
    expect(linesOf(explained(null, {}, { model: "cheap" })).join("\n")).not.toMatch(/hedging|breaks off|timeouts/);
  });

  it("what a call would be refused with", () => {
    expect(explained({ model: "cheap", messages }, { "x-tidegate-timeout": "1s" })).toMatchObject({
      verdict: "refused",
      error: { code: "invalid_request", message: expect.stringContaining("x-tidegate-timeout") },
    });
    expect(explained({ model: "anthropic/claude-haiku-4-5", messages, n: 2 })).toMatchObject({
      verdict: "refused",
      error: { code: "unsupported_field" },
    });
    expect(explained({ model: "nowhere/x", messages })).toMatchObject({ error: { code: "model_not_found" } });
  });
});
