import { asObject, type JsonObject } from "../checks.ts";

/**
 * Google's JSON (protobuf's JSON mapping) takes each field by two names: `systemInstruction`, as the documentation of the
 * API has it, and `system_instruction`, as many of its examples have it. This gives the fields of one object by the first.
 * What callers named themselves (arguments, schemas, labels) must not come by here.
 */
export function camelFields(value: unknown, path: string): JsonObject {
  const object = asObject(value, path);
  let renamed: JsonObject | null = null;
  for (const key of Object.keys(object)) {
    if (!key.includes("_")) continue;
    renamed ??= { ...object };
    delete renamed[key];
    renamed[key.replace(/_+([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())] = object[key];
  }
  return renamed ?? object;
}

/** Google's JSON takes a single value where a list is meant; undefined where there is none. */
export function listOf(object: JsonObject, key: string): unknown[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : [value];
}

/** As `camelFields`, of an optional field: undefined where it is absent or null. */
export function optionalFields(object: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : camelFields(value, path);
}
