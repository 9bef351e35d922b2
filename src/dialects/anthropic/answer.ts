import type { AnswerContext, TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { ChatResponse, Choice, Citation, Extra, FinishReason, Part, ToolCallPart } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject, takeExtra } from "../checks.ts";
import { opaqueFields } from "../foreign.ts";
import { arrayOr, tryParseJson } from "../json.ts";
import { blockCitation } from "./documents.ts";
import { finishReasonFromWire, stopReasonToWire, usageFromWire, usageToWire } from "./usage.ts";

/** Whole answers of the Messages API, both ways. */

const MESSAGE_FIELDS = new Set(["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]);

/** Throws GatewayError `upstream_protocol_error` when the body is not a message. */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  if (!isObject(body) || body.type !== "message" || !Array.isArray(body.content)) {
    throw new GatewayError("upstream_protocol_error", "The provider's answer is not an Anthropic message.");
  }
  const choice: Choice = {
    index: 0,
    content: body.content.map(parseBlock),
    finishReason: finishReasonFromWire(body.stop_reason),
  };
  const citations = citationsOf(body.content);
  if (citations.length > 0) choice.citations = citations;
  if (typeof body.stop_sequence === "string") choice.stopSequence = body.stop_sequence;
  const response: ChatResponse = {
    id: typeof body.id === "string" ? body.id : "",
    model: typeof body.model === "string" ? body.model : target.model,
    choices: [choice],
  };
  if (isObject(body.usage)) response.usage = usageFromWire(body.usage);
  const extra = takeExtra("anthropic", body, MESSAGE_FIELDS);
  if (extra !== undefined) response.extra = extra;
  return response;
}

function citationsOf(blocks: readonly unknown[]): Citation[] {
  let start = 0;
  return blocks.filter(isObject).flatMap((block) => {
    if (block.type !== "text") return [];
    const said = text(block.text);
    start += said.length;
    return blockCitation(arrayOr(block.citations), start - said.length, said);
  });
}

function parseBlock(block: unknown): Part {
  if (!isObject(block)) {
    throw new GatewayError("upstream_protocol_error", "The provider's answer holds a content block that is no object.");
  }
  switch (block.type) {
    case "text":
      return { type: "text", text: text(block.text), ...blockExtra(block, ["type", "text"]) };
    case "tool_use":
      return {
        type: "tool_call",
        id: text(block.id),
        name: text(block.name),
        arguments: JSON.stringify(block.input ?? {}),
        ...blockExtra(block, ["type", "id", "name", "input"]),
      };
    case "thinking":
      return { type: "thinking", text: text(block.thinking), signature: text(block.signature) };
    case "redacted_thinking":
      return { type: "thinking", text: "", redacted: text(block.data) };
    default:
      return { type: "text", text: "", extra: { dialect: "anthropic", fields: block } };
  }
}

function blockExtra(block: JsonObject, known: readonly string[]): { extra?: Extra } {
  const extra = takeExtra("anthropic", block, new Set(known));
  return extra === undefined ? {} : { extra };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * An IR answer as a message. Only the first choice is written: callers of this dialect can't ask for more. Images and
 * audio in an answer have no block here.
 */
export function formatChatResponse(response: ChatResponse, context: AnswerContext): string {
  const choice = response.choices[0];
  const finishReason = choice?.finishReason ?? "other";
  return JSON.stringify({
    id: response.id === "" ? context.requestId : response.id,
    type: "message",
    role: "assistant",
    model: context.model,
    content: choice?.content.flatMap((part) => formatPart(part, finishReason)) ?? [],
    stop_reason: stopReasonToWire(finishReason),
    stop_sequence: choice?.stopSequence ?? null,
    usage: usageToWire(response.usage),
    ...extraFields(response.extra, "anthropic"),
  });
}

function formatPart(part: Part, finishReason: FinishReason): JsonObject[] {
  switch (part.type) {
    case "text": {
      const opaque = opaqueFields(part.extra, "anthropic");
      if (opaque !== undefined) return [opaque];
      return part.text === "" ? [] : [{ type: "text", text: part.text, ...extraFields(part.extra, "anthropic") }];
    }
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "thinking":
      return part.redacted === undefined
        ? [{ type: "thinking", thinking: part.text, signature: part.signature ?? "" }]
        : [{ type: "redacted_thinking", data: part.redacted }];
    case "tool_call":
      return [
        {
          type: "tool_use",
          id: part.id,
          name: part.name,
          input: parseInput(part, finishReason),
          ...extraFields(part.extra, "anthropic"),
        },
      ];
    case "image":
    case "audio":
    case "file":
    case "tool_result":
      return [];
  }
}

/** Arguments cut off by the output limit become `{}`, as in Anthropic's own answers; other broken JSON is an error. */
function parseInput(part: ToolCallPart, finishReason: FinishReason): JsonObject {
  if (part.arguments.trim() === "") return {};
  const value = tryParseJson(part.arguments);
  if (isObject(value)) return value;
  if (finishReason === "length") return {};
  throw new GatewayError(
    "upstream_protocol_error",
    `The model called tool ${JSON.stringify(part.name)} with arguments that are not a JSON object.`,
  );
}
