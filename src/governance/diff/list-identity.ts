import { field, isObject, stringsOf } from "../documents/json.ts";

/**
 * The entries of a list by what they are called, in their order. Null where an entry has no name, or two have the same:
 * then only their places tell them apart.
 */
export function indexByIdentity(list: readonly unknown[]): Map<string, unknown> | null {
  const index = new Map<string, unknown>();
  for (const entry of list) {
    const identity = identityOf(entry);
    if (identity === null || index.has(identity)) return null;
    index.set(identity, entry);
  }
  return index;
}

/** `id`, `name`, or of a route its path with host and methods, without which two routes may share a path. */
function identityOf(entry: unknown): string | null {
  if (!isObject(entry)) return null;
  const named = textOf(field(entry, "id")) ?? textOf(field(entry, "name"));
  if (named !== null) return named;
  const path = textOf(field(entry, "path"));
  if (path === null) return null;
  const methods = stringsOf(field(entry, "methods")).sort().join(",");
  return [textOf(field(entry, "host")), path, methods].filter(Boolean).join(" ");
}

function textOf(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}
