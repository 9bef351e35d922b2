import type { Citation, CitationSource } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";

/** What is cited for one stretch of text; null: nothing. `start`: where in the answer's text the stretch begins. */
export function citationOf(wires: readonly unknown[], start: number, text: string): Citation | null {
  const sources = wires.filter(isObject).map(sourceOf);
  return sources.length === 0 ? null : { start, end: start + text.length, text, sources };
}

/** The wire object itself goes along, for callers of this dialect: `citationToWire`. */
function sourceOf(wire: JsonObject): CitationSource {
  const web = isObject(wire.location) && isObject(wire.location.web) ? wire.location.web : null;
  const source: CitationSource = { type: web === null ? "document" : "web" };
  if (typeof wire.source === "string") source.id = wire.source;
  if (typeof web?.url === "string") source.url = web.url;
  if (typeof wire.title === "string") source.title = wire.title;
  source.extra = { dialect: "bedrock", fields: wire };
  return source;
}

export function citationToWire({ title, url, id, extra }: CitationSource): JsonObject {
  const own = extraFields(extra, "bedrock");
  if (own !== undefined) return own;
  return {
    ...(title === undefined ? {} : { title }),
    ...(id === undefined ? {} : { source: id }),
    ...(url === undefined ? {} : { location: { web: { url } } }),
  };
}
