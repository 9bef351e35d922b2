import type { Citation } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";

/** What of citations this dialect can say: those of pages, as `annotations`. */
export function writeAnnotations(citations: readonly Citation[]): JsonObject[] {
  return citations.flatMap(({ start, end, sources }) =>
    sources.flatMap(({ url, title }) =>
      url === undefined
        ? []
        : [{ type: "url_citation", url_citation: { start_index: start, end_index: end, url, title: title ?? url } }],
    ),
  );
}
