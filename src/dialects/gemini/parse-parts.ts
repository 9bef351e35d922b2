import type {
  AudioPart,
  FilePart,
  ImagePart,
  Part,
  TextPart,
  ToolResultPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  fieldPath,
  invalid,
  isObject,
  type JsonObject,
  optionalObject,
  optionalString,
  requiredNonEmptyString,
  requiredString,
  takeExtra,
  takeUnknown,
} from "../checks.ts";
import { camelFields, optionalFields } from "./names.ts";
import { readSignature } from "./signatures.ts";

/** What a part may hold besides its data. */
const TEXT_FIELDS = new Set(["text", "thought"]);
const THOUGHT_FIELDS = new Set(["text", "thought", "thoughtSignature"]);
const MEDIA_FIELDS = new Set(["inlineData", "fileData"]);
const CALL_FIELDS = new Set(["functionCall", "thoughtSignature", "thought"]);
const RESULT_FIELDS = new Set(["functionResponse", "thoughtSignature", "thought"]);

/** Files that the provider holds: of the Files API, or in Google Cloud Storage. */
const HELD_FILE = /^(?:gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/)/;
/** All else is the id of a file of another provider's. */
const ADDRESS = /^[a-z][a-z\d+.-]*:/i;

const AUDIO_FORMATS: Record<string, string> = { mpeg: "mp3", mpga: "mp3", "x-wav": "wav", wave: "wav", "x-m4a": "m4a" };

/**
 * Function calls may come without an id, and so may their responses: these go by name then, in the order of the calls. The
 * ids that calls get here stay the same from one turn to the next.
 */
export class CallIds {
  readonly #open: { id: string; name: string }[] = [];

  called(id: string | undefined, name: string, content: number, part: number): string {
    const known = id === undefined || id === "" ? `call_${content}_${part}` : id;
    this.#open.push({ id: known, name });
    return known;
  }

  answered(id: string | undefined, name: string, path: string): string {
    const index = this.#open.findIndex((call) => (id === undefined || id === "" ? call.name === name : call.id === id));
    const [call] = index < 0 ? [] : this.#open.splice(index, 1);
    if (call !== undefined) return call.id;
    if (id !== undefined && id !== "") return id;
    throw invalid(path, `answers no call of function ${JSON.stringify(name)} in an earlier content.`);
  }
}

export interface PartPlace {
  path: string;
  content: number;
  part: number;
}

/** A part of the Gemini API as one of the IR. What only Gemini knows is kept whole and noted in `untranslatable`. */
export function parsePart(value: unknown, place: PartPlace, ids: CallIds, untranslatable: Untranslatable[]): Part {
  const { path } = place;
  const part = camelFields(value, path);
  if (part.functionCall !== undefined) return parseFunctionCall(part, place, ids);
  if (part.functionResponse !== undefined) return parseFunctionResponse(part, path, ids);
  if (part.inlineData !== undefined || part.fileData !== undefined) return parseMedia(part, path, untranslatable);
  if (part.text !== undefined) return parseText(part, path);
  const [kind] = Object.keys(part).filter((key) => key !== "thought" && key !== "thoughtSignature");
  if (kind !== undefined) return opaque(part, fieldPath(path, kind), kind, untranslatable);
  // What Gemini 3 ends a streamed answer with: a signature without a text.
  if (part.thoughtSignature !== undefined) return parseText({ text: "", ...part }, path);
  throw invalid(path, "must hold `text`, `inlineData`, `fileData`, `functionCall` or `functionResponse`.");
}

function parseText(part: JsonObject, path: string): Part {
  const text = requiredString(part, "text", path);
  const signature = optionalString(part, "thoughtSignature", path);
  if (part.thought !== true) return { type: "text", text, ...extraOf(part, TEXT_FIELDS) };
  const opaqueThinking = signature === undefined ? {} : readSignature(signature);
  return { type: "thinking", text, ...opaqueThinking, ...extraOf(part, THOUGHT_FIELDS) };
}

function parseMedia(part: JsonObject, path: string, untranslatable: Untranslatable[]): Part {
  const inline = optionalFields(part, "inlineData", fieldPath(path, "inlineData"));
  if (inline !== undefined) {
    const inlinePath = fieldPath(path, "inlineData");
    const mediaType = requiredNonEmptyString(inline, "mimeType", inlinePath);
    const source = { kind: "data", data: requiredNonEmptyString(inline, "data", inlinePath), mediaType } as const;
    return mediaPart(part, source, mediaType, optionalString(inline, "displayName", inlinePath), path, untranslatable);
  }
  const filePath = fieldPath(path, "fileData");
  const file = camelFields(part.fileData, filePath);
  const uri = requiredNonEmptyString(file, "fileUri", filePath);
  const mediaType = optionalString(file, "mimeType", filePath);
  const typed = mediaType === undefined ? {} : { mediaType };
  const isHeld = HELD_FILE.test(uri);
  // Nobody else can read it.
  if (isHeld) untranslatable.push({ dialect: "gemini", param: filePath });
  const source =
    isHeld || !ADDRESS.test(uri)
      ? ({ kind: "file_id", fileId: uri } as const)
      : ({ kind: "url", url: uri, ...typed } as const);
  return mediaPart(part, source, mediaType ?? "", optionalString(file, "displayName", filePath), path, untranslatable);
}

function mediaPart(
  part: JsonObject,
  source: ImagePart["source"],
  mediaType: string,
  filename: string | undefined,
  path: string,
  untranslatable: Untranslatable[],
): ImagePart | AudioPart | FilePart | TextPart {
  const kind = part.inlineData === undefined ? "fileData" : "inlineData";
  if (mediaType.startsWith("video/") || part.videoMetadata !== undefined) {
    return opaque(part, fieldPath(path, kind), kind, untranslatable);
  }
  const extra = extraOf(part, MEDIA_FIELDS);
  if (mediaType.startsWith("image/")) return { type: "image", source, ...detailOf(part), ...extra };
  if (mediaType.startsWith("audio/")) {
    const subtype = mediaType.slice("audio/".length);
    return { type: "audio", source, format: AUDIO_FORMATS[subtype] ?? subtype, ...extra };
  }
  return { type: "file", source, ...(filename === undefined ? {} : { filename }), ...extra };
}

const DETAILS: Record<string, ImagePart["detail"]> = {
  MEDIA_RESOLUTION_LOW: "low",
  MEDIA_RESOLUTION_HIGH: "high",
  MEDIA_RESOLUTION_ULTRA_HIGH: "high",
};

/** A part's own `mediaResolution`, `{level}`; or the request's, by its name alone. */
export function detailOf({ mediaResolution }: JsonObject): Pick<ImagePart, "detail"> {
  const level = isObject(mediaResolution) ? mediaResolution.level : mediaResolution;
  const detail = typeof level === "string" ? DETAILS[level] : undefined;
  return detail === undefined ? {} : { detail };
}

function parseFunctionCall(part: JsonObject, { path, content, part: index }: PartPlace, ids: CallIds): Part {
  const callPath = fieldPath(path, "functionCall");
  const call = camelFields(part.functionCall, callPath);
  const name = requiredNonEmptyString(call, "name", callPath);
  const id = ids.called(optionalString(call, "id", callPath), name, content, index);
  const signature = optionalString(part, "thoughtSignature", path);
  return {
    type: "tool_call",
    id,
    name,
    arguments: JSON.stringify(optionalObject(call, "args", callPath) ?? {}),
    ...(signature === undefined ? {} : { signature }),
    ...extraOf(part, CALL_FIELDS),
  };
}

/** `response` is an object of the caller's choice; `output` and `error` have a meaning (and `result`, as SDKs write it). */
function parseFunctionResponse(part: JsonObject, path: string, ids: CallIds): ToolResultPart {
  const responsePath = fieldPath(path, "functionResponse");
  const wire = camelFields(part.functionResponse, responsePath);
  const name = requiredNonEmptyString(wire, "name", responsePath);
  const toolCallId = ids.answered(optionalString(wire, "id", responsePath), name, responsePath);
  const response = optionalObject(wire, "response", responsePath) ?? {};
  const [key, ...others] = Object.keys(response);
  const said = key === "output" || key === "result" || key === "error" ? response[key] : response;
  const value = others.length > 0 ? response : said;
  const media = Array.isArray(wire.parts) ? wire.parts : [];
  const result: ToolResultPart = {
    type: "tool_result",
    toolCallId,
    name,
    content: [
      { type: "text", text: typeof value === "string" ? value : JSON.stringify(value) },
      ...media.map((entry: unknown, index) => parseResultMedia(entry, `${responsePath}.parts[${index}]`)),
    ],
    ...extraOf(part, RESULT_FIELDS),
  };
  if (key === "error" && others.length === 0) result.isError = true;
  return result;
}

function parseResultMedia(value: unknown, path: string): ImagePart | FilePart {
  const part = camelFields(value, path);
  const parsed = parseMedia(part, path, []);
  if (parsed.type === "image" || parsed.type === "file") return parsed;
  throw invalid(path, "must hold an image or a file in `inlineData` or `fileData`.");
}

/** `type` tells it from a text with unknown fields (see foreign.ts); it is no field of this dialect. */
function opaque(part: JsonObject, path: string, kind: string, untranslatable: Untranslatable[]): TextPart {
  untranslatable.push({ dialect: "gemini", param: path });
  const fields = { type: kind, ...takeUnknown(part, new Set()) };
  return { type: "text", text: "", extra: { dialect: "gemini", fields } };
}

function extraOf(part: JsonObject, known: ReadonlySet<string>) {
  const extra = takeExtra("gemini", part, known);
  return extra === undefined ? {} : { extra };
}
