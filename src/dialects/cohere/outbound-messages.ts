import type { ImagePart, Message, Part, TextPart, ThinkingPart } from "../../contracts/ir.ts";
import { AwaitedResults } from "../awaited-results.ts";
import { extraFields, invalid, type JsonObject } from "../checks.ts";
import { formatDataUrl } from "../data-url.ts";
import { opaqueFields, unsupportedField } from "../foreign.ts";

/**
 * IR messages as `messages` of the v2 API.
 *
 * - Text of an assistant beside its tool calls is `tool_plan`, Cohere's place for it.
 * - Thinking goes back where it is Cohere's, whose blocks are not signed.
 * - A tool result is a message of its own and holds text: its images follow in a user message, the nearest place where they are
 *   allowed. That is after the results of all calls of the turn.
 * - `name` of a message has no counterpart and is dropped, and so are empty texts.
 */
export function buildMessages(messages: readonly Message[]): JsonObject[] {
  const wire: JsonObject[] = [];
  const results = new AwaitedResults();
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if (message.role === "assistant") wire.push(...results.called(message), buildAssistant(message, path));
    else buildTurn(message, path, wire, results);
  }
  wire.push(...results.release());
  if (wire.length === 0) throw invalid("messages", "must hold at least one message.");
  return wire;
}

function buildTurn(message: Message, path: string, wire: JsonObject[], results: AwaitedResults): void {
  const content: JsonObject[] = [];
  let ofResult = false;
  for (const [index, part] of message.content.entries()) {
    const partPath = `${path}.content[${index}]`;
    if (part.type !== "tool_result") {
      content.push(...buildContent(part, partPath));
      continue;
    }
    const texts = part.content.filter((inner): inner is TextPart => inner.type === "text");
    wire.push({
      role: "tool",
      tool_call_id: part.toolCallId,
      content: toolText(texts),
      ...extraFields(part.extra, "cohere"),
    });
    results.answered(part.toolCallId);
    for (const inner of part.content) if (inner.type !== "text") content.push(...buildContent(inner, partPath));
    ofResult ||= content.length > 0;
  }
  const isInstruction = message.role === "system" || message.role === "developer";
  if (content.length === 0) return;
  const role = isInstruction ? "system" : "user";
  const turn = { role, content: plainText(content) ?? content, ...extraFields(message.extra, "cohere") };
  wire.push(...results.place(turn, ofResult));
}

/** Texts and documents, where the caller speaks this dialect. */
function toolText(texts: readonly TextPart[]): string | JsonObject[] {
  if (texts.every((text) => opaqueFields(text.extra, "cohere") === undefined)) {
    return texts.map(({ text }) => text).join("\n");
  }
  return texts.map((text) => opaqueFields(text.extra, "cohere") ?? { type: "text", text: text.text });
}

/** One text as a string, as most callers write it. */
function plainText(content: readonly JsonObject[]): string | null {
  const [only] = content;
  return content.length === 1 && only?.type === "text" && Object.keys(only).length === 2 ? String(only.text) : null;
}

function buildAssistant(message: Message, path: string): JsonObject {
  const calls: JsonObject[] = [];
  const content: JsonObject[] = [];
  for (const [index, part] of message.content.entries()) {
    if (part.type === "tool_call") {
      const fn = { name: part.name, arguments: part.arguments.trim() === "" ? "{}" : part.arguments };
      calls.push({ id: part.id, type: "function", function: fn });
    } else content.push(...buildContent(part, `${path}.content[${index}]`));
  }
  const wire: JsonObject = { role: "assistant" };
  const texts = content.filter(({ type }) => type === "text");
  if (calls.length > 0) {
    const plan = texts.map(({ text }) => String(text)).join("");
    if (plan !== "") wire.tool_plan = plan;
    const thoughts = content.filter(({ type }) => type !== "text");
    if (thoughts.length > 0) wire.content = thoughts;
    wire.tool_calls = calls;
  } else wire.content = content.length === 0 ? "" : (plainText(content) ?? content);
  return Object.assign(wire, extraFields(message.extra, "cohere"));
}

function buildContent(part: Part, path: string): JsonObject[] {
  switch (part.type) {
    case "text": {
      const opaque = opaqueFields(part.extra, "cohere");
      if (opaque !== undefined) return [opaque];
      return part.text === "" ? [] : [{ type: "text", text: part.text, ...extraFields(part.extra, "cohere") }];
    }
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "thinking":
      return buildThinking(part);
    case "image":
      return [buildImage(part, path)];
    case "audio":
      throw unsupportedField(`${path}.input_audio`, "holds audio, which Cohere's models don't take");
    case "file":
      throw unsupportedField(`${path}.file`, "is a file; Cohere's models take text and images");
    case "tool_call":
    case "tool_result":
      return [];
  }
}

function buildThinking({ text, signature, redacted }: ThinkingPart): JsonObject[] {
  if (signature !== undefined || redacted !== undefined || text === "") return [];
  return [{ type: "thinking", thinking: text }];
}

function buildImage({ source, detail }: ImagePart, path: string): JsonObject {
  if (source.kind === "file_id") {
    throw unsupportedField(`${path}.image_url`, "is an image by file id, which Cohere does not take");
  }
  const url = source.kind === "url" ? source.url : formatDataUrl(source);
  return { type: "image_url", image_url: { url, ...(detail === undefined ? {} : { detail }) } };
}
