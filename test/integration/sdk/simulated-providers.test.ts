import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { type ProviderName, startProviders } from "../../helpers/unified-api.ts";
import { Anthropic, OpenAI } from "../../sdk-clients/index.ts";

/** What the other tests lean on: simulated providers that official clients accept, and that refuse what real ones refuse. */

let providers: Record<ProviderName, SimulatedProvider>;
beforeAll(async () => {
  providers = await startProviders();
});
afterAll(() => Promise.all(Object.values(providers).map((provider) => provider.close())));

it("are accepted by the official clients", async () => {
  const openai = new OpenAI({ apiKey: providers.openai.key, baseURL: providers.openai.baseUrl, maxRetries: 0 });
  const chat = await openai.chat.completions
    .stream({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello world" }] })
    .finalChatCompletion();
  expect(chat.choices[0]?.message.content).toBe("hello world");
  const baseURL = providers.anthropic.baseUrl.replace("/v1", "");
  const anthropic = new Anthropic({ apiKey: providers.anthropic.key, baseURL, maxRetries: 0 });
  const message = await anthropic.messages
    .stream({ model: "claude-haiku-4-5", max_tokens: 9, messages: [{ role: "user", content: "hello world" }] })
    .finalMessage();
  expect(message.content).toMatchObject([{ type: "text", text: "hello world" }]);
});

const CHAT = { model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }] };
const CALL = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } };
const MESSAGE = { model: "claude-haiku-4-5", max_tokens: 9, messages: [{ role: "user", content: "hi" }] };
const USE = { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }] };
const RESULT = { type: "tool_result", tool_use_id: "t1", content: "x" };
const CONTENT = { role: "user", parts: [{ text: "hi" }] };
const GENERATE = { contents: [CONTENT] };
const FUNCTION_CALL = { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] };

type Case = [what: string, path: string, body: object, status: number, said: string];

const OPENAI: Case[] = [
  ["an unknown field", "/chat/completions", { ...CHAT, frobnicate: 1 }, 400, "'frobnicate'"],
  [
    "a field of another dialect",
    "/chat/completions",
    { ...CHAT, messages: [{ role: "user", parts: [] }] },
    400,
    "messages[0]",
  ],
  ["a wrong type", "/chat/completions", { ...CHAT, temperature: "hot" }, 400, "'temperature'"],
  ["an unknown model", "/chat/completions", { ...CHAT, model: "gpt-9" }, 404, "gpt-9"],
  ["an unknown path", "/chat", CHAT, 404, "Invalid URL"],
  [
    "max_tokens for a reasoning model",
    "/chat/completions",
    { ...CHAT, model: "gpt-5-mini", max_tokens: 5 },
    400,
    "max_completion_tokens",
  ],
  [
    "a tool message out of nowhere",
    "/chat/completions",
    { ...CHAT, messages: [{ role: "tool", content: "x", tool_call_id: "c1" }] },
    400,
    "'tool_calls'",
  ],
  [
    "an unanswered call",
    "/chat/completions",
    { ...CHAT, messages: [...CHAT.messages, { role: "assistant", tool_calls: [CALL] }, ...CHAT.messages] },
    400,
    "c1",
  ],
  [
    "stream_options without stream",
    "/chat/completions",
    { ...CHAT, stream_options: { include_usage: true } },
    400,
    "stream_options",
  ],
  ["tool_choice without tools", "/chat/completions", { ...CHAT, tool_choice: "auto" }, 400, "tool_choice"],
];
const ASK = { model: "gpt-5-mini", input: "hi" };
const ASKED = { role: "user", content: "hi" };
const FUNCTION = { type: "function_call", call_id: "c1", name: "f", arguments: "{}" };
const OUTPUT = { type: "function_call_output", call_id: "c1", output: "x" };
const THOUGHT = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "somebody else's" };
const PLAIN = { ...ASK, model: "gpt-4o-mini" };
const RESPONSES: Case[] = [
  ["an unknown field", "/responses", { ...ASK, messages: [] }, 400, "'messages'"],
  [
    "a part of Chat Completions",
    "/responses",
    { ...ASK, input: [{ role: "user", content: [{ type: "text" }] }] },
    400,
    "input[0]",
  ],
  ["no input", "/responses", { model: "gpt-4o-mini" }, 400, "'input'"],
  ["an output out of nowhere", "/responses", { ...PLAIN, input: [ASKED, OUTPUT] }, 400, "No tool call found"],
  [
    "a call without an output",
    "/responses",
    { ...PLAIN, input: [ASKED, FUNCTION, ASKED] },
    400,
    "No tool output found",
  ],
  [
    "a call without its reasoning",
    "/responses",
    { ...ASK, input: [ASKED, FUNCTION, OUTPUT] },
    400,
    "required 'reasoning' item",
  ],
  ["another's reasoning", "/responses", { ...ASK, input: [ASKED, THOUGHT, ASKED] }, 400, "could not be verified"],
  ["a limit too low", "/responses", { ...ASK, max_output_tokens: 5 }, 400, "'max_output_tokens'"],
  ["effort where nothing reasons", "/responses", { ...PLAIN, reasoning: { effort: "low" } }, 400, "'reasoning.effort'"],
  ["a temperature where something does", "/responses", { ...ASK, temperature: 0.5 }, 400, "'temperature'"],
  ["an answer it does not know", "/responses", { ...ASK, previous_response_id: "resp_0" }, 400, "resp_0"],
  [
    "a tool without strictness said",
    "/responses",
    { ...ASK, tools: [{ type: "function", name: "f", parameters: {} }] },
    400,
    "tools[0].strict",
  ],
];
const ANTHROPIC: Case[] = [
  ["an unknown field", "/messages", { ...MESSAGE, frobnicate: 1 }, 400, "frobnicate: Extra inputs"],
  ["no max_tokens", "/messages", { ...MESSAGE, max_tokens: undefined }, 400, "max_tokens: Field required"],
  [
    "a role of another dialect",
    "/messages",
    { ...MESSAGE, messages: [{ role: "tool", content: "x" }] },
    400,
    "messages.0.role",
  ],
  ["an unknown model", "/messages", { ...MESSAGE, model: "claude-0" }, 404, "claude-0"],
  [
    "an assistant who begins",
    "/messages",
    { ...MESSAGE, messages: [{ role: "assistant", content: "x" }] },
    400,
    "first message",
  ],
  [
    "a result without a call",
    "/messages",
    { ...MESSAGE, messages: [{ role: "user", content: [RESULT] }] },
    400,
    "unexpected `tool_use_id`",
  ],
  [
    "a call without a result",
    "/messages",
    { ...MESSAGE, messages: [...MESSAGE.messages, USE, ...MESSAGE.messages] },
    400,
    "t1",
  ],
  [
    "a result that is not first",
    "/messages",
    {
      ...MESSAGE,
      messages: [...MESSAGE.messages, USE, { role: "user", content: [{ type: "text", text: "x" }, RESULT] }],
    },
    400,
    "immediately after",
  ],
  [
    "an empty text",
    "/messages",
    { ...MESSAGE, messages: [{ role: "user", content: [{ type: "text", text: "" }] }] },
    400,
    "non-empty",
  ],
  ["a temperature above 1", "/messages", { ...MESSAGE, temperature: 1.5 }, 400, "temperature"],
];
const GEMINI: Case[] = [
  ["an unknown field", "", { ...GENERATE, frobnicate: 1 }, 400, 'Unknown name \\"frobnicate\\"'],
  ["an unknown setting", "", { ...GENERATE, generationConfig: { stop: [] } }, 400, "generation_config"],
  [
    "a role of another dialect",
    "",
    { contents: [{ role: "assistant", parts: [{ text: "x" }] }] },
    400,
    "contents[0].role",
  ],
  [
    "a response without a call",
    "",
    { contents: [CONTENT, { role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] }] },
    400,
    "function response",
  ],
  [
    "a call without a response",
    "",
    { contents: [CONTENT, FUNCTION_CALL, CONTENT] },
    400,
    "number of function response parts",
  ],
  ["an end without the user", "", { contents: [CONTENT, { role: "model", parts: [{ text: "x" }] }] }, 400, "user role"],
  ["a schema without JSON", "", { ...GENERATE, generationConfig: { responseJsonSchema: {} } }, 400, "application/json"],
];

describe.each([
  ["openai", [...OPENAI, ...RESPONSES], "authorization", 401],
  ["anthropic", ANTHROPIC, "x-api-key", 401],
  ["gemini", GEMINI, "x-goog-api-key", 403],
] as const)("the simulated %s", (name, cases, credential, withoutKey) => {
  const send = (path: string, body: object, headers: Record<string, string> = {}) => {
    const { baseUrl, key } = providers[name];
    return fetch(baseUrl + (name === "gemini" ? "/models/gemini-2.5-flash:generateContent" : path), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        [credential]: name === "openai" ? `Bearer ${key}` : key,
        ...headers,
      },
      body: JSON.stringify(body),
    });
  };

  it.each(cases)("refuses %s", async (_, path, body, status, said) => {
    const response = await send(path, body);
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(text).toContain(said);
    expect(JSON.parse(text).error.message.length).toBeGreaterThan(0);
  });

  it("demands its key and its method", async () => {
    const [, path = "", body = {}] = cases[0] ?? [];
    const url = providers[name].baseUrl + (name === "gemini" ? "/models/gemini-2.5-flash:generateContent" : path);
    const post = { method: "POST", headers: { "anthropic-version": "2023-06-01" }, body: JSON.stringify(body) };
    expect((await fetch(url, post)).status).toBe(withoutKey);
    expect((await send(path, body, { [credential]: "wrong" })).status).toBe(name === "gemini" ? 400 : 401);
    // Google's front end answers 404 to methods it does not know at a path.
    expect((await fetch(url)).status).toBe(name === "gemini" ? 404 : 405);
  });
});

const TURN = { role: "user", content: [{ text: "hi" }] };
const TOOL_USE = { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "f", input: {} } }] };
const CONVERSE = { messages: [TURN] };
const TOOL_SPEC = { toolSpec: { name: "f", inputSchema: { json: { type: "object" } } } };

describe("the simulated bedrock", () => {
  const send = (
    body: object,
    authorization = `Bearer ${providers.bedrock.key}`,
    model = "anthropic.claude-haiku-4-5-20251001-v1%3A0",
  ) =>
    fetch(`${providers.bedrock.baseUrl}/model/${model}/converse`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify(body),
    });

  it.each<[what: string, body: object, said: string]>([
    ["an unknown field", { ...CONVERSE, frobnicate: 1 }, "frobnicate"],
    ["a block of another dialect", { messages: [{ role: "user", content: [{ type: "text", text: "x" }] }] }, "type"],
    ["a blank text", { messages: [{ role: "user", content: [{ text: " " }] }] }, "text"],
    ["an assistant who begins", { messages: [{ role: "assistant", content: [{ text: "x" }] }] }, "start with a user"],
    ["two turns of one role", { messages: [TURN, TURN] }, "alternate"],
    ["a call without a result", { messages: [TURN, TOOL_USE, TURN], toolConfig: { tools: [TOOL_SPEC] } }, "toolResult"],
    [
      "calls of tools that are not declared",
      { messages: [TURN, TOOL_USE, { role: "user", content: [{ toolResult: { toolUseId: "t1", content: [] } }] }] },
      "toolConfig field must be defined",
    ],
    ["a model's field that it does not know", { ...CONVERSE, additionalModelRequestFields: { seed: 1 } }, "seed"],
  ])("refuses %s", async (_, body, said) => {
    const response = await send(body);
    expect(response.status).toBe(400);
    expect(response.headers.get("x-amzn-errortype")).toMatch(/^ValidationException:/);
    expect(await response.text()).toContain(said);
  });

  it("demands its key, and names in the path as AWS's clients write them", async () => {
    expect((await send(CONVERSE)).status).toBe(200);
    expect((await send(CONVERSE, "Bearer wrong")).status).toBe(403);
    expect((await send(CONVERSE, undefined, "anthropic.claude-haiku-4-5-20251001-v1:0")).status).toBe(400);
    expect((await send(CONVERSE, undefined, "no-such")).status).toBe(404);
  });
});

it("the simulated Anthropic demands a version", async () => {
  const { baseUrl, key } = providers.anthropic;
  const headers = { "content-type": "application/json", "x-api-key": key };
  const response = await fetch(`${baseUrl}/messages`, { method: "POST", headers, body: JSON.stringify(MESSAGE) });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("anthropic-version");
});
