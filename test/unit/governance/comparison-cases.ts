/** Builds the small documents that comparisons are tried with. */

type Json = Record<string, unknown>;

/** A document with one operation, `GET /pets/{petId}`. */
export function api(operation: Json = {}, rest: Json = {}): Json {
  return {
    openapi: "3.1.0",
    info: { title: "Pets", version: "1.0.0" },
    paths: { "/pets/{petId}": { get: { responses: { "200": { description: "ok" } }, ...operation } } },
    ...rest,
  };
}

export function withRequest(schema: unknown, components: Json = {}): Json {
  return api({ requestBody: { content: { "application/json": { schema } } } }, { components });
}

export function withResponse(schema: unknown, components: Json = {}): Json {
  return api(
    { responses: { "200": { description: "ok", content: { "application/json": { schema } } } } },
    { components },
  );
}

export function withParameter(parameter: Json): Json {
  return api({ parameters: [{ name: "limit", in: "query", schema: { type: "integer" }, ...parameter }] });
}

export function withHeader(header: Json | null): Json {
  return api({ responses: { "200": { description: "ok", headers: header === null ? {} : { "X-Total": header } } } });
}

export function withSecurity(security: unknown, schemes: Json = SCHEMES): Json {
  return api(security === undefined ? {} : { security }, { components: { securitySchemes: schemes } });
}

export const SCHEMES: Json = {
  key: { type: "apiKey", in: "header", name: "X-Key" },
  login: {
    type: "oauth2",
    flows: {
      clientCredentials: { tokenUrl: "https://id.example.com/token", scopes: { read: "", write: "" } },
      authorizationCode: {
        authorizationUrl: "https://id.example.com/authorize",
        tokenUrl: "https://id.example.com/token",
        scopes: {},
      },
    },
  },
};

export interface SchemaCase {
  readonly aspect: string;
  /** What the step from `narrow` to `wide` is called, where it is not `aspect` with the other word. */
  readonly narrow: unknown;
  readonly wide: unknown;
  readonly narrowing: string;
  readonly widening: string;
}

function schemaCase(aspect: string, narrow: unknown, wide: unknown, narrowing: string, widening: string): SchemaCase {
  return { aspect, narrow, wide, narrowing, widening };
}

const object = (properties: Json, rest: Json = {}) => ({ type: "object", properties, ...rest });

/** Two schemas each, of which `wide` allows all that `narrow` allows and more. */
export const SCHEMA_CASES: readonly SchemaCase[] = [
  schemaCase("type", { type: "integer" }, { type: "number" }, "type-narrowed", "type-widened"),
  schemaCase("type list", { type: "string" }, { type: ["string", "array"] }, "type-narrowed", "type-widened"),
  schemaCase(
    "nullable 3.1",
    { type: "string" },
    { type: ["string", "null"] },
    "became-not-nullable",
    "became-nullable",
  ),
  schemaCase(
    "nullable 3.0",
    { type: "string" },
    { type: "string", nullable: true },
    "became-not-nullable",
    "became-nullable",
  ),
  schemaCase("enum value", { enum: ["a"] }, { enum: ["a", "b"] }, "enum-value-removed", "enum-value-added"),
  schemaCase("const", { const: "a" }, { enum: ["a", "b"] }, "enum-value-removed", "enum-value-added"),
  schemaCase("enum", { type: "string", enum: ["a"] }, { type: "string" }, "enum-set", "enum-unset"),
  schemaCase("format", { type: "string", format: "uuid" }, { type: "string" }, "format-set", "format-unset"),
  schemaCase(
    "integer format",
    { type: "integer", format: "int32" },
    { type: "integer", format: "int64" },
    "format-narrowed",
    "format-widened",
  ),
  schemaCase("pattern", { type: "string", pattern: "^a" }, { type: "string" }, "pattern-set", "pattern-unset"),
  schemaCase("maximum", { maximum: 5 }, { maximum: 9 }, "bound-narrowed", "bound-widened"),
  schemaCase("maximum set", { maximum: 5 }, {}, "bound-narrowed", "bound-widened"),
  schemaCase("minimum", { minimum: 5 }, { minimum: 1 }, "bound-narrowed", "bound-widened"),
  schemaCase("exclusive 3.1", { exclusiveMaximum: 5 }, { maximum: 5 }, "bound-narrowed", "bound-widened"),
  schemaCase(
    "exclusive 3.0",
    { minimum: 5, exclusiveMinimum: true },
    { minimum: 5 },
    "bound-narrowed",
    "bound-widened",
  ),
  schemaCase("maxLength", { maxLength: 5 }, { maxLength: 6 }, "bound-narrowed", "bound-widened"),
  schemaCase("minItems", { minItems: 2 }, { minItems: 1 }, "bound-narrowed", "bound-widened"),
  schemaCase("multipleOf", { multipleOf: 10 }, { multipleOf: 5 }, "bound-narrowed", "bound-widened"),
  schemaCase("uniqueItems", { uniqueItems: true }, { uniqueItems: false }, "bound-narrowed", "bound-widened"),
  schemaCase(
    "dependentRequired",
    { type: "object", dependentRequired: { a: ["b"] } },
    { type: "object" },
    "condition-set",
    "condition-unset",
  ),
  schemaCase(
    "required",
    object({ a: {} }, { required: ["a"] }),
    object({ a: {} }),
    "property-became-required",
    "property-became-optional",
  ),
  schemaCase(
    "items",
    { type: "array", items: { type: "string", maxLength: 1 } },
    { type: "array", items: { type: "string" } },
    "bound-narrowed",
    "bound-widened",
  ),
  schemaCase(
    "values of a map",
    { type: "object", additionalProperties: { type: "integer" } },
    { type: "object", additionalProperties: { type: "number" } },
    "type-narrowed",
    "type-widened",
  ),
  schemaCase(
    "contains",
    { contains: { type: "integer" } },
    { contains: { type: "number" } },
    "type-narrowed",
    "type-widened",
  ),
  schemaCase("not", { not: { type: "number" } }, { not: { type: "integer" } }, "type-widened", "type-narrowed"),
  schemaCase("false", false, true, "schema-closed", "schema-opened"),
  schemaCase(
    "variant",
    { oneOf: [{ type: "string" }, { type: "array" }] },
    { oneOf: [{ type: "boolean" }, { type: "array" }, { type: "string" }] },
    "variant-removed",
    "variant-added",
  ),
  schemaCase(
    "a single schema and a union of it",
    object({ a: {} }, { title: "A" }),
    { anyOf: [object({ a: {} }, { title: "A" }), object({ b: {} }, { title: "B" })] },
    "variant-removed",
    "variant-added",
  ),
  schemaCase(
    "a union beside a type",
    { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { type: "object" },
    "variants-set",
    "variants-unset",
  ),
  schemaCase(
    "a part of allOf",
    { allOf: [{ type: "string" }, { maxLength: 3 }] },
    { allOf: [{ type: "string" }] },
    "bound-narrowed",
    "bound-widened",
  ),
];
