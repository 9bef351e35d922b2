import type {
  ImagePart,
  MediaSource,
  Message,
  Part,
  SourceDocument,
  TextPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  asObject,
  asOneOf,
  asString,
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalArray,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredArray,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
  takeExtra,
} from "../checks.ts";
import { parseDataUrl } from "../data-url.ts";

const ROLES = ["system", "user", "assistant", "tool"] as const;
const MESSAGE_FIELDS = new Set(["role", "content", "tool_calls", "tool_plan", "tool_call_id"]);
const TEXT_FIELDS = new Set(["type", "text"]);

/**
 * `messages` of the v2 API. A tool plan is text of the assistant before its calls. Documents that a tool has found are told as
 * JSON where the target knows none; citations of earlier turns go to Cohere alone.
 */
export function parseMessages(body: JsonObject, untranslatable: Untranslatable[]): Message[] {
  const values = requiredArray(body, "messages", "");
  if (values.length === 0) throw invalid("messages", "must hold at least one message.");
  return values.map((value, index) => parseMessage(value, `messages[${index}]`, untranslatable));
}

function parseMessage(value: unknown, path: string, untranslatable: Untranslatable[]): Message {
  const object = asObject(value, path);
  const role = asOneOf(object.role, fieldPath(path, "role"), ROLES);
  const extra = takeExtra("cohere", object, MESSAGE_FIELDS);
  const content = role === "tool" ? [parseToolResult(object, path)] : parseTurn(object, role, path, untranslatable);
  return { role, content, ...(extra === undefined ? {} : { extra }) };
}

function parseTurn(
  object: JsonObject,
  role: "system" | "user" | "assistant",
  path: string,
  untranslatable: Untranslatable[],
): Part[] {
  const contentPath = fieldPath(path, "content");
  const parts = parseContent(object.content, role, contentPath, untranslatable);
  if (role !== "assistant") {
    if (object.content === undefined || object.content === null) throw invalid(contentPath, "is required.");
    return parts;
  }
  const plan = optionalString(object, "tool_plan", path);
  if (plan !== undefined && plan !== "") parts.push({ type: "text", text: plan });
  for (const [index, call] of (optionalArray(object, "tool_calls", path) ?? []).entries()) {
    parts.push(parseToolCall(call, `${path}.tool_calls[${index}]`));
  }
  return parts;
}

function parseContent(
  content: unknown,
  role: "system" | "user" | "assistant",
  path: string,
  untranslatable: Untranslatable[],
): Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(path, "must be a string or an array of content items.");
  return content.map((value: unknown, index) => {
    const itemPath = `${path}[${index}]`;
    const item = asObject(value, itemPath);
    const type = requiredNonEmptyString(item, "type", itemPath);
    if (type === "text") return parseText(item, itemPath);
    if (type === "image_url" && role === "user") return parseImage(item, itemPath);
    if (type === "thinking" && role === "assistant") return parseThinking(item, itemPath);
    untranslatable.push({ dialect: "cohere", param: itemPath });
    return { type: "text", text: "", extra: { dialect: "cohere", fields: item } };
  });
}

function parseText(item: JsonObject, path: string): TextPart {
  const extra = takeExtra("cohere", item, TEXT_FIELDS);
  return { type: "text", text: requiredString(item, "text", path), ...(extra === undefined ? {} : { extra }) };
}

/** `signature` and `redacted` are not Cohere's: they came with an answer of another provider. */
function parseThinking(item: JsonObject, path: string): Part {
  const signature = optionalString(item, "signature", path);
  const redacted = optionalString(item, "redacted", path);
  return {
    type: "thinking",
    text: requiredString(item, "thinking", path),
    ...(signature === undefined ? {} : { signature }),
    ...(redacted === undefined ? {} : { redacted }),
  };
}

function parseImage(item: JsonObject, path: string): ImagePart {
  const imagePath = fieldPath(path, "image_url");
  const image = requiredObject(item, "image_url", path);
  const url = requiredNonEmptyString(image, "url", imagePath);
  const detail = optionalOneOf(image, "detail", imagePath, ["auto", "low", "high"]);
  return {
    type: "image",
    source: parseUrl(url, fieldPath(imagePath, "url")),
    ...(detail === undefined ? {} : { detail }),
  };
}

function parseUrl(url: string, path: string): MediaSource {
  if (!url.startsWith("data:")) return { kind: "url", url };
  const parsed = parseDataUrl(url);
  if (parsed === null) throw invalid(path, "must be an http(s) URL or a base64 `data:` URL with a media type.");
  return { kind: "data", ...parsed };
}

function parseToolCall(value: unknown, path: string): Part {
  const call = asObject(value, path);
  const fn = requiredObject(call, "function", path);
  const functionPath = fieldPath(path, "function");
  return {
    type: "tool_call",
    id: requiredNonEmptyString(call, "id", path),
    name: requiredNonEmptyString(fn, "name", functionPath),
    arguments: optionalString(fn, "arguments", functionPath) ?? "{}",
  };
}

function parseToolResult(object: JsonObject, path: string): Part {
  const contentPath = fieldPath(path, "content");
  const { content } = object;
  const texts =
    typeof content === "string"
      ? [{ type: "text" as const, text: content }]
      : requiredArray(object, "content", path).map((item, index) => parseResultItem(item, `${contentPath}[${index}]`));
  return { type: "tool_result", toolCallId: requiredNonEmptyString(object, "tool_call_id", path), content: texts };
}

function parseResultItem(value: unknown, path: string): TextPart {
  const item = asObject(value, path);
  if (asOneOf(item.type, fieldPath(path, "type"), ["text", "document"]) === "text") return parseText(item, path);
  const document = requiredObject(item, "document", path);
  const data = optionalObject(document, "data", fieldPath(path, "document")) ?? {};
  return { type: "text", text: JSON.stringify(data), extra: { dialect: "cohere", fields: item } };
}

/** A document of the request: a string, or an object with `data`. Without an id of its own it has that of its place, as at Cohere. */
export function parseDocument(value: unknown, index: number): SourceDocument {
  const path = `documents[${index}]`;
  const id = `doc:${index}`;
  if (!isObject(value)) return { id, text: asString(value, path) };
  const data = requiredObject(value, "data", path);
  const texts = Object.entries(data).map(([name, field]) => {
    return `${name}: ${typeof field === "string" ? field : JSON.stringify(field)}`;
  });
  return { id: optionalString(value, "id", path) ?? id, text: texts.join("\n") };
}
