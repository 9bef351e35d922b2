import { arrayOf, canonical, field, isObject, type JsonObject, objectOf, stringsOf } from "../documents/json.ts";
import { referenceOf, resolveLocal } from "../documents/local-references.ts";

/** `number` always comes with `integer`: every integer is a number. `null` is kept apart. */
export type JsonType = "string" | "number" | "integer" | "boolean" | "object" | "array";

export const ALL_TYPES: readonly JsonType[] = ["string", "number", "integer", "boolean", "object", "array"];

export const UPPER_BOUNDS = ["maximum", "maxLength", "maxItems", "maxProperties", "maxContains"] as const;
export const LOWER_BOUNDS = ["minimum", "minLength", "minItems", "minProperties", "minContains"] as const;
export type BoundName = (typeof UPPER_BOUNDS)[number] | (typeof LOWER_BOUNDS)[number];

export interface Bound {
  readonly value: number;
  /** The bound itself is not allowed. */
  readonly isExclusive: boolean;
}

/**
 * A schema with its references and `allOf` taken in, in one shape for OpenAPI 3.0 and 3.1. Schemas within it are as
 * the document has them.
 */
export interface NormalSchema {
  /** `nothing`: every value is valid. `union`: one `oneOf` or `anyOf` says all there is. */
  readonly says: "nothing" | "union" | "more";
  /** `false`: no value is valid. */
  readonly isImpossible: boolean;
  readonly types: ReadonlySet<JsonType>;
  readonly isTyped: boolean;
  readonly isNullable: boolean;
  /** Allowed values by their canonical text, without null; null where any is allowed. */
  readonly values: ReadonlyMap<string, unknown> | null;
  readonly format: string | null;
  readonly patterns: readonly string[];
  readonly bounds: ReadonlyMap<BoundName, Bound>;
  readonly multipleOf: number | null;
  readonly hasUniqueItems: boolean;
  readonly properties: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<string>;
  /** `additionalProperties`; true where nothing is said. */
  readonly additional: unknown;
  /** Undefined where nothing is said. */
  readonly items: unknown;
  /** Schemas that narrow what is valid, by keyword: `contains`, `propertyNames`, `prefixItems[0]`, `patternProperties.^x-`. */
  readonly applied: ReadonlyMap<string, unknown>;
  readonly not: unknown;
  /** `oneOf` and `anyOf`, without `{ type: null }`. */
  readonly unions: readonly (readonly unknown[])[];
  /** Keywords that are compared as text: `if`, `then`, `else`, `dependentRequired` and the like. */
  readonly conditions: ReadonlyMap<string, string>;
  readonly isReadOnly: boolean;
  readonly isWriteOnly: boolean;
  readonly isDeprecated: boolean;
  /** Undefined where there is none. */
  readonly defaultValue: unknown;
}

const CONDITIONS = [
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "dependencies",
  "unevaluatedProperties",
  "unevaluatedItems",
];

/** Normalizes each node of a document once. */
export class SchemaNormalizer {
  readonly #root: unknown;
  readonly #known = new WeakMap<object, NormalSchema>();
  readonly #numbers = new WeakMap<object, number>();
  readonly #joins = new Map<string, { readonly allOf: readonly unknown[] }>();
  /** Members by what they were joined into. */
  readonly #joined = new Map<unknown, readonly unknown[]>();
  #numbered = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  normalize(node: unknown): NormalSchema {
    if (!isObject(node)) return this.#build(node);
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const schema = this.#build(node);
    this.#known.set(node, schema);
    return schema;
  }

  resolve(node: unknown): unknown {
    return resolveLocal(this.#root, node);
  }

  /** The same number for the same schema, referred to or in place. */
  identify(node: unknown): number {
    const target = referenceOf(node) !== null && Object.keys(objectOf(node)).length === 1 ? this.resolve(node) : node;
    if (!isObject(target)) return target === false ? 0 : -1;
    const known = this.#numbers.get(target) ?? ++this.#numbered;
    this.#numbers.set(target, known);
    return known;
  }

  /** The same schemas are joined into the same one: circles through joined schemas come to an end. */
  #join(schemas: readonly unknown[]): unknown {
    const members = new Map<number, unknown>();
    for (const schema of schemas.flatMap((schema) => this.#joined.get(schema) ?? [schema])) {
      members.set(this.identify(schema), schema);
    }
    if (members.size <= 1) return [...members.values()][0];
    const key = [...members.keys()].sort((a, b) => a - b).join();
    const known = this.#joins.get(key) ?? { allOf: [...members.values()] };
    this.#joins.set(key, known);
    this.#joined.set(known, known.allOf);
    return known;
  }

  #build(node: unknown): NormalSchema {
    const parts = new Conjunction();
    this.#collect(node, parts, new Set());
    return Object.freeze(combine(parts, (schemas) => this.#join(schemas)));
  }

  /** A value has to be valid against the node, what it refers to, and all of `allOf`. */
  #collect(node: unknown, into: Conjunction, above: Set<unknown>): void {
    if (node === false) into.isImpossible = true;
    if (!isObject(node) || above.has(node)) return;
    above.add(node);
    if (referenceOf(node) !== null) this.#collect(this.resolve(node), into, above);
    for (const part of arrayOf(node.allOf)) this.#collect(part, into, above);
    for (const keyword of ["oneOf", "anyOf"]) this.#collectUnion(arrayOf(node[keyword]), into, above);
    into.parts.push(node);
  }

  /** `anyOf: [X, { type: null }]` is how OpenAPI 3.1 writes a nullable X. */
  #collectUnion(variants: readonly unknown[], into: Conjunction, above: Set<unknown>): void {
    const others = variants.filter((variant) => field(variant, "type") !== "null");
    if (others.length < variants.length) into.isNullable = true;
    if (others.length === 1) this.#collect(others[0], into, above);
    else if (others.length > 1) into.unions.push(others);
  }
}

/** One schema for several that must all hold; undefined for none. */
type Join = (schemas: readonly unknown[]) => unknown;

class Conjunction {
  readonly parts: JsonObject[] = [];
  readonly unions: (readonly unknown[])[] = [];
  isImpossible = false;
  isNullable = false;
}

function combine({ parts, unions, isImpossible, isNullable }: Conjunction, join: Join): NormalSchema {
  const typed = parts.filter(({ type }) => type !== undefined);
  const values = combineValues(parts);
  return {
    says: extentOf(parts, unions),
    isImpossible,
    types: typed.reduce((types, part) => intersect(types, typesOf(part)), new Set(ALL_TYPES)),
    isTyped: typed.length > 0,
    isNullable: isNullable || (typed.length > 0 ? typed.every(allowsNull) : unions.length === 0 && values === null),
    values,
    format: last(parts, "format", (value) => typeof value === "string") ?? null,
    patterns: [...new Set(parts.map(({ pattern }) => pattern).filter((value) => typeof value === "string"))].sort(),
    bounds: combineBounds(parts),
    multipleOf: last(parts, "multipleOf", (value) => typeof value === "number") ?? null,
    hasUniqueItems: parts.some(({ uniqueItems }) => uniqueItems === true),
    properties: combineProperties(parts, join),
    required: new Set(parts.flatMap(({ required }) => stringsOf(required))),
    additional: combineAdditional(parts, join),
    items: join(parts.map(({ items }) => items).filter((items) => items !== undefined)),
    applied: combineApplied(parts, join),
    not: join(parts.map(({ not }) => not).filter((not) => not !== undefined)),
    unions,
    conditions: combineConditions(parts),
    isReadOnly: parts.some(({ readOnly }) => readOnly === true),
    isWriteOnly: parts.some(({ writeOnly }) => writeOnly === true),
    isDeprecated: parts.some(({ deprecated }) => deprecated === true),
    defaultValue: last(parts, "default", (value): value is unknown => value !== undefined),
  };
}

/** Keywords that take no value away. */
const ANNOTATIONS = new Set([
  ...["title", "description", "default", "example", "examples", "deprecated", "discriminator", "externalDocs", "xml"],
  ...["nullable", "readOnly", "writeOnly", "$ref", "$comment", "$id", "$schema", "allOf", "oneOf", "anyOf"],
]);

function extentOf(parts: readonly JsonObject[], unions: readonly unknown[]): NormalSchema["says"] {
  const says = (part: JsonObject) => Object.keys(part).some((key) => !ANNOTATIONS.has(key) && !key.startsWith("x-"));
  if (unions.length > 1 || parts.some(says)) return "more";
  return unions.length === 1 ? "union" : "nothing";
}

function typesOf({ type }: JsonObject): Set<JsonType> {
  const names = Array.isArray(type) ? type : [type];
  const types = new Set(ALL_TYPES.filter((name) => names.includes(name)));
  if (types.has("number")) types.add("integer");
  return types;
}

/** `nullable` is OpenAPI 3.0's. */
function allowsNull({ type, nullable }: JsonObject): boolean {
  return nullable === true || type === "null" || (Array.isArray(type) && type.includes("null"));
}

function combineValues(parts: readonly JsonObject[]): Map<string, unknown> | null {
  const lists = parts.flatMap((part) => [
    ...(Array.isArray(part.enum) ? [part.enum] : []),
    ...(Object.hasOwn(part, "const") ? [[part.const]] : []),
  ]);
  if (lists.length === 0) return null;
  const [first = [], ...rest] = lists;
  const others = rest.map((list) => new Set(list.map(canonical)));
  const values = new Map(first.filter((value) => value !== null).map((value) => [canonical(value), value]));
  for (const text of values.keys()) if (!others.every((texts) => texts.has(text))) values.delete(text);
  return values;
}

function combineBounds(parts: readonly JsonObject[]): Map<BoundName, Bound> {
  const bounds = new Map<BoundName, Bound>();
  const tighten = (name: BoundName, bound: Bound | null, isUpper: boolean) => {
    if (bound === null) return;
    const known = bounds.get(name);
    if (known === undefined || compareBounds(bound, known, isUpper) < 0) bounds.set(name, bound);
  };
  for (const part of parts) {
    for (const name of UPPER_BOUNDS) tighten(name, boundOf(part, name), true);
    for (const name of LOWER_BOUNDS) tighten(name, boundOf(part, name), false);
    tighten("maximum", exclusiveBound(part.exclusiveMaximum), true);
    tighten("minimum", exclusiveBound(part.exclusiveMinimum), false);
  }
  return bounds;
}

function boundOf(part: JsonObject, name: BoundName): Bound | null {
  const value = part[name];
  if (typeof value !== "number") return null;
  // A boolean `exclusiveMaximum` beside `maximum` is OpenAPI 3.0's.
  const isExclusive =
    (name === "maximum" && part.exclusiveMaximum === true) || (name === "minimum" && part.exclusiveMinimum === true);
  return { value, isExclusive };
}

function exclusiveBound(value: unknown): Bound | null {
  return typeof value === "number" ? { value, isExclusive: true } : null;
}

/** Below 0 where `a` allows less than `b`. */
export function compareBounds(a: Bound, b: Bound, isUpper: boolean): number {
  if (a.value !== b.value) return a.value < b.value === isUpper ? -1 : 1;
  return Number(b.isExclusive) - Number(a.isExclusive);
}

function combineProperties(parts: readonly JsonObject[], join: Join): Map<string, unknown> {
  const found = new Map<string, unknown[]>();
  for (const part of parts) {
    for (const [name, schema] of Object.entries(objectOf(part.properties))) {
      found.set(name, [...(found.get(name) ?? []), schema]);
    }
  }
  return new Map([...found].map(([name, schemas]) => [name, join(schemas)]));
}

function combineAdditional(parts: readonly JsonObject[], join: Join): unknown {
  const said = parts.map((part) => part.additionalProperties).filter((value) => value !== undefined && value !== true);
  if (said.includes(false)) return false;
  return said.length === 0 ? true : join(said);
}

function combineApplied(parts: readonly JsonObject[], join: Join): Map<string, unknown> {
  const found = new Map<string, unknown[]>();
  const add = (name: string, schema: unknown) => found.set(name, [...(found.get(name) ?? []), schema]);
  for (const part of parts) {
    for (const name of ["contains", "propertyNames"]) if (part[name] !== undefined) add(name, part[name]);
    for (const [index, schema] of arrayOf(part.prefixItems).entries()) add(`prefixItems[${index}]`, schema);
    for (const [pattern, schema] of Object.entries(objectOf(part.patternProperties))) {
      add(`patternProperties.${pattern}`, schema);
    }
  }
  return new Map([...found].map(([name, schemas]) => [name, join(schemas)]));
}

function combineConditions(parts: readonly JsonObject[]): Map<string, string> {
  const conditions = new Map<string, string>();
  for (const name of CONDITIONS) {
    const said = parts.map((part) => part[name]).filter((value) => value !== undefined);
    if (said.length > 0) conditions.set(name, said.map(canonical).sort().join());
  }
  return conditions;
}

function last<Value>(
  parts: readonly JsonObject[],
  name: string,
  is: (value: unknown) => value is Value,
): Value | undefined {
  return parts.map((part) => part[name]).findLast(is);
}

function intersect<Value>(a: ReadonlySet<Value>, b: ReadonlySet<Value>): Set<Value> {
  return new Set([...a].filter((value) => b.has(value)));
}
