import { type MessagesRequest, messagesRequest } from "./anthropic-requests.ts";
import { blocksOf, checkMessages, refuse, signatureOf } from "./anthropic-rules.ts";
import { type ProviderAnswer, type RecordedRequest, type SimulatedProvider, startProvider } from "./http-provider.ts";
import { complaintOf } from "./issues.ts";
import { type Answer, answerTo, describeImage, jsonPieces, type Prompt, tokensOf } from "./model.ts";

const ANTHROPIC_MODELS = ["claude-haiku-4-5", "claude-opus-4-8"];
const VERSIONS = ["2023-06-01", "2026-10-21"];

/** The Messages API, as api.anthropic.com answers. */
export function startAnthropicProvider(key = "sk-ant-provider-key-1234567890"): Promise<SimulatedProvider> {
  return startProvider(
    {
      answer: (request) => answer(request, key),
      errorEvent: sse("error", { error: { type: "overloaded_error", message: "Overloaded" } }),
      headers: { "request-id": "req_anthropic", "anthropic-organization-id": "org_simulated" },
    },
    { versionPath: "/v1", key },
  );
}

function answer(request: RecordedRequest, key: string): ProviderAnswer {
  if (request.path !== "/v1/messages") throw refuse(404, "not_found_error", "Not found");
  if (request.method !== "POST") throw refuse(405, "invalid_request_error", "Method Not Allowed");
  const apiVersion = request.headers["anthropic-version"];
  // Official clients send the key as a bearer token since version 1; both are taken.
  const apiKey = request.headers["x-api-key"] ?? request.headers.authorization?.replace(/^Bearer /, "");
  if (apiKey === undefined) throw refuse(401, "authentication_error", "x-api-key header is required");
  if (apiKey !== key) throw refuse(401, "authentication_error", "invalid x-api-key");
  if (typeof apiVersion !== "string") {
    throw refuse(400, "invalid_request_error", "anthropic-version: header is required");
  }
  if (!VERSIONS.includes(apiVersion)) {
    throw refuse(400, "invalid_request_error", `anthropic-version: "${apiVersion}" is not a valid version`);
  }
  if (request.headers["content-type"]?.startsWith("application/json") !== true || request.body === undefined) {
    throw refuse(400, "invalid_request_error", "The request body is not valid JSON");
  }
  const body = parse(request.body);
  checkMessages(body, apiVersion);
  const reply = answerTo(promptOf(body));
  const blocks = contentOf(body, reply);
  return body.stream === true
    ? { status: 200, events: events(body, reply, blocks) }
    : { status: 200, body: { ...messageHead(body), content: blocks, ...endOf(reply), usage: usageOf(reply) } };
}

function parse(body: Record<string, unknown>): MessagesRequest {
  const result = messagesRequest.safeParse(body);
  if (!result.success) {
    const { kind, path, message } = complaintOf(result.error);
    const reason =
      kind === "unknown" ? "Extra inputs are not permitted" : kind === "missing" ? "Field required" : message;
    throw refuse(400, "invalid_request_error", `${path.join(".")}: ${reason}`);
  }
  if (!ANTHROPIC_MODELS.includes(result.data.model))
    throw refuse(404, "not_found_error", `model: ${result.data.model}`);
  return result.data;
}

function promptOf(request: MessagesRequest): Prompt {
  const { messages, system, tool_choice: choice, thinking } = request;
  const blocks = messages.flatMap(blocksOf);
  const names = new Map(
    blocks.flatMap((block) => (block.type === "tool_use" ? [[block.id, block.name] as const] : [])),
  );
  const last = messages.findLast((message) => message.role === "user");
  const results = (last === undefined ? [] : blocksOf(last)).flatMap((block) =>
    block.type === "tool_result" ? [{ name: names.get(block.tool_use_id) ?? "", text: textOf(block.content) }] : [],
  );
  return {
    texts: [textOf(system), ...messages.map((message) => textOf(message.content))],
    said: results.length > 0 ? "" : textOf(last?.content),
    toolResults: results,
    tools: (request.tools ?? []).map((tool) => ({ name: tool.name, schema: tool.input_schema })),
    toolChoice: choice?.type === "tool" ? { forced: choice.name } : choice?.type === "none" ? "none" : "auto",
    parallelToolCalls: choice === undefined || choice.type === "none" || choice.disable_parallel_tool_use !== true,
    maxTokens: request.max_tokens,
    stop: request.stop_sequences ?? [],
    outputSchema: request.output_config?.format?.schema,
    jsonObject: false,
    thinks: thinking?.type === "enabled" || thinking?.type === "adaptive",
    ...(messages.at(-1)?.role === "assistant" ? { begun: textOf(messages.at(-1)?.content) } : {}),
  };
}

interface AnyBlock {
  type: string;
  text?: string;
  thinking?: string;
  content?: unknown;
  source?: { type: string; url?: string; media_type?: string; data?: string };
}

function textOf(content: string | readonly AnyBlock[] | undefined): string {
  if (content === undefined) return "";
  return typeof content === "string" ? content : content.map(blockText).join(" ").trim();
}

function blockText({ type, text, source }: AnyBlock): string {
  if (type === "text") return text ?? "";
  if (type !== "image") return "";
  return source?.url === undefined
    ? describeImage({ mediaType: source?.media_type ?? "", base64: source?.data ?? "" })
    : describeImage({ url: source.url });
}

type ContentBlock =
  | { type: "thinking"; thinking: string; signature: string }
  | { type: "text"; text: string; citations?: object[] }
  | { type: "tool_use"; id: string; name: string; input: Record<string, unknown>; caller: { type: "direct" } };

/** Of the first document that may be cited. */
function citationsOf({ messages }: MessagesRequest): { citations?: object[] } {
  const documents = messages.flatMap(blocksOf).filter((block) => block.type === "document");
  const index = documents.findIndex(({ citations }) => citations?.enabled === true);
  const document = documents[index];
  if (document?.source.type !== "text") return {};
  const cited_text = document.source.data;
  const place = { document_index: index, document_title: document.title ?? null, file_id: null };
  const range = { start_char_index: 0, end_char_index: cited_text.length };
  return { citations: [{ type: "char_location", cited_text, ...place, ...range }] };
}

function contentOf(request: MessagesRequest, reply: Answer): ContentBlock[] {
  const { thinking } = request;
  const blocks: ContentBlock[] = [];
  if (reply.thinking !== null) {
    const omitted = thinking !== undefined && "display" in thinking && thinking.display === "omitted";
    const shown = omitted ? "" : reply.thinking;
    blocks.push({ type: "thinking", thinking: shown, signature: signatureOf(shown) });
  }
  if (reply.text !== "") blocks.push({ type: "text", text: reply.text, ...citationsOf(request) });
  for (const [index, call] of reply.toolCalls.entries()) {
    const id = `toolu_simulated${index}`;
    blocks.push({ type: "tool_use", id, name: call.name, input: call.arguments, caller: { type: "direct" } });
  }
  return blocks;
}

function messageHead({ model }: MessagesRequest) {
  return { id: "msg_simulated0001", type: "message", role: "assistant", model, container: null, diagnostics: null };
}

function endOf({ finish, stopSequence }: Answer) {
  const reasons = { stop: "end_turn", length: "max_tokens", stop_sequence: "stop_sequence", tool_calls: "tool_use" };
  return { stop_reason: reasons[finish], stop_sequence: stopSequence, stop_details: null };
}

/** Input is counted in disjoint parts: half is read from the cache. */
function usageOf({ usage }: Answer) {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.reasoning },
    server_tool_use: null,
    service_tier: "standard",
    inference_geo: "global",
    speed: null,
  };
}

function events(request: MessagesRequest, reply: Answer, blocks: readonly ContentBlock[]): string[] {
  const usage = usageOf(reply);
  const message = { ...messageHead(request), content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  const begun = { ...usage, output_tokens: 1, output_tokens_details: null };
  const list = [sse("message_start", { message: { ...message, usage: begun } })];
  for (const [index, block] of blocks.entries()) {
    list.push(...blockEvents(index, block));
    if (index === 0) list.splice(2, 0, sse("ping", {}));
  }
  const { output_tokens, output_tokens_details, input_tokens, cache_read_input_tokens } = usage;
  const counts = { input_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens, output_tokens };
  list.push(
    sse("message_delta", { delta: { ...endOf(reply), container: null }, usage: { ...counts, output_tokens_details } }),
    sse("message_stop", {}),
  );
  return list;
}

function blockEvents(index: number, block: ContentBlock): string[] {
  const deltas: object[] = [];
  let start: object = block;
  if (block.type === "thinking") {
    start = { type: "thinking", thinking: "", signature: "" };
    for (const word of tokensOf(block.thinking)) deltas.push({ type: "thinking_delta", thinking: word });
    deltas.push({ type: "signature_delta", signature: block.signature });
  } else if (block.type === "text") {
    start = { type: "text", text: "" };
    for (const word of tokensOf(block.text)) deltas.push({ type: "text_delta", text: word });
    for (const citation of block.citations ?? []) deltas.push({ type: "citations_delta", citation });
  } else {
    start = { ...block, input: {} };
    deltas.push({ type: "input_json_delta", partial_json: "" });
    for (const piece of jsonPieces(JSON.stringify(block.input))) {
      deltas.push({ type: "input_json_delta", partial_json: piece });
    }
  }
  return [
    sse("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => sse("content_block_delta", { index, delta })),
    sse("content_block_stop", { index }),
  ];
}

function sse(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
