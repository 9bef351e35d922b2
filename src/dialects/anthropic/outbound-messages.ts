import type {
  CacheMarker,
  Extra,
  FilePart,
  ImagePart,
  MediaSource,
  Message,
  Part,
  TextPart,
  ThinkingPart,
  ToolResultPart,
} from "../../contracts/ir.ts";
import { extraFields, invalid, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields, unsupportedField } from "../foreign.ts";
import { instructionAsUserText } from "../instructions.ts";
import { tryParseJson } from "../json.ts";
import { isNamedSignature } from "../signatures.ts";
import { modelAbilities } from "./models.ts";

/**
 * IR messages as `system` and `messages` of the Messages API.
 *
 * - Leading system and developer messages are gathered in `system`. A later one is a `system` message where the caller
 *   speaks this dialect, or where the model takes it and it stands as documented (after a user turn, before an
 *   assistant turn or at the end); elsewhere it stays in its place as user text in `<system>` tags.
 * - Turns of one role in a row become one turn, since the results of parallel calls must come together, and within it
 *   tool results come first, as the API demands.
 * - Empty texts, which the API refuses, are left out; so is thinking without a signature or with one that
 *   names another dialect, which is another provider's.
 * - `name` of a message has no counterpart and is dropped.
 */

interface Turn {
  role: "user" | "assistant" | "system";
  blocks: JsonObject[];
  extra: Record<string, unknown> | undefined;
}

/** `native`: the request came in this dialect. */
export function buildMessages(
  messages: readonly Message[],
  native: boolean,
  model: string,
): { system: JsonObject[]; messages: JsonObject[] } {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    const blocks = buildBlocks(message, `messages[${index}]`);
    const isInstruction = message.role === "system" || message.role === "developer";
    if (isInstruction && turns.length === 0) {
      system.push(...blocks);
    } else if (blocks.length > 0) {
      const role = isInstruction ? "system" : message.role === "assistant" ? "assistant" : "user";
      turns.push({ role, blocks, extra: extraFields(message.extra, "anthropic") });
    }
  }
  const placed = native ? mergeTurns(turns) : placeInstructions(mergeTurns(turns), model);
  if (placed.length === 0) throw invalid("messages", "must hold at least one user message with content.");
  return {
    system,
    messages: placed.map((turn) => ({ role: turn.role, content: resultsFirst(turn.blocks), ...turn.extra })),
  };
}

function mergeTurns(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    if (last === undefined || last.role !== turn.role) {
      merged.push({ ...turn, blocks: [...turn.blocks] });
      continue;
    }
    last.blocks.push(...turn.blocks);
    if (turn.extra !== undefined) last.extra = { ...last.extra, ...turn.extra };
  }
  return merged;
}

function placeInstructions(turns: readonly Turn[], model: string): Turn[] {
  const { midConversationSystem } = modelAbilities(model);
  const placed = turns.map((turn, index): Turn => {
    if (turn.role !== "system") return turn;
    const followsUser = turns[index - 1]?.role === "user";
    const next = turns[index + 1];
    if (midConversationSystem && followsUser && (next === undefined || next.role === "assistant")) return turn;
    const blocks = turn.blocks.map((block) => ({ ...block, text: instructionAsUserText(String(block.text)) }));
    return { role: "user", blocks, extra: turn.extra };
  });
  return mergeTurns(placed);
}

function resultsFirst(blocks: JsonObject[]): JsonObject[] {
  const results = blocks.filter((block) => block.type === "tool_result");
  if (results.length === 0) return blocks;
  return [...results, ...blocks.filter((block) => block.type !== "tool_result")];
}

function buildBlocks(message: Message, path: string): JsonObject[] {
  const blocks: JsonObject[] = [];
  let toolCalls = 0;
  for (const [index, part] of message.content.entries()) {
    if (part.type === "tool_call") {
      blocks.push({
        type: "tool_use",
        id: toolUseId(part.id),
        name: part.name,
        input: parseArguments(part.arguments, `${path}.tool_calls[${toolCalls}].function.arguments`),
        ...common(part),
      });
      toolCalls += 1;
      continue;
    }
    const block = buildBlock(part, `${path}.content[${index}]`);
    if (block !== null) blocks.push(block);
  }
  return blocks;
}

function buildBlock(part: Exclude<Part, { type: "tool_call" }>, path: string): JsonObject | null {
  switch (part.type) {
    case "text":
    case "image":
    case "file":
      return buildMediaBlock(part, path);
    case "tool_result":
      return buildToolResult(part, path);
    case "thinking":
      return buildThinking(part);
    case "refusal":
      return part.text === "" ? null : { type: "text", text: part.text };
    case "audio":
      throw unsupportedField(`${path}.input_audio`, "holds audio, which Anthropic's models don't take");
  }
}

function buildMediaBlock(part: TextPart | ImagePart | FilePart, path: string): JsonObject | null {
  switch (part.type) {
    case "text": {
      const opaque = opaqueFields(part.extra, "anthropic");
      if (opaque !== undefined) return opaque;
      return part.text === "" ? null : { type: "text", text: part.text, ...common(part) };
    }
    case "image":
      return { type: "image", source: buildSource(part.source), ...common(part) };
    case "file":
      return buildDocument(part, path);
  }
}

function buildDocument(part: FilePart, path: string): JsonObject {
  const { source } = part;
  const mediaType = source.kind === "file_id" ? undefined : source.mediaType;
  if (mediaType?.startsWith("image/")) return { type: "image", source: buildSource(source), ...common(part) };
  if (source.kind === "data" && source.mediaType !== "application/pdf" && !source.mediaType.startsWith("text/")) {
    throw unsupportedField(
      `${path}.file`,
      `is of type ${JSON.stringify(source.mediaType)}, but Anthropic takes PDF, plain text and images only`,
    );
  }
  const title = part.filename === undefined ? {} : { title: part.filename };
  return { type: "document", source: buildSource(source), ...title, ...common(part) };
}

/** The API knows one type of text, `text/plain`, and takes it as it is instead of in base64. */
function buildSource(source: MediaSource): JsonObject {
  switch (source.kind) {
    case "url":
      return { type: "url", url: source.url };
    case "file_id":
      return { type: "file", file_id: source.fileId };
    case "data":
      return source.mediaType.startsWith("text/")
        ? { type: "text", media_type: "text/plain", data: Buffer.from(source.data, "base64").toString("utf8") }
        : { type: "base64", media_type: source.mediaType, data: source.data };
  }
}

/** Whether some part is a file that the provider keeps. */
export function nameFiles(messages: readonly Message[]): boolean {
  const isHeld = (part: Part): boolean => {
    if (part.type === "tool_result") return part.content.some(isHeld);
    return (part.type === "image" || part.type === "file") && part.source.kind === "file_id";
  };
  return messages.some(({ content }) => content.some(isHeld));
}

function buildToolResult(part: ToolResultPart, path: string): JsonObject {
  const content: JsonObject[] = [];
  for (const [index, inner] of part.content.entries()) {
    const block = buildMediaBlock(inner, `${path}.content[${index}]`);
    if (block !== null) content.push(block);
  }
  return {
    type: "tool_result",
    tool_use_id: toolUseId(part.toolCallId),
    ...(content.length === 0 ? {} : { content }),
    ...(part.isError === undefined ? {} : { is_error: part.isError }),
    ...common(part),
  };
}

function buildThinking(part: ThinkingPart): JsonObject | null {
  if (part.redacted !== undefined) return { type: "redacted_thinking", data: part.redacted, ...common(part) };
  if (part.signature === undefined || part.signature === "" || isNamedSignature(part.signature)) return null;
  return { type: "thinking", thinking: part.text, signature: part.signature, ...common(part) };
}

/** The API takes ids of `[a-zA-Z0-9_-]+`; other providers' may hold more. Calls and results change alike. */
function toolUseId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, "_");
}

function parseArguments(text: string, path: string): JsonObject {
  if (text.trim() === "") return {};
  const value = tryParseJson(text);
  if (isObject(value)) return value;
  throw invalid(path, "must be the JSON text of an object.");
}

function common(part: { cache?: CacheMarker; extra?: Extra }): JsonObject {
  return { ...cacheControl(part.cache), ...extraFields(part.extra, "anthropic") };
}

export function cacheControl(cache: CacheMarker | undefined): JsonObject {
  return cache === undefined ? {} : { cache_control: { type: "ephemeral", ...cache } };
}
