import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type ResponsesTargets,
  startResponsesTargets,
  TARGET_MODELS,
  TARGET_NAMES,
  type TargetName,
  THINKING_TARGETS,
} from "../../helpers/responses-api.ts";
import { OpenAI, zodResponsesFunction, zodTextFormat } from "../../sdk-clients/index.ts";

/** `client.responses` of the official SDK, to providers of every dialect. */

type Create = OpenAI.Responses.ResponseCreateParamsNonStreaming;
type Item = OpenAI.Responses.ResponseInputItem;

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PIXEL_BYTES = Buffer.from(PIXEL, "base64").length;

const WEATHER = {
  type: "function",
  name: "get_weather",
  description: "Current weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
} as const;
const TIME = {
  type: "function",
  name: "get_time",
  parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
  strict: false,
} as const;

let all: ResponsesTargets;
let openai: OpenAI;
beforeAll(async () => {
  all = await startResponsesTargets();
  openai = all.api.openai;
});
afterAll(() => all.close());
beforeEach(() => all.reset());

function callsOf(response: OpenAI.Responses.Response): OpenAI.Responses.ResponseFunctionToolCall[] {
  return response.output.filter((item) => item.type === "function_call");
}

/** Where each dialect puts the instructions and the earlier turns. */
const CONVERSATION: Record<TargetName, object> = {
  openai: {
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  anthropic: {
    system: [{ type: "text", text: "Be brief" }],
    messages: [
      { role: "user", content: [{ type: "text", text: "one" }] },
      { role: "assistant", content: [{ type: "text", text: "two" }] },
      { role: "user", content: [{ type: "text", text: "three four" }] },
    ],
  },
  gemini: {
    systemInstruction: { parts: [{ text: "Be brief" }] },
    contents: [
      { role: "user", parts: [{ text: "one" }] },
      { role: "model", parts: [{ text: "two" }] },
      { role: "user", parts: [{ text: "three four" }] },
    ],
  },
  cohere: {
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three four" },
    ],
  },
  bedrock: {
    system: [{ text: "Be brief" }],
    messages: [
      { role: "user", content: [{ text: "one" }] },
      { role: "assistant", content: [{ text: "two" }] },
      { role: "user", content: [{ text: "three four" }] },
    ],
  },
  responses: { instructions: "Be brief", model: "gpt-4o-mini" },
};

describe.each(TARGET_NAMES)("responses of the openai SDK to %s", (name) => {
  const model = TARGET_MODELS[name];
  const served = model.slice(name.length + 1);

  it("answers, reports usage and cost, and logs one record", async () => {
    const { data, response } = await openai.responses
      .create({ model, input: "hello big wide world", metadata: { trace: "t1" } })
      .withResponse();
    expect(data).toMatchObject({
      object: "response",
      status: "completed",
      error: null,
      output_text: "hello big wide world",
      metadata: { trace: "t1" },
      usage: {
        input_tokens: 4,
        input_tokens_details: { cached_tokens: 2 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 8,
      },
    });
    expect(data.id).toMatch(/^resp_/);
    expect(data.output).toHaveLength(1);
    expect(data.output[0]).toMatchObject({ type: "message", role: "assistant", status: "completed" });
    expect(response.headers.get("x-tidegate-provider")).toBe(name);
    const record = await all.api.theRecord();
    expect(record).toMatchObject({
      id: response.headers.get("x-request-id"),
      status: 200,
      outcome: "ok",
      route: "/v1/responses",
      provider: name,
      modelAsked: model,
      attempts: 1,
      streamed: false,
      inputTokens: 4,
      outputTokens: 4,
      cachedInputTokens: 2,
    });
    expect(record.modelServed).toContain(served);
    expect(record.costUsd).toBeGreaterThan(0);
  });

  it("carries instructions and earlier turns", async () => {
    const response = await openai.responses.create({
      model,
      instructions: "Be brief",
      input: [
        { role: "user", content: "one" },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "two", annotations: [] }],
        },
        { role: "user", content: [{ type: "input_text", text: "three four" }] },
      ],
    });
    expect(response.output_text).toBe("three four");
    expect(response.usage?.input_tokens).toBe(6);
    expect(response.instructions).toBe("Be brief");
    expect(all.targets[name].last.body).toMatchObject(CONVERSATION[name]);
  });

  it("carries images as data and by URL", async () => {
    const response = await openai.responses.create({
      model,
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "look" },
            { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${PIXEL}` },
            { type: "input_image", detail: "low", image_url: "https://example.org/cat.png" },
          ],
        },
      ],
    });
    expect(response.output_text).toBe(
      `look [image image/png ${PIXEL_BYTES} bytes] [image https://example.org/cat.png]`,
    );
  });

  it("goes through a round of parallel function calls", async () => {
    const tools: Create["tools"] = [WEATHER, TIME];
    const asked = await openai.responses.create({ model, tools, input: "Oslo" });
    const calls = callsOf(asked);
    expect(calls.map((call) => [call.name, JSON.parse(call.arguments), call.status])).toEqual([
      ["get_weather", { city: "Oslo" }, "completed"],
      ["get_time", { zone: "Oslo" }, "completed"],
    ]);
    expect(new Set(calls.map((call) => call.call_id)).size).toBe(2);
    expect(asked.tools).toMatchObject([{ name: "get_weather" }, { name: "get_time" }]);
    const results = calls.map((call) => ({
      type: "function_call_output" as const,
      call_id: call.call_id,
      output: call.name === "get_weather" ? "rain" : [{ type: "input_text" as const, text: "noon" }],
    }));
    const history = [{ role: "user", content: "Oslo" }, ...asked.output, ...results] as Item[];
    const answered = await openai.responses.create({ model, tools, input: history });
    expect(answered.output_text).toBe("get_weather said rain; get_time said noon");
  });

  it("forces and forbids functions", async () => {
    const tools: Create["tools"] = [WEATHER, TIME];
    const choice = { type: "function", name: "get_time" } as const;
    const forced = await openai.responses.create({ model, tools, input: "Oslo", tool_choice: choice });
    expect(callsOf(forced).map((call) => call.name)).toEqual(["get_time"]);
    expect(forced.tool_choice).toEqual(choice);
    const forbidden = await openai.responses.create({ model, tools, input: "Oslo", tool_choice: "none" });
    expect(forbidden.output_text).toBe("Oslo");
  });

  it("streams text as the SDK's helper wants it", async () => {
    const stream = openai.responses.stream({ model, input: "one two three four" });
    const types: string[] = [];
    const numbers: number[] = [];
    let text = "";
    for await (const event of stream) {
      types.push(event.type);
      numbers.push(event.sequence_number);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    expect(text).toBe("one two three four");
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const response = await stream.finalResponse();
    expect(response).toMatchObject({
      status: "completed",
      output_text: "one two three four",
      usage: { input_tokens: 4, output_tokens: 4, input_tokens_details: { cached_tokens: 2 } },
    });
    expect(await all.api.theRecord()).toMatchObject({
      streamed: true,
      outcome: "ok",
      inputTokens: 4,
      outputTokens: 4,
      cachedInputTokens: 2,
    });
  });

  it("streams parallel function calls into the SDK's accumulator", async () => {
    const input = "a rather long city name";
    const response = await openai.responses.stream({ model, tools: [WEATHER, TIME], input }).finalResponse();
    expect(callsOf(response).map((call) => [call.name, JSON.parse(call.arguments)])).toEqual([
      ["get_weather", { city: input }],
      ["get_time", { zone: input }],
    ]);
  });

  it("parses structured output and arguments, streamed and not", async () => {
    const schema = z.object({ answer: z.string(), score: z.number(), tags: z.array(z.enum(["red", "blue"])) });
    const request = { model, input: "rate it", text: { format: zodTextFormat(schema, "rating") } };
    const parsed = { answer: "rate it", score: 1, tags: ["red"] };
    expect((await openai.responses.parse(request)).output_parsed).toEqual(parsed);
    expect((await openai.responses.stream(request).finalResponse()).output_parsed).toEqual(parsed);
    const tools = [zodResponsesFunction({ name: "get_weather", parameters: z.object({ city: z.string() }) })];
    const called = await openai.responses.parse({ model, tools, input: "Oslo" });
    expect(called.output).toContainEqual(
      expect.objectContaining({ type: "function_call", parsed_arguments: { city: "Oslo" } }),
    );
  });

  it("thinks when asked, and counts it", async () => {
    const response = await openai.responses.create({
      model: THINKING_TARGETS[name],
      reasoning: { effort: "low" },
      input: "why not",
    });
    expect(response.output_text).toBe("why not");
    expect(response.usage).toMatchObject({ output_tokens: 6, output_tokens_details: { reasoning_tokens: 4 } });
    expect(response.reasoning).toMatchObject({ effort: "low" });
    expect(await all.api.theRecord()).toMatchObject({ reasoningTokens: 4, outputTokens: 6 });
  });

  it.each(["whole", "streamed"])(
    "keeps what a thinking model needs back within a round of functions: %s",
    async (how) => {
      const request = {
        model: THINKING_TARGETS[name],
        reasoning: { effort: "medium", summary: "auto" },
        include: ["reasoning.encrypted_content"],
        store: false,
        tools: [WEATHER],
      } satisfies Omit<Create, "input">;
      const asked =
        how === "whole"
          ? await openai.responses.create({ ...request, input: "Oslo" })
          : await openai.responses.stream({ ...request, input: "Oslo" }).finalResponse();
      const history = [
        { role: "user", content: "Oslo" },
        // What `stream` parses is its own, and no field of the API.
        ...asked.output.map((item) => ({ ...item, parsed_arguments: undefined })),
        { type: "function_call_output", call_id: callsOf(asked)[0]?.call_id, output: "rain" },
      ] as Item[];
      const answered = await openai.responses.create({ ...request, input: history });
      expect(answered.output_text).toBe("get_weather said rain");
    },
  );

  it("is incomplete at the limit of tokens", async () => {
    const words = Array.from({ length: 20 }, (_, index) => `w${index}`).join(" ");
    const request = { model, input: words, max_output_tokens: 16 };
    const expected = {
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output_text: words.split(" ").slice(0, 16).join(" "),
    };
    expect(await openai.responses.create(request)).toMatchObject(expected);
    expect(await openai.responses.stream(request).finalResponse()).toMatchObject(expected);
  });

  it("passes on sampling and the end user's id", async () => {
    await openai.responses.create({ model, input: "hi", temperature: 0.5, top_p: 0.9, safety_identifier: "user-1" });
    const expected: Record<TargetName, object> = {
      openai: { temperature: 0.5, top_p: 0.9, safety_identifier: "user-1" },
      anthropic: { temperature: 0.5, top_p: 0.9, metadata: { user_id: "user-1" } },
      gemini: { generationConfig: { temperature: 0.5, topP: 0.9 } },
      cohere: { temperature: 0.5, p: 0.9 },
      bedrock: { inferenceConfig: { temperature: 0.5, topP: 0.9 } },
      responses: { temperature: 0.5, top_p: 0.9, safety_identifier: "user-1" },
    };
    expect(all.targets[name].last.body).toMatchObject(expected[name]);
  });

  it("tells a provider's refusal as it is", async () => {
    const refused = openai.responses.create({ model: `${name}/no-such-model`, input: "hi" });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(refused).rejects.toThrow("no-such-model");
  });

  it.each([
    ["the provider's error event", "error-event"],
    ["a cut", "cut-stream"],
    ["an end too soon", "end-stream"],
  ] as const)("raises on %s within a stream", async (_, kind) => {
    // After the events that open an answer and its text.
    all.targets[name].behave({ kind, afterEvents: name === "anthropic" ? 4 : name === "responses" ? 6 : 2 });
    const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
    const read = async () => {
      const stream = await openai.responses.create({ model, input: "one two three four", stream: true });
      for await (const event of stream) seen.push(event);
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(seen.some((event) => event.type === "response.output_text.delta")).toBe(true);
    expect(seen.some((event) => event.type === "response.completed")).toBe(false);
    if (name !== "responses") expect(seen.at(-1)).toMatchObject({ type: "response.failed" });
    expect(await all.api.theRecord()).toMatchObject({ outcome: "upstream_cut" });
  });
});

describe("the thoughts of providers that show them", () => {
  it("arrive as a summary, streamed and not", async () => {
    const request = { model: THINKING_TARGETS.anthropic, reasoning: { summary: "auto" as const }, input: "why not" };
    const whole = await openai.responses.create(request);
    expect(whole.output[0]).toMatchObject({
      type: "reasoning",
      summary: [{ type: "summary_text", text: "They said: why not" }],
    });
    let thoughts = "";
    for await (const event of await openai.responses.create({ ...request, stream: true })) {
      if (event.type === "response.reasoning_summary_text.delta") thoughts += event.delta;
    }
    expect(thoughts).toBe("They said: why not");
  });
});

describe("log probabilities", () => {
  it.each(["openai", "responses"] as const)("come from %s, streamed and not", async (name) => {
    const request: Create = {
      model: TARGET_MODELS[name],
      input: "one two",
      include: ["message.output_text.logprobs"],
    };
    const whole = await openai.responses.create(request);
    const [message] = whole.output;
    const part = message?.type === "message" ? message.content[0] : undefined;
    expect(part).toMatchObject({ logprobs: [{ token: "one" }, { token: " two" }] });
    const streamed = await openai.responses.stream({ ...request, stream: true }).finalResponse();
    const [again] = streamed.output;
    const streamedPart = again?.type === "message" ? again.content[0] : undefined;
    expect(streamedPart).toMatchObject({ logprobs: [{ token: "one" }, { token: " two" }] });
  });
});

describe("what only the Responses API has", () => {
  const cases: [string, Partial<Create>][] = [
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["conversation", { conversation: "conv_1" }],
    ["background", { background: true }],
    ["truncation", { truncation: "auto" }],
    ["prompt", { prompt: { id: "pmpt_1" } }],
    ["tools[0]", { tools: [{ type: "web_search" }] }],
    ["input[0]", { input: [{ type: "item_reference", id: "msg_1" }] }],
  ];

  it.each(cases)("`%s` is a 400 that names it elsewhere", async (param, fields) => {
    for (const name of ["openai", "anthropic", "gemini"] as const) {
      const refused = openai.responses.create({ model: TARGET_MODELS[name], input: "hi", ...fields });
      await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_field", param });
      expect(all.targets[name].requests).toHaveLength(0);
    }
  });

  it.each([
    ["text.format", { text: { format: { type: "json_object" } } }],
    ["text.verbosity", { text: { verbosity: "low" } }],
    ["top_logprobs", { top_logprobs: 2 }],
    ["input[1].arguments", undefined],
  ] as [string, Partial<Create> | undefined][])("`%s` is named in the caller's words", async (param, fields) => {
    const broken: Item[] = [
      { role: "user", content: "hi" },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{" },
    ];
    const request = { model: TARGET_MODELS.anthropic, input: broken, ...(fields === undefined ? {} : { input: "hi" }) };
    const refused = openai.responses.create({ ...request, ...fields });
    await expect(refused).rejects.toMatchObject({ status: 400, param });
    await expect(refused).rejects.toThrow(`\`${param}\``);
  });

  it("stays out of answers: nothing is stored", async () => {
    const response = await openai.responses.create({ model: TARGET_MODELS.anthropic, input: "hi", store: true });
    expect(response).toMatchObject({ store: false });
  });
});

describe("to a provider of the same API", () => {
  it("passes everything as it came, but for the model's name", async () => {
    const text = `{ "input" : "hi there",\n "model":"responses/gpt-4o-mini", "top_p": 1.0, "metadata": {"k":"v"} }`;
    const response = await all.api.post("/v1/responses", text);
    expect(response.status).toBe(200);
    expect(all.targets.responses.last.text).toBe(text.replace("responses/gpt-4o-mini", "gpt-4o-mini"));
    expect(await response.json()).toMatchObject({ service_tier: "default", store: true, top_p: 1 });
  });

  it("goes on from stored answers, and lets hosted tools be", async () => {
    const model = TARGET_MODELS.responses;
    const first = await openai.responses.create({ model, input: "one", tools: [{ type: "web_search" }] });
    expect(first.output.map((item) => item.type)).toEqual(["web_search_call", "message"]);
    const second = await openai.responses.create({ model, input: "two three", previous_response_id: first.id });
    expect(second.output_text).toBe("two three");
    expect(second.usage?.input_tokens).toBe(4);
  });

  it("hands on a stream byte for byte, but for the answer's id", async () => {
    const body = { model: TARGET_MODELS.responses, input: "one two", stream: true };
    const direct = await fetch(`${all.targets.responses.baseUrl}/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${all.targets.responses.key}` },
      body: JSON.stringify({ ...body, model: "gpt-4o-mini" }),
    });
    const passed = await all.api.post("/v1/responses", body);
    const id = /resp_tg1_[\w-]+|resp_simulated\d+|simulated\d+/g;
    expect((await passed.text()).replaceAll(id, "")).toBe((await direct.text()).replaceAll(id, ""));
    expect(await all.api.theRecord()).toMatchObject({ inputTokens: 2, outputTokens: 2, outcome: "ok" });
  });

  it("numbers the error that ends a stream", async () => {
    all.targets.responses.behave({ kind: "cut-stream", afterEvents: 6 });
    const response = await all.api.post("/v1/responses", {
      model: TARGET_MODELS.responses,
      input: "a b",
      stream: true,
    });
    const events = (await response.text()).split("\n\n").filter((event) => event !== "");
    expect(events).toHaveLength(7);
    expect(JSON.parse(events.at(-1)?.replace("event: error\ndata: ", "") ?? "")).toMatchObject({
      type: "error",
      sequence_number: 6,
      code: "upstream_reset",
      error: { type: "server_error", code: "upstream_reset" },
    });
  });

  it("leaves out what other providers' answers have left in a conversation", async () => {
    const request = { reasoning: { effort: "low" as const }, store: false };
    const thought = await openai.responses.create({ ...request, model: THINKING_TARGETS.anthropic, input: "one" });
    expect(thought.output[0]).toMatchObject({ type: "reasoning" });
    const history = [{ role: "user", content: "one" }, ...thought.output, { role: "user", content: "two" }] as Item[];
    const answered = await openai.responses.create({ ...request, model: THINKING_TARGETS.responses, input: history });
    expect(answered.output_text).toBe("two");
  });
});

describe("the provider that needs no account", () => {
  it("answers, streamed and not, and calls functions", async () => {
    const model = "simulated/echo";
    const whole = await openai.responses.create({ model, instructions: "Be brief.", input: "Hello!" });
    expect(whole).toMatchObject({ status: "completed", output_text: expect.stringContaining("Hello!") });
    const streamed = await openai.responses.stream({ model, input: "Hello!" }).finalResponse();
    expect(streamed.output_text).toContain("Hello!");
    expect(streamed.usage?.output_tokens).toBeGreaterThan(0);
    const choice = { type: "function", name: "get_weather" } as const;
    const called = await openai.responses.create({ model, tools: [WEATHER], tool_choice: choice, input: "Oslo" });
    expect(callsOf(called)[0]?.name).toBe("get_weather");
  });
});

describe("`api: both`", () => {
  it("meets callers in the API they speak", async () => {
    await openai.responses.create({ model: "both/gpt-4o-mini", input: "hi" });
    await openai.chat.completions.create({ model: "both/gpt-4o-mini", messages: [{ role: "user", content: "hi" }] });
    await all.api.anthropic.messages.create({
      model: "both/gpt-4o-mini",
      max_tokens: 20,
      messages: [{ role: "user", content: "hi" }],
    });
    const paths = all.targets.responses.requests.map((request) => request.path);
    expect(paths).toEqual(["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]);
  });
});
