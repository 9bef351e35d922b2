import type { FilePart, ImagePart, MediaSource, Message, Part, TextPart, ToolResultPart } from "../../contracts/ir.ts";
import { extraFields, invalid, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, unsupportedField } from "../foreign.ts";
import { instructionAsUserText } from "../instructions.ts";
import { tryParseJson } from "../json.ts";
import { withoutType } from "./format-answer.ts";
import { modelAbilities } from "./models.ts";

/**
 * IR messages as `systemInstruction` and `contents`.
 *
 * - Leading system and developer messages become `systemInstruction`; a later one stays in its place as user text in
 *   `<system>` tags, since Gemini knows no other place for it.
 * - Messages of one role in a row become one content: the responses to parallel calls must come together. Images and files of a
 *   result are parts of its response from Gemini 3 on; models before that take none there, and get them in a content after it.
 * - Images and files by URL are `fileData`; the API fetches public and signed HTTPS URLs itself (since January 2026).
 * - Thinking of earlier turns is not sent: Gemini takes back signatures, not thoughts. A function call carries the
 *   signature it came with; where there is none and the model demands one, the documented stand-in for calls that
 *   another model made.
 * - `name` of a message and image `detail` have no counterpart and are dropped, and so are empty texts.
 */

/** ai.google.dev, "Thought signatures", FAQ: for function calls that Gemini did not write. */
const SKIP_SIGNATURE_CHECK = "skip_thought_signature_validator";

const FILES_URL = "https://generativelanguage.googleapis.com/v1beta/";

interface Content {
  role: "user" | "model";
  parts: JsonObject[];
}

export function buildContents(
  messages: readonly Message[],
  model: string,
): { systemParts: JsonObject[]; contents: Content[] } {
  const systemParts: JsonObject[] = [];
  const contents: Content[] = [];
  const toolNames = new Map<string, string>();
  const { isGemini3 } = modelAbilities(model);
  let afterResponses: JsonObject[] = [];
  const flush = () => {
    if (afterResponses.length > 0) contents.push({ role: "user", parts: afterResponses });
    afterResponses = [];
  };
  for (const [index, message] of messages.entries()) {
    const isInstruction = message.role === "system" || message.role === "developer";
    const parts = buildParts(message, `messages[${index}]`, toolNames, isGemini3 ? null : afterResponses);
    if (isInstruction && contents.length === 0) {
      systemParts.push(...parts);
      continue;
    }
    if (isInstruction) {
      for (const part of parts) part.text = instructionAsUserText(String(part.text));
    }
    const role = message.role === "assistant" ? "model" : "user";
    if (role === "model" && isGemini3) signFirstCall(parts);
    if (role === "model") flush();
    else if (afterResponses.length > 0) moveOthers(parts, afterResponses);
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else if (parts.length > 0) contents.push({ role, parts });
  }
  flush();
  if (contents.length === 0) throw invalid("messages", "must hold at least one user message with content.");
  return { systemParts, contents };
}

/** What the user says comes after the media that are waiting for the last response. */
function moveOthers(parts: JsonObject[], afterResponses: JsonObject[]): void {
  const responses = parts.filter((part) => part.functionResponse !== undefined);
  afterResponses.push(...parts.filter((part) => part.functionResponse === undefined));
  parts.splice(0, parts.length, ...responses);
}

/** Of parallel calls only the first carries a signature. */
function signFirstCall(parts: JsonObject[]): void {
  const call = parts.find((part) => part.functionCall !== undefined);
  if (call !== undefined) call.thoughtSignature ??= SKIP_SIGNATURE_CHECK;
}

/** `media`: where those of results go; null: into the responses. */
function buildParts(
  message: Message,
  path: string,
  toolNames: Map<string, string>,
  media: JsonObject[] | null,
): JsonObject[] {
  const parts: JsonObject[] = [];
  let toolCalls = 0;
  for (const [index, part] of message.content.entries()) {
    const partPath = `${path}.content[${index}]`;
    switch (part.type) {
      case "tool_call": {
        toolNames.set(part.id, part.name);
        const args = parseArguments(part.arguments, `${path}.tool_calls[${toolCalls}].function.arguments`);
        const signature = part.signature === undefined ? {} : { thoughtSignature: part.signature };
        parts.push({ functionCall: { id: part.id, name: part.name, args }, ...signature });
        toolCalls += 1;
        break;
      }
      case "tool_result":
        parts.push(buildFunctionResponse(part, path, partPath, toolNames, media));
        break;
      case "thinking":
        break;
      default: {
        const built = buildPart(part, partPath);
        if (built !== null) parts.push(built);
      }
    }
  }
  return parts;
}

type PlainPart = Exclude<Part, { type: "tool_call" | "tool_result" | "thinking" }>;

function buildPart(part: PlainPart, path: string): JsonObject | null {
  switch (part.type) {
    case "text": {
      const opaque = opaqueFields(part.extra, "gemini");
      if (opaque !== undefined) return withoutType(opaque);
      return part.text === "" ? null : { text: part.text, ...extraFields(part.extra, "gemini") };
    }
    case "refusal":
      return part.text === "" ? null : { text: part.text };
    case "image":
      return buildMedia(part.source, `${path}.image_url`);
    case "file":
      return buildMedia(part.source, `${path}.file`);
    case "audio":
      return buildMedia(part.source, `${path}.input_audio`);
  }
}

function buildMedia(source: MediaSource, path: string): JsonObject {
  switch (source.kind) {
    case "data":
      return { inlineData: { mimeType: source.mediaType, data: source.data } };
    case "url": {
      const mimeType = source.mediaType === undefined ? {} : { mimeType: source.mediaType };
      return { fileData: { fileUri: source.url, ...mimeType } };
    }
    case "file_id":
      return { fileData: { fileUri: fileUri(source.fileId, path) } };
  }
}

/** Gemini names a file `files/abc`, by its URI, or by a Google Cloud Storage URI; another provider's id means nothing to it. */
function fileUri(fileId: string, path: string): string {
  if (/^files\/[\w-]+$/.test(fileId)) return FILES_URL + fileId;
  if (fileId.startsWith("https://") || fileId.startsWith("gs://")) return fileId;
  throw unsupportedField(`${path}.file_id`, "is not a file of Gemini's (files/…, https://… or gs://…)");
}

/**
 * Gemini pairs a response with its call by id and demands the function's name. Texts go under `output`, or `error` for a
 * failed call, as documented (several as a list); media beside them as parts of the response, or in `media`.
 */
function buildFunctionResponse(
  part: ToolResultPart,
  messagePath: string,
  path: string,
  toolNames: ReadonlyMap<string, string>,
  media: JsonObject[] | null,
): JsonObject {
  const name = part.name ?? toolNames.get(part.toolCallId);
  if (name === undefined) {
    throw invalid(`${messagePath}.tool_call_id`, "answers no tool call of an earlier assistant message.");
  }
  const texts = part.content.filter((inner): inner is TextPart => inner.type === "text").map((inner) => inner.text);
  const held = part.content.filter((inner): inner is ImagePart | FilePart => inner.type !== "text");
  const output = texts.length > 1 ? texts : (texts[0] ?? "");
  const response: JsonObject = {
    id: part.toolCallId,
    name,
    response: part.isError === true ? { error: output } : { output },
  };
  const heldParts = held.map((inner) => buildMedia(inner.source, path));
  if (media !== null) media.push(...heldParts);
  else if (heldParts.length > 0) response.parts = heldParts;
  return { functionResponse: response };
}

function parseArguments(text: string, path: string): JsonObject {
  if (text.trim() === "") return {};
  const value = tryParseJson(text);
  if (isObject(value)) return value;
  throw invalid(path, "must be the JSON text of an object.");
}
