import type { AnswerContext } from "../../contracts/dialect.ts";
import type { ChatResponse, Choice, ImagePart } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { formatDataUrl } from "../data-url.ts";
import { writeAnnotations } from "./annotations.ts";
import { writeFinishReason } from "./finish-reason.ts";
import { writeThinking } from "./reasoning.ts";
import { writeToolCall } from "./tool-calls.ts";
import { writeUsage } from "./usage.ts";

/** The JSON text of a `chat.completion`. */
export function formatChatResponse(response: ChatResponse, context: AnswerContext): string {
  const wire: JsonObject = {
    id: completionId(response.id, context),
    object: "chat.completion",
    created: response.createdAt ?? nowSeconds(),
    model: context.model,
    choices: response.choices.map(formatChoice),
  };
  if (response.usage !== undefined) wire.usage = writeUsage(response.usage);
  return JSON.stringify(Object.assign(wire, extraFields(response.extra, "openai")));
}

export function completionId(id: string, context: AnswerContext): string {
  return id === "" ? `chatcmpl-${context.requestId}` : id;
}

/** `created` is required; a provider that does not tell is answering now. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function formatChoice(choice: Choice): JsonObject {
  const { message: messageFields, ...others } = extraFields(choice.extra, "openai") ?? {};
  const message = formatMessage(choice);
  if (isObject(messageFields)) Object.assign(message, messageFields);
  return {
    index: choice.index,
    message,
    logprobs: choice.logprobs ?? null,
    finish_reason: writeFinishReason(choice.finishReason, message.refusal !== null),
    ...others,
  };
}

function formatMessage({ content, citations = [] }: Choice): JsonObject {
  const texts = content.filter((part) => part.type === "text").map((part) => part.text);
  const refusals = content.filter((part) => part.type === "refusal").map((part) => part.text);
  const calls = content.filter((part) => part.type === "tool_call").map(writeToolCall);
  const images = content.filter((part) => part.type === "image").flatMap(formatImage);
  const message: JsonObject = {
    role: "assistant",
    content: texts.length > 0 ? texts.join("") : null,
    refusal: refusals.length > 0 ? refusals.join("") : null,
    ...writeThinking(content.filter((part) => part.type === "thinking")),
  };
  const annotations = writeAnnotations(citations);
  if (annotations.length > 0) message.annotations = annotations;
  if (images.length > 0) message.images = images;
  if (calls.length > 0) message.tool_calls = calls;
  return message;
}

/** As OpenRouter and LiteLLM do: OpenAI's own chat completions draw nothing. */
function formatImage({ source }: ImagePart): JsonObject[] {
  if (source.kind === "file_id") return [];
  return [{ type: "image_url", image_url: { url: source.kind === "url" ? source.url : formatDataUrl(source) } }];
}
