import { isObject, type JsonObject } from "./checks.ts";

/**
 * A schema of answers with what Gemini and Cohere leave unsaid: an object has the properties that are listed and no others.
 * Other providers enforce a schema only when it says so. `strict`: it also demands every property, as OpenAI's strict mode wants it.
 */
export function closedSchema(schema: JsonObject): { schema: JsonObject; strict: boolean } {
  let strict = true;
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (!isObject(value)) return value;
    const result: JsonObject = {};
    for (const [key, inner] of Object.entries(value)) {
      if (key === "properties" || key === "$defs") {
        result[key] = isObject(inner)
          ? Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, close(one)]))
          : inner;
      } else result[key] = key === "items" || key === "anyOf" || key === "prefixItems" ? close(inner) : inner;
    }
    if (isObject(value.properties)) {
      if (value.additionalProperties === undefined) result.additionalProperties = false;
      const required = Array.isArray(value.required) ? value.required : [];
      if (Object.keys(value.properties).some((name) => !required.includes(name))) strict = false;
    }
    // An object of any shape can't be held to one.
    if (isObjectType(value.type) && !isObject(value.properties)) strict = false;
    if (result.additionalProperties !== undefined && result.additionalProperties !== false) strict = false;
    return result;
  };
  return { schema: close(schema) as JsonObject, strict };
}

function isObjectType(type: unknown): boolean {
  return type === "object" || (Array.isArray(type) && type.includes("object"));
}
