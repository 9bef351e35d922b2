import type { Citation, CitationSource, SourceDocument } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr } from "../json.ts";

/** Fields of other dialects that this one has a word for although the IR's halves refuse them elsewhere. */
export const ABLE: readonly string[] = ["documents", "citation_options.mode"];

/** Documents stand before what the user says of them. Their ids are their titles, which citations repeat. */
export function addDocuments(
  messages: readonly JsonObject[],
  documents: readonly SourceDocument[],
  enabled: boolean,
): JsonObject[] {
  const blocks = documents.map(({ id, text }) => ({
    type: "document",
    source: { type: "text", media_type: "text/plain", data: text },
    title: id,
    citations: { enabled },
  }));
  const first = messages.findIndex(({ role }) => role === "user");
  return messages.map((message, index) =>
    index === first ? { ...message, content: [...blocks, ...arrayOr(message.content)] } : message,
  );
}

/** What the citations of one text block come to: the block is the stretch that they are for. `start`: where it begins. */
export function blockCitation(citations: readonly unknown[], start: number, text: string): Citation[] {
  const sources = citations.filter(isObject).map(sourceOf);
  return sources.length === 0 ? [] : [{ start, end: start + text.length, text, sources }];
}

function sourceOf(citation: JsonObject): CitationSource {
  const extra = { dialect: "anthropic", fields: citation } as const;
  if (typeof citation.url === "string") {
    const title = typeof citation.title === "string" ? { title: citation.title } : {};
    return { type: "web", url: citation.url, ...title, extra };
  }
  const { document_title: title, document_index: index } = citation;
  return { type: "document", id: typeof title === "string" ? title : `doc:${String(index)}`, extra };
}
