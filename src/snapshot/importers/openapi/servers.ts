import { parseUpstreamUrl } from "../../schema/addresses.ts";
import type { Path } from "../../schema/introspection.ts";
import { ImportError } from "../import-result.ts";
import type { Notebook } from "../notebook.ts";
import { type Fields, fieldsOf, listOf, textOf } from "../shape.ts";
import type { SourceDocument } from "../source-document.ts";

/** Where calls go: origin and the path before the document's own paths. */
export interface UpstreamServer {
  origin: string;
  /** "" or without a trailing slash. */
  basePath: string;
}

/**
 * The `servers` of a document, path or operation. They are alternatives, such as production and a sandbox, and no group
 * to spread calls over: the first one comes first. With `upstream`, that is where relative ones begin, and what is called
 * in place of absolute ones. Throws ImportError.
 */
export function readServers(
  servers: unknown,
  path: Path,
  { source, upstream, notes }: { source: SourceDocument; upstream: string | null; notes: Notebook },
): UpstreamServer[] {
  const list = listOf(servers);
  // OpenAPI 3.1, "OpenAPI Object": without servers, there is one with the URL `/`.
  const entries = list.length === 0 ? [{ url: "/" }] : list;
  const found: UpstreamServer[] = [];
  entries.forEach((entry, index) => {
    const fields = fieldsOf(entry);
    const place = source.placeOf(list.length === 0 ? path.slice(0, -1) : [...path, index, "url"]);
    const url = expand(fields, [...path, index], source, notes);
    const isAbsolute = /^https?:\/\//i.test(url);
    if (upstream === null && !isAbsolute) {
      const what = list.length === 0 ? "the document names no servers" : "the server's URL is relative";
      throw new ImportError(place, `${what}: say where calls go with --upstream URL`);
    }
    const absolute = upstream === null ? url : isAbsolute ? upstream : joined(upstream, url);
    const server = parsed(absolute);
    if (server === null) {
      throw new ImportError(
        place,
        "the server's URL is no http:// or https:// URL without credentials, query and fragment",
      );
    }
    if (!found.some((one) => one.origin === server.origin && one.basePath === server.basePath)) found.push(server);
  });
  return found;
}

function expand({ url, variables }: Fields, path: Path, source: SourceDocument, notes: Notebook): string {
  return (textOf(url) ?? "/").replace(/\{([^{}]+)\}/g, (reference, name: string) => {
    const value = fieldsOf(fieldsOf(variables)[name]).default;
    if (value === undefined) {
      throw new ImportError(
        source.placeOf([...path, "url"]),
        `the server variable ${name} has no default: say where calls go with --upstream URL`,
      );
    }
    const place = source.placeOf([...path, "variables", name]);
    notes.changed(
      place,
      `server variable ${name}`,
      "a target has a fixed URL; the variable's default was taken",
      "change the target's URL, if another value is meant",
    );
    return typeof value === "string" ? value : reference;
  });
}

function joined(upstream: string, relative: string): string {
  return `${upstream.replace(/\/+$/, "")}/${relative.replace(/^\.?\/+/, "")}`;
}

function parsed(url: string): UpstreamServer | null {
  let valid: string | undefined;
  try {
    valid = parseUpstreamUrl(url);
  } catch {
    return null;
  }
  if (valid === undefined) return null;
  const { origin } = new URL(valid);
  return { origin, basePath: valid.slice(origin.length) };
}
