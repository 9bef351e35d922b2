import type { ContentKind } from "../../../../contracts/model-routing.ts";
import { estimateTokens } from "../../../../contracts/token-estimate.ts";
import type { InboundName } from "../../../../dialects/index.ts";

/** What rules ask of a request's body. */
export interface RequestFeatures {
  content: ReadonlySet<ContentKind>;
  /** Labels, by name. */
  metadata: Readonly<Record<string, string>>;
  /** Estimated. */
  inputTokens: number;
}

/** Of a body that is no JSON. */
export const NO_FEATURES: RequestFeatures = { content: new Set(), metadata: {}, inputTokens: 0 };

type JsonObject = Record<string, unknown>;

/** What parts of messages are called, over all dialects: `type` of most, the name of the member that a part of Bedrock's has. */
const PART_KINDS: ReadonlyMap<string, ContentKind> = new Map([
  ["image_url", "image"],
  ["input_image", "image"],
  ["image", "image"],
  ["input_audio", "audio"],
  ["audio", "audio"],
  ["video", "video"],
  ["video_url", "video"],
  ["file", "document"],
  ["input_file", "document"],
  ["document", "document"],
]);

/** Gemini's parts: `inlineData` and `fileData`, in both spellings. */
const MEDIA_MEMBERS = ["inlineData", "inline_data", "fileData", "file_data"];
/** Members whose texts are media, not words: base64, and addresses. */
const MEDIA_VALUES = new Set([
  "data",
  "bytes",
  "url",
  "image_url",
  "file_data",
  "file_url",
  "fileUri",
  "file_uri",
  "uri",
]);

/** Where the conversation stands, in one dialect or another; tools are a part of the input as well. */
const CONVERSATION = [
  ...["messages", "input", "contents", "system", "instructions", "systemInstruction", "system_instruction"],
  ...["documents", "tools", "toolConfig", "functions"],
];

/** Of a parsed body; of a broken one what there is of it. Reads what it must: the dialects judge requests, not this. */
export function readFeatures(body: Readonly<JsonObject>, inbound: InboundName): RequestFeatures {
  const content = new Set<ContentKind>();
  const bytes = CONVERSATION.reduce((sum, field) => sum + measure(body[field], content, 0), 0);
  if (hasTools(body)) content.add("tools");
  if (wantsJson(body, inbound)) content.add("structured_output");
  return { content, metadata: labelsOf(body), inputTokens: estimateTokens(bytes) };
}

/** Nothing that a request means stands deeper. */
const MAX_DEPTH = 64;

/** Bytes of the texts below a value; notes what is no text. */
function measure(value: unknown, content: Set<ContentKind>, depth: number): number {
  if (typeof value === "string") return value.startsWith("data:") ? 0 : Buffer.byteLength(value);
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + measure(one, content, depth + 1), 0);
  notePart(value as JsonObject, content);
  let bytes = 0;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === "string" && MEDIA_VALUES.has(name)) continue;
    bytes += measure(member, content, depth + 1);
  }
  return bytes;
}

function notePart(part: JsonObject, content: Set<ContentKind>): void {
  const kind = typeof part.type === "string" ? PART_KINDS.get(part.type) : undefined;
  if (kind !== undefined) content.add(kind);
  else if (part.type === undefined) noteUntyped(part, content);
}

/** A part of Bedrock's is named by its member, which is an object; Gemini's tells its media type. */
function noteUntyped(part: JsonObject, content: Set<ContentKind>): void {
  for (const name of ["image", "audio", "video", "document"] as const) {
    if (typeof part[name] === "object" && part[name] !== null) content.add(name);
  }
  for (const name of MEDIA_MEMBERS) {
    const media = part[name];
    if (typeof media !== "object" || media === null) continue;
    const { mimeType, mime_type: spelled = mimeType } = media as JsonObject;
    const [family] = String(spelled ?? "").split("/");
    content.add(family === "image" || family === "audio" || family === "video" ? family : "document");
  }
}

function hasTools(body: Readonly<JsonObject>): boolean {
  const { tools, functions } = body;
  if ((Array.isArray(tools) && tools.length > 0) || (Array.isArray(functions) && functions.length > 0)) return true;
  const declared = at(body, "toolConfig", "tools");
  return Array.isArray(declared) && declared.length > 0;
}

/** Each dialect's way to demand JSON. */
function wantsJson(body: Readonly<JsonObject>, inbound: InboundName): boolean {
  switch (inbound) {
    case "openai":
    case "cohere":
      return isJson(at(body, "response_format", "type"));
    case "openai-responses":
      return isJson(at(body, "text", "format", "type"));
    case "anthropic":
      return (at(body, "output_config", "format") ?? at(body, "output_format") ?? null) !== null;
    case "bedrock":
      return (at(body, "outputConfig", "textFormat") ?? null) !== null;
    case "gemini": {
      const config = (at(body, "generationConfig") ?? at(body, "generation_config") ?? {}) as JsonObject;
      const type = config.responseMimeType ?? config.response_mime_type;
      return type === "application/json";
    }
  }
}

function isJson(type: unknown): boolean {
  return type === "json_object" || type === "json_schema";
}

function labelsOf(body: Readonly<JsonObject>): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const field of ["metadata", "labels", "requestMetadata"]) {
    const value = body[field];
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    for (const [name, label] of Object.entries(value)) {
      if (name === "__proto__") continue;
      if (typeof label === "string" || typeof label === "number" || typeof label === "boolean")
        labels[name] = String(label);
    }
  }
  return labels;
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as JsonObject)[name];
  }
  return found;
}
