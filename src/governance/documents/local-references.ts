import { field, isObject } from "./json.ts";

const MAX_CHAIN = 32;

/** Whether a reference stays within its document (RFC 6901 in a URI fragment). */
export function isLocalReference(reference: string): boolean {
  return reference.startsWith("#");
}

export function referenceOf(node: unknown): string | null {
  const reference = field(node, "$ref");
  return typeof reference === "string" ? reference : null;
}

/**
 * Follows `$ref`s within the document until something else comes. Undefined where one leads nowhere, outside, or in a
 * circle of references alone.
 */
export function resolveLocal(root: unknown, node: unknown): unknown {
  let current = node;
  for (let step = 0; step < MAX_CHAIN; step++) {
    const reference = referenceOf(current);
    if (reference === null) return current;
    current = lookUp(root, reference);
  }
  return undefined;
}

/** What a reference such as `#/components/schemas/User` names. */
export function lookUp(root: unknown, reference: string): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let current: unknown = root;
  for (const segment of reference.slice(2).split("/")) {
    const name = decodeSegment(segment);
    if (Array.isArray(current)) current = /^\d+$/.test(name) ? current[Number(name)] : undefined;
    else if (isObject(current)) current = field(current, name);
    else return undefined;
  }
  return current;
}

function decodeSegment(segment: string): string {
  let text = segment;
  try {
    text = decodeURIComponent(segment);
  } catch {
    // Not percent-encoding: taken as it stands.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
