import type { Citation, CitationSource } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";

/** Null for what cites no text of the answer (plans and thoughts are cited, too). */
export function citationFromWire(wire: unknown): Citation | null {
  if (!isObject(wire)) return null;
  if (wire.type !== undefined && wire.type !== null && wire.type !== "TEXT_CONTENT") return null;
  return {
    start: countOf(wire.start) ?? 0,
    end: countOf(wire.end) ?? 0,
    text: stringOr(wire.text, ""),
    sources: arrayOr(wire.sources).filter(isObject).map(sourceFromWire),
  };
}

/** The whole source stays in `extra`: what a document or a tool's output holds has no name elsewhere. */
function sourceFromWire(wire: JsonObject): CitationSource {
  const source: CitationSource = {
    type: wire.type === "tool" ? "tool" : "document",
    extra: { dialect: "cohere", fields: wire },
  };
  if (typeof wire.id === "string") source.id = wire.id;
  const document = isObject(wire.document) ? wire.document : {};
  if (typeof document.title === "string") source.title = document.title;
  if (typeof document.url === "string") source.url = document.url;
  return source;
}

export function citationToWire({ start, end, text, sources }: Citation): JsonObject {
  return { start, end, text, sources: sources.map(sourceToWire), type: "TEXT_CONTENT" };
}

function sourceToWire({ type, id, url, title, extra }: CitationSource): JsonObject {
  if (extra?.dialect === "cohere") return extra.fields;
  const named = id === undefined ? {} : { id };
  if (type === "tool") return { type, ...named, tool_output: {} };
  const document = { ...named, ...(title === undefined ? {} : { title }), ...(url === undefined ? {} : { url }) };
  return { type: "document", ...named, document };
}
