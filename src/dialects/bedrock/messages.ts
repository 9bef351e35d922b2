import { createHash } from "node:crypto";
import type { Message, Part, ThinkingPart, ToolCallPart, ToolResultPart } from "../../contracts/ir.ts";
import { invalid, isObject, type JsonObject } from "../checks.ts";
import { instructionAsUserText } from "../instructions.ts";
import { tryParseJson } from "../json.ts";
import { cachePoint } from "./cache-point.ts";
import { buildAudio, buildFile, buildImage, DocumentNames } from "./media.ts";

/**
 * IR messages as `system` and `messages` of Converse.
 *
 * - Leading system and developer messages become `system`; a later one stays in its place as user text in `<system>` tags.
 * - Turns of one role in a row become one turn, since roles must alternate; within it tool results come first, as models
 *   demand that answer several calls.
 * - Empty texts, which Bedrock refuses, are left out; so is thinking without a signature, which is another provider's.
 * - `name` of a message and image `detail` have no counterpart and are dropped.
 */
export interface Conversation {
  system: JsonObject[];
  messages: Turn[];
  /** There are calls or results among the messages. */
  hasToolBlocks: boolean;
}

interface Turn {
  role: "user" | "assistant";
  content: JsonObject[];
}

const MAX_ID_LENGTH = 64;

export function buildConversation(messages: readonly Message[]): Conversation {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  const names = new DocumentNames();
  let hasToolBlocks = false;
  for (const [index, message] of messages.entries()) {
    const isInstruction = message.role === "system" || message.role === "developer";
    hasToolBlocks ||= message.content.some((part) => part.type === "tool_call" || part.type === "tool_result");
    const content = buildBlocks(message, `messages[${index}]`, names);
    if (isInstruction && turns.length === 0) {
      system.push(...content);
      continue;
    }
    if (isInstruction) {
      for (const block of content) if (typeof block.text === "string") block.text = instructionAsUserText(block.text);
    }
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  }
  if (turns.length === 0) throw invalid("messages", "must hold at least one user message with content.");
  for (const turn of turns) turn.content = resultsFirst(turn.content);
  return { system, messages: turns, hasToolBlocks };
}

/** A cache point stays behind the block it follows. */
function resultsFirst(blocks: JsonObject[]): JsonObject[] {
  if (!blocks.some((block) => block.toolResult !== undefined)) return blocks;
  const results: JsonObject[] = [];
  const others: JsonObject[] = [];
  let target = others;
  for (const block of blocks) {
    if (block.cachePoint === undefined) target = block.toolResult === undefined ? others : results;
    target.push(block);
  }
  return [...results, ...others];
}

function buildBlocks(message: Message, path: string, names: DocumentNames): JsonObject[] {
  const blocks: JsonObject[] = [];
  let toolCalls = 0;
  for (const [index, part] of message.content.entries()) {
    const block =
      part.type === "tool_call"
        ? buildToolUse(part, `${path}.tool_calls[${toolCalls++}].function.arguments`)
        : buildBlock(part, `${path}.content[${index}]`, names);
    if (block === null) continue;
    blocks.push(block);
    if ("cache" in part && part.cache !== undefined) blocks.push(cachePoint(part.cache));
  }
  return blocks;
}

function buildBlock(part: Exclude<Part, ToolCallPart>, path: string, names: DocumentNames): JsonObject | null {
  switch (part.type) {
    case "text":
    case "refusal":
      return part.text === "" ? null : { text: part.text };
    case "image":
      return buildImage(part, path);
    case "file":
      return buildFile(part, path, names);
    case "audio":
      return buildAudio(part, path);
    case "thinking":
      return buildThinking(part);
    case "tool_result":
      return buildToolResult(part, path, names);
  }
}

function buildThinking(part: ThinkingPart): JsonObject | null {
  if (part.redacted !== undefined) return { reasoningContent: { redactedContent: part.redacted } };
  if (part.signature === undefined || part.signature === "") return null;
  return { reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } };
}

function buildToolUse(part: ToolCallPart, path: string): JsonObject {
  return {
    toolUse: { toolUseId: toolUseId(part.id), name: part.name, input: parseArguments(part.arguments, path) },
  };
}

function buildToolResult(part: ToolResultPart, path: string, names: DocumentNames): JsonObject {
  const content: JsonObject[] = [];
  for (const [index, inner] of part.content.entries()) {
    const block = buildBlock(inner, `${path}.content[${index}]`, names);
    if (block !== null) content.push(block);
  }
  return {
    toolResult: {
      toolUseId: toolUseId(part.toolCallId),
      content,
      ...(part.isError === undefined ? {} : { status: part.isError ? "error" : "success" }),
    },
  };
}

/** Bedrock takes ids of up to 64 of `[a-zA-Z0-9_.:-]`; other providers' may hold more. Calls and results change alike. */
function toolUseId(id: string): string {
  if (id.length > MAX_ID_LENGTH) return createHash("sha256").update(id).digest("hex").slice(0, MAX_ID_LENGTH);
  return id.replace(/[^a-zA-Z0-9_.:-]/g, "_");
}

function parseArguments(text: string, path: string): JsonObject {
  if (text.trim() === "") return {};
  const value = tryParseJson(text);
  if (isObject(value)) return value;
  throw invalid(path, "must be the JSON text of an object.");
}
