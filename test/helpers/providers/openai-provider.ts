import { type ProviderAnswer, type RecordedRequest, type SimulatedProvider, startProvider } from "./http-provider.ts";
import { complaintOf } from "./issues.ts";
import { type Answer, answerTo, describeImage, embed, jsonPieces, type Prompt, tokensOf } from "./model.ts";
import {
  type ChatMessage,
  type ChatRequest,
  chatRequest,
  type EmbeddingRequest,
  embeddingRequest,
} from "./openai-requests.ts";
import { checkChat, isReasoningModel, refuse } from "./openai-rules.ts";
import { ResponsesApi } from "./responses-answers.ts";
import { responsesRequest } from "./responses-requests.ts";

const OPENAI_MODELS = ["gpt-4o-mini", "gpt-5-mini", "text-embedding-3-small"];

/** Chat Completions, Responses and embeddings, as api.openai.com answers. */
export function startOpenaiProvider(key = "sk-openai-provider-key-1234567890"): Promise<SimulatedProvider> {
  const responses = new ResponsesApi();
  return startProvider(
    {
      answer: (request) => answer(request, key, responses),
      errorEvent: `data: ${JSON.stringify({
        error: {
          message: "The server had an error while processing your request.",
          type: "server_error",
          param: null,
          code: null,
        },
      })}\n\n`,
      headers: { "x-request-id": "req_openai", "openai-version": "2020-10-01" },
    },
    { versionPath: "/v1", key },
  );
}

function answer(request: RecordedRequest, key: string, responses: ResponsesApi): ProviderAnswer {
  const { authorization } = request.headers;
  const isChat = request.path === "/v1/chat/completions";
  const isResponses = request.path === "/v1/responses";
  if (!isChat && !isResponses && request.path !== "/v1/embeddings") {
    throw refuse(404, { message: `Invalid URL (${request.method} ${request.path})`, param: null, code: null });
  }
  if (request.method !== "POST") {
    const message = `Not allowed to ${request.method} on ${request.path}. (HINT: Perhaps you meant to use a different HTTP method?)`;
    throw refuse(405, { message, param: null, code: "method_not_supported" });
  }
  if (authorization === undefined || !authorization.startsWith("Bearer ")) {
    throw refuse(401, { message: "You didn't provide an API key.", param: null, code: null });
  }
  if (authorization !== `Bearer ${key}`) {
    throw refuse(401, { message: "Incorrect API key provided.", param: null, code: "invalid_api_key" });
  }
  if (request.headers["content-type"]?.startsWith("application/json") !== true || request.body === undefined) {
    throw refuse(400, { message: "We could not parse the JSON body of your request.", param: null, code: null });
  }
  if (isResponses) return responses.answer(parse(responsesRequest, request.body));
  return isChat ? chat(parse(chatRequest, request.body)) : embeddings(parse(embeddingRequest, request.body));
}

function parse<Output>(
  schema: {
    safeParse(value: unknown): { success: true; data: Output } | { success: false; error: import("zod").ZodError };
  },
  body: Record<string, unknown>,
): Output {
  const result = schema.safeParse(body);
  if (!result.success) {
    const { kind, path, message } = complaintOf(result.error);
    const param = path.reduce<string>(
      (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
      "",
    );
    const [text, code] =
      kind === "unknown"
        ? [`Unknown parameter: '${param}'.`, "unknown_parameter"]
        : kind === "missing"
          ? [`Missing required parameter: '${param}'.`, "missing_required_parameter"]
          : [`Invalid value for '${param}': ${message}.`, "invalid_value"];
    throw refuse(400, { message: text, param, code });
  }
  const { model } = body;
  if (!OPENAI_MODELS.includes(String(model))) {
    const message = `The model \`${model}\` does not exist or you do not have access to it.`;
    throw refuse(404, { message, param: null, code: "model_not_found" });
  }
  return result.data;
}

function chat(request: ChatRequest): ProviderAnswer {
  checkChat(request);
  const reply = answerTo(promptOf(request));
  return request.stream === true ? { status: 200, events: chunks(request, reply) } : whole(request, reply);
}

function promptOf(request: ChatRequest): Prompt {
  const { messages, response_format: format, tool_choice: choice } = request;
  const last = messages.at(-1);
  const callNames = new Map(
    messages.flatMap((message) =>
      message.role === "assistant"
        ? (message.tool_calls ?? []).map((call) => [call.id, call.function.name] as const)
        : [],
    ),
  );
  const results: Prompt["toolResults"][number][] = [];
  for (const message of messages.slice(messages.findLastIndex((one) => one.role !== "tool") + 1)) {
    if (message.role === "tool")
      results.push({ name: callNames.get(message.tool_call_id) ?? "", text: textOf(message) });
  }
  return {
    texts: messages.map(textOf),
    said: last?.role === "user" ? textOf(last) : "",
    toolResults: results,
    tools: (request.tools ?? []).map(({ function: fn }) => ({ name: fn.name, schema: fn.parameters ?? {} })),
    toolChoice: typeof choice === "object" ? { forced: choice.function.name } : choice === "none" ? "none" : "auto",
    parallelToolCalls: request.parallel_tool_calls !== false,
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? 4096,
    stop: typeof request.stop === "string" ? [request.stop] : (request.stop ?? []),
    outputSchema: format?.type === "json_schema" ? format.json_schema.schema : undefined,
    jsonObject: format?.type === "json_object",
    thinks: isReasoningModel(request.model) && request.reasoning_effort !== "none",
  };
}

function textOf({ content }: ChatMessage): string {
  if (content == null) return "";
  if (typeof content === "string") return content;
  return content.map(partText).join(" ");
}

function partText(part: Exclude<NonNullable<ChatMessage["content"]>, string>[number]): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "refusal":
      return part.refusal;
    case "image_url": {
      const match = /^data:([^;]+);base64,(.*)$/.exec(part.image_url.url);
      if (match === null) return describeImage({ url: part.image_url.url });
      return describeImage({ mediaType: match[1] ?? "", base64: match[2] ?? "" });
    }
    default:
      return `[${part.type}]`;
  }
}

const HEAD = {
  id: "chatcmpl-simulated0001",
  created: 1_790_000_000,
  service_tier: "default",
  system_fingerprint: "fp_simulated",
};

function whole(request: ChatRequest, reply: Answer): ProviderAnswer {
  const choices = Array.from({ length: request.n ?? 1 }, (_, index) => ({
    index,
    message: {
      role: "assistant",
      content: reply.toolCalls.length > 0 ? null : reply.text,
      refusal: null,
      annotations: [],
      ...(reply.toolCalls.length > 0 ? { tool_calls: wireCalls(reply) } : {}),
    },
    logprobs: request.logprobs === true ? logprobsOf(reply.text) : null,
    finish_reason: finishReason(reply),
  }));
  const body = {
    ...HEAD,
    object: "chat.completion",
    model: `${request.model}-2026-01-01`,
    choices,
    usage: usageOf(reply),
  };
  return { status: 200, body };
}

function chunks(request: ChatRequest, reply: Answer): string[] {
  const withUsage = request.stream_options?.include_usage === true;
  const event = (choices: object[], usage: object | null = null) => {
    const head = { ...HEAD, object: "chat.completion.chunk", model: `${request.model}-2026-01-01` };
    return `data: ${JSON.stringify({ ...head, choices, ...(withUsage ? { usage } : {}), obfuscation: "x7" })}\n\n`;
  };
  const events: string[] = [];
  for (let index = 0; index < (request.n ?? 1); index++) {
    const add = (delta: object, finish: string | null = null, logprobs: object | null = null) =>
      void events.push(event([{ index, delta, logprobs, finish_reason: finish }]));
    add({ role: "assistant", content: reply.toolCalls.length > 0 ? null : "", refusal: null });
    for (const word of tokensOf(reply.text)) {
      add({ content: word }, null, request.logprobs === true ? logprobsOf(word) : null);
    }
    for (const [position, call] of wireCalls(reply).entries()) {
      add({ tool_calls: [{ index: position, ...call, function: { name: call.function.name, arguments: "" } }] });
      for (const piece of jsonPieces(call.function.arguments)) {
        add({ tool_calls: [{ index: position, function: { arguments: piece } }] });
      }
    }
    add({}, finishReason(reply));
  }
  if (withUsage) events.push(event([], usageOf(reply)));
  events.push("data: [DONE]\n\n");
  return events;
}

function wireCalls(reply: Answer) {
  return reply.toolCalls.map((call, index) => ({
    id: `call_simulated${index}`,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
}

function finishReason(reply: Answer): string {
  return reply.finish === "stop_sequence" ? "stop" : reply.finish;
}

function usageOf({ usage }: Answer) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function logprobsOf(text: string) {
  const content = tokensOf(text).map((token) => ({
    token,
    logprob: -0.25,
    bytes: [...Buffer.from(token)],
    top_logprobs: [],
  }));
  return { content, refusal: null };
}

function embeddings(request: EmbeddingRequest): ProviderAnswer {
  const { input } = request;
  const inputs = typeof input === "string" || typeof input[0] === "number" ? [input] : input;
  const texts = inputs.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  const vectors = texts.map((text) => embed(text, request.dimensions ?? 8));
  const tokens = texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
  const data = vectors.map((vector, index) => ({
    object: "embedding",
    index,
    embedding: request.encoding_format === "base64" ? base64(vector) : vector,
  }));
  return {
    status: 200,
    body: { object: "list", data, model: request.model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
  };
}

function base64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}
