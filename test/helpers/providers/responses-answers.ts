import type { ProviderAnswer } from "./http-provider.ts";
import { type Answer, answerTo, describeImage, jsonPieces, type Prompt, tokensOf } from "./model.ts";
import { isReasoningModel, refuse } from "./openai-rules.ts";
import type { ResponsesItem, ResponsesRequest } from "./responses-requests.ts";
import { checkResponses, ENCRYPTED } from "./responses-rules.ts";

/** `POST /responses`, as api.openai.com answers; it keeps what it may keep. */
export class ResponsesApi {
  readonly #stored = new Map<string, ResponsesItem[]>();
  #count = 0;

  answer(request: ResponsesRequest): ProviderAnswer {
    const items = [...this.#before(request.previous_response_id), ...itemsOf(request.input)];
    if (items.length === 0) {
      const message = "One of 'input' or 'previous_response_id' must be provided.";
      throw refuse(400, { message, param: "input", code: "missing_required_parameter" });
    }
    checkResponses(request, items);
    const reply = answerTo(promptOf(request, items));
    this.#count += 1;
    const id = `resp_simulated${String(this.#count).padStart(4, "0")}`;
    const output = outputOf(request, reply, id);
    if (request.store !== false) this.#stored.set(id, [...items, ...asInput(output)]);
    const response = responseOf(request, reply, id, output);
    return request.stream === true
      ? { status: 200, events: events(request, response, output) }
      : { status: 200, body: response };
  }

  #before(id: string | null | undefined): readonly ResponsesItem[] {
    if (id == null) return [];
    const stored = this.#stored.get(id);
    if (stored !== undefined) return stored;
    const message = `Previous response with id '${id}' not found.`;
    throw refuse(400, { message, param: "previous_response_id", code: "previous_response_not_found" });
  }
}

type Item = Record<string, unknown> & { type: string };

function itemsOf(input: ResponsesRequest["input"]): readonly ResponsesItem[] {
  if (input === undefined) return [];
  return typeof input === "string" ? [{ role: "user", content: input }] : input;
}

/** Items of an answer are items of the next turn's input. */
function asInput(output: readonly Item[]): ResponsesItem[] {
  return output.map((item) => item as unknown as ResponsesItem);
}

function promptOf(request: ResponsesRequest, items: readonly ResponsesItem[]): Prompt {
  const { tool_choice: choice } = request;
  const format = request.text?.format;
  const last = items.at(-1);
  const names = new Map(items.flatMap((one) => (one.type === "function_call" ? [[one.call_id, one.name]] : [])));
  const firstResult = items.findLastIndex((one) => one.type !== "function_call_output") + 1;
  const toolResults = items.slice(firstResult).flatMap((one) => {
    if (one.type !== "function_call_output") return [];
    return [{ name: names.get(one.call_id) ?? "", text: contentText(one.output) }];
  });
  return {
    texts: [request.instructions ?? "", ...items.map(textOf)],
    said: last !== undefined && "role" in last && last.role === "user" ? textOf(last) : "",
    toolResults,
    tools: (request.tools ?? []).flatMap((tool) =>
      tool.type === "function" ? [{ name: tool.name, schema: tool.parameters ?? {} }] : [],
    ),
    toolChoice: typeof choice === "object" ? { forced: choice.name } : choice === "none" ? "none" : "auto",
    parallelToolCalls: request.parallel_tool_calls !== false,
    maxTokens: request.max_output_tokens ?? 4096,
    stop: [],
    outputSchema: format?.type === "json_schema" ? format.schema : undefined,
    jsonObject: format?.type === "json_object",
    thinks: isReasoningModel(request.model) && request.reasoning?.effort !== "none",
  };
}

function textOf(item: ResponsesItem): string {
  if ("role" in item) return contentText(item.content);
  if (item.type === "function_call_output") return contentText(item.output);
  return "";
}

function contentText(content: string | readonly (Record<string, unknown> & { type: string })[]): string {
  if (typeof content === "string") return content;
  return content.map(partText).join(" ");
}

function partText(part: Record<string, unknown> & { type: string }): string {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return String(part.text);
    case "refusal":
      return String(part.refusal);
    case "input_image": {
      const match = /^data:([^;]+);base64,(.*)$/.exec(String(part.image_url));
      if (match === null) return describeImage({ url: String(part.image_url) });
      return describeImage({ mediaType: match[1] ?? "", base64: match[2] ?? "" });
    }
    default:
      return `[${part.type}]`;
  }
}

function outputOf(request: ResponsesRequest, reply: Answer, id: string): Item[] {
  const output: Item[] = [];
  const suffix = id.slice("resp_".length);
  if (reply.thinking !== null) {
    const isShown = request.reasoning?.summary != null;
    const isSent = request.include?.includes("reasoning.encrypted_content") === true || request.store !== false;
    output.push({
      id: `rs_${suffix}`,
      type: "reasoning",
      summary: isShown ? [{ type: "summary_text", text: reply.thinking }] : [],
      ...(isSent ? { encrypted_content: `${ENCRYPTED}${suffix}` } : {}),
    });
  }
  if (request.tools?.some((tool) => tool.type === "web_search") === true) {
    const action = { type: "search", query: "simulated" };
    output.push({ id: `ws_${suffix}`, type: "web_search_call", status: "completed", action });
  }
  for (const [index, call] of reply.toolCalls.entries()) {
    output.push({
      id: `fc_${suffix}_${index}`,
      type: "function_call",
      status: "completed",
      call_id: `call_${suffix}_${index}`,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    });
  }
  if (reply.toolCalls.length === 0) {
    const logprobs = request.include?.includes("message.output_text.logprobs") === true ? logprobsOf(reply.text) : [];
    output.push({
      id: `msg_${suffix}`,
      type: "message",
      status: reply.finish === "length" ? "incomplete" : "completed",
      role: "assistant",
      content: [{ type: "output_text", text: reply.text, annotations: [], logprobs }],
    });
  }
  return output;
}

function responseOf(request: ResponsesRequest, reply: Answer, id: string, output: readonly Item[]) {
  const cut = reply.finish === "length";
  return {
    id,
    object: "response",
    created_at: 1_790_000_000,
    status: cut ? "incomplete" : "completed",
    background: false,
    error: null,
    incomplete_details: cut ? { reason: "max_output_tokens" } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model: `${request.model}-2026-01-01`,
    output,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.summary ?? null },
    service_tier: "default",
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: request.text ?? { format: { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? "disabled",
    usage: {
      input_tokens: reply.usage.input,
      input_tokens_details: { cached_tokens: reply.usage.cached, cache_write_tokens: 0 },
      output_tokens: reply.usage.output,
      output_tokens_details: { reasoning_tokens: reply.usage.reasoning },
      total_tokens: reply.usage.input + reply.usage.output,
    },
    metadata: request.metadata ?? {},
  };
}

function events(request: ResponsesRequest, response: ReturnType<typeof responseOf>, output: readonly Item[]): string[] {
  const texts: string[] = [];
  const send = (type: string, fields: object) => {
    const data = { type, sequence_number: texts.length, ...fields };
    texts.push(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const begun = { ...response, status: "in_progress", incomplete_details: null, output: [], usage: null };
  send("response.created", { response: begun });
  send("response.in_progress", { response: begun });
  for (const [index, item] of output.entries()) sendItem(item, index, send, request);
  send(`response.${response.status}`, { response });
  return texts;
}

type Send = (type: string, fields: object) => void;

function sendItem(item: Item, outputIndex: number, send: Send, request: ResponsesRequest): void {
  const place = { item_id: item.id, output_index: outputIndex };
  const begun = { ...item, ...(item.status === undefined ? {} : { status: "in_progress" }) };
  if (item.type === "reasoning") {
    send("response.output_item.added", { output_index: outputIndex, item: { ...begun, summary: [] } });
    for (const [index, part] of (item.summary as { text: string }[]).entries()) {
      const at = { ...place, summary_index: index };
      send("response.reasoning_summary_part.added", { ...at, part: { ...part, text: "" } });
      for (const delta of tokensOf(part.text)) send("response.reasoning_summary_text.delta", { ...at, delta });
      send("response.reasoning_summary_text.done", { ...at, text: part.text });
      send("response.reasoning_summary_part.done", { ...at, part });
    }
  } else if (item.type === "function_call") {
    send("response.output_item.added", { output_index: outputIndex, item: { ...begun, arguments: "" } });
    const text = String(item.arguments);
    for (const delta of jsonPieces(text)) send("response.function_call_arguments.delta", { ...place, delta });
    send("response.function_call_arguments.done", { ...place, name: item.name, arguments: text });
  } else if (item.type === "message") {
    send("response.output_item.added", { output_index: outputIndex, item: { ...begun, content: [] } });
    const [part] = item.content as { text: string }[];
    const at = { ...place, content_index: 0 };
    send("response.content_part.added", { ...at, part: { ...part, text: "", logprobs: [] } });
    const withLogprobs = request.include?.includes("message.output_text.logprobs") === true;
    for (const delta of tokensOf(part?.text ?? "")) {
      const logprobs = withLogprobs ? logprobsOf(delta) : [];
      send("response.output_text.delta", { ...at, delta, logprobs, obfuscation: "x7" });
    }
    send("response.output_text.done", { ...at, text: part?.text, logprobs: [] });
    send("response.content_part.done", { ...at, part });
  } else send("response.output_item.added", { output_index: outputIndex, item: begun });
  send("response.output_item.done", { output_index: outputIndex, item });
}

function logprobsOf(text: string) {
  return tokensOf(text).map((token) => ({
    token,
    logprob: -0.25,
    bytes: [...Buffer.from(token)],
    top_logprobs: [],
  }));
}
