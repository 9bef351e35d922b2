import type { Citation, TextPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";

/**
 * `annotations` of OpenAI's two APIs, as models with a search of their own give them. Chat Completions has the fields of a
 * `url_citation` in an object of that name, Responses at the top. Other kinds speak of files and containers that only
 * OpenAI holds, and are passed over.
 */
export function readCitations(annotations: unknown): Citation[] {
  return arrayOr(annotations).flatMap((annotation) => {
    const citation = readCitation(annotation);
    return citation === null ? [] : [citation];
  });
}

export function readCitation(annotation: unknown): Citation | null {
  if (!isObject(annotation) || annotation.type !== "url_citation") return null;
  const fields = isObject(annotation.url_citation) ? annotation.url_citation : annotation;
  const url = stringOr(fields.url, "");
  if (url === "") return null;
  const citation: Citation = { url };
  const title = stringOr(fields.title, null);
  const startIndex = countOf(fields.start_index);
  const endIndex = countOf(fields.end_index);
  if (title !== null) citation.title = title;
  if (startIndex !== undefined) citation.startIndex = startIndex;
  if (endIndex !== undefined) citation.endIndex = endIndex;
  return citation;
}

/** The fields both APIs have; clients rely on all of them. */
export function citationFields({ url, title, startIndex, endIndex }: Citation): JsonObject {
  return { start_index: startIndex ?? 0, end_index: endIndex ?? 0, url, title: title ?? "" };
}

/** As Chat Completions has it. */
export function writeAnnotation(citation: Citation): JsonObject {
  return { type: "url_citation", url_citation: citationFields(citation) };
}

/** Citations of several parts that are to be one text: their offsets move by what stands before them. */
export function joinCitations(parts: readonly TextPart[]): Citation[] {
  let offset = 0;
  return parts.flatMap(({ text, citations = [] }) => {
    const before = offset;
    offset += text.length;
    return citations.map((citation) => ({
      ...citation,
      ...(citation.startIndex === undefined ? {} : { startIndex: citation.startIndex + before }),
      ...(citation.endIndex === undefined ? {} : { endIndex: citation.endIndex + before }),
    }));
  });
}
