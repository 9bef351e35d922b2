/** A value that a JSON Schema accepts, for the common keywords. Deterministic: strings are the property's name or `text`. */
export function sampleOf(schema: unknown, text: string, depth = 0): unknown {
  if (typeof schema !== "object" || schema === null || depth > 16) return text;
  const node = schema as Record<string, unknown>;
  if ("const" in node) return node.const;
  if ("default" in node) return node.default;
  if (Array.isArray(node.enum) && node.enum.length > 0) return node.enum[0];
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const options = node[keyword];
    if (Array.isArray(options) && options.length > 0) return sampleOf(options[0], text, depth + 1);
  }
  const type = Array.isArray(node.type) ? node.type[0] : node.type;
  switch (type) {
    case "integer":
    case "number":
      return typeof node.minimum === "number" ? node.minimum : 1;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array": {
      const count = Math.max(1, typeof node.minItems === "number" ? node.minItems : 1);
      return Array.from({ length: Math.min(count, 100) }, () => sampleOf(node.items ?? {}, text, depth + 1));
    }
    case "object":
      return sampleObject(node, text, depth);
    default:
      return node.properties === undefined ? text : sampleObject(node, text, depth);
  }
}

function sampleObject(node: Record<string, unknown>, text: string, depth: number): Record<string, unknown> {
  const properties = (node.properties ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.keys(properties).map((name) => [name, sampleOf(properties[name], text, depth + 1)]));
}
