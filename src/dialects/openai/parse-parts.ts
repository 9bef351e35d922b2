import type {
  AudioPart,
  CacheMarker,
  Extra,
  FilePart,
  ImagePart,
  MediaSource,
  Part,
  TextPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
  takeExtra,
  takeUnknown,
  wrongType,
} from "../checks.ts";
import { parseDataUrl } from "../data-url.ts";

const TEXT_FIELDS = new Set(["type", "text"]);
const REFUSAL_FIELDS = new Set(["type", "refusal"]);
const IMAGE_FIELDS = new Set(["url", "detail"]);
const AUDIO_FIELDS = new Set(["data", "format"]);
const FILE_FIELDS = new Set(["file_data", "file_id", "filename"]);

const EXTENSION_MEDIA_TYPES: Record<string, string> = {
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  html: "text/html",
  json: "application/json",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
};

/**
 * A message's `content`: a string, or an array of parts. null and absent give no parts. Parts of a type the IR does not
 * know are kept for the same dialect and noted in `untranslatable`.
 */
export function parseContent(value: unknown, path: string, untranslatable: Untranslatable[]): Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [{ type: "text", text: value }];
  if (!Array.isArray(value)) throw wrongType(path, "a string or an array of content parts", value);
  return value.map((part, index) => parsePart(part, `${path}[${index}]`, untranslatable));
}

function parsePart(value: unknown, path: string, untranslatable: Untranslatable[]): Part {
  if (!isObject(value)) throw wrongType(path, "a content part (an object with a `type`)", value);
  const type = requiredNonEmptyString(value, "type", path);
  switch (type) {
    case "text":
      return parseText(value, path);
    case "image_url":
      return parseImage(value, path);
    case "input_audio":
      return parseAudio(value, path);
    case "file":
      return parseFile(value, path);
    case "refusal":
      return { type: "refusal", text: requiredString(value, "refusal", path), ...extraOf(value, REFUSAL_FIELDS) };
    default:
      untranslatable.push({ dialect: "openai", param: path });
      return { type: "text", text: "", extra: { dialect: "openai", fields: value } };
  }
}

function parseText(part: JsonObject, path: string): TextPart {
  return {
    type: "text",
    text: requiredString(part, "text", path),
    ...cacheOf(part),
    ...extraOf(part, TEXT_FIELDS),
  };
}

function parseImage(part: JsonObject, path: string): ImagePart {
  const imagePath = fieldPath(path, "image_url");
  const image = requiredObject(part, "image_url", path);
  const url = requiredNonEmptyString(image, "url", imagePath);
  const source = parseUrl(url);
  if (source === null) {
    throw invalid(fieldPath(imagePath, "url"), "must be an http(s) URL or a base64 `data:` URL with a media type.");
  }
  const result: ImagePart = { type: "image", source, ...cacheOf(part) };
  const detail = optionalString(image, "detail", imagePath);
  const unknownImage = takeUnknown(image, IMAGE_FIELDS) ?? {};
  if (detail === "auto" || detail === "low" || detail === "high") result.detail = detail;
  else if (detail !== undefined) unknownImage.detail = detail;
  return withNestedExtra(result, part, "image_url", unknownImage);
}

function parseAudio(part: JsonObject, path: string): AudioPart {
  const audioPath = fieldPath(path, "input_audio");
  const audio = requiredObject(part, "input_audio", path);
  const data = requiredNonEmptyString(audio, "data", audioPath);
  const format = requiredNonEmptyString(audio, "format", audioPath);
  const mediaType = format === "mp3" ? "audio/mpeg" : `audio/${format}`;
  const result: AudioPart = { type: "audio", source: { kind: "data", data, mediaType }, format };
  return withNestedExtra(result, part, "input_audio", takeUnknown(audio, AUDIO_FIELDS));
}

function parseFile(part: JsonObject, path: string): FilePart {
  const filePath = fieldPath(path, "file");
  const file = requiredObject(part, "file", path);
  const filename = optionalString(file, "filename", filePath);
  const fileId = optionalString(file, "file_id", filePath);
  const fileData = optionalString(file, "file_data", filePath);
  let source: MediaSource;
  if (fileData !== undefined && fileData !== "") {
    source = parseFileData(fileData, filename, fieldPath(filePath, "file_data"));
  } else if (fileId !== undefined && fileId !== "") {
    source = { kind: "file_id", fileId };
  } else {
    throw invalid(filePath, "must hold `file_data` (a base64 `data:` URL) or `file_id`.");
  }
  const result: FilePart = { type: "file", source, ...cacheOf(part) };
  if (filename !== undefined) result.filename = filename;
  return withNestedExtra(result, part, "file", takeUnknown(file, FILE_FIELDS));
}

export function parseFileData(value: string, filename: string | undefined, path: string): MediaSource {
  const source = parseUrl(value);
  if (source !== null) return source;
  const extension = filename === undefined ? "" : filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
  const mediaType = EXTENSION_MEDIA_TYPES[extension];
  if (mediaType === undefined || value.startsWith("data:")) {
    throw invalid(
      path,
      "must be a base64 `data:` URL with a media type, or base64 beside a `filename` that tells the type.",
    );
  }
  return { kind: "data", data: value, mediaType };
}

export function parseUrl(url: string): MediaSource | null {
  if (url.startsWith("data:")) {
    const data = parseDataUrl(url);
    return data === null ? null : { kind: "data", data: data.data, mediaType: data.mediaType };
  }
  return /^[a-z][a-z0-9+.-]*:\/\/\S/i.test(url) ? { kind: "url", url } : null;
}

/**
 * Cache breakpoints: OpenAI's `prompt_cache_breakpoint`, and `cache_control` in Anthropic's form as OpenRouter and others
 * take it in this dialect. They stay in `extra` too, so that the same dialect gets them as they were written.
 */
export function cacheOf(part: JsonObject): { cache?: CacheMarker } {
  const control = part.cache_control;
  if (isObject(control) && control.type === "ephemeral") {
    const ttl = control.ttl;
    return { cache: ttl === "5m" || ttl === "1h" ? { ttl } : {} };
  }
  return isObject(part.prompt_cache_breakpoint) ? { cache: {} } : {};
}

function extraOf(part: JsonObject, known: ReadonlySet<string>): { extra?: Extra } {
  const extra = takeExtra("openai", part, known);
  return extra === undefined ? {} : { extra };
}

/** `extra` mirrors the wire: unknown fields of the inner object stay under its name. */
function withNestedExtra<T extends { extra?: Extra }>(
  result: T,
  part: JsonObject,
  inner: string,
  unknownInner: Record<string, unknown> | undefined,
): T {
  const fields = takeUnknown(part, new Set(["type", inner])) ?? {};
  if (unknownInner !== undefined && Object.keys(unknownInner).length > 0) fields[inner] = unknownInner;
  if (Object.keys(fields).length > 0) result.extra = { dialect: "openai", fields };
  return result;
}
