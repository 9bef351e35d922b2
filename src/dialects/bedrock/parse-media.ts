import type { AudioPart, FilePart, ImagePart } from "../../contracts/ir.ts";
import { isObject, type JsonObject, requiredNonEmptyString, requiredObject, requiredString } from "../checks.ts";
import { mediaTypeOf } from "./media.ts";

const KINDS = ["image", "document", "video", "audio"] as const;

/** undefined: it is no media block, or one that only Bedrock can be told (in S3, in pieces, with citations). */
export function parseMedia(
  block: JsonObject,
  path: string,
  refuse: (param: string) => void,
): ImagePart | FilePart | AudioPart | null | undefined {
  const kind = KINDS.find((name) => isObject(block[name]));
  if (kind === undefined) return undefined;
  const at = `${path}.${kind}`;
  const media = requiredObject(block, kind, path);
  const source = requiredObject(media, "source", at);
  if (isObject(media.citations) && media.citations.enabled === true) refuse(`${at}.citations`);
  if (typeof media.context === "string") refuse(`${at}.context`);
  if (kind === "document" && typeof source.text === "string") {
    const data = Buffer.from(source.text).toString("base64");
    return {
      type: "file",
      source: { kind: "data", data, mediaType: "text/plain" },
      filename: nameOf(media, "txt", at),
    };
  }
  if (source.bytes === undefined) {
    refuse(`${at}.source`);
    return null;
  }
  const data = requiredString(source, "bytes", `${at}.source`);
  const format = requiredNonEmptyString(media, "format", at);
  const known = { kind: "data", data, mediaType: mediaTypeOf(kind, format) } as const;
  if (kind === "image") return { type: "image", source: known };
  if (kind === "audio") return { type: "audio", source: known, format };
  return { type: "file", source: known, ...(kind === "document" ? { filename: nameOf(media, format, at) } : {}) };
}

/** Bedrock's names of documents have no ending; other providers go by it. */
function nameOf(media: JsonObject, format: string, path: string): string {
  return `${requiredNonEmptyString(media, "name", path)}.${format}`;
}
