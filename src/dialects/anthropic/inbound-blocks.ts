import type {
  CacheMarker,
  Extra,
  FilePart,
  ImagePart,
  MediaSource,
  Part,
  TextPart,
  ToolResultPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  asString,
  fieldPath,
  invalid,
  type JsonObject,
  optionalBoolean,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
  takeExtra,
  takeUnknown,
} from "../checks.ts";

/**
 * Content blocks of the Messages API as IR parts. Types the IR has no word for (search results, server tools and what
 * they leave behind) become a text part that holds them whole, and an entry of `untranslatable`.
 */

export type MessageRole = "user" | "assistant" | "system";

const CACHE_FIELDS = new Set(["type", "ttl"]);
const TEXT_FIELDS = new Set(["type", "text", "cache_control"]);
const IMAGE_FIELDS = new Set(["type", "source", "cache_control"]);
const DOCUMENT_FIELDS = new Set(["type", "source", "title", "cache_control"]);
const TOOL_USE_FIELDS = new Set(["type", "id", "name", "input", "cache_control"]);
const TOOL_RESULT_FIELDS = new Set(["type", "tool_use_id", "content", "is_error", "cache_control"]);
const THINKING_FIELDS = new Set(["type", "thinking", "signature"]);
const REDACTED_THINKING_FIELDS = new Set(["type", "data"]);

/** Which role may hold a block; the other types are the provider's to judge. */
const ROLE_OF_BLOCK: ReadonlyMap<string, MessageRole> = new Map([
  ["tool_use", "assistant"],
  ["thinking", "assistant"],
  ["redacted_thinking", "assistant"],
  ["tool_result", "user"],
]);

/** A string, or an array of blocks. */
export function parseContent(
  content: unknown,
  path: string,
  role: MessageRole,
  untranslatable: Untranslatable[],
): Part[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) {
    throw invalid(path, content === undefined ? "is required." : "must be a string or an array of content blocks.");
  }
  return content.map((block: unknown, index) => parseBlock(block, `${path}[${index}]`, role, untranslatable));
}

/** System prompts hold nothing but text. */
export function parseSystem(system: unknown): TextPart[] {
  if (typeof system === "string") return system === "" ? [] : [{ type: "text", text: system }];
  if (!Array.isArray(system)) throw invalid("system", "must be a string or an array of text blocks.");
  return system.map((block: unknown, index) => {
    const path = `system[${index}]`;
    const object = asObject(block, path);
    asOneOf(object.type, fieldPath(path, "type"), ["text"]);
    return parseText(object, path);
  });
}

/** `cache` and `extra` of a block or tool whose own fields are `known`. */
export function commonFields(
  object: JsonObject,
  known: ReadonlySet<string>,
  path: string,
): { cache?: CacheMarker; extra?: Extra } {
  const common: { cache?: CacheMarker; extra?: Extra } = {};
  const extra = takeExtra("anthropic", object, known);
  if (extra !== undefined) common.extra = extra;
  const cacheControl = optionalObject(object, "cache_control", path);
  if (cacheControl === undefined) return common;
  const cachePath = fieldPath(path, "cache_control");
  asOneOf(cacheControl.type, fieldPath(cachePath, "type"), ["ephemeral"]);
  const ttl = optionalOneOf(cacheControl, "ttl", cachePath, ["5m", "1h"]);
  common.cache = ttl === undefined ? {} : { ttl };
  if (takeUnknown(cacheControl, CACHE_FIELDS) !== undefined) {
    common.extra = { dialect: "anthropic", fields: { ...extra?.fields, cache_control: cacheControl } };
  }
  return common;
}

function parseBlock(value: unknown, path: string, role: MessageRole, untranslatable: Untranslatable[]): Part {
  const block = asObject(value, path);
  const type = requiredNonEmptyString(block, "type", path);
  const expectedRole = ROLE_OF_BLOCK.get(type);
  if (expectedRole !== undefined && expectedRole !== role) {
    throw invalid(path, `is a ${type} block, which only ${expectedRole} messages may hold.`);
  }
  if (role === "system" && type !== "text")
    throw invalid(path, "must be a text block: system messages hold only text.");
  switch (type) {
    case "tool_use":
      return {
        type: "tool_call",
        id: requiredNonEmptyString(block, "id", path),
        name: requiredNonEmptyString(block, "name", path),
        arguments: JSON.stringify(requiredObject(block, "input", path)),
        ...commonFields(block, TOOL_USE_FIELDS, path),
      };
    case "tool_result":
      return parseToolResult(block, path, untranslatable);
    case "thinking":
      return {
        type: "thinking",
        text: requiredString(block, "thinking", path),
        signature: requiredString(block, "signature", path),
        ...commonFields(block, THINKING_FIELDS, path),
      };
    case "redacted_thinking":
      return {
        type: "thinking",
        text: "",
        redacted: requiredString(block, "data", path),
        ...commonFields(block, REDACTED_THINKING_FIELDS, path),
      };
    default:
      return parseMediaBlock(block, type, path, untranslatable);
  }
}

/** The blocks that tool results may hold too. */
function parseMediaBlock(
  block: JsonObject,
  type: string,
  path: string,
  untranslatable: Untranslatable[],
): TextPart | ImagePart | FilePart {
  switch (type) {
    case "text":
      return parseText(block, path);
    case "image": {
      const source = requiredObject(block, "source", path);
      return {
        type: "image",
        source: parseSource(source, fieldPath(path, "source"), ["base64", "url", "file"]),
        ...commonFields(block, IMAGE_FIELDS, path),
      };
    }
    case "document":
      return parseDocument(block, path, untranslatable);
    default:
      return opaque(block, path, untranslatable);
  }
}

function parseText(block: JsonObject, path: string): TextPart {
  return { type: "text", text: requiredString(block, "text", path), ...commonFields(block, TEXT_FIELDS, path) };
}

function parseDocument(block: JsonObject, path: string, untranslatable: Untranslatable[]): FilePart | TextPart {
  const source = requiredObject(block, "source", path);
  // A document made of blocks, for citations, has no counterpart elsewhere.
  if (source.type === "content") return opaque(block, path, untranslatable);
  const part: FilePart = {
    type: "file",
    source: parseSource(source, fieldPath(path, "source"), ["base64", "url", "file", "text"]),
    ...commonFields(block, DOCUMENT_FIELDS, path),
  };
  const title = optionalString(block, "title", path);
  if (title !== undefined) part.filename = title;
  return part;
}

type SourceType = "base64" | "url" | "file" | "text";

function parseSource(source: JsonObject, path: string, allowed: readonly SourceType[]): MediaSource {
  switch (asOneOf(source.type, fieldPath(path, "type"), allowed)) {
    case "base64":
      return {
        kind: "data",
        data: requiredNonEmptyString(source, "data", path),
        mediaType: requiredNonEmptyString(source, "media_type", path),
      };
    case "text":
      return {
        kind: "data",
        data: Buffer.from(requiredString(source, "data", path), "utf8").toString("base64"),
        mediaType: asOneOf(source.media_type, fieldPath(path, "media_type"), ["text/plain"]),
      };
    case "url":
      return { kind: "url", url: requiredNonEmptyString(source, "url", path) };
    case "file":
      return { kind: "file_id", fileId: requiredNonEmptyString(source, "file_id", path) };
  }
}

function parseToolResult(block: JsonObject, path: string, untranslatable: Untranslatable[]): ToolResultPart {
  const part: ToolResultPart = {
    type: "tool_result",
    toolCallId: requiredNonEmptyString(block, "tool_use_id", path),
    content: parseToolResultContent(block.content, fieldPath(path, "content"), untranslatable),
    ...commonFields(block, TOOL_RESULT_FIELDS, path),
  };
  const isError = optionalBoolean(block, "is_error", path);
  if (isError !== undefined) part.isError = isError;
  return part;
}

function parseToolResultContent(
  content: unknown,
  path: string,
  untranslatable: Untranslatable[],
): ToolResultPart["content"] {
  if (content === undefined || content === null) return [];
  if (!Array.isArray(content)) return [{ type: "text", text: asString(content, path) }];
  return content.map((value: unknown, index) => {
    const blockPath = `${path}[${index}]`;
    const block = asObject(value, blockPath);
    return parseMediaBlock(block, requiredNonEmptyString(block, "type", blockPath), blockPath, untranslatable);
  });
}

function opaque(block: JsonObject, path: string, untranslatable: Untranslatable[]): TextPart {
  untranslatable.push({ dialect: "anthropic", param: path });
  return { type: "text", text: "", extra: { dialect: "anthropic", fields: takeUnknown(block, new Set()) ?? {} } };
}
