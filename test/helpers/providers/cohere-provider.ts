import type { ZodError } from "zod";
import { type ChatMessage, type ChatRequest, chatRequest, type EmbedRequest, embedRequest } from "./cohere-requests.ts";
import {
  type ProviderAnswer,
  type RecordedRequest,
  Refusal,
  type SimulatedProvider,
  startProvider,
} from "./http-provider.ts";
import { complaintOf } from "./issues.ts";
import { type Answer, answerTo, describeImage, embed, jsonPieces, type Prompt, tokensOf } from "./model.ts";

const CHAT_MODELS = ["command-a-03-2025", "command-a-reasoning-08-2025"];
const EMBEDDING_MODELS = ["embed-v4.0"];
const ID = "c14c80c3-18eb-4519-9460-6c92edd8cfb4";

/** Chat and embeddings of the v2 API, as api.cohere.com answers. */
export function startCohereProvider(key = "co-cohere-provider-key-1234567890"): Promise<SimulatedProvider> {
  return startProvider(
    {
      answer: (request) => answer(request, key),
      errorEvent: event("message-end", { delta: { error: "the model is overloaded", finish_reason: "ERROR" } }),
      headers: { "x-debug-trace-id": "5f1d3c8e", server: "envoy" },
    },
    { versionPath: "/v2", key },
  );
}

function answer(request: RecordedRequest, key: string): ProviderAnswer {
  if (request.headers.authorization !== `Bearer ${key}`) throw refuse(401, "invalid api token");
  if (request.method !== "POST") throw refuse(405, "method not allowed");
  if (request.body === undefined) throw refuse(400, "invalid request: the body is not valid JSON");
  switch (request.path) {
    case "/v2/chat":
      return chat(parse(chatRequest, request.body, CHAT_MODELS));
    case "/v2/embed":
      return embeddings(parse(embedRequest, request.body, EMBEDDING_MODELS));
    default:
      throw refuse(404, `page ${request.path} not found`);
  }
}

function refuse(status: number, message: string): Refusal {
  return new Refusal(status, { id: ID, message });
}

function parse<Output>(
  schema: { safeParse(value: unknown): { success: true; data: Output } | { success: false; error: ZodError } },
  body: Record<string, unknown>,
  models: readonly string[],
): Output {
  const result = schema.safeParse(body);
  if (!result.success) {
    const { kind, path, message } = complaintOf(result.error);
    throw refuse(400, `invalid request: ${kind} field ${path.join(".")}: ${message}`);
  }
  if (!models.includes(String(body.model))) {
    throw refuse(404, `model '${String(body.model)}' not found, make sure the correct model ID was used.`);
  }
  return result.data;
}

function chat(request: ChatRequest): ProviderAnswer {
  check(request);
  const reply = answerTo(promptOf(request));
  return request.stream === true ? { status: 200, events: events(request, reply) } : whole(request, reply);
}

/** What Cohere refuses although every field is well-formed. */
function check({ messages, tools = [], tool_choice: choice, response_format: format, thinking, model }: ChatRequest) {
  if (choice !== undefined && tools.length === 0) throw refuse(400, "invalid request: tool_choice requires tools");
  if (format?.json_schema !== undefined && tools.length > 0) {
    throw refuse(400, "invalid request: response_format is not supported with tools");
  }
  if (thinking !== undefined && !model.includes("reasoning")) {
    throw refuse(400, `invalid request: thinking is not supported by model ${model}`);
  }
  const role = messages.at(-1)?.role;
  if (role !== "user" && role !== "tool")
    throw refuse(400, "invalid request: the last message must be of the user or a tool");
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id)) {
        throw refuse(400, `invalid request: tool call id ${message.tool_call_id} not found in the previous turn`);
      }
      open = open.filter((id) => id !== message.tool_call_id);
    } else if (open.length > 0) throw refuse(400, "invalid request: all tool calls must be answered");
    if (message.role === "assistant") open = (message.tool_calls ?? []).map(({ id }) => id);
  }
}

function promptOf(request: ChatRequest): Prompt {
  const { messages } = request;
  const last = messages.at(-1);
  const names = new Map(
    messages.flatMap((message) =>
      message.role === "assistant" ? (message.tool_calls ?? []).map((call) => [call.id, call.function.name]) : [],
    ) as [string, string][],
  );
  const results: Prompt["toolResults"][number][] = [];
  for (const message of messages.slice(messages.findLastIndex((one) => one.role !== "tool") + 1)) {
    if (message.role === "tool") results.push({ name: names.get(message.tool_call_id) ?? "", text: textOf(message) });
  }
  return {
    texts: messages.map(textOf),
    said: last?.role === "user" ? textOf(last) : "",
    toolResults: results,
    tools: (request.tools ?? []).map(({ function: fn }) => ({ name: fn.name, schema: fn.parameters })),
    toolChoice: request.tool_choice === "NONE" ? "none" : "auto",
    parallelToolCalls: true,
    maxTokens: request.max_tokens ?? 4096,
    stop: request.stop_sequences ?? [],
    outputSchema: request.response_format?.json_schema,
    jsonObject: request.response_format?.type === "json_object",
    thinks: request.model.includes("reasoning") && request.thinking?.type !== "disabled",
  };
}

function textOf({ content }: ChatMessage): string {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  return content
    .map((item) => {
      if (item.type === "text") return item.text;
      if (item.type === "thinking") return "";
      if (item.type === "document") return JSON.stringify(item.document.data);
      const match = /^data:([^;]+);base64,(.*)$/.exec(item.image_url.url);
      return match === null
        ? describeImage({ url: item.image_url.url })
        : describeImage({ mediaType: match[1] ?? "", base64: match[2] ?? "" });
    })
    .filter((text) => text !== "")
    .join(" ");
}

function whole(request: ChatRequest, reply: Answer): ProviderAnswer {
  const content = [
    ...(reply.thinking === null ? [] : [{ type: "thinking", thinking: reply.thinking }]),
    ...(reply.toolCalls.length > 0 ? [] : [{ type: "text", text: reply.text }]),
  ];
  const message = {
    role: "assistant",
    ...(content.length > 0 ? { content } : {}),
    ...(reply.toolCalls.length > 0 ? { tool_plan: "", tool_calls: wireCalls(reply) } : {}),
  };
  const body = {
    id: ID,
    message,
    finish_reason: finishReason(reply),
    usage: usageOf(reply),
    ...(request.logprobs === true ? { logprobs: tokensOf(reply.text).map(logprobOf) } : {}),
  };
  return { status: 200, body };
}

function events(request: ChatRequest, reply: Answer): string[] {
  const start = { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } };
  const list = [event("message-start", { id: ID, delta: start })];
  let index = 0;
  const content = (type: "text" | "thinking", text: string) => {
    const inMessage = (fields: object) => ({ index, delta: { message: { content: fields } } });
    list.push(event("content-start", inMessage({ type, [type]: "" })));
    for (const word of tokensOf(text)) {
      const logprobs = type === "text" && request.logprobs === true ? { logprobs: logprobOf(word) } : {};
      list.push(event("content-delta", { ...inMessage({ [type]: word }), ...logprobs }));
    }
    list.push(event("content-end", { index }));
    index += 1;
  };
  if (reply.thinking !== null) content("thinking", reply.thinking);
  if (reply.toolCalls.length === 0) content("text", reply.text);
  for (const [at, call] of wireCalls(reply).entries()) {
    const inMessage = (tool_calls: object) => ({ index: at, delta: { message: { tool_calls } } });
    list.push(event("tool-call-start", inMessage({ ...call, function: { name: call.function.name, arguments: "" } })));
    for (const piece of jsonPieces(call.function.arguments)) {
      list.push(event("tool-call-delta", inMessage({ function: { arguments: piece } })));
    }
    list.push(event("tool-call-end", { index: at }));
  }
  list.push(event("message-end", { id: ID, delta: { finish_reason: finishReason(reply), usage: usageOf(reply) } }));
  list.push("data: [DONE]\n\n");
  return list;
}

function wireCalls(reply: Answer) {
  return reply.toolCalls.map((call, index) => ({
    id: `${call.name}_simulated${index}`,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
}

const FINISH_REASONS: Record<Answer["finish"], string> = {
  stop: "COMPLETE",
  length: "MAX_TOKENS",
  stop_sequence: "STOP_SEQUENCE",
  tool_calls: "TOOL_CALL",
};

function finishReason(reply: Answer): string {
  return FINISH_REASONS[reply.finish];
}

/** Cohere reads more than the caller wrote, and bills what the caller wrote. */
function usageOf({ usage }: Answer) {
  return {
    billed_units: { input_tokens: usage.input, output_tokens: usage.output },
    tokens: { input_tokens: usage.input + 500, output_tokens: usage.output + 2 },
    cached_tokens: usage.cached,
  };
}

function logprobOf(text: string) {
  return { text, token_ids: [1], logprobs: [-0.25] };
}

function embeddings({ texts, output_dimension: dimension = 8 }: EmbedRequest): ProviderAnswer {
  const tokens = texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
  const body = {
    id: ID,
    texts,
    embeddings: { float: texts.map((text) => embed(text, dimension)) },
    meta: { api_version: { version: "2" }, billed_units: { input_tokens: tokens } },
  };
  return { status: 200, body };
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
