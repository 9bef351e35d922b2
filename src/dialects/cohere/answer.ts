import type { AnswerContext, TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { ChatResponse, Choice, Part } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject, takeExtra } from "../checks.ts";
import { arrayOr, stringOr } from "../json.ts";
import { citationFromWire, citationToWire } from "./citations.ts";
import { streamFailure } from "./errors.ts";
import {
  finishReasonFromWire,
  finishReasonToWire,
  logprobsFromWire,
  logprobsToWire,
  usageFromWire,
  usageToWire,
} from "./usage.ts";

/** Whole answers of the v2 API, both ways. */

const ANSWER_FIELDS = new Set(["id", "finish_reason", "message", "usage", "logprobs"]);

/**
 * Throws GatewayError `upstream_protocol_error` when the body is not an answer, and `provider_error` when it ended with an error
 * and holds nothing.
 */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  if (!isObject(body) || !isObject(body.message)) {
    throw new GatewayError("upstream_protocol_error", "The provider's answer is not a Cohere v2 chat answer.");
  }
  const { message } = body;
  const content = parseContent(message);
  const finishReason = finishReasonFromWire(body.finish_reason);
  if (finishReason === "error" && content.length === 0) {
    const failure = streamFailure(`Cohere gave no answer and ended with ${String(body.finish_reason)}.`);
    throw new GatewayError("provider_error", failure.message, { status: failure.status, provider: failure });
  }
  const choice: Choice = { index: 0, content, finishReason };
  const citations = arrayOr(message.citations)
    .map(citationFromWire)
    .filter((one) => one !== null);
  if (citations.length > 0) choice.citations = citations;
  const logprobs = Array.isArray(body.logprobs) ? logprobsFromWire(body.logprobs) : null;
  if (logprobs !== null) choice.logprobs = logprobs;
  const response: ChatResponse = { id: stringOr(body.id, ""), model: target.model, choices: [choice] };
  const usage = usageFromWire(body.usage);
  if (usage !== null) response.usage = usage;
  const extra = takeExtra("cohere", body, ANSWER_FIELDS);
  if (extra !== undefined) response.extra = extra;
  return response;
}

function parseContent(message: JsonObject): Part[] {
  const parts: Part[] = [];
  for (const item of arrayOr(message.content)) {
    if (!isObject(item)) continue;
    if (typeof item.thinking === "string") {
      const signature = typeof item.signature === "string" ? { signature: item.signature } : {};
      const redacted = typeof item.redacted === "string" ? { redacted: item.redacted } : {};
      parts.push({ type: "thinking", text: item.thinking, ...signature, ...redacted });
    } else if (typeof item.text === "string" && item.text !== "") parts.push({ type: "text", text: item.text });
  }
  if (typeof message.tool_plan === "string" && message.tool_plan !== "") {
    parts.push({ type: "text", text: message.tool_plan });
  }
  for (const call of arrayOr(message.tool_calls)) {
    if (!isObject(call)) continue;
    const fn = isObject(call.function) ? call.function : {};
    parts.push({
      type: "tool_call",
      id: stringOr(call.id, ""),
      name: stringOr(fn.name, ""),
      arguments: stringOr(fn.arguments, ""),
    });
  }
  return parts;
}

/**
 * An IR answer in the form of the v2 API. Only the first choice is written: callers of this dialect can't ask for more.
 * Images, audio and files in an answer have no place here.
 */
export function formatChatResponse(response: ChatResponse, context: AnswerContext): string {
  const [choice] = response.choices;
  const { content = [], citations = [] } = choice ?? {};
  const items = joinTexts(content.flatMap(formatPart));
  const calls = content.flatMap((part) =>
    part.type === "tool_call"
      ? [{ id: part.id, type: "function", function: { name: part.name, arguments: part.arguments || "{}" } }]
      : [],
  );
  const logprobs = logprobsToWire(choice?.logprobs);
  return JSON.stringify({
    id: response.id === "" ? context.requestId : response.id,
    finish_reason: finishReasonToWire(choice?.finishReason ?? "other"),
    message: {
      role: "assistant",
      ...(items.length > 0 ? { content: items } : {}),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(citations.length > 0 ? { citations: citations.map(citationToWire) } : {}),
    },
    ...(response.usage === undefined ? {} : { usage: usageToWire(response.usage) }),
    ...(logprobs.length > 0 ? { logprobs } : {}),
    ...extraFields(response.extra, "cohere"),
  });
}

/** An answer is one text here, which citations count from. */
function joinTexts(items: readonly JsonObject[]): JsonObject[] {
  const joined: JsonObject[] = [];
  for (const item of items) {
    const last = joined.at(-1);
    if (item.type === "text" && last?.type === "text") last.text = `${String(last.text)}${String(item.text)}`;
    else joined.push(item);
  }
  return joined;
}

function formatPart(part: Part): JsonObject[] {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "thinking":
      return [thinkingItem(part.text, part)];
    default:
      return [];
  }
}

/** `signature` and `redacted` are not Cohere's: other providers' blocks need them when they come back. */
export function thinkingItem(
  thinking: string,
  { signature, redacted }: { signature?: string; redacted?: string },
): JsonObject {
  return {
    type: "thinking",
    thinking,
    ...(signature === undefined ? {} : { signature }),
    ...(redacted === undefined ? {} : { redacted }),
  };
}
