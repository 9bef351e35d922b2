import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { accept, type EndpointServer, startEndpointServer } from "../../helpers/providers/endpoint-server.ts";
import { Anthropic, BedrockRuntime, GoogleGenAI, NodeHttpHandler, OpenAI } from "../../sdk-clients/index.ts";

const TOKENS = 17;
const GEMINI_FIELDS = ["systemInstruction", "tools", "toolConfig", "generationConfig"];

/** The counters of five providers, as strict as theirs. */
const COUNTERS = {
  "POST /anthropic/messages/count_tokens": ({ body }: { body: Record<string, unknown> }) => {
    accept(body, ["model", "messages"], ["system", "tools", "tool_choice", "thinking", "output_config"]);
    return { json: { input_tokens: TOKENS } };
  },
  "POST /openai/responses/input_tokens": ({ body }: { body: Record<string, unknown> }) => {
    accept(
      body,
      [],
      ["model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"],
    );
    return { json: { object: "response.input_tokens", input_tokens: TOKENS } };
  },
  "POST /gemini/models/m:countTokens": ({ body }: { body: Record<string, unknown> }) => {
    accept(body, [], ["contents", "generateContentRequest"]);
    const whole = body.generateContentRequest as Record<string, unknown> | undefined;
    if (whole !== undefined) accept(whole, ["model", "contents"], GEMINI_FIELDS);
    return { json: { totalTokens: TOKENS, promptTokensDetails: [] } };
  },
  "POST /vertex/models/m:countTokens": ({ body }: { body: Record<string, unknown> }) => {
    accept(body, ["contents"], ["systemInstruction", "tools", "generationConfig"]);
    return { json: { totalTokens: TOKENS } };
  },
  "POST /bedrock/model/m/count-tokens": ({ body }: { body: Record<string, unknown> }) => {
    accept(body, ["input"]);
    const { converse } = body.input as { converse: Record<string, unknown> };
    accept(converse, ["messages"], ["system", "toolConfig", "additionalModelRequestFields"]);
    return { json: { inputTokens: TOKENS } };
  },
};

let server: EndpointServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startEndpointServer(COUNTERS);
  const provider = (id: string, kind: string) =>
    `  - { id: ${id}, kind: ${kind}, base_url: "${server.url}/${id}", keys: [{ id: main, value: key-${id} }], retries: { attempts: 0 } }`;
  gateway = await startGateway(
    baseYaml(`providers:
${provider("openai", "openai")}
${provider("anthropic", "anthropic")}
${provider("gemini", "gemini")}
${provider("vertex", "vertex-ai").replace("retries", "settings: { project: p }, retries")}
${provider("bedrock", "bedrock").replace("retries", "settings: { region: us-east-1 }, retries")}
${provider("groq", "groq")}
  - { id: simulated, kind: simulated }
models:
  - name: mixed
    targets: [{ provider: groq, model: m }, { provider: anthropic, model: m }]
  - name: uncounted
    targets: [{ provider: groq, model: m }, { provider: groq, model: n }]
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
});

const MODELS = ["openai/m", "anthropic/m", "gemini/m", "vertex/m", "bedrock/m"];
const anthropic = () => new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url, maxRetries: 0 });
const openai = () => new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const WEATHER = { name: "weather", description: "of a place", input_schema: { type: "object" as const } };

describe.each(MODELS)("tokens of %s", (model) => {
  it("are counted for the Anthropic SDK, with instructions and tools", async () => {
    const counted = await anthropic().messages.countTokens({
      model,
      system: "Be brief.",
      messages: [{ role: "user", content: "How is the weather?" }],
      tools: [WEATHER],
    });
    expect(counted).toEqual({ input_tokens: TOKENS });
    const sent = server.last.bytes.toString();
    for (const text of ["Be brief.", "How is the weather?", "of a place"]) expect(sent).toContain(text);
  });

  it("are counted for the OpenAI SDK", async () => {
    const counted = await openai().responses.inputTokens.count({ model, instructions: "Be brief.", input: "Hello" });
    expect(counted).toEqual({ object: "response.input_tokens", input_tokens: TOKENS });
    expect(server.last.bytes.toString()).toContain("Be brief.");
  });

  it("are counted for the Google Gen AI SDK", async () => {
    const gemini = new GoogleGenAI({ apiKey: TEST_KEY, httpOptions: { baseUrl: gateway.url } });
    expect((await gemini.models.countTokens({ model, contents: "Hello" })).totalTokens).toBe(TOKENS);
  });

  it("are counted for AWS's SDK", async () => {
    const { BedrockRuntimeClient, CountTokensCommand } = BedrockRuntime;
    const client = new BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: gateway.url,
      token: { token: TEST_KEY },
      authSchemePreference: ["httpBearerAuth"],
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    });
    const messages = [{ role: "user" as const, content: [{ text: "Hello" }] }];
    const command = new CountTokensCommand({ modelId: model, input: { converse: { messages } } });
    expect((await client.send(command)).inputTokens).toBe(TOKENS);
    client.destroy();
  });
});

describe("counting", () => {
  const ask = { messages: [{ role: "user" as const, content: "one two three" }] };

  it("costs nothing and is logged with the provider", async () => {
    const { response } = await anthropic()
      .messages.countTokens({ model: "anthropic/m", ...ask })
      .withResponse();
    expect(await gateway.record(response.headers.get("x-request-id"))).toMatchObject({
      route: "/v1/messages/count_tokens",
      provider: "anthropic",
      status: 200,
      inputTokens: null,
      costUsd: null,
    });
  });

  it("goes to the targets of a route that can", async () => {
    expect(await anthropic().messages.countTokens({ model: "mixed", ...ask })).toEqual({ input_tokens: TOKENS });
    expect(server.requests.map(({ path }) => path)).toEqual(["/anthropic/messages/count_tokens"]);
  });

  it("is refused where no provider can, by name", async () => {
    const refused = anthropic().messages.countTokens({ model: "uncounted", ...ask });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("`groq`") });
    expect(server.requests).toHaveLength(0);
  });

  it("is done by the simulated model", async () => {
    expect(await anthropic().messages.countTokens({ model: "simulated/echo", ...ask })).toEqual({ input_tokens: 3 });
  });

  it.each(["/messages/count_tokens", "/anthropic/v1/messages/count_tokens/", "/v1/messages/count_tokens/"])(
    "is found at %s",
    async (path) => {
      const response = await fetch(gateway.url + path, {
        method: "POST",
        headers: { "x-api-key": TEST_KEY, "content-type": "application/json" },
        body: JSON.stringify({ model: "anthropic/m", ...ask }),
      });
      expect(await response.json()).toEqual({ input_tokens: TOKENS });
    },
  );

  it("names what is wrong as the caller spells it", async () => {
    const response = await fetch(`${gateway.url}/v1/messages/count_tokens`, {
      method: "POST",
      headers: { "x-api-key": TEST_KEY },
      body: JSON.stringify({ model: "gemini/m", messages: [{ role: "robot", content: "x" }] }),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("messages[0].role");
  });
});
