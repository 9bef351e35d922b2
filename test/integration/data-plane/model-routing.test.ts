import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { MODELS, startUnifiedApi, type UnifiedApi } from "../../helpers/unified-api.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Where calls of one model name go: rules, canaries, mirrors, and whom `sticky` takes for the same. */

const OPENAI = "{ provider: openai, model: gpt-4o-mini }";
const OTHERS = "{ provider: anthropic, model: claude-haiku-4-5 }";

const CONFIGURATION = `
models:
  - name: smart
    aliases: [gpt-4o, "gpt-4*"]
    rules:
      - { name: pictures, when: { content: [image] }, model: ${MODELS.gemini} }
      - { name: media, when: { content: [audio, video, document] }, targets: [{ provider: gemini, model: gemini-2.5-flash }] }
      - { name: gold, when: { metadata: { tier: [gold, platinum] } }, targets: [${OTHERS}] }
      - { name: header, when: { headers: { x-tier: "*" }, stream: false }, model: ${MODELS.cohere} }
      - { name: long, when: { input_tokens: { min: 1000, max: 200000 } }, model: ${MODELS.anthropic} }
      - { name: tools, when: { content: [tools] }, model: ${MODELS.cohere} }
      - { name: json, when: { content: [structured_output] }, model: ${MODELS.gemini} }
      - { name: old, when: { model: "gpt-4-*" }, model: step }
      - { when: { application: other, team: default }, model: ${MODELS.cohere} }
    targets: [${OPENAI}]
  - name: step
    rules: [{ name: onward, when: { application: web, team: [default] }, model: ${MODELS.bedrock} }]
    targets: [${OPENAI}]
  - name: canary
    canary: { percent: 0, header: { name: x-canary, value: "1" }, targets: [${OTHERS}] }
    targets: [${OPENAI}]
  - name: half
    canary: { percent: 50, model: ${MODELS.anthropic} }
    targets: [${OPENAI}]
  - name: whole
    canary: { percent: 100, sticky: false, model: ${MODELS.anthropic} }
    targets: [${OPENAI}]
  - name: mirrored
    mirror: { targets: [${OTHERS}], timeout: 1500ms }
    targets: [${OPENAI}]
  - name: fastest
    strategy: latency
    targets: [{ provider: anthropic, model: claude-opus-4-8 }, { provider: openai, model: gpt-5-mini }]
  - name: by-user
    strategy: sticky
    stick_to: { type: user }
    targets: [${OTHERS}, { provider: cohere, model: command-a-03-2025 }, { provider: anthropic, model: claude-opus-4-8 }]
  - name: by-session
    strategy: sticky
    stick_to: { type: session }
    targets: [${OPENAI}, ${OTHERS}, { provider: gemini, model: gemini-2.5-flash }, { provider: cohere, model: command-a-03-2025 }]
`;

let api: UnifiedApi;
beforeAll(async () => {
  api = await startUnifiedApi({ rest: () => CONFIGURATION });
});
afterAll(() => api.close());
beforeEach(() => api.reset());

const PICTURE = { type: "image_url", image_url: { url: "https://example.org/cat.png" } };
const TOOL = { type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } };

async function ask(fields: object, headers: Record<string, string> = {}, model = "smart"): Promise<CallRecord> {
  api.gateway.records.length = 0;
  const body = { model, messages: [{ role: "user", content: "hello" }], ...fields };
  const response = await api.post("/v1/chat/completions", body, headers);
  expect(await response.text()).not.toContain('"error"');
  return api.gateway.record(response.headers.get("x-request-id"));
}

function explained(fields: object, headers: Record<string, string>) {
  explain ??= compileExplain(api.gateway.snapshot());
  const body = Buffer.from(
    JSON.stringify({ model: "smart", messages: [{ role: "user", content: "hello" }], ...fields }),
  );
  return explain({
    method: "POST",
    scheme: "http",
    host: "localhost",
    path: "/v1/chat/completions",
    query: "",
    headers: [["authorization", `Bearer ${TEST_KEY}`], ...Object.entries(headers)],
    clientAddress: "127.0.0.1",
    bodyBytes: body.length,
    maxBodyBytes: 10_000_000,
    atMs: Date.now(),
    model: null,
    body,
  });
}
let explain: ReturnType<typeof compileExplain> | null = null;

describe("rules", () => {
  it.each([
    ["nothing", {}, {}, "openai", null],
    ["a picture", { messages: [{ role: "user", content: [PICTURE] }] }, {}, "gemini", "rule pictures"],
    ["a label", { metadata: { tier: "gold" } }, {}, "anthropic", "rule gold"],
    ["another label", { store: true, metadata: { tier: "iron" } }, {}, "openai", null],
    ["a header", {}, { "x-tier": "any" }, "cohere", "rule header"],
    ["a header of a stream", { stream: true }, { "x-tier": "any" }, "openai", null],
    ["a long text", { messages: [{ role: "user", content: "word ".repeat(1000) }] }, {}, "anthropic", "rule long"],
    [
      "a long text in a long body",
      { messages: [{ role: "user", content: "w ".repeat(40_000) }] },
      {},
      "anthropic",
      "rule long",
    ],
    ["tools", { tools: [TOOL] }, {}, "cohere", "rule tools"],
    ["JSON", { response_format: { type: "json_object" } }, {}, "gemini", "rule json"],
  ] as const)(
    "send a call with %s where they say, and explain says the same",
    async (_name, fields, headers, provider, routedBy) => {
      expect(await ask(fields, headers)).toMatchObject({ modelAsked: "smart", status: 200, provider, routedBy });
      const { error, upstream } = explained(fields, headers);
      expect(error).toBeNull();
      expect(upstream?.model).toMatchObject({ asked: "smart", routedBy, isDecided: true });
      expect(upstream?.targets[0]?.name.startsWith(`${provider}/`)).toBe(true);
    },
  );

  it("tell the names apart by which a model is called, and follow each other", async () => {
    expect(await ask({}, {}, "gpt-4o")).toMatchObject({ provider: "openai", routedBy: null });
    const record = await ask({}, {}, "gpt-4-turbo");
    expect(record).toMatchObject({ modelAsked: "gpt-4-turbo", provider: "bedrock", routedBy: "rule old, rule onward" });
    const unknown = await api.post("/v1/chat/completions", { model: "gpt-3", messages: [] });
    expect(unknown.status).toBe(404);
    const models = (await (
      await fetch(`${api.gateway.url}/v1/models`, {
        headers: { authorization: `Bearer ${TEST_KEY}` },
      })
    ).json()) as { data: { id: string }[] };
    const ids = models.data.map(({ id }) => id);
    expect(ids).toContain("gpt-4o");
    expect(ids).not.toContain("gpt-4*");
  });

  it.each([
    [
      "/v1/messages",
      {
        max_tokens: 50,
        messages: [
          { role: "user", content: [{ type: "image", source: { type: "url", url: "https://example.org/cat.png" } }] },
        ],
      },
    ],
    [
      "/v1/responses",
      { input: [{ role: "user", content: [{ type: "input_image", image_url: "https://example.org/cat.png" }] }] },
    ],
    [
      "/v2/chat",
      {
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.org/cat.png" } }] },
        ],
      },
    ],
    [
      "/v1beta/models/smart:generateContent",
      { contents: [{ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }] }] },
    ],
    [
      "/model/smart/converse",
      { messages: [{ role: "user", content: [{ image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } }] }] },
    ],
  ])("know a picture in what callers of %s send", async (path, fields) => {
    const response = await api.post(path, path.includes("smart") ? fields : { model: "smart", ...fields });
    expect(response.status).toBe(200);
    expect(await api.theRecord()).toMatchObject({ provider: "gemini", routedBy: "rule pictures" });
  });
});

describe("a canary", () => {
  it("gets the calls with its header, and its share of callers, always the same ones", async () => {
    expect(await ask({}, {}, "canary")).toMatchObject({ provider: "openai", routedBy: null });
    expect(await ask({}, { "x-canary": "1" }, "canary")).toMatchObject({ provider: "anthropic", routedBy: "canary" });
    expect(await ask({}, { "x-canary": "2" }, "canary")).toMatchObject({ provider: "openai" });
    expect(await ask({}, {}, "whole")).toMatchObject({ provider: "anthropic", routedBy: "canary" });
    const first = await ask({}, {}, "half");
    for (let i = 0; i < 4; i++) expect((await ask({}, {}, "half")).provider).toBe(first.provider);
  });
});

describe("a mirror", () => {
  const copyOf = (record: CallRecord) =>
    waitFor(() => api.gateway.records.find((one) => one.mirrorOf === record.id), "the record of the copy");

  it.each([
    ["whole", {}],
    ["streamed", { stream: true }],
  ])("gets a copy, %s, of which the log has usage and cost, and the caller nothing", async (_name, fields) => {
    const record = await ask(fields, { "x-tidegate-tags": "run=1" }, "mirrored");
    expect(record).toMatchObject({ provider: "openai", mirrorOf: null, attempts: 1 });
    const copy = await copyOf(record);
    expect(copy).toMatchObject({
      id: `${record.id}-mirror`,
      application: "web",
      modelAsked: "mirrored",
      provider: "anthropic",
      routedBy: "mirror",
      outcome: "ok",
      status: 200,
      attempts: 1,
      streamed: "stream" in fields,
    });
    expect(copy.inputTokens).toBeGreaterThan(0);
    expect(copy.costUsd).toBeGreaterThan(0);
    expect(api.providers.anthropic.requests).toHaveLength(1);
    const metrics = JSON.stringify(await api.gateway.gateway.collectMetrics());
    expect(metrics).toMatch(/tidegate_mirrored_requests_total.*answered/);
  });

  it("neither delays nor fails a call, and is cut when it takes too long", async () => {
    api.providers.anthropic.behave(
      {
        kind: "status",
        status: 500,
        headers: {},
        body: { type: "error", error: { type: "api_error", message: "no" } },
      },
      { kind: "delay", ms: 60_000 },
    );
    const failed = await ask({}, {}, "mirrored");
    expect(await copyOf(failed)).toMatchObject({
      outcome: "error",
      errorCode: "provider_error",
      status: 500,
      attempts: 1,
    });
    const slow = await ask({}, {}, "mirrored");
    expect(slow).toMatchObject({ status: 200, outcome: "ok" });
    expect(slow.totalMs).toBeLessThan(1400);
    expect(await copyOf(slow)).toMatchObject({ errorCode: "upstream_total_timeout", outcome: "error" });
    expect(api.gateway.gateway.openExchanges).toBe(0);
  });
});

describe("copies under way", () => {
  it("are 64 at most: more are left out, and the calls go on", async () => {
    api.providers.anthropic.always({ kind: "stall" });
    const body = { model: "mirrored", messages: [{ role: "user", content: "hello" }] };
    const answers = await Promise.all(Array.from({ length: 70 }, () => api.post("/v1/chat/completions", body)));
    for (const answer of answers) expect((await answer.text()) === "" ? 0 : answer.status).toBe(200);
    const isCopy = ({ mirrorOf }: CallRecord) => mirrorOf !== null;
    await waitFor(() => api.gateway.records.filter(isCopy).length >= 64, "the copies to be cut");
    expect(api.gateway.records.filter(isCopy)).toHaveLength(64);
    expect(api.providers.anthropic.requests).toHaveLength(64);
  });
});

describe("latency", () => {
  it("is that of a stream's first token, not of its head", async () => {
    // Their heads come at once. No other test before this one has called these two models.
    api.providers.anthropic.pace(150);
    const served: (string | null)[] = [];
    for (let i = 0; i < 6; i++) served.push((await ask({ stream: true }, {}, "fastest")).provider);
    expect(served).toEqual(["anthropic", "openai", "openai", "openai", "openai", "openai"]);
  });
});

describe("sticky", () => {
  const targetsOf = async (
    model: string,
    calls: readonly [path: string, fields: object, headers?: Record<string, string>][],
  ) => {
    const served: (string | null)[] = [];
    for (const [path, fields, headers] of calls) {
      api.gateway.records.length = 0;
      const named = path.includes("by-");
      const response = await api.post(path, named ? fields : { model, ...fields }, headers);
      expect(response.status).toBe(200);
      served.push((await api.theRecord()).modelServed);
    }
    return served;
  };
  const messages = [{ role: "user", content: "hello" }];
  const chat = "/v1/chat/completions";

  it("knows an end user in each dialect", async () => {
    const of = (user: string) =>
      targetsOf("by-user", [
        [chat, { messages, user }],
        [chat, { messages, safety_identifier: user }],
        ["/v1/responses", { input: "hello", safety_identifier: user }],
        ["/v1/responses", { input: "hello", prompt_cache_key: user }],
        ["/v1/messages", { max_tokens: 20, messages, metadata: { user_id: user } }],
        [
          "/v1beta/models/by-user:generateContent",
          { contents: [{ parts: [{ text: "hello" }] }], labels: { user_id: user } },
        ],
        [
          "/model/by-user/converse",
          { messages: [{ role: "user", content: [{ text: "hello" }] }], requestMetadata: { user: user } },
        ],
      ]);
    const all = [await of("ann"), await of("bob"), await of("cid"), await of("dee"), await of("eve"), await of("fay")];
    for (const one of all) expect(new Set(one).size).toBe(1);
    // Not all of them are taken for the same.
    expect(new Set(all.flat()).size).toBeGreaterThan(1);
  });

  it("knows a session by its header, or by what OpenAI's callers have", async () => {
    const of = (session: string) =>
      targetsOf("by-session", [
        [chat, { messages }, { "x-tidegate-session": session }],
        [chat, { messages, prompt_cache_key: session }],
        [chat, { messages, store: true, metadata: { session_id: session } }],
        ["/v1/messages", { max_tokens: 20, messages, metadata: { user_id: "ann" } }, { "x-tidegate-session": session }],
      ]);
    const all = [await of("a"), await of("b"), await of("c"), await of("d"), await of("e"), await of("f")];
    for (const one of all) expect(new Set(one).size).toBe(1);
    expect(new Set(all.flat()).size).toBeGreaterThan(1);
  });
});
