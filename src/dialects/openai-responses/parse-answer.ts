import type { TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type {
  ChatResponse,
  Choice,
  Citation,
  FinishReason,
  Part,
  RefusalPart,
  TextPart,
  ToolCallPart,
} from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";
import { readCitations } from "../openai/citations.ts";
import { argumentsText } from "../openai/parse-answer.ts";
import { readSignature } from "../openai/tool-calls.ts";
import { parseStreamError } from "./errors.ts";
import { readReasoning } from "./reasoning.ts";
import { readUsage } from "./usage.ts";

interface ReadAnswer {
  content: Part[];
  logprobs: unknown[];
  citations: Citation[];
  /** Of all texts so far. */
  said: { characters: number };
}

/**
 * A whole answer. Throws GatewayError `upstream_protocol_error` when the body is none, and `provider_error` when the model
 * failed to give one.
 */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  if (!isObject(body) || !Array.isArray(body.output)) throw notAnAnswer("no `output`");
  if (body.status === "failed") throw failedAnswer(body);
  const read: ReadAnswer = { content: [], logprobs: [], citations: [], said: { characters: 0 } };
  const { content, logprobs, citations } = read;
  for (const item of body.output) if (isObject(item)) readItem(item, read);
  const choice: Choice = { index: 0, content, finishReason: finishReasonOf(body, content) };
  if (citations.length > 0) choice.citations = citations;
  if (logprobs.length > 0) choice.logprobs = { content: logprobs, refusal: null };
  const response: ChatResponse = {
    id: stringOr(body.id, ""),
    model: stringOr(body.model, target.model),
    choices: [choice],
  };
  const createdAt = countOf(body.created_at);
  const usage = readUsage(body.usage);
  if (createdAt !== undefined) response.createdAt = createdAt;
  if (usage !== undefined) response.usage = usage;
  return response;
}

/** Items that only OpenAI's own tools leave behind are passed over: those tools were not asked for. */
function readItem(item: JsonObject, { content, logprobs, citations, said }: ReadAnswer): void {
  switch (item.type) {
    case "message":
      for (const part of arrayOr(item.content)) {
        if (!isObject(part)) continue;
        const read = readPart(part);
        if (read?.type === "text") {
          citations.push(...readCitations(part.annotations, read.text, said.characters));
          said.characters += read.text.length;
        }
        if (read !== null) content.push(read);
        logprobs.push(...arrayOr(part.logprobs));
      }
      return;
    case "reasoning":
      content.push(readReasoning(item));
      return;
    case "function_call":
      content.push(readCall(item));
      return;
    case "image_generation_call":
      if (typeof item.result === "string" && item.result !== "") {
        const mediaType = `image/${stringOr(item.output_format, "png")}`;
        content.push({ type: "image", source: { kind: "data", data: item.result, mediaType } });
      }
  }
}

export function readPart(part: JsonObject): TextPart | RefusalPart | null {
  if (part.type === "refusal") return { type: "refusal", text: stringOr(part.refusal, "") };
  const text = part.type === "output_text" ? stringOr(part.text, "") : "";
  return text === "" ? null : { type: "text", text };
}

function readCall(item: JsonObject): ToolCallPart {
  const name = stringOr(item.name, "");
  const id = stringOr(item.call_id, "") || stringOr(item.id, "");
  if (name === "" || id === "") throw notAnAnswer("a function call without a name or an id");
  const part: ToolCallPart = { type: "tool_call", id, name, arguments: argumentsText(item.arguments) };
  const signature = readSignature(item);
  return signature === undefined ? part : { ...part, signature };
}

function finishReasonOf(body: JsonObject, content: readonly Part[]): FinishReason {
  return readFinishReason(
    body,
    content.some((part) => part.type === "tool_call"),
    content.some((part) => part.type === "refusal"),
  );
}

/** Of a whole answer, which the last event of a stream holds as well. The API has no word for calls and refusals. */
export function readFinishReason(response: JsonObject, hasToolCalls: boolean, hasRefusal: boolean): FinishReason {
  if (response.status === "incomplete") {
    const reason = isObject(response.incomplete_details) ? response.incomplete_details.reason : undefined;
    if (reason === "max_output_tokens") return "length";
    return reason === "content_filter" ? "content_filter" : "other";
  }
  if (response.status === "cancelled") return "error";
  if (hasToolCalls) return "tool_calls";
  return hasRefusal ? "refusal" : "stop";
}

function failedAnswer(body: JsonObject): GatewayError {
  const failure = parseStreamError({ response: body });
  return new GatewayError("provider_error", failure.message, { status: failure.status, provider: failure });
}

function notAnAnswer(what: string): GatewayError {
  return new GatewayError(
    "upstream_protocol_error",
    `The provider's answer is not a response: ${what}. Check the provider's base URL, kind and \`api\`.`,
  );
}
