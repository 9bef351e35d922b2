import type { HeaderEditsSnapshot } from "../../../contracts/snapshot.ts";
import type { Context } from "../context.ts";
import { connectionNames } from "./request-headers.ts";

/** Fields of the upstream's connection, and what the engine writes itself. */
const NEVER_RETURNED = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "date",
  "x-request-id",
]);

export type ResponseHeaderBuilder = (upstream: readonly string[], context: Context) => string[];

export function compileResponseHeaders(edits: HeaderEditsSnapshot): ResponseHeaderBuilder {
  const edited = new Set([...edits.remove, ...edits.set.map(([name]) => name)]);
  const dropped = new Set([...NEVER_RETURNED, ...edited]);
  const writesId = !edited.has("x-request-id");
  const appended = [...edits.set, ...edits.add].flat();

  return (upstream, context) => {
    const listed = connectionNames(upstream);
    const headers: string[] = [];
    for (let i = 0; i < upstream.length; i += 2) {
      const name = upstream[i] as string;
      if (dropped.has(name) || listed?.has(name)) continue;
      headers.push(name, upstream[i + 1] as string);
    }
    if (writesId) headers.push("x-request-id", context.id);
    headers.push(...context.rateLimitHeaders, ...appended);
    return headers;
  };
}

/** What of an interim answer (1xx) goes on to the caller. */
export function interimHeaders(upstream: readonly string[]): string[] {
  const listed = connectionNames(upstream);
  const headers: string[] = [];
  for (let i = 0; i < upstream.length; i += 2) {
    const name = upstream[i] as string;
    if (!NEVER_RETURNED.has(name) && !listed?.has(name)) headers.push(name, upstream[i + 1] as string);
  }
  return headers;
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}
