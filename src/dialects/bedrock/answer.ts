import type { TargetModel } from "../../contracts/dialect.ts";
import { GatewayError, type ProviderFailure } from "../../contracts/errors.ts";
import type { ChatResponse, Choice, Part } from "../../contracts/ir.ts";
import { isObject, type JsonObject, takeExtra } from "../checks.ts";
import { arrayOr, stringOr } from "../json.ts";
import { citationOf } from "./citations.ts";
import { mediaTypeOf } from "./media.ts";
import { finishReasonFromWire, reasoningTokensOf, stopSequenceOf, usageFromWire } from "./usage.ts";

/** Whole answers of Converse: `{output: {message}, stopReason, usage, metrics, trace, …}`. */

const ANSWER_FIELDS = new Set(["output", "stopReason", "usage"]);

/**
 * Throws GatewayError `upstream_protocol_error` when the body is not an answer, and `provider_error` when the model failed
 * to give one. An answer has no id of its own.
 */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  const message = isObject(body) && isObject(body.output) ? body.output.message : undefined;
  if (!isObject(body) || !isObject(message) || !Array.isArray(message.content)) {
    throw new GatewayError("upstream_protocol_error", "The provider's answer is not one of Bedrock's Converse.");
  }
  const choice = parseMessage(message.content);
  choice.finishReason = finishReasonFromWire(body.stopReason);
  Object.assign(choice, stopSequenceOf(body.additionalModelResponseFields));
  if (choice.finishReason === "error" && choice.content.length === 0) {
    const failure = failedAnswer(body.stopReason);
    throw new GatewayError("provider_error", failure.message, { status: failure.status, provider: failure });
  }
  const response: ChatResponse = { id: "", model: invokedModel(body) ?? target.model, choices: [choice] };
  const usage = usageFromWire(body.usage);
  if (usage !== null) response.usage = { ...usage, ...reasoningTokensOf(body.additionalModelResponseFields) };
  const extra = takeExtra("bedrock", body, ANSWER_FIELDS);
  if (extra !== undefined) response.extra = extra;
  return response;
}

/** The model wrote what Bedrock could not read, and nothing else: another attempt may well heal that. */
export function failedAnswer(stopReason: unknown): ProviderFailure {
  const message = `Bedrock gave no answer and ended with ${String(stopReason)}.`;
  return { status: 502, type: String(stopReason), code: null, param: null, message, retryAfterMs: null };
}

/** The model that a prompt router chose; null where there was none. */
export function invokedModel({ trace }: JsonObject): string | null {
  const router = isObject(trace) ? trace.promptRouter : undefined;
  return isObject(router) ? stringOr(router.invokedModelId, null) : null;
}

function parseMessage(blocks: readonly unknown[]): Choice {
  const choice: Choice = { index: 0, content: [], finishReason: "other" };
  let textLength = 0;
  for (const block of blocks) {
    if (!isObject(block)) {
      throw new GatewayError("upstream_protocol_error", "The provider's answer holds a block that is no object.");
    }
    const part = parseBlock(block);
    if (part === null) continue;
    choice.content.push(part);
    if (part.type !== "text") continue;
    const cited = isObject(block.citationsContent) ? arrayOr(block.citationsContent.citations) : [];
    const citation = citationOf(cited, textLength, part.text);
    if (citation !== null) choice.citations = [...(choice.citations ?? []), citation];
    textLength += part.text.length;
  }
  return choice;
}

/** null: what only Bedrock's own tools leave behind, which were not asked for. */
function parseBlock(block: JsonObject): Part | null {
  if (typeof block.text === "string") return { type: "text", text: block.text };
  if (isObject(block.toolUse)) return parseToolUse(block.toolUse);
  if (isObject(block.reasoningContent)) return parseReasoning(block.reasoningContent);
  if (isObject(block.citationsContent)) {
    const pieces = arrayOr(block.citationsContent.content).filter(isObject);
    return { type: "text", text: pieces.map((piece) => stringOr(piece.text, "")).join("") };
  }
  if (isObject(block.image)) return parseMedia("image", block.image);
  if (isObject(block.document)) return parseMedia("document", block.document);
  if (isObject(block.video)) return parseMedia("video", block.video);
  return isObject(block.audio) ? parseMedia("audio", block.audio) : null;
}

function parseToolUse(toolUse: JsonObject): Part | null {
  if (isServerTool(toolUse)) return null;
  const { toolUseId, name, input } = toolUse;
  return {
    type: "tool_call",
    id: stringOr(toolUseId, ""),
    name: stringOr(name, ""),
    arguments: JSON.stringify(input ?? {}),
  };
}

/** A call that Bedrock makes itself. */
export function isServerTool(toolUse: JsonObject): boolean {
  return toolUse.type === "server_tool_use";
}

function parseReasoning({ reasoningText, redactedContent }: JsonObject): Part | null {
  if (typeof redactedContent === "string") return { type: "thinking", text: "", redacted: redactedContent };
  if (!isObject(reasoningText)) return null;
  const { text, signature } = reasoningText;
  const signed = typeof signature === "string" ? { signature } : {};
  return { type: "thinking", text: stringOr(text, ""), ...signed };
}

function parseMedia(kind: "image" | "document" | "video" | "audio", block: JsonObject): Part | null {
  const { source, format, name } = block;
  if (!isObject(source) || typeof source.bytes !== "string" || typeof format !== "string") return null;
  const data = { kind: "data", data: source.bytes, mediaType: mediaTypeOf(kind, format) } as const;
  if (kind === "audio") return { type: "audio", source: data, format };
  if (kind === "image") return { type: "image", source: data };
  return { type: "file", source: data, ...(typeof name === "string" ? { filename: name } : {}) };
}
