import { GatewayError } from "../contracts/errors.ts";
import type { DialectName, Extra } from "../contracts/ir.ts";

/**
 * Checks for callers' bodies, by hand because they run on every translated request. Each throws GatewayError
 * `invalid_request` whose `param` is the field's path (`messages[2].content[0].image_url.url`). `path` is the path of
 * the value itself, or, in the functions that take a key, of the object holding it ("" at the top). As in the
 * providers' own APIs, null means the same as absent in every optional field.
 */

export type JsonObject = Record<string, unknown>;

export interface NumberRange {
  min?: number;
  max?: number;
  integer?: boolean;
}

/** `fieldPath("messages[2]", "content")` is `messages[2].content`. */
export function fieldPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** An error to throw: "`<path>` <problem>". */
export function invalid(path: string, problem: string): GatewayError {
  if (path === "") {
    return new GatewayError("invalid_request", `The request body ${problem}`);
  }
  return new GatewayError("invalid_request", `\`${path}\` ${problem}`, { param: path });
}

/** "must be <expected>, not <what it is>". */
export function wrongType(path: string, expected: string, value: unknown): GatewayError {
  return value === undefined
    ? invalid(path, `is required and must be ${expected}.`)
    : invalid(path, `must be ${expected}, not ${describe(value)}.`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw wrongType(path, "an object", value);
  return value;
}

export function asArray(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw wrongType(path, "an array", value);
  return value;
}

export function asString(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrongType(path, "a string", value);
  return value;
}

export function asNonEmptyString(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "") throw wrongType(path, "a non-empty string", value);
  return value;
}

export function asBoolean(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") throw wrongType(path, "true or false", value);
  return value;
}

export function asNumber(value: unknown, path: string, range: NumberRange = {}): number {
  const { min, max, integer } = range;
  if (
    typeof value !== "number" ||
    !Number.isFinite(value) ||
    (integer === true && !Number.isInteger(value)) ||
    (min !== undefined && value < min) ||
    (max !== undefined && value > max)
  ) {
    throw wrongType(path, expectedNumber(range), value);
  }
  return value;
}

/** One of a fixed set of strings. */
export function asOneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw wrongType(path, `one of ${listOf(allowed)}`, value);
  return found;
}

export function requiredObject(object: JsonObject, key: string, path: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : asObject(value, fieldPath(path, key));
}

export function requiredArray(object: JsonObject, key: string, path: string): unknown[] {
  const value = object[key];
  return Array.isArray(value) ? value : asArray(value, fieldPath(path, key));
}

export function requiredString(object: JsonObject, key: string, path: string): string {
  const value = object[key];
  return typeof value === "string" ? value : asString(value, fieldPath(path, key));
}

export function requiredNonEmptyString(object: JsonObject, key: string, path: string): string {
  const value = object[key];
  return typeof value === "string" && value !== "" ? value : asNonEmptyString(value, fieldPath(path, key));
}

export function requiredNumber(object: JsonObject, key: string, path: string, range: NumberRange = {}): number {
  return asNumber(object[key], fieldPath(path, key), range);
}

export function optionalObject(object: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asObject(value, fieldPath(path, key));
}

export function optionalArray(object: JsonObject, key: string, path: string): unknown[] | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asArray(value, fieldPath(path, key));
}

export function optionalString(object: JsonObject, key: string, path: string): string | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asString(value, fieldPath(path, key));
}

export function optionalBoolean(object: JsonObject, key: string, path: string): boolean | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asBoolean(value, fieldPath(path, key));
}

export function optionalNumber(
  object: JsonObject,
  key: string,
  path: string,
  range: NumberRange = {},
): number | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asNumber(value, fieldPath(path, key), range);
}

export function optionalOneOf<T extends string>(
  object: JsonObject,
  key: string,
  path: string,
  allowed: readonly T[],
): T | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : asOneOf(value, fieldPath(path, key), allowed);
}

/**
 * The fields of `object` that are not in `known`, or undefined when there are none. `__proto__` is left behind: as a
 * key of a plain object it would change what other lookups find.
 */
export function takeUnknown(object: JsonObject, known: ReadonlySet<string>): Record<string, unknown> | undefined {
  let unknown: Record<string, unknown> | undefined;
  for (const key of Object.keys(object)) {
    if (known.has(key) || key === "__proto__") continue;
    unknown ??= {};
    unknown[key] = object[key];
  }
  return unknown;
}

/** `takeUnknown` as the IR keeps it. */
export function takeExtra(dialect: DialectName, object: JsonObject, known: ReadonlySet<string>): Extra | undefined {
  const fields = takeUnknown(object, known);
  return fields === undefined ? undefined : { dialect, fields };
}

/** The kept fields when they came in `dialect`, or undefined: unknown fields never cross dialects. */
export function extraFields(extra: Extra | undefined, dialect: DialectName): Record<string, unknown> | undefined {
  return extra !== undefined && extra.dialect === dialect ? extra.fields : undefined;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return value === "" ? "an empty string" : JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "number":
    case "boolean":
      return String(value);
    default:
      return "an object";
  }
}

function expectedNumber({ min, max, integer }: NumberRange): string {
  const kind = integer === true ? "an integer" : "a number";
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  if (min !== undefined) return `${kind} of at least ${min}`;
  return max === undefined ? kind : `${kind} of at most ${max}`;
}

function listOf(allowed: readonly string[]): string {
  return allowed.map((value) => JSON.stringify(value)).join(", ");
}
