import type { Citation } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf } from "../json.ts";

/** `citationMetadata` of a candidate. `text`: what the candidate says, as far as it is known. */
export function citationsFromWire(metadata: unknown, text: string): Citation[] {
  const wire = isObject(metadata) ? (metadata.citations ?? metadata.citationSources) : undefined;
  return arrayOr(wire)
    .filter(isObject)
    .map(({ startIndex, endIndex, uri, title }) => {
      const start = countOf(startIndex) ?? 0;
      const end = countOf(endIndex) ?? start;
      const source = {
        type: "web" as const,
        ...(typeof uri === "string" ? { url: uri } : {}),
        ...(typeof title === "string" ? { title } : {}),
      };
      return { start, end, text: text.slice(start, end), sources: [source] };
    });
}

/** One entry for each source; such as have neither an address nor a title can't be named here. */
export function citationsToWire(citations: readonly Citation[]): JsonObject {
  const wire = citations.flatMap(({ start, end, sources }) =>
    sources
      .filter(({ url, title }) => url !== undefined || title !== undefined)
      .map(({ url, title }) => ({
        startIndex: start,
        endIndex: end,
        ...(url === undefined ? {} : { uri: url }),
        ...(title === undefined ? {} : { title }),
      })),
  );
  return wire.length === 0 ? {} : { citationMetadata: { citations: wire } };
}
