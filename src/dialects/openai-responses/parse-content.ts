import type { AudioPart, FilePart, ImagePart, Part, TextPart, Untranslatable } from "../../contracts/ir.ts";
import {
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalString,
  requiredNonEmptyString,
  requiredObject,
  requiredString,
  takeUnknown,
  wrongType,
} from "../checks.ts";
import { cacheOf, parseFileData, parseUrl } from "../openai/parse-parts.ts";

const TEXT_FIELDS = new Set(["type", "text"]);
const IMAGE_SOURCE_FIELDS = new Set(["type", "image_url", "file_id"]);
const IMAGE_FIELDS = new Set([...IMAGE_SOURCE_FIELDS, "detail"]);
const AUDIO_FIELDS = new Set(["type", "input_audio"]);
const FILE_FIELDS = new Set(["type", "file_data", "file_id", "file_url", "filename"]);

export interface ParsedContent {
  parts: Part[];
  /** The path of each part. */
  paths: string[];
}

/**
 * The `content` of a message, or the `output` of a function call: a string, or an array of parts. Parts of a type the IR
 * does not know are kept for the same dialect and noted in `untranslatable`.
 */
export function parseContent(value: unknown, path: string, untranslatable: Untranslatable[]): ParsedContent {
  if (typeof value === "string") return { parts: [{ type: "text", text: value }], paths: [path] };
  if (!Array.isArray(value)) throw wrongType(path, "a string or an array of content parts", value);
  const paths = value.map((_, index) => `${path}[${index}]`);
  return { parts: value.map((part, index) => parsePart(part, paths[index] ?? path, untranslatable)), paths };
}

function parsePart(value: unknown, path: string, untranslatable: Untranslatable[]): Part {
  if (!isObject(value)) throw wrongType(path, "a content part (an object with a `type`)", value);
  const type = requiredNonEmptyString(value, "type", path);
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
      return parseText(value, path);
    case "input_image":
      return parseImage(value, path);
    case "input_file":
      return parseFile(value, path);
    case "input_audio":
      return parseAudio(value, path);
    case "refusal":
      return { type: "refusal", text: requiredString(value, "refusal", path) };
    default:
      untranslatable.push({ dialect: "openai-responses", param: path });
      return { type: "text", text: "", extra: { dialect: "openai-responses", fields: value } };
  }
}

function parseText(part: JsonObject, path: string): TextPart {
  const result: TextPart = { type: "text", text: requiredString(part, "text", path), ...cacheOf(part) };
  return withExtra(result, part, TEXT_FIELDS);
}

function parseImage(part: JsonObject, path: string): ImagePart {
  const url = optionalString(part, "image_url", path);
  const fileId = optionalString(part, "file_id", path);
  const source =
    url === undefined ? (fileId === undefined ? null : ({ kind: "file_id", fileId } as const)) : parseUrl(url);
  if (source === null) {
    throw url === undefined
      ? invalid(path, "must hold `image_url` (an http(s) URL or a base64 `data:` URL) or `file_id`.")
      : invalid(fieldPath(path, "image_url"), "must be an http(s) URL or a base64 `data:` URL with a media type.");
  }
  const result: ImagePart = { type: "image", source, ...cacheOf(part) };
  const detail = optionalString(part, "detail", path);
  if (detail === "auto" || detail === "low" || detail === "high") {
    result.detail = detail;
    return withExtra(result, part, IMAGE_FIELDS);
  }
  // More than other dialects can ask for: they are asked for the most they know.
  if (detail === "original") result.detail = "high";
  return withExtra(result, part, IMAGE_SOURCE_FIELDS);
}

function parseAudio(part: JsonObject, path: string): AudioPart {
  const audioPath = fieldPath(path, "input_audio");
  const audio = requiredObject(part, "input_audio", path);
  const data = requiredNonEmptyString(audio, "data", audioPath);
  const format = requiredNonEmptyString(audio, "format", audioPath);
  const mediaType = format === "mp3" ? "audio/mpeg" : `audio/${format}`;
  return withExtra({ type: "audio", source: { kind: "data", data, mediaType }, format }, part, AUDIO_FIELDS);
}

function parseFile(part: JsonObject, path: string): FilePart {
  const filename = optionalString(part, "filename", path);
  const data = optionalString(part, "file_data", path);
  const url = optionalString(part, "file_url", path);
  const fileId = optionalString(part, "file_id", path);
  let result: FilePart;
  if (data !== undefined && data !== "") {
    result = { type: "file", source: parseFileData(data, filename, fieldPath(path, "file_data")) };
  } else if (url !== undefined && url !== "") {
    const source = parseUrl(url);
    if (source === null) throw invalid(fieldPath(path, "file_url"), "must be an http(s) URL.");
    result = { type: "file", source };
  } else if (fileId !== undefined && fileId !== "") {
    result = { type: "file", source: { kind: "file_id", fileId } };
  } else {
    throw invalid(path, "must hold `file_data` (a base64 `data:` URL), `file_url` or `file_id`.");
  }
  if (filename !== undefined) result.filename = filename;
  return withExtra({ ...result, ...cacheOf(part) }, part, FILE_FIELDS);
}

function withExtra<T extends Part>(result: T, part: JsonObject, known: ReadonlySet<string>): T {
  const fields = takeUnknown(part, known);
  if (fields === undefined) return result;
  // What a model cited and how sure it was is about its answer, and says nothing to a model that reads it.
  for (const name of ["annotations", "logprobs"]) {
    if (Array.isArray(fields[name]) && fields[name].length === 0) delete fields[name];
  }
  return Object.keys(fields).length === 0 ? result : { ...result, extra: { dialect: "openai-responses", fields } };
}
