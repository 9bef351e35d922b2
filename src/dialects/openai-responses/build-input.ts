import type { FilePart, ImagePart, Message, Part, TextPart, ToolResultPart } from "../../contracts/ir.ts";
import { extraFields, type JsonObject } from "../checks.ts";
import { formatDataUrl } from "../data-url.ts";
import { opaqueFields, unsupportedField } from "../foreign.ts";
import { DEFAULT_FILENAMES } from "../openai/build-messages.ts";
import { buildReasoning } from "./reasoning.ts";

/**
 * IR messages as `input` items. Each tool call, tool result and block of reasoning is an item of its own; what stands
 * between them are messages.
 *
 * - `name` of a message has no counterpart and is dropped, and so is that a tool's result is an error: its text says so.
 * - Thinking of other providers is not sent: OpenAI takes back what it has encrypted, not thoughts.
 */
export function buildInput(messages: readonly Message[]): JsonObject[] {
  const input: JsonObject[] = [];
  for (const [index, message] of messages.entries()) {
    const opaque = opaqueFields(message.extra, "openai-responses");
    if (opaque !== undefined) input.push(opaque);
    else buildItems(message, `messages[${index}]`, input);
  }
  return input;
}

function buildItems(message: Message, path: string, input: JsonObject[]): void {
  let content: JsonObject[] = [];
  const role = message.role === "tool" ? "user" : message.role;
  const flush = () => {
    const extra = extraFields(message.extra, "openai-responses");
    if (content.length > 0) input.push({ type: "message", role, content: plainText(content), ...extra });
    content = [];
  };
  for (const [index, part] of message.content.entries()) {
    const item = buildItem(part, path);
    if (item === undefined) {
      const built = buildPart(part, message.role === "assistant", `${path}.content[${index}]`);
      if (built !== null) content.push(built);
      continue;
    }
    flush();
    if (item !== null) input.push(item);
  }
  flush();
}

/** undefined: it belongs to a message; null: it is left out. */
function buildItem(part: Part, path: string): JsonObject | null | undefined {
  switch (part.type) {
    case "tool_call":
      return {
        type: "function_call",
        call_id: part.id,
        name: part.name,
        arguments: part.arguments,
        ...extraFields(part.extra, "openai-responses"),
      };
    case "tool_result":
      return buildOutput(part, path);
    case "thinking":
      return buildReasoning(part);
    default:
      return undefined;
  }
}

function buildOutput(part: ToolResultPart, path: string): JsonObject {
  const content = part.content.flatMap((inner, index) => {
    const built = buildPart(inner, false, `${path}.content[${index}]`);
    return built === null ? [] : [built];
  });
  return {
    type: "function_call_output",
    call_id: part.toolCallId,
    output: plainText(content),
    ...extraFields(part.extra, "openai-responses"),
  };
}

/** Text alone as a string, which every server takes; anything else as parts. */
function plainText(content: readonly JsonObject[]): string | readonly JsonObject[] {
  const [only] = content;
  if (only === undefined) return "";
  const isPlain = content.length === 1 && Object.keys(only).length === 2 && typeof only.text === "string";
  return isPlain ? (only.text as string) : content;
}

function buildPart(part: Part, isAnswer: boolean, path: string): JsonObject | null {
  switch (part.type) {
    case "text":
      return buildText(part, isAnswer);
    case "refusal":
      return part.text === "" ? null : { type: "refusal", refusal: part.text };
    case "image":
      return buildImage(part);
    case "file":
      return buildFile(part, path);
    case "audio":
      throw unsupportedField(`${path}.input_audio`, "holds audio, which the Responses API does not take");
    default:
      throw unsupportedField(path, `is a ${part.type} where the Responses API takes none`);
  }
}

function buildText(part: TextPart, isAnswer: boolean): JsonObject | null {
  const opaque = opaqueFields(part.extra, "openai-responses");
  if (opaque !== undefined) return opaque;
  if (part.text === "") return null;
  const type = isAnswer ? "output_text" : "input_text";
  return { type, text: part.text, ...extraFields(part.extra, "openai-responses") };
}

function buildImage(part: ImagePart): JsonObject {
  const { source } = part;
  const image: JsonObject = { type: "input_image", detail: part.detail ?? "auto" };
  if (source.kind === "file_id") image.file_id = source.fileId;
  else image.image_url = source.kind === "url" ? source.url : formatDataUrl(source);
  return Object.assign(image, extraFields(part.extra, "openai-responses"));
}

function buildFile(part: FilePart, path: string): JsonObject {
  const { source } = part;
  const file: JsonObject = { type: "input_file" };
  const filename = part.filename ?? (source.kind === "data" ? DEFAULT_FILENAMES[source.mediaType] : undefined);
  if (source.kind === "data" && filename === undefined) {
    throw unsupportedField(path, `is a file of type ${source.mediaType} without a name, which OpenAI demands`);
  }
  // What comes by URL is named by the URL.
  if (filename !== undefined && source.kind !== "url") file.filename = filename;
  if (source.kind === "data") file.file_data = formatDataUrl(source);
  else if (source.kind === "url") file.file_url = source.url;
  else file.file_id = source.fileId;
  return Object.assign(file, extraFields(part.extra, "openai-responses"));
}
