import type { Citation } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";

/**
 * `annotations` of OpenAI's two APIs, as models with a search of their own give them. Chat Completions has the fields of a
 * `url_citation` in an object of that name, Responses at the top. Other kinds speak of files and containers that only
 * OpenAI holds, and are passed over. `text`: what they are of ("": not known); `before`: characters of the answer before it.
 */
export function readCitations(annotations: unknown, text: string, before = 0): Citation[] {
  return arrayOr(annotations).flatMap((annotation) => {
    const citation = readCitation(annotation, text, before);
    return citation === null ? [] : [citation];
  });
}

export function readCitation(annotation: unknown, text: string, before: number): Citation | null {
  if (!isObject(annotation) || annotation.type !== "url_citation") return null;
  const fields = isObject(annotation.url_citation) ? annotation.url_citation : annotation;
  const url = stringOr(fields.url, "");
  if (url === "") return null;
  const title = stringOr(fields.title, null);
  const start = countOf(fields.start_index) ?? 0;
  const end = countOf(fields.end_index) ?? start;
  const source = title === null ? { type: "web" as const, url } : { type: "web" as const, url, title };
  return { start: start + before, end: end + before, text: text.slice(start, end), sources: [source] };
}

/** The fields both APIs have, for each page: clients rely on all of them. Offsets count from `before`. */
export function pageFields({ start, end, sources }: Citation, before = 0): JsonObject[] {
  return sources.flatMap(({ url, title }) =>
    url === undefined ? [] : [{ start_index: start - before, end_index: end - before, url, title: title ?? url }],
  );
}

/** As Chat Completions has them: those of pages. */
export function writeAnnotations(citations: readonly Citation[]): JsonObject[] {
  return citations.flatMap((citation) =>
    pageFields(citation).map((fields) => ({ type: "url_citation", url_citation: fields })),
  );
}
