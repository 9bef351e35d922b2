import type { AudioPart, FilePart, ImagePart, MediaSource } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";

/**
 * Images, documents, video and audio as blocks of Converse: `{format, source}`, the source being base64 `bytes` or an object
 * in S3. Bedrock fetches nothing else, so that other URLs are refused, and files by another provider's id.
 */

type Kind = "image" | "document" | "video" | "audio";

/** What the formats of Converse are called in media types, and the kind of block each belongs to. */
const FORMATS: ReadonlyMap<string, readonly [Kind, string]> = new Map([
  ["image/png", ["image", "png"]],
  ["image/jpeg", ["image", "jpeg"]],
  ["image/jpg", ["image", "jpeg"]],
  ["image/gif", ["image", "gif"]],
  ["image/webp", ["image", "webp"]],
  ["application/pdf", ["document", "pdf"]],
  ["text/csv", ["document", "csv"]],
  ["application/msword", ["document", "doc"]],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", ["document", "docx"]],
  ["application/vnd.ms-excel", ["document", "xls"]],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ["document", "xlsx"]],
  ["text/html", ["document", "html"]],
  ["text/plain", ["document", "txt"]],
  ["text/markdown", ["document", "md"]],
  ["video/x-matroska", ["video", "mkv"]],
  ["video/quicktime", ["video", "mov"]],
  ["video/mp4", ["video", "mp4"]],
  ["video/webm", ["video", "webm"]],
  ["video/x-flv", ["video", "flv"]],
  ["video/mpeg", ["video", "mpeg"]],
  ["video/x-ms-wmv", ["video", "wmv"]],
  ["video/3gpp", ["video", "three_gp"]],
]);

const AUDIO_FORMATS = new Set("mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm".split(" "));

/** The media type that a block's format stands for. */
export function mediaTypeOf(kind: Kind, format: string): string {
  for (const [mediaType, [known, name]] of FORMATS) if (known === kind && name === format) return mediaType;
  return kind === "document" ? "application/octet-stream" : `${kind}/${format}`;
}

/** The kind and format of a part that is given as data; undefined: Converse has no name for it. */
export function formatOf(part: ImagePart | FilePart | AudioPart): readonly [Kind, string] | undefined {
  if (part.type === "audio") return AUDIO_FORMATS.has(part.format) ? ["audio", part.format] : undefined;
  return part.source.kind === "data" ? FORMATS.get(part.source.mediaType) : undefined;
}

/** The kind and format of an object in S3 whose type nobody said, by the end of its name. */
function formatOfName(name: string): readonly [Kind, string] | undefined {
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const format = { jpg: "jpeg", htm: "html", "3gp": "three_gp" }[extension] ?? extension;
  return [...FORMATS.values()].find(([, known]) => known === format);
}

export function buildImage(part: ImagePart, path: string): JsonObject {
  return buildMedia(part.source, `${path}.image_url`, "image", null);
}

export function buildFile(part: FilePart, path: string, names: DocumentNames): JsonObject {
  return buildMedia(part.source, `${path}.file`, null, () => names.of(part.filename));
}

export function buildAudio({ source, format }: AudioPart, path: string): JsonObject {
  if (!AUDIO_FORMATS.has(format)) {
    throw unsupportedField(
      `${path}.input_audio`,
      `is of format ${JSON.stringify(format)}, which Bedrock does not know`,
    );
  }
  return { audio: { format, source: buildSource(source, `${path}.input_audio`) } };
}

function buildMedia(
  source: MediaSource,
  path: string,
  wanted: Kind | null,
  documentName: (() => string) | null,
): JsonObject {
  const wireSource = buildSource(source, path);
  const mediaType = source.kind === "file_id" ? undefined : source.mediaType?.replace(/;.*/, "").trim().toLowerCase();
  const found =
    mediaType === undefined ? formatOfName(source.kind === "url" ? source.url : "") : FORMATS.get(mediaType);
  if (found === undefined || (wanted !== null && found[0] !== wanted)) {
    const what = mediaType === undefined ? "has no type that can be told" : `is of type ${JSON.stringify(mediaType)}`;
    throw unsupportedField(path, `${what}, which Bedrock does not take`);
  }
  const [kind, format] = found;
  const name = kind === "document" && documentName !== null ? { name: documentName() } : {};
  return { [kind]: { format, ...name, source: wireSource } };
}

function buildSource(source: MediaSource, path: string): JsonObject {
  if (source.kind === "data") return { bytes: source.data };
  if (source.kind === "url" && source.url.startsWith("s3://")) return { s3Location: { uri: source.url } };
  const what = source.kind === "url" ? "is at a URL" : "is a file of another provider";
  throw unsupportedField(path, `${what}, but Bedrock takes media as data, or by an s3:// URL`);
}

/**
 * Names of documents: letters, digits, single spaces, hyphens, parentheses and brackets, and none of them twice. What the
 * caller calls a file is kept as far as that goes.
 */
export class DocumentNames {
  readonly #taken = new Set<string>();

  of(filename: string | undefined): string {
    const stem = (filename ?? "document").replace(/\.\w+$/, "");
    const plain = stem
      .replace(/[^a-zA-Z0-9\s()[\]-]+/g, "-")
      .replace(/\s+/g, " ")
      .trim()
      .slice(0, 150);
    const base = plain === "" ? "document" : plain;
    let name = base;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${base} (${count})`;
    this.#taken.add(name);
    return name;
  }
}
