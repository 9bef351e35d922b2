import { isObject, type JsonObject } from "../checks.ts";

/**
 * Gemini's `Schema`, a subset of OpenAPI 3.0's, as the JSON Schema that other providers take: type names in lower case,
 * `nullable` as a type beside the others, counts (64-bit integers, which protobuf writes as strings) as numbers.
 * `propertyOrdering` and the format `enum`, which only Gemini knows, are left out; so is `example`.
 */

const LEFT_OUT = new Set(["propertyOrdering", "property_ordering", "example", "nullable", "defs", "ref"]);
const COUNTS = new Set(["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]);
const SNAKE_COUNT = /^(?:min|max)_[a-z]+$/;

export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (LEFT_OUT.has(name) || name === "__proto__") continue;
    const key = SNAKE_COUNT.test(name)
      ? name.replace(/_([a-z])/, (_match, letter: string) => letter.toUpperCase())
      : name;
    result[key] = convert(key, value);
  }
  if (isObject(result.any_of) || Array.isArray(result.any_of)) {
    result.anyOf = convert("anyOf", result.any_of);
    delete result.any_of;
  }
  if (result.format === "enum") delete result.format;
  if (result.type === undefined || result.type === "type_unspecified") delete result.type;
  if (isObject(schema.defs)) result.$defs = mapValues(schema.defs);
  if (typeof schema.ref === "string") result.$ref = schema.ref.replace("#/defs/", "#/$defs/");
  if (schema.nullable === true) addNull(result);
  return result;
}

function convert(key: string, value: unknown): unknown {
  if (key === "type" && typeof value === "string") return value.toLowerCase();
  if (COUNTS.has(key) && typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  if (key === "properties" && isObject(value)) return mapValues(value);
  if ((key === "items" || key === "additionalProperties") && isObject(value)) return jsonSchemaOf(value);
  if ((key === "anyOf" || key === "prefixItems") && Array.isArray(value)) {
    return value.map((entry: unknown) => (isObject(entry) ? jsonSchemaOf(entry) : entry));
  }
  return value;
}

function mapValues(schemas: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, schema] of Object.entries(schemas)) {
    if (name !== "__proto__") result[name] = isObject(schema) ? jsonSchemaOf(schema) : schema;
  }
  return result;
}

function addNull(schema: JsonObject): void {
  if (typeof schema.type === "string") schema.type = [schema.type, "null"];
  else if (Array.isArray(schema.anyOf)) schema.anyOf = [...schema.anyOf, { type: "null" }];
  if (Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null];
}
