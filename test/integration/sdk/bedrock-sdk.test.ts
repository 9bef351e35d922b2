import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { signV4 } from "../../../src/providers/signing/sigv4.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import {
  MODELS,
  PROVIDER_NAMES,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "../../helpers/unified-api.ts";
import { BedrockRuntime, NodeHttpHandler } from "../../sdk-clients/index.ts";

const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } = BedrockRuntime;
type ConverseInput = ConstructorParameters<typeof ConverseCommand>[0];
type StreamEvent = BedrockRuntime.ConverseStreamOutput;

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const WEATHER = {
  toolSpec: {
    name: "get_weather",
    description: "Current weather of a city",
    inputSchema: { json: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
  },
};
const TIME = {
  toolSpec: {
    name: "get_time",
    inputSchema: { json: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] } },
  },
};

let api: UnifiedApi;
let client: InstanceType<typeof BedrockRuntimeClient>;

function clientOf(token: string): InstanceType<typeof BedrockRuntimeClient> {
  return new BedrockRuntimeClient({
    endpoint: api.gateway.url,
    region: "eu-west-1",
    token: { token },
    authSchemePreference: ["httpBearerAuth"],
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
}

beforeAll(async () => {
  // Of the SDK, on the older of the versions of Node that are supported here.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  api = await startUnifiedApi();
  client = clientOf(TEST_KEY);
});
afterAll(async () => {
  client?.destroy();
  await api?.close();
});
beforeEach(() => api.reset());

const user = (text: string) => ({ role: "user" as const, content: [{ text }] });

async function streamed(input: ConverseInput): Promise<StreamEvent[]> {
  const { stream } = await client.send(new ConverseStreamCommand(input));
  const events: StreamEvent[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
}

function textOf(events: readonly StreamEvent[]): string {
  return events.map(({ contentBlockDelta }) => contentBlockDelta?.delta?.text ?? "").join("");
}

describe.each(PROVIDER_NAMES)("AWS's SDK to %s", (name) => {
  const modelId = MODELS[name];

  it("converses, reports usage, and logs one record", async () => {
    const answer = await client.send(new ConverseCommand({ modelId, messages: [user("hello big wide world")] }));
    expect(answer).toMatchObject({
      output: { message: { role: "assistant", content: [{ text: "hello big wide world" }] } },
      stopReason: "end_turn",
      usage: { inputTokens: 2, cacheReadInputTokens: 2, outputTokens: 4, totalTokens: 8 },
    });
    const record = await api.theRecord();
    expect(record).toMatchObject({
      id: answer.$metadata.requestId,
      status: 200,
      outcome: "ok",
      service: "ai",
      provider: name,
      modelAsked: modelId,
      attempts: 1,
      streamed: false,
      inputTokens: 4,
      cachedInputTokens: 2,
      outputTokens: 4,
    });
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("streams words as they come, with stop reason and usage", async () => {
    const events = await streamed({
      modelId,
      system: [{ text: "Be brief" }],
      messages: [user("one"), { role: "assistant", content: [{ text: "two" }] }, user("three four five")],
    });
    expect(events[0]).toMatchObject({ messageStart: { role: "assistant" } });
    expect(textOf(events)).toBe("three four five");
    expect(events.filter((event) => event.contentBlockDelta?.delta?.text !== undefined).length).toBeGreaterThan(1);
    expect(events.at(-2)).toMatchObject({ messageStop: { stopReason: "end_turn" } });
    expect(events.at(-1)).toMatchObject({ metadata: { usage: { outputTokens: 3 } } });
    expect(await api.theRecord()).toMatchObject({ outcome: "ok", streamed: true, outputTokens: 3 });
  });

  it("goes through a round of parallel tool calls, streamed and not", async () => {
    const toolConfig = { tools: [WEATHER, TIME] };
    const whole = await client.send(new ConverseCommand({ modelId, toolConfig, messages: [user("Oslo")] }));
    expect(whole.stopReason).toBe("tool_use");
    const message = whole.output?.message;
    const calls = (message?.content ?? []).flatMap(({ toolUse }) => (toolUse === undefined ? [] : [toolUse]));
    expect(calls).toMatchObject([
      { name: "get_weather", input: { city: "Oslo" } },
      { name: "get_time", input: { zone: "Oslo" } },
    ]);
    const results = calls.map(({ toolUseId, name: tool }) => ({
      toolResult: { toolUseId, content: [{ text: tool === "get_time" ? "noon" : "rain" }], status: "success" as const },
    }));
    const answered = await client.send(
      new ConverseCommand({
        modelId,
        toolConfig,
        messages: [user("Oslo"), message ?? user(""), { role: "user", content: results }],
      }),
    );
    expect(answered.output?.message?.content).toMatchObject([{ text: "get_weather said rain; get_time said noon" }]);
    const events = await streamed({ modelId, toolConfig, messages: [user("Oslo")] });
    const started = events.flatMap(({ contentBlockStart }) => contentBlockStart?.start?.toolUse?.name ?? []);
    expect(started).toEqual(["get_weather", "get_time"]);
    const inputs = new Map<number, string>();
    for (const { contentBlockDelta: delta } of events) {
      const index = delta?.contentBlockIndex ?? -1;
      inputs.set(index, (inputs.get(index) ?? "") + (delta?.delta?.toolUse?.input ?? ""));
    }
    expect([...inputs.values()].filter((text) => text !== "").map((text) => JSON.parse(text))).toEqual([
      { city: "Oslo" },
      { zone: "Oslo" },
    ]);
  });

  it("carries an image, a limit, a stop sequence and a schema", async () => {
    const image = { format: "png" as const, source: { bytes: Buffer.from(PIXEL, "base64") } };
    const seen = await client.send(
      new ConverseCommand({ modelId, messages: [{ role: "user", content: [{ text: "look" }, { image }] }] }),
    );
    expect(seen.output?.message?.content?.[0]?.text).toMatch(/^look \[image image\/png \d+ bytes\]$/);
    const messages = [user("one two END three")];
    const limited = await client.send(new ConverseCommand({ modelId, messages, inferenceConfig: { maxTokens: 2 } }));
    expect(limited).toMatchObject({
      stopReason: "max_tokens",
      output: { message: { content: [{ text: "one two" }] } },
    });
    const inferenceConfig = { stopSequences: ["END"] };
    const stopped = await client.send(new ConverseCommand({ modelId, messages, inferenceConfig }));
    expect(stopped.output?.message?.content).toMatchObject([{ text: "one two " }]);
    const schema = JSON.stringify({
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    });
    const structured = await client.send(
      new ConverseCommand({
        modelId,
        messages: [user("rate it")],
        outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema: { schema, name: "rating" } } } },
      }),
    );
    expect(JSON.parse(structured.output?.message?.content?.[0]?.text ?? "")).toEqual({ answer: "rate it" });
  });

  it("gets a provider's refusal as an exception of its own", async () => {
    api.providers[name].behave({ kind: "status", status: 429, body: { message: "slow down" } });
    const error = await client.send(new ConverseCommand({ modelId, messages: [user("hi")] })).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "ThrottlingException", $metadata: { httpStatusCode: 429 } });
  });

  it("gets an error within a stream as an exception of the stream", async () => {
    api.providers[name].behave({ kind: "error-event", afterEvents: 5 });
    const { stream } = await client.send(
      new ConverseStreamCommand({ modelId, messages: [user("one two three four five six")] }),
    );
    let said = "";
    const failed = (async () => {
      for await (const event of stream ?? []) said += event.contentBlockDelta?.delta?.text ?? "";
    })();
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/overloaded|had an error/i) });
    expect("one two three four five six".startsWith(said)).toBe(true);
    expect(await api.theRecord()).toMatchObject({ outcome: "upstream_cut", streamed: true });
  });
});

describe("thinking of Claude", () => {
  it.each(["anthropic", "bedrock"] as const)("comes from %s with its signature, and goes back", async (name) => {
    const request = {
      modelId: THINKING_MODELS[name],
      toolConfig: { tools: [WEATHER] },
      additionalModelRequestFields: { thinking: { type: "adaptive" } },
      outputConfig: { effort: "low" },
    };
    const asked = await client.send(new ConverseCommand({ ...request, messages: [user("Oslo")] }));
    const [thought, call] = asked.output?.message?.content ?? [];
    expect(thought?.reasoningContent?.reasoningText).toMatchObject({
      text: "They said: Oslo",
      signature: expect.stringMatching(/./),
    });
    const toolUseId = call?.toolUse?.toolUseId ?? "";
    const results = [{ toolResult: { toolUseId, content: [{ json: { sky: "grey" } }] } }];
    const message = asked.output?.message ?? user("");
    const messages = [user("Oslo"), message, { role: "user" as const, content: results }];
    const answered = await client.send(new ConverseCommand({ ...request, messages }));
    expect(answered.stopReason).toBe("end_turn");
  });
});

describe("to Bedrock itself", () => {
  it("a body goes as it came, unknown fields and its own among them, and so does the answer", async () => {
    const path = `/model/${encodeURIComponent(MODELS.bedrock)}/converse`;
    const text =
      '{ "messages": [{"role":"user","content":[{"text":"hi"}]}], "performanceConfig": {"latency":"optimized"} }';
    const response = await api.post(path, text);
    expect(await response.json()).toMatchObject({ stopReason: "end_turn", metrics: { latencyMs: 12 } });
    expect(api.providers.bedrock.last.text).toBe(text);
    expect(api.providers.bedrock.last.path).toBe(`/model/${encodeURIComponent(MODELS.bedrock.slice(8))}/converse`);
    expect(await api.theRecord()).toMatchObject({ provider: "bedrock", inputTokens: 1, outputTokens: 1 });
    const refused = await api.post(path, { messages: [{ role: "user", content: [{ text: "hi" }] }], frobnicate: 1 });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("frobnicate");
  });

  it("a stream that is cut within a frame is an exception, not an end", async () => {
    const modelId = MODELS.bedrock;
    for (const kind of ["cut-stream", "end-stream", "malformed-event"] as const) {
      api.reset();
      api.providers.bedrock.behave({ kind, afterEvents: 4 });
      await expect(streamed({ modelId, messages: [user("one two three four five")] }), kind).rejects.toThrow();
      expect((await api.theRecord()).outcome).toBe("upstream_cut");
    }
  });
});

describe("what callers get wrong", () => {
  it("names the field as Converse spells it", async () => {
    const modelId = MODELS.openai;
    const messages = [user("hi")];
    const cases: [Partial<ConverseInput>, string][] = [
      [{ guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" } }, "guardrailConfig"],
      [
        { messages: [{ role: "user", content: [{ guardContent: { text: { text: "x" } } }] }] },
        "messages[0].content[0].guardContent",
      ],
      [{ additionalModelRequestFields: { frobnicate: 1 } }, "additionalModelRequestFields.frobnicate"],
      [{ inferenceConfig: { temperature: 3 } }, "inferenceConfig.temperature"],
      [{ toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } }, "toolConfig.tools[0]"],
    ];
    for (const [fields, field] of cases) {
      const sent = client.send(new ConverseCommand({ modelId, messages, ...fields }));
      await expect(sent, field).rejects.toMatchObject({
        name: "ValidationException",
        message: expect.stringContaining(`\`${field}\``),
      });
    }
    expect(api.providers.openai.requests).toHaveLength(0);
    const overAnthropic = client.send(
      new ConverseCommand({ modelId: MODELS.anthropic, messages, serviceTier: { type: "flex" } }),
    );
    await expect(overAnthropic).rejects.toMatchObject({ message: expect.stringContaining("`serviceTier`") });
  });

  it("is told by the class of the exception", async () => {
    const unknown = client.send(new ConverseCommand({ modelId: "no/such", messages: [user("hi")] }));
    await expect(unknown).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    const stranger = clientOf("not-a-key-of-this-gateway");
    const sent = stranger.send(new ConverseCommand({ modelId: MODELS.openai, messages: [user("hi")] }));
    await expect(sent).rejects.toMatchObject({ name: "UnrecognizedClientException" });
    stranger.destroy();
    const lost = await api.post("/model/x/invoke", {});
    expect(lost.status).toBe(404);
    expect(await lost.json()).toMatchObject({ __type: "ResourceNotFoundException", code: "route_not_found" });
  });

  it("is a signature: it says to send a key", async () => {
    const signing = new BedrockRuntimeClient({
      endpoint: api.gateway.url,
      region: "eu-west-1",
      credentials: { accessKeyId: "AKID", secretAccessKey: TEST_KEY },
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    });
    const sent = signing.send(new ConverseCommand({ modelId: MODELS.openai, messages: [user("hi")] }));
    await expect(sent).rejects.toMatchObject({
      name: "UnrecognizedClientException",
      message: expect.stringContaining("Bearer"),
    });
    signing.destroy();
  });

  it("is not the key in the environment, where AWS's SDKs look for it", async () => {
    process.env.AWS_BEARER_TOKEN_BEDROCK = TEST_KEY;
    const { url: endpoint } = api.gateway;
    const requestHandler = new NodeHttpHandler();
    const plain = new BedrockRuntimeClient({ endpoint, region: "eu-west-1", requestHandler, maxAttempts: 1 });
    try {
      const answer = await plain.send(new ConverseCommand({ modelId: MODELS.openai, messages: [user("hi")] }));
      expect(answer.stopReason).toBe("end_turn");
    } finally {
      delete process.env.AWS_BEARER_TOKEN_BEDROCK;
      plain.destroy();
    }
  });

  it("finds models by names with plain and with encoded slashes", async () => {
    for (const name of [MODELS.openai, encodeURIComponent(MODELS.openai)]) {
      const response = await api.post(`/model/${name}/converse`, { messages: [user("hi")] });
      expect(response.status).toBe(200);
    }
    expect(api.providers.openai.requests).toHaveLength(2);
  });
});

it("what AWS's SDK signs for the path of a model, Tidegate signs alike", async () => {
  let seen: { request: IncomingMessage; body: Buffer } | null = null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen = { request, body: Buffer.concat(chunks) };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ output: { message: { role: "assistant", content: [] } }, stopReason: "end_turn" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret-of-the-test", sessionToken: "session" };
  const signing = new BedrockRuntimeClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "eu-west-1",
    credentials,
    authSchemePreference: ["sigv4"],
    requestHandler: new NodeHttpHandler(),
  });
  const modelId = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.x-v1:0";
  await signing.send(new ConverseCommand({ modelId, messages: [user("hi")] }));
  signing.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const { request, body } = seen ?? expect.fail("the SDK sent nothing");
  const { headers, method = "", url = "" } = request as IncomingMessage;
  const [, names = ""] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "") ?? [];
  const date = String(headers["x-amz-date"]);
  const atMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const given = names.split(";").filter((header) => header !== "x-amz-date" && header !== "x-amz-security-token");
  const signed = signV4(
    { method, path: url, query: "", headers: given.flatMap((header) => [header, String(headers[header])]), body },
    { type: "aws", region: "eu-west-1", service: "bedrock", ...credentials },
    atMs,
  );
  const signatureOf = (text: string | undefined) => /Signature=(\w+)/.exec(text ?? "")?.[1];
  expect(signatureOf(signed.at(-1))).toBe(signatureOf(headers.authorization));
});
