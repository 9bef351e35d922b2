import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { type ResponsesTargets, startResponsesTargets } from "../../helpers/responses-api.ts";
import { Anthropic, jsonSchemaOutputFormat, OpenAI, zodResponseFormat } from "../../sdk-clients/index.ts";

/** Callers of Chat Completions and of Anthropic Messages, to a provider that is called by the Responses API. */

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const MODEL = "responses/gpt-4o-mini";
const THINKING_MODEL = "responses/gpt-5-mini";
const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const;
const ZONE = { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] } as const;

let all: ResponsesTargets;
let openai: OpenAI;
let anthropic: Anthropic;
let provider: SimulatedProvider;
beforeAll(async () => {
  all = await startResponsesTargets(`
models:
  - name: pro
    targets: [{ provider: openai, model: gpt-5-mini, api: responses }]
  - name: with-fallback
    retries: { attempts: 0 }
    targets: [{ provider: responses, model: gpt-4o-mini }, { provider: openai, model: gpt-4o-mini }]
`);
  ({ openai, anthropic } = all.api);
  provider = all.targets.responses;
});
afterAll(() => all.close());
beforeEach(() => all.reset());

describe("the openai SDK", () => {
  const tools = [
    { type: "function" as const, function: { name: "get_weather", parameters: { ...CITY, required: ["city"] } } },
    { type: "function" as const, function: { name: "get_time", parameters: { ...ZONE, required: ["zone"] } } },
  ];

  it("completes, with a conversation and images, and nothing is stored", async () => {
    const completion = await openai.chat.completions.create({
      model: MODEL,
      temperature: 0.5,
      user: "user-1",
      prompt_cache_key: "k",
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
          ],
        },
      ],
    });
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: `look [image image/png ${Buffer.from(PIXEL, "base64").length} bytes]` },
    });
    expect(provider.last.path).toBe("/v1/responses");
    expect(provider.last.body).toMatchObject({ store: false, temperature: 0.5, user: "user-1", prompt_cache_key: "k" });
    expect(await all.api.theRecord()).toMatchObject({
      provider: "responses",
      outcome: "ok",
      route: "/v1/chat/completions",
    });
  });

  it("streams text, with usage", async () => {
    const stream = await openai.chat.completions.create({
      model: MODEL,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "one two three" }],
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("one two three");
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3 });
    expect(await all.api.theRecord()).toMatchObject({ streamed: true, inputTokens: 3, outputTokens: 3 });
  });

  it.each(["whole", "streamed"])("goes through a round of parallel calls of a model that thinks: %s", async (how) => {
    const question = { role: "user", content: "Oslo" } as const;
    const request = { model: THINKING_MODEL, reasoning_effort: "low" as const, tools };
    const asked =
      how === "whole"
        ? await openai.chat.completions.create({ ...request, messages: [question] })
        : await openai.chat.completions.stream({ ...request, messages: [question] }).finalChatCompletion();
    const message = asked.choices[0]?.message;
    expect(asked.choices[0]?.finish_reason).toBe("tool_calls");
    const calls = (message?.tool_calls ?? []).filter((call) => call.type === "function");
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([
      ["get_weather", { city: "Oslo" }],
      ["get_time", { zone: "Oslo" }],
    ]);
    // The SDK's accumulator merges the thinking's signature into the message, for the caller to send back.
    const answered = await openai.chat.completions.create({
      ...request,
      messages: [
        question,
        message ?? question,
        ...calls.map((call) => ({
          role: "tool" as const,
          tool_call_id: call.id,
          content: call.function.name === "get_weather" ? "rain" : "noon",
        })),
      ],
    });
    expect(answered.choices[0]?.message.content).toBe("get_weather said rain; get_time said noon");
    expect(answered.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
  });

  it("parses structured output", async () => {
    const schema = z.object({ answer: z.string(), score: z.number() });
    const completion = await openai.chat.completions.parse({
      model: MODEL,
      messages: [{ role: "user", content: "rate it" }],
      response_format: zodResponseFormat(schema, "rating"),
    });
    expect(completion.choices[0]?.message.parsed).toEqual({ answer: "rate it", score: 1 });
  });

  it("gets log probabilities and the limit of tokens", async () => {
    const words = Array.from({ length: 20 }, (_, index) => `w${index}`).join(" ");
    const completion = await openai.chat.completions.create({
      model: MODEL,
      logprobs: true,
      max_completion_tokens: 16,
      messages: [{ role: "user", content: words }],
    });
    expect(completion.choices[0]?.finish_reason).toBe("length");
    expect(completion.choices[0]?.logprobs?.content).toHaveLength(16);
  });

  it.each([
    ["stop", { stop: "END" }],
    ["n", { n: 2 }],
    ["presence_penalty", { presence_penalty: 1 }],
  ] as const)("is refused `%s`", async (param, fields) => {
    const messages = [{ role: "user" as const, content: "hi" }];
    const refused = openai.chat.completions.create({ model: MODEL, messages, ...fields });
    await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_field", param });
    expect(provider.requests).toHaveLength(0);
  });

  it.each([
    ["an error event", "error-event"],
    ["a cut", "cut-stream"],
    ["an end too soon", "end-stream"],
    ["an event that is no JSON", "malformed-event"],
  ] as const)("raises on %s within a stream", async (_, kind) => {
    provider.behave({ kind, afterEvents: 6 });
    let text = "";
    const read = async () => {
      const messages = [{ role: "user" as const, content: "one two three four" }];
      for await (const chunk of await openai.chat.completions.create({ model: MODEL, messages, stream: true })) {
        text += chunk.choices[0]?.delta.content ?? "";
      }
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect("one two three four".startsWith(text)).toBe(true);
    expect(await all.api.theRecord()).toMatchObject({ outcome: "upstream_cut" });
  });

  it("is told of a limit as of any other", async () => {
    const body = { error: { message: "Slow down", type: "requests", param: null, code: "rate_limit_exceeded" } };
    provider.behave({ kind: "status", status: 429, headers: { "retry-after-ms": "1500" }, body });
    const messages = [{ role: "user" as const, content: "hi" }];
    const refused = openai.chat.completions.create({ model: MODEL, messages });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(refused).rejects.toMatchObject({ code: "rate_limit_exceeded" });
  });

  it("still embeds", async () => {
    const { data } = await openai.embeddings.create({ model: "responses/text-embedding-3-small", input: "hello" });
    expect(data[0]?.embedding).toHaveLength(8);
    expect(provider.last.path).toBe("/v1/embeddings");
  });
});

describe("the anthropic SDK", () => {
  const tools = [
    { name: "get_weather", input_schema: { ...CITY, required: ["city"] } },
    { name: "get_time", input_schema: { ...ZONE, required: ["zone"] } },
  ];

  it("creates a message, and streams one", async () => {
    const request = {
      model: MODEL,
      max_tokens: 50,
      system: "Be brief",
      messages: [{ role: "user" as const, content: "one two" }],
    };
    const message = await anthropic.messages.create(request);
    expect(message).toMatchObject({ stop_reason: "end_turn", content: [{ type: "text", text: "one two" }] });
    expect(message.usage).toMatchObject({ input_tokens: 2, cache_read_input_tokens: 2, output_tokens: 2 });
    const streamed = await anthropic.messages.stream(request).finalMessage();
    expect(streamed).toMatchObject({ stop_reason: "end_turn", content: [{ type: "text", text: "one two" }] });
    expect(streamed.usage.output_tokens).toBe(2);
  });

  it.each(["whole", "streamed"])("goes through a round of calls of a model that thinks: %s", async (how) => {
    const question = { role: "user" as const, content: "Oslo" };
    const thinking = { type: "enabled" as const, budget_tokens: 1024 };
    const request = { model: THINKING_MODEL, max_tokens: 4096, thinking, tools };
    const asked =
      how === "whole"
        ? await anthropic.messages.create({ ...request, messages: [question] })
        : await anthropic.messages.stream({ ...request, messages: [question] }).finalMessage();
    expect(asked.stop_reason).toBe("tool_use");
    expect(asked.content[0]).toMatchObject({ type: "thinking", thinking: "They said: Oslo" });
    expect(provider.last.body).toMatchObject({ reasoning: { effort: "low", summary: "auto" } });
    const uses = asked.content.filter((block) => block.type === "tool_use");
    const answered = await anthropic.messages.create({
      ...request,
      messages: [
        question,
        { role: "assistant", content: asked.content },
        {
          role: "user",
          content: uses.map((use) => ({
            type: "tool_result" as const,
            tool_use_id: use.id,
            content: use.name === "get_weather" ? "rain" : "noon",
          })),
        },
      ],
    });
    const text = answered.content.find((block) => block.type === "text");
    expect(text?.text).toBe("get_weather said rain; get_time said noon");
  });

  it("parses structured output", async () => {
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    } as const;
    const message = await anthropic.messages.parse({
      model: MODEL,
      max_tokens: 100,
      messages: [{ role: "user", content: "rate it" }],
      output_config: { format: jsonSchemaOutputFormat(schema) },
    });
    expect(message.parsed_output).toEqual({ answer: "rate it" });
  });

  it("is refused `stop_sequences`, in its own words", async () => {
    const messages = [{ role: "user" as const, content: "hi" }];
    const refused = anthropic.messages.create({ model: MODEL, max_tokens: 50, messages, stop_sequences: ["END"] });
    await expect(refused).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    await expect(refused).rejects.toThrow("`stop_sequences`");
  });

  it("raises on an error within a stream", async () => {
    provider.behave({ kind: "error-event", afterEvents: 6 });
    const messages = [{ role: "user" as const, content: "one two three" }];
    const stream = anthropic.messages.stream({ model: MODEL, max_tokens: 50, messages });
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
  });
});

describe("thinking that one provider has signed", () => {
  it("is not shown to another", async () => {
    const question = { role: "user" as const, content: "one" };
    const thought = await anthropic.messages.create({
      model: THINKING_MODEL,
      max_tokens: 4096,
      thinking: { type: "enabled", budget_tokens: 1024 },
      messages: [question],
    });
    expect(thought.content[0]).toMatchObject({ type: "thinking", signature: expect.stringContaining("gAAAA") });
    const messages = [question, { role: "assistant" as const, content: thought.content }, question];
    const elsewhere = await openai.chat.completions.create({
      model: "anthropic/claude-opus-4-8",
      reasoning_effort: "low",
      messages: [
        question,
        {
          role: "assistant",
          content: "one",
          reasoning_details: [{ type: "reasoning.text", text: "x", signature: signatureOf(thought) }],
        } as OpenAI.ChatCompletionAssistantMessageParam,
        question,
      ],
    });
    expect(elsewhere.choices[0]?.message.content).toBe("one");
    expect(JSON.stringify(all.targets.anthropic.last.body)).not.toContain("gAAAA");
    // Twice: calls of a known kind may go another way than the first of them.
    for (const _ of [1, 2]) {
      const same = await anthropic.messages.create({ model: "anthropic/claude-opus-4-8", max_tokens: 4096, messages });
      expect(same.content.at(-1)).toMatchObject({ type: "text", text: "one" });
      expect(JSON.stringify(all.targets.anthropic.last.body)).not.toContain("gAAAA");
    }
    const back = await anthropic.messages.create({ model: THINKING_MODEL, max_tokens: 4096, messages });
    expect(back.content.at(-1)).toMatchObject({ type: "text", text: "one" });
    expect(JSON.stringify(provider.last.body)).toContain("gAAAA");
  });

  function signatureOf(message: Anthropic.Message): string {
    const [block] = message.content;
    return block?.type === "thinking" ? block.signature : "";
  }
});

describe("`api` of a target", () => {
  it("comes before its provider's", async () => {
    await openai.chat.completions.create({ model: "pro", messages: [{ role: "user", content: "hi" }] });
    expect(all.targets.openai.last.path).toBe("/v1/responses");
  });

  it("leads to another target where this one can't do what is asked", async () => {
    const { data, response } = await openai.chat.completions
      .create({ model: "with-fallback", stop: ["END"], messages: [{ role: "user", content: "one END two" }] })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe("one ");
    expect(response.headers.get("x-tidegate-provider")).toBe("openai");
  });

  it("goes on at another target when a stream fails before it has begun", async () => {
    // After the events that announce an answer.
    provider.behave({ kind: "error-event", afterEvents: 2 });
    const response = await openai.responses.stream({ model: "with-fallback", input: "one two" }).finalResponse();
    expect(response).toMatchObject({ status: "completed", output_text: "one two" });
    expect(await all.api.theRecord()).toMatchObject({ provider: "openai", attempts: 2, outcome: "ok" });
  });

  it("goes on at another target when this one is down", async () => {
    provider.behave({ kind: "status", status: 503, body: { error: { message: "Down", type: "server_error" } } });
    const response = await openai.responses.create({ model: "with-fallback", input: "one two" });
    expect(response.output_text).toBe("one two");
    expect([provider.last.path, all.targets.openai.last.path]).toEqual(["/v1/responses", "/v1/chat/completions"]);
    expect(await all.api.theRecord()).toMatchObject({ provider: "openai", attempts: 2 });
  });
});
