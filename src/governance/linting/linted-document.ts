import { Document } from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import { isObject, type Path } from "../documents/json.ts";
import { isLocalReference } from "../documents/local-references.ts";

/** A reference to another document, which is not followed. */
export interface ExternalReference {
  readonly path: Path;
  readonly reference: string;
}

/** A parsed document that is safe to give to Spectral, and what was taken out of it for that. */
export interface LintedDocument {
  readonly document: Document<unknown, parsers.YamlParserResult<unknown>>;
  readonly externalReferences: readonly ExternalReference[];
}

/**
 * Spectral would fetch what references name, from the network or from files; and it evaluates `#{{…}}` wherever it gets
 * into a message, as the name of a property does. Neither is left in the data that it works on.
 */
export function readDocument(text: string): LintedDocument {
  const externalReferences: ExternalReference[] = [];
  const parser: typeof parsers.Yaml = {
    ...parsers.Yaml,
    parse: (input) => {
      const result = parsers.Yaml.parse(input);
      return { ...result, data: disarm(result.data, [], externalReferences, new Map()) };
    },
  };
  return { document: new Document(text, parser), externalReferences };
}

/** Copies data; aliases of YAML stay the same object. */
function disarm(value: unknown, path: Path, found: ExternalReference[], known: Map<unknown, unknown>): unknown {
  if (typeof value === "string") return value.replaceAll("#{{", "# {{");
  if (typeof value !== "object" || value === null) return value;
  if (known.has(value)) return known.get(value);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    known.set(value, list);
    value.forEach((entry, index) => {
      list.push(disarm(entry, [...path, index], found, known));
    });
    return list;
  }
  const copy: Record<string, unknown> = {};
  known.set(value, copy);
  if (!isObject(value)) return copy;
  for (const [key, entry] of Object.entries(value)) {
    if (key === "$ref" && typeof entry === "string" && !isLocalReference(entry)) {
      found.push({ path: [...path, key], reference: entry });
      continue;
    }
    // `__proto__` as a key of its own, as it was written.
    Object.defineProperty(copy, key.replaceAll("#{{", "# {{"), {
      value: disarm(entry, [...path, key], found, known),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}
