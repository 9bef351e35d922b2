import type { AudioPart, FilePart, ImagePart, Message, Part, TextPart, ToolResultPart } from "../../contracts/ir.ts";
import { AwaitedResults } from "../awaited-results.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { formatDataUrl } from "../data-url.ts";
import { opaqueFields, unsupportedField } from "../foreign.ts";
import { writeThinking } from "./reasoning.ts";
import { writeToolCall } from "./tool-calls.ts";

export const DEFAULT_FILENAMES: Record<string, string> = {
  "application/pdf": "document.pdf",
  "text/plain": "document.txt",
  "text/markdown": "document.md",
  "text/csv": "document.csv",
  "text/html": "document.html",
};

/**
 * IR messages as `messages`. Throws `unsupported_field` for sources this dialect can't carry.
 *
 * Each tool result is a message of its own here, and holds text only: its images and files follow in a user message, the nearest
 * place where the dialect allows them. That is after the results of all calls of the turn, since nothing may stand between them.
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
  return wire;
}

/** A system, developer, user or tool message. */
function buildTurn(message: Message, path: string, wire: JsonObject[], results: AwaitedResults): void {
  const attached: Part[] = [];
  const others: Part[] = [];
  for (const part of message.content) {
    if (part.type !== "tool_result") {
      others.push(part);
      continue;
    }
    const result = buildToolResult(part, path, attached);
    wire.push(message.role === "tool" ? decorate(result, message) : result);
    results.answered(part.toolCallId);
  }
  if (others.length === 0 && attached.length === 0) return;
  const role = message.role === "tool" ? "user" : message.role;
  const content = buildContent([...attached, ...others], path);
  const turn = message.role === "tool" ? { role, content } : decorate({ role, content }, message);
  wire.push(...results.place(turn, attached.length > 0));
}

function buildToolResult(part: ToolResultPart, path: string, attached: Part[]): JsonObject {
  const texts: Part[] = [];
  for (const item of part.content) {
    // Whatever the caller put there in this very dialect stays where it was.
    if (item.type === "text" || opaqueFields(item.extra, "openai") !== undefined) texts.push(item);
    else attached.push(item);
  }
  return { role: "tool", tool_call_id: part.toolCallId, content: buildContent(texts, path) };
}

function buildAssistant(message: Message, path: string): JsonObject {
  const shown = message.content.filter((part) => part.type === "text" || part.type === "refusal" || isMedia(part));
  const thinking = message.content.filter((part) => part.type === "thinking");
  const calls = message.content.filter((part) => part.type === "tool_call").map(writeToolCall);
  const wire: JsonObject = { role: "assistant" };
  // A refusal among parts stays a part; alone it goes to the field of its own.
  const [only] = shown;
  if (shown.length === 1 && only?.type === "refusal") {
    wire.content = null;
    wire.refusal = only.text;
  } else if (shown.length === 0) {
    wire.content = calls.length > 0 ? null : "";
  } else {
    wire.content = buildContent(shown, path);
  }
  const kept = extraFields(message.extra, "openai");
  if (kept?.reasoning_content === undefined && kept?.reasoning === undefined && kept?.reasoning_details === undefined) {
    Object.assign(wire, unsignedThinking(thinking));
  }
  if (calls.length > 0) wire.tool_calls = calls;
  return decorate(wire, message);
}

/**
 * Thinking that is not signed came from a server of this dialect, which may insist on having it back (DeepSeek does
 * within a tool loop). Signed thinking belongs to another provider, and OpenAI refuses fields it does not know.
 */
function unsignedThinking(parts: Extract<Part, { type: "thinking" }>[]): Record<string, unknown> {
  return parts.some((part) => part.signature !== undefined || part.redacted !== undefined) ? {} : writeThinking(parts);
}

function decorate(wire: JsonObject, message: Message): JsonObject {
  if (message.name !== undefined) wire.name = message.name;
  return Object.assign(wire, extraFields(message.extra, "openai"));
}

/** Plain text as a string, which every server takes; anything else as parts. */
function buildContent(parts: readonly Part[], path: string): string | JsonObject[] {
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1 && first.type === "text" && extraFields(first.extra, "openai") === undefined) {
    return first.text;
  }
  return parts.map((part, index) => buildPart(part, `${path}.content[${index}]`));
}

function buildPart(part: Part, path: string): JsonObject {
  switch (part.type) {
    case "text":
      return buildText(part);
    case "refusal":
      return { type: "refusal", refusal: part.text };
    case "image":
      return buildImage(part, path);
    case "audio":
      return buildAudio(part, path);
    case "file":
      return buildFile(part, path);
    default:
      throw unsupportedField(path, `is a ${part.type} where the openai API takes none`);
  }
}

function buildText(part: TextPart): JsonObject {
  return opaqueFields(part.extra, "openai") ?? withExtra("text", part.text, part);
}

function buildImage(part: ImagePart, path: string): JsonObject {
  const { source } = part;
  if (source.kind === "file_id") {
    throw unsupportedField(path, "is an image by file id, which the openai API does not take");
  }
  const image: JsonObject = { url: source.kind === "url" ? source.url : formatDataUrl(source) };
  if (part.detail !== undefined) image.detail = part.detail;
  return withExtra("image_url", image, part);
}

function buildAudio(part: AudioPart, path: string): JsonObject {
  if (part.source.kind !== "data") {
    throw unsupportedField(path, "is audio by reference; the openai API takes audio only as base64 data");
  }
  return withExtra("input_audio", { data: part.source.data, format: part.format }, part);
}

function buildFile(part: FilePart, path: string): JsonObject {
  const { source } = part;
  if (source.kind === "file_id") {
    // Ids of another provider's store mean nothing here, but only the provider can tell.
    const file: JsonObject = { file_id: source.fileId };
    if (part.filename !== undefined) file.filename = part.filename;
    return withExtra("file", file, part);
  }
  if (source.kind === "url") {
    const file: JsonObject = { file_data: source.url };
    if (part.filename !== undefined) file.filename = part.filename;
    return withExtra("file", file, part);
  }
  const filename = part.filename ?? DEFAULT_FILENAMES[source.mediaType];
  if (filename === undefined) {
    throw unsupportedField(path, `is a file of type ${source.mediaType} without a name, which the openai API demands`);
  }
  return withExtra("file", { filename, file_data: formatDataUrl(source) }, part);
}

function withExtra(type: string, value: unknown, part: TextPart | ImagePart | AudioPart | FilePart): JsonObject {
  const fields = extraFields(part.extra, "openai");
  if (fields === undefined) return { type, [type]: value };
  const { [type]: inner, ...others } = fields;
  return { type, [type]: isObject(inner) && isObject(value) ? { ...value, ...inner } : value, ...others };
}

function isMedia(part: Part): boolean {
  return part.type === "image" || part.type === "audio" || part.type === "file";
}
